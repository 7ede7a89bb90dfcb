"""Which Debian packages the lake's real sites need, and which of them are not there."""

from __future__ import annotations

import shutil
from pathlib import Path

from lakeproof.lake.errors import LakeError

# One thing that only this package brings, for each package.
PROGRAMS = {
    "xrootd": "xrootd-server",
    "xrdcp": "xrootd-client",
    "voms-proxy-fake": "voms-clients",
}
PLUGINS = {
    "libXrdSecgsi-5.so": "xrootd-plugins",
    "libXrdHttpTPC-5.so": "xrootd-server-plugins",
    "libXrdAccSciTokens-5.so": "xrootd-scitokens-plugins",
    "libXrdVoms-5.so": "xrootd-voms-plugins",
}
LIBRARIES = Path("/usr/lib")


def missing(libraries: Path = LIBRARIES) -> list[str]:
    """The packages that are not installed, in the order to install them."""
    absent = [package for program, package in PROGRAMS.items() if shutil.which(program) is None]
    for plugin, package in PLUGINS.items():
        if not [*libraries.glob(plugin), *libraries.glob(f"*/{plugin}")]:
            absent.append(package)
    return absent


def program(name: str) -> str:
    """The full path of a program of those packages; raises LakeError when it is not there."""
    found = shutil.which(name)
    if found is None:
        raise LakeError(f"{name} is not installed; run script/bootstrap")
    return found
