"""What the newer XRootD is built of, and where it ends up."""

from __future__ import annotations

import hashlib
import json
import os
import platform
from dataclasses import dataclass
from functools import cache
from pathlib import Path

VERSION = "6.2.1"
NAME, TITLE = f"xrootd-{VERSION}", f"XRootD {VERSION}"
COMMAND = f"lakeproof lake build {NAME}"
# Of the only source distribution of this version on PyPI.
SHA256 = "b959c8c41e948f89272625f2a0a6994008465272027bffec71b01d0c7e278cba"
# Of Debian 12. Each optional part is demanded below, so that none is left out unnoticed.
PACKAGES = (
    "cmake",
    "ninja-build",
    "g++",
    "libcurl4-openssl-dev",
    "libjson-c-dev",
    "libmacaroons-dev",
    "libscitokens-dev",
    "libssl-dev",
    "libtinyxml-dev",
    "libxml2-dev",
    "nlohmann-json3-dev",
    "picojson-dev",
    "uuid-dev",
    "voms-dev",
    "zlib1g-dev",
)
# The header that the source distribution lacks.
HEADERS = Path(__file__).with_name("include")
OPTIONS = {
    "CMAKE_BUILD_TYPE": "Release",
    "CMAKE_INSTALL_LIBDIR": "lib",
    # Programs and plug-ins find their libraries wherever the folder is.
    "CMAKE_INSTALL_RPATH": "$ORIGIN;$ORIGIN/../lib",
    "CMAKE_BUILD_WITH_INSTALL_RPATH": "ON",
    "FORCE_ENABLED": "ON",
    "ENABLE_CEPH": "OFF",
    "ENABLE_FUSE": "OFF",
    "ENABLE_KRB5": "OFF",
    "ENABLE_PYTHON": "OFF",
    "ENABLE_READLINE": "OFF",
    "ENABLE_TESTS": "OFF",
    "ENABLE_XRDOSSARC": "OFF",
}
# Built, but not installed by upstream: its simulator of a tape system.
TAPE_PLUGIN = "libXrdHttpTapeApi-6.so"


@dataclass(frozen=True)
class Place:
    """One folder below the user's caches: what is installed, and beside it how that went."""

    folder: Path

    @property
    def prefix(self) -> Path:
        """Where it is installed."""
        return self.folder / "prefix"

    @property
    def work(self) -> Path:
        """Source and objects, which are in the way once it is built."""
        return self.folder / "work"

    @property
    def log(self) -> Path:
        """What every step printed."""
        return self.folder / "build.log"

    @property
    def lock(self) -> Path:
        """Held while something is built here."""
        return self.folder / "lock"

    @property
    def proof(self) -> Path:
        """Written when the server was started, and gave back what it was given."""
        return self.folder / "verified.json"

    @property
    def server(self) -> Path:
        """The server."""
        return self.prefix / "bin" / "xrootd"

    @property
    def client(self) -> Path:
        """The program that a server copies with from root:// to root://."""
        return self.prefix / "bin" / "xrdcp"


def caches() -> Path:
    """$XDG_CACHE_HOME, else /var/cache for root, whose home is closed to the servers; ~/.cache."""
    chosen = os.environ.get("XDG_CACHE_HOME")
    if chosen:
        return Path(chosen).absolute()
    return Path("/var/cache") if os.geteuid() == 0 else Path.home() / ".cache"


def place() -> Place:
    """Where this recipe's build is, or will be."""
    return Place(caches() / "lakeproof" / f"{NAME}-{key()}")


def installed() -> Place | None:
    """The build of this recipe, when it is whole and was seen to work."""
    here = place()
    return here if here.proof.exists() else None


@cache
def key() -> str:
    """Another one for another source, recipe, distribution or processor."""
    ingredients = {
        "source": SHA256,
        "packages": PACKAGES,
        "options": OPTIONS,
        "headers": {path.name: path.read_text() for path in sorted(HEADERS.glob("*.h"))},
        "machine": platform.machine(),
        "system": _system(),
    }
    return hashlib.sha256(json.dumps(ingredients, sort_keys=True).encode()).hexdigest()[:12]


def _system() -> str:
    try:
        release = platform.freedesktop_os_release()
    except OSError:  # a system that does not say what it is
        return platform.system()
    return f"{release['ID']} {release.get('VERSION_ID', '')}"
