"""Where Rucio's own Python environments are, and what of it is not installed.

Rucio's server and its clients are two distributions of one package name, hence two environments.
`script/bootstrap --with-rucio` makes them, beside the environment that lakeproof runs in.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from lakeproof.lake.errors import LakeError

HOW = "script/bootstrap --with-rucio installs it"
POSTGRESQL = Path("/usr/lib/postgresql")


def environment() -> Path:
    """The folder of both: $LAKEPROOF_RUCIO, else `.rucio` beside our own environment."""
    chosen = os.environ.get("LAKEPROOF_RUCIO")
    return Path(chosen).absolute() if chosen else Path(sys.prefix).parent / ".rucio"


def server_python() -> Path:
    """The Python that has Rucio's server and daemons."""
    return environment() / "server" / "bin" / "python"


def client_python() -> Path:
    """The Python that has rucio-clients."""
    return environment() / "client" / "bin" / "python"


def site_packages(python: Path) -> Path:
    """Where the packages of the environment of `python` are; raises LakeError without Rucio."""
    for found in python.parents[1].glob("lib/python3*/site-packages"):
        if (found / "rucio").is_dir():
            return found
    raise LakeError(f"{python.parents[1]} has no Rucio; {HOW}")


def missing(postgresql: Path = POSTGRESQL) -> list[str]:
    """What a lake with Rucio lacks on this machine, in words for a person."""
    absent = [] if _programs(postgresql) else ["postgresql"]
    for python, name in ((server_python(), "rucio"), (client_python(), "rucio-clients")):
        try:
            packages = site_packages(python)
        except LakeError:
            absent.append(name)
            continue
        if not [*packages.glob("gfal2*.so")]:
            absent.append(f"gfal2 for {name}")
    return absent


def require() -> None:
    """Raise LakeError, naming what is missing, unless a lake with Rucio can be started."""
    absent = missing()
    if absent:
        raise LakeError(f"Rucio cannot be started here: no {', no '.join(absent)}; {HOW}")


def postgresql(name: str, folder: Path = POSTGRESQL) -> str:
    """The full path of a program of Debian's newest PostgreSQL; raises LakeError without one."""
    programs = _programs(folder)
    if not programs:
        raise LakeError(f"PostgreSQL is not installed; {HOW}")
    return str(programs[-1] / name)


def _programs(folder: Path) -> list[Path]:
    found = [initdb.parent for initdb in folder.glob("*/bin/initdb")]
    return sorted(found, key=lambda path: int(path.parent.name))
