"""One XRootD site of the lake: its directory, configuration, key cache and command."""

from __future__ import annotations

import base64
import json
import os
import pwd
import secrets
import sqlite3
import subprocess
import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Any

from lakeproof.lake import built, ca, hosts
from lakeproof.lake.errors import LakeError
from lakeproof.lake.layout import BASE_PATH, CACHE, DATA, REDIRECTOR, Lake, LakeSite, Layout
from lakeproof.lake.packages import program
from lakeproof.lake.services import cmsd_name, manager_of, xrootd_name

SERVER_ACCOUNT = "xrootd"
KEYS_LAST_S = 365 * 86400
MACAROON_SECRET_BYTES = 64
# How a cache's own client tries to reach an origin that is down: else its readers wait for minutes.
IMPATIENT = {
    "XRD_CONNECTIONWINDOW": "3",
    "XRD_CONNECTIONRETRY": "1",
    "XRD_STREAMERRORWINDOW": "3",
    "XRD_REQUESTTIMEOUT": "30",
    "XRD_STREAMTIMEOUT": "10",
    "XRD_TIMEOUTRESOLUTION": "1",
}
# What the tape system of the lake has on tape, and nothing on disk, when it is new.
TAPE_PATH = f"{BASE_PATH}/tape"
TAPE_FILES, TAPE_FILE_BYTES = 3, 64 * 1024


@dataclass(frozen=True)
class Account:
    """Whom the servers run as; `name` is None when that is the invoking user."""

    name: str | None
    uid: int
    gid: int

    @classmethod
    def for_servers(cls) -> Account:
        """`xrootd` when we are root (XRootD refuses uid 0), else ourselves."""
        if os.geteuid() != 0:
            return cls(None, os.geteuid(), os.getegid())
        try:
            entry = pwd.getpwnam(SERVER_ACCOUNT)
        except KeyError:
            raise LakeError(
                f"there is no user {SERVER_ACCOUNT} to run the servers as; the Debian package "
                "xrootd-server makes one (script/bootstrap installs it)"
            ) from None
        return cls(SERVER_ACCOUNT, entry.pw_uid, entry.pw_gid)

    def require_access(
        self,
        directory: Path,
        way_out: str = "choose another directory for the lake: --directory, or LAKEPROOF_LAKE",
    ) -> None:
        """Raise LakeError when the account cannot enter a parent of `directory`."""
        for parent in directory.parents:
            if self.name and not parent.stat().st_mode & 0o001:
                raise LakeError(
                    f"the servers run as user {self.name}, who cannot enter {parent}; {way_out}"
                )


def prepare(lake: Lake, site: LakeSite, host: ca.Identity, account: Account) -> None:
    """Write everything that the server of `site` reads. Data of an earlier lake stays."""
    layout = lake.layout
    home = layout.site(site.short)
    for folder in (home, home / "etc", home / "run"):
        _make_folder(folder, account)
    if site.tape:
        _make_tape(home, account)
    elif site.role == DATA:
        _share_disk(home)
    else:
        _make_folder(home / "root", account)
        _make_folder(home / f"root{BASE_PATH}", account)
    for name, text in _settings(lake, site, host).items():
        _write(home / "etc" / name, text, account)
    _seed_key_cache(layout, lake.issuer, home, account)


def _make_tape(home: Path, account: Account) -> None:
    """The tape simulator's folder: `disk` is what the server shows, `archive` are the tapes."""
    tape = home / "tape"
    for name in ("", "requests", "disk", "archive"):
        _make_folder(tape / name, account)
    for root in (tape / "disk", tape / "archive"):
        for folder in (root / BASE_PATH.lstrip("/"), root / TAPE_PATH.lstrip("/")):
            _make_folder(folder, account)
    for number in range(TAPE_FILES):
        path = tape / "archive" / TAPE_PATH.lstrip("/") / f"archived-{number}"
        if not path.exists():
            path.write_bytes(bytes([ord("a") + number]) * TAPE_FILE_BYTES)
            os.chown(path, account.uid, account.gid)
    if not (home / "root").exists():
        (home / "root").symlink_to("tape/disk")


