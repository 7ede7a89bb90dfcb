"""How the lake's own Python services are started, and at which addresses all of them answer."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from lakeproof.lake import runtime
from lakeproof.lake.layout import DATA, FTS, REDIRECTOR, RUCIO, Lake, LakeSite, Layout

ISSUER, EMULATED, SUPERVISOR = "issuer", "emulated", "supervisor"
# Those of a lake with Rucio.
DATABASE, DAEMONS = "postgresql", "rucio-daemons"
# The names of log files: one a process.
XROOTD = ("xrd-a", "xrd-b", "xrd-a6", "xrd-b6")
MEMBERS = ("redirector", "data1", "data2")
FRONTS = ("xrd-cache", *(f"{kind}-{name}" for name in MEMBERS for kind in ("xrd", "cmsd")))
LOGS = (ISSUER, *XROOTD, *FRONTS, EMULATED, DATABASE, RUCIO, DAEMONS, FTS, SUPERVISOR)


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
    sites = [door for site in lake.sites for door in (_door(site), *_doors_behind(site))]
    return [issuer, *sites, *fts, *rucio]


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


def members(site: LakeSite) -> tuple[LakeSite, ...]:
    """The servers of a real site: itself, and behind a redirector its two data servers.

    Their ports follow that of the redirector's door, after that of its cmsd.
    """
    if site.role != REDIRECTOR:
        return (site,)
    behind = (
        replace(site, short=short, role=DATA, port=site.port + 2 + at, root_port=site.port + 2 + at)
        for at, short in enumerate(MEMBERS[1:])
    )
    return (site, *behind)


def manager_of(site: LakeSite) -> str:
    """Where the cmsd of the cluster's manager is, by the manager's own site."""
    return f"{site.host}:{site.port + 1}"


def cmsd_name(site: LakeSite) -> str:
    """The service that keeps a member of a cluster in touch with the others."""
    return f"cmsd-{site.short}"


def _doors_behind(site: LakeSite) -> Iterator[Door]:
    """The further processes of a redirector: its cmsd, and both of each data server."""
    if site.role != REDIRECTOR:
        return
    yield Door(cmsd_name(site), cmsd_name(site), (site.port + 1,), manager_of(site))
    for member in members(site)[1:]:
        name = xrootd_name(member)
        yield Door(name, name, (member.port,), f"behind {site.audience}")
        yield Door(cmsd_name(member), cmsd_name(member), (), "no port: cmsd of a data server")


def _python_service(lake: Lake, name: str, *arguments: str) -> dict[str, Any]:
    module = f"lakeproof.lake.{name}"
    return {
        "name": name,
        "command": [sys.executable, "-m", module, str(lake.directory), *arguments],
        "account": None,
        "directory": str(lake.directory),
        "environment": runtime.python_environment(),
    }
