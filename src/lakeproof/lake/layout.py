"""Where a lake keeps things, and what it remembers about itself between two commands.

One directory holds everything of one lake. Below it: `pki/` (public part: CA, hashed
directory, vomsdir), `secret/` (mode 0700: keys, client secrets), `a/` and `b/` (one XRootD site
each, owned by the user its server runs as), one folder an emulated site (`dcache/`, ...), `log/`,
`endpoints.yaml` and `lake.json`; with Rucio also `pg/` (its database), `rucio/` and `fts/`.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from lakeproof.lake.errors import LakeError

BASE_PATH = "/data"
ODD_CLIENT = "conformance"
PLAIN_CLIENT = "laptop"
# A client of another group: the issuer gives it scopes below this path only.
OTHER_CLIENT, OTHER_AREA = "neighbour", "/neighbour"
# The client that Rucio is, for its own requests to storages and to FTS.
RUCIO_CLIENT = "rucio"
CLIENTS = (ODD_CLIENT, PLAIN_CLIENT, OTHER_CLIENT, RUCIO_CLIENT)
# Alice is known by her certificate's name, Bob only by the VO that his proxy shows.
X509_USER = "alice"
VOMS_USER = "bob"
# The host certificate of the server that a run observes third-party copies with.
PEER = "peer"
# The services of a lake with Rucio: their folders, host names and certificates.
RUCIO, FTS = "rucio", "fts"
# Roles of sites and servers that store nothing of their own, and of the data servers behind one.
CACHE, REDIRECTOR, DATA = "cache", "redirector", "data"
# The longest path below the directory that must fit in a unix socket's 107 bytes.
LONGEST_DIRECTORY = 70


def default_directory() -> Path:
    """$LAKEPROOF_LAKE, else below $XDG_STATE_HOME, else /var/lib for root and ~/.local/state.

    Root's home is closed to the user the servers run as, hence the difference.
    """
    chosen = os.environ.get("LAKEPROOF_LAKE")
    if chosen:
        return Path(chosen).absolute()
    state = os.environ.get("XDG_STATE_HOME")
    if state:
        return Path(state).absolute() / "lakeproof" / "lake"
    if os.geteuid() == 0:
        return Path("/var/lib/lakeproof/lake")
    return Path.home() / ".local" / "state" / "lakeproof" / "lake"


@dataclass(frozen=True)
class Layout:
    """The paths inside one lake directory."""

    directory: Path

    @property
    def pki(self) -> Path:
        """Public part of the certificate authority."""
        return self.directory / "pki"

    @property
    def secret(self) -> Path:
        """Keys and client secrets, mode 0700."""
        return self.directory / "secret"

    @property
    def ca(self) -> Path:
        """The authority's certificate, PEM."""
        return self.pki / "ca.pem"

    @property
    def certificates(self) -> Path:
        """The hashed directory (X509_CERT_DIR)."""
        return self.pki / "certificates"

    @property
    def vomsdir(self) -> Path:
        """Whom to believe VOMS attributes from (X509_VOMS_DIR)."""
        return self.pki / "vomsdir"

    @property
    def log(self) -> Path:
        """One log file a service."""
        return self.directory / "log"

    @property
    def state(self) -> Path:
        """What runs: written by the supervisor, removed by `down`."""
        return self.directory / "lake.json"

    @property
    def plan(self) -> Path:
        """What the supervisor is to start."""
        return self.directory / "plan.json"

    @property
    def again(self) -> Path:
        """The name of the service that the supervisor is to start once more."""
        return self.directory / "again"

    @property
    def lock(self) -> Path:
        """Held by `up` and `down`, so that two of them do not meet."""
        return self.directory / "lock"

    @property
    def inventory(self) -> Path:
        """The generated endpoints.yaml of this lake."""
        return self.directory / "endpoints.yaml"

    @property
    def issued(self) -> Path:
        """Every token the issuer gave out, one a line: lets a test look for leaks of them."""
        return self.secret / "issued-tokens"

    @property
    def public_keys(self) -> Path:
        """The issuer's key set as /jwks shows it."""
        return self.secret / "issuer-public.json"

    def client_secret(self, client: str) -> Path:
        """The file with the secret of one of CLIENTS."""
        return self.secret / f"client-{client}"

    def credential(self, name: str) -> Path:
        """Certificate and key of a person or service in one PEM file."""
        return self.secret / f"{name}.pem"

    def site(self, short: str) -> Path:
        """Home of one site by its short name: `a`, `b`, `dcache`, ..."""
        return self.directory / short

    def data(self, site: LakeSite) -> Path:
        """Where the files below the base path of `site` lie on disk."""
        tree = self.site(site.short) / ("tree" if site.emulated else "root")
        return tree / site.base_path.lstrip("/")


