"""How the lake's own Python services are started, and at which addresses all of them answer."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lakeproof.lake import runtime
from lakeproof.lake.layout import FTS, RUCIO, Lake, LakeSite, Layout

ISSUER, EMULATED, SUPERVISOR = "issuer", "emulated", "supervisor"
# Those of a lake with Rucio.
DATABASE, DAEMONS = "postgresql", "rucio-daemons"
# The names of log files: one a process.
XROOTD = ("xrd-a", "xrd-b", "xrd-a6", "xrd-b6")
LOGS = (ISSUER, *XROOTD, EMULATED, DATABASE, RUCIO, DAEMONS, FTS, SUPERVISOR)


FTS_COMMAND = (sys.executable, "-m", "lakeproof.fts")


@dataclass(frozen=True)
class Door:
    """An address of the lake, and the service (process) that must answer there."""

    name: str
    service: str
    ports: tuple[int, ...]
    address: str
    emulated: bool = False


def doors(lake: Lake) -> list[Door]:
    """Every address of the lake, the issuer's first."""
    issuer = Door(ISSUER, ISSUER, (lake.issuer_port,), lake.issuer)
    fts = [Door(FTS, FTS, (lake.fts_port,), f"{lake.fts_url} (stand-in)")] if lake.fts_url else []
    rucio = _doors_of_rucio(lake) if lake.has_rucio else []
    return [issuer, *(_door(site) for site in lake.sites), *fts, *rucio]


def database_socket(layout: Layout) -> Path:
    """The folder with the socket of Rucio's database."""
    return layout.directory / "pg" / "run"


def _doors_of_rucio(lake: Lake) -> list[Door]:
    return [
        Door(DATABASE, DATABASE, (), str(database_socket(lake.layout))),
        Door(RUCIO, RUCIO, (lake.rucio_port,), lake.rucio_url),
        Door(DAEMONS, DAEMONS, (), "no port: daemons of Rucio"),
    ]


def fts_service(lake: Lake) -> dict[str, Any]:
    """What the supervisor needs to start the FTS stand-in."""
    return {**_python_service(lake, FTS), "command": [*FTS_COMMAND, str(lake.directory)]}


def issuer_service(lake: Lake) -> dict[str, Any]:
    """What the supervisor needs to start the token issuer."""
    return _python_service(lake, ISSUER, lake.issuer, str(lake.issuer_port))


def emulated_service(lake: Lake) -> dict[str, Any]:
    """What the supervisor needs to start the emulated sites, all in one process."""
    return _python_service(lake, EMULATED)


def xrootd_name(site: LakeSite) -> str:
    """The service of a real site."""
    return f"xrd-{site.short}"


def _door(site: LakeSite) -> Door:
    service = EMULATED if site.emulated else xrootd_name(site)
    name = f"{site.short}-emulated" if site.emulated else service
    return Door(name, service, tuple(site.ports), site.audience, site.emulated)


def _python_service(lake: Lake, name: str, *arguments: str) -> dict[str, Any]:
    module = f"lakeproof.lake.{name}"
    return {
        "name": name,
        "command": [sys.executable, "-m", module, str(lake.directory), *arguments],
        "account": None,
        "directory": str(lake.directory),
        "environment": runtime.python_environment(),
    }