def _share_disk(home: Path) -> None:
    """The data servers of the redirector show one file system, which lies in its own folder."""
    if not (home / "root").exists():
        (home / "root").symlink_to(home.parent / REDIRECTOR / "root")


def _make_folder(folder: Path, account: Account) -> None:
    folder.mkdir(exist_ok=True)
    os.chown(folder, account.uid, account.gid)
    folder.chmod(0o700)


def server_of(site: LakeSite) -> Path:
    """The server program of `site`; raises LakeError when it is not installed."""
    return _built().server if site.built else Path(program("xrootd"))


def service(lake: Lake, site: LakeSite, account: Account) -> dict[str, Any]:
    """What the supervisor needs to start the server of `site`."""
    command = [*_settle_before_answering(site), str(server_of(site))]
    return _service(lake, site, account, xrootd_name(site), command)


def cmsd_service(lake: Lake, site: LakeSite, account: Account) -> dict[str, Any]:
    """The same for the cmsd beside the server of a member of a cluster."""
    return _service(lake, site, account, cmsd_name(site), [program("cmsd")])


def _service(
    lake: Lake, site: LakeSite, account: Account, name: str, command: list[str]
) -> dict[str, Any]:
    layout = lake.layout
    home = layout.site(site.short)
    # Where its pid file is, there XRootD writes its environment; without one that is /tmp.
    pid_file = str(home / "run" / ("cmsd.pid" if name == cmsd_name(site) else "pid"))
    command = [
        *command,
        "-c",
        str(home / "etc" / "xrootd.cfg"),
        "-s",
        pid_file,
    ]
    # Native third-party copy compares reverse names: an IPv4 client of a dual-stack socket has
    # none, and the copy hangs.
    if hosts.prefers_ipv4_only(site.host):
        command += ["-I", "v4"]
    return {
        "name": name,
        "command": command,
        "account": account.name,
        "directory": str(home),
        # Nothing of the caller's: a BEARER_TOKEN here would be used by the server's own copies.
        "environment": {
            "PATH": "/usr/bin:/bin",
            "HOME": str(home),
            "XDG_CACHE_HOME": str(home / "cache"),
            "X509_CERT_DIR": str(layout.certificates),
            "X509_VOMS_DIR": str(layout.vomsdir),
            "XrdSecPROTOCOL": "sss",
            "XrdSecSSSKT": str(home / "etc" / "sss.keytab"),
            **(IMPATIENT if site.role == CACHE else {}),
        },
    }


def _settle_before_answering(site: LakeSite) -> list[str]:
    """The prefix that keeps a server to one processor, where no thread displaces another.

    XRootD before 5.8.2 mixes up the answers of two connections, or crashes, when a checksum that
    somebody asked for over HTTP is ready before the thread that took the request waits for it
    (xrootd#2503); with several busy partners that is every few hundred copies. Like this the
    thread that took the request is always first. To go when Debian has 5.8.2.
    """
    if site.built:
        return []
    processors = sorted(os.sched_getaffinity(0))
    own = processors[0] if site.short == "a" else processors[-1]
    return [program("taskset"), "--cpu-list", str(own), program("chrt"), "--batch", "0"]


def make_shared_key(layout: Layout) -> None:
    """The key with which one server knocks at the other for root:// third-party copies."""
    keytab = layout.secret / "sss.keytab"
    if not keytab.exists():
        subprocess.run(  # noqa: S603  a fixed program, our own path
            [program("xrdsssadmin"), "-u", "server", "-g", "server", "add", str(keytab)],
            check=True,
            capture_output=True,
        )


