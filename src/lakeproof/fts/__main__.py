"""Serves the stand-in of one lake: `python -m lakeproof.fts LAKE_DIRECTORY`."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from pathlib import Path

from aiohttp import web

from lakeproof.fts.access import Access, tls_context
from lakeproof.fts.copying import Trust
from lakeproof.fts.engine import Engine
from lakeproof.fts.gfal import Gfal, found
from lakeproof.fts.server import STAND_IN, Rest
from lakeproof.fts.settings import Settings
from lakeproof.fts.store import Store
from lakeproof.lake import ca, ports
from lakeproof.lake.layout import FTS, X509_USER, Lake, load_plan

log = logging.getLogger("lakeproof.fts")


def settings_of(lake: Lake) -> Settings:
    """The stand-in of `lake`: believes its issuer, acts for its person with a certificate."""
    layout = lake.layout
    person = layout.credential(X509_USER)
    home = layout.directory / FTS
    home.mkdir(mode=0o700, exist_ok=True)
    return Settings(
        url=lake.fts_url,
        credential=layout.credential(FTS),
        ca=layout.ca,
        database=home / "jobs.sqlite",
        issuers=(lake.issuer,),
        people={ca.read_credential(person).subject: person},
    )


def built(settings: Settings, certificates: Path, gfal: Gfal | None = None) -> web.Application:
    """The application with its store and engine; `certificates` is the hashed directory.

    `gfal` makes the copies, and the engine itself where there is none.
    """
    store, access = Store(settings.database, settings.faults), Access(settings)
    trust = Trust(settings.ca, certificates, settings.copy_timeout_s, settings.faults, gfal)
    return Rest(settings, store, access, Engine(settings, store, access, trust)).application()


def main(arguments: list[str]) -> None:
    """Serve until stopped; the port accepts connections when it is ready."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    logging.getLogger("aiohttp.access").setLevel(logging.WARNING)
    lake, _ = load_plan(Path(arguments[0]))
    settings = settings_of(lake)
    gfal = found()
    by = f"gfal2 {gfal.version}" if gfal else "itself, as there is no gfal2"
    log.info("%s at %s; it copies by %s", STAND_IN, settings.url, by)
    web.run_app(
        built(settings, lake.layout.certificates, gfal),
        host=ports.LOOPBACK,
        port=lake.fts_port,
        ssl_context=tls_context(settings.credential, settings.ca),
        loop=asyncio.new_event_loop(),
        print=None,
        shutdown_timeout=1,
    )
    # Threads that wait for a storage would hold us; the next start takes their files up.
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1:])