@dataclass(frozen=True)
class LakeSite:
    """One site of the lake as a client sees it: `url` is davs://, `root_url` root://.

    A real one has a root port; an emulated one has none, but a second HTTPS port, that of the
    data server which its door redirects to. A `built` one is the XRootD that was built here, not
    Debian's; a real one with `tape` answers the tape API with XRootD's simulator of a tape system.
    One with a `role` stores nothing itself: it is a cache of the site `origin`, or a redirector.
    """

    name: str
    short: str
    host: str
    port: int
    root_port: int | None = None
    base_path: str = BASE_PATH
    technology: str = "xrootd"
    data_port: int | None = None
    built: bool = False
    tape: bool = False
    role: str = ""
    origin: str = ""

    @property
    def emulated(self) -> bool:
        """Whether lakeproof's own server plays this storage."""
        return self.data_port is not None

    @property
    def url(self) -> str:
        """The WebDAV door with the base path."""
        return f"davs://{self.host}:{self.port}{self.base_path}"

    @property
    def root_url(self) -> str | None:
        """The root:// door with the base path; None where there is none."""
        if self.root_port is None:
            return None
        return f"root://{self.host}:{self.root_port}/{self.base_path}"

    @property
    def ports(self) -> list[int]:
        """Every port that its server listens on."""
        return [port for port in (self.port, self.root_port, self.data_port) if port is not None]

    @property
    def other_area(self) -> str:
        """The URL path that belongs to the client of another group."""
        return f"{self.base_path}{OTHER_AREA}"

    @property
    def audience(self) -> str:
        """The only audience, beside the WLCG "any", that this site accepts."""
        return f"https://{self.host}:{self.port}"


@dataclass(frozen=True)
class Lake:
    """A lake that was described: enough to reach it, no secret by value."""

    directory: Path
    sites: tuple[LakeSite, ...]
    issuer: str
    issuer_port: int
    peer_urls: tuple[str, ...] = ()
    rucio_url: str = ""
    fts_url: str = ""
    started_here: bool = field(default=False, compare=False)

    @property
    def layout(self) -> Layout:
        """The paths of this lake."""
        return Layout(self.directory)

    @property
    def real_sites(self) -> tuple[LakeSite, ...]:
        """The sites with a storage system of their own."""
        return tuple(site for site in self.sites if not site.emulated and not site.role)

    @property
    def fronts(self) -> tuple[LakeSite, ...]:
        """What stands before storages: the cache and the redirector (lake/fronts.py)."""
        return tuple(site for site in self.sites if site.role)

    @property
    def emulated_sites(self) -> tuple[LakeSite, ...]:
        """The sites that lakeproof's own server plays."""
        return tuple(site for site in self.sites if site.emulated)

    @property
    def ca(self) -> Path:
        """The certificate authority, PEM."""
        return self.layout.ca

    @property
    def issuer_host(self) -> str:
        """The host name in the issuer's URL."""
        return self.issuer.split("/")[2].partition(":")[0]

    @property
    def has_rucio(self) -> bool:
        """Whether Rucio, its database and the FTS stand-in are part of it."""
        return bool(self.rucio_url)

    @property
    def rucio_port(self) -> int:
        """The port of Rucio's server; raises LakeError in a lake without it."""
        return self._port_in(self.rucio_url)

    @property
    def fts_port(self) -> int:
        """The port of the FTS stand-in; raises LakeError in a lake without it."""
        return self._port_in(self.fts_url)

    def _port_in(self, url: str) -> int:
        if not url:
            raise LakeError("this lake has no Rucio; `lakeproof lake up --with rucio` starts one")
        return int(url.rpartition(":")[2])

    @property
    def client_id(self) -> str:
        """The client that may ask for odd tokens."""
        return ODD_CLIENT

    @property
    def client_secret_file(self) -> Path:
        """Where the secret of `client_id` is."""
        return self.layout.client_secret(ODD_CLIENT)

    @property
    def other_client_secret_file(self) -> Path:
        """Where the secret of the client of another group is."""
        return self.layout.client_secret(OTHER_CLIENT)

    @property
    def inventory(self) -> Path:
        """A valid endpoints.yaml for this lake."""
        return self.layout.inventory


@dataclass(frozen=True)
class ServiceStatus:
    """One server at its address: `listening` says that all its ports answer.

    The emulated ones share a process, hence a pid and a log.
    """

    name: str
    pid: int
    alive: bool
    listening: bool
    address: str
    log: Path
    emulated: bool = False


def save_plan(lake: Lake, services: list[dict[str, Any]]) -> None:
    """Write the description of `lake` and the commands of its services."""
    described = {
        "sites": [asdict(site) for site in lake.sites],
        "issuer": lake.issuer,
        "issuer_port": lake.issuer_port,
        "peer_urls": lake.peer_urls,
        "rucio_url": lake.rucio_url,
        "fts_url": lake.fts_url,
    }
    write_text(lake.layout.plan, json.dumps({"lake": described, "services": services}, indent=1))


def load_plan(directory: Path) -> tuple[Lake, list[dict[str, Any]]]:
    """What `save_plan` wrote; raises LakeError when there is no lake here."""
    try:
        plan = json.loads(Layout(directory).plan.read_text())
    except FileNotFoundError:
        raise LakeError(f"there is no lake in {directory}; `lakeproof lake up` makes one") from None
    described = plan["lake"]
    lake = Lake(
        directory,
        tuple(LakeSite(**site) for site in described["sites"]),
        described["issuer"],
        described["issuer_port"],
        tuple(described.get("peer_urls", ())),
        described.get("rucio_url", ""),
        described.get("fts_url", ""),
    )
    return lake, plan["services"]


def write_text(path: Path, text: str, mode: int = 0o644) -> None:
    """Replace `path` in one step, so that a reader never sees half of it."""
    half = path.with_name(f".{path.name}.{os.getpid()}")
    half.touch(mode=0o600)
    half.write_text(text)
    half.chmod(mode)
    half.replace(path)