def _settings(lake: Lake, site: LakeSite, host: ca.Identity) -> dict[str, str]:
    layout = lake.layout
    home = layout.site(site.short)
    values = {
        "home": home,
        "name": site.name,
        "port": site.port,
        "root_port": site.root_port,
        "base_path": BASE_PATH,
        "certificates": layout.certificates,
        "audience": ", ".join(_audiences(lake, site)),
        "host": site.host,
        "issuer": lake.issuer,
        "client": _built().client if site.built else program("xrdcp"),
        **_behind(lake, site),
    }
    parts = {"xrootd-built.cfg": site.built, "xrootd-tape.cfg": site.tape}
    wanted = [name for name, part in parts.items() if part]
    values["additions"] = "".join(_filled(name, values) for name in wanted)
    server = _filled("xrootd.cfg", values)
    for name in _instead(site):
        server = _filled(name, {**values, "server": server})
    return {
        "xrootd.cfg": server,
        **{name: _filled(name, values) for name in ("scitokens.cfg", "authdb")},
        "grid-mapfile": f'"/O={ca.ORGANISATION}/CN=alice" alice\n',
        "host.crt": host.certificate_pem.decode(),
        "host.key": host.key_pem.decode(),
        "sss.keytab": (layout.secret / "sss.keytab").read_text(),
        "macaroon-secret": _macaroon_secret(layout, site),
    }


def _filled(name: str, values: Mapping[str, object]) -> str:
    return Template((files("lakeproof.lake") / "templates" / name).read_text()).substitute(values)


def _instead(site: LakeSite) -> tuple[str, ...]:
    """The template that takes the place of xrootd.cfg, or holds it as `server`."""
    if site.role == CACHE:
        return ("xrootd-cache.cfg",)
    return ("xrootd-cluster.cfg",) if site.role else ()


def _behind(lake: Lake, site: LakeSite) -> dict[str, object]:
    """What only a cache, or a member of a cluster, has to be told."""
    if site.role == CACHE:
        origin = next(each for each in lake.sites if each.name == site.origin)
        return {"origin": f"{origin.host}:{origin.root_port}"}
    if not site.role:
        return {}
    door = next(each for each in lake.fronts if each.name == site.name)
    return {
        "role": "manager" if site.role == REDIRECTOR else "server",
        "manager": manager_of(door),
        "cms_port": door.port + 1 if site.role == REDIRECTOR else "any",
    }


def _audiences(lake: Lake, site: LakeSite) -> list[str]:
    """Its own, or the cluster's; and that of a cache before it, whose readers' tokens it gets."""
    door = next((each for each in lake.fronts if each.name == site.name), site)
    caches = [each for each in lake.fronts if each.origin == site.name]
    return [door.audience, *(cache.audience for cache in caches)]


def _built() -> built.Place:
    place = built.installed()
    if place is None:
        raise LakeError(f"{built.TITLE} was not built here; `{built.COMMAND}` builds it")
    return place


def _macaroon_secret(layout: Layout, site: LakeSite) -> str:
    """The secret in base64 with line breaks: on one line XRootD calls it too short."""
    # One for a whole cluster: what its door has issued, its data servers must know.
    path = layout.secret / f"macaroon-{REDIRECTOR if site.role == DATA else site.short}"
    if not path.exists():
        path.touch(mode=0o600)
        path.write_bytes(base64.encodebytes(secrets.token_bytes(MACAROON_SECRET_BYTES)))
    return path.read_text()


def _seed_key_cache(layout: Layout, issuer: str, home: Path, account: Account) -> None:
    """Put the issuer's keys where libscitokens caches them.

    libscitokens 0.7.3 cannot be told a certificate authority, so it could never fetch the keys
    from an issuer of ours; with a cache that is not due it does not try.
    """
    folder = home / "cache" / "scitokens"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "scitokens_cpp.sqllite"
    keys = json.loads(layout.public_keys.read_text())
    far = int(time.time()) + KEYS_LAST_S
    entry = json.dumps({"jwks": keys, "expires": far, "next_update": far})
    with closing(sqlite3.connect(path)) as database, database:
        database.execute(
            "CREATE TABLE IF NOT EXISTS keycache "
            "(issuer text UNIQUE PRIMARY KEY NOT NULL, keys text NOT NULL)"
        )
        database.execute("INSERT OR REPLACE INTO keycache VALUES (?, ?)", (issuer, entry))
    for owned in (home / "cache", folder, path):
        os.chown(owned, account.uid, account.gid)


def _write(path: Path, text: str, account: Account) -> None:
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    path.write_text(text)
    os.chown(path, account.uid, account.gid)
