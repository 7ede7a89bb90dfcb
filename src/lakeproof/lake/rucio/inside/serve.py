"""Rucio's server over TLS: `python -P serve.py SETTINGS`, in the environment of Rucio's server.

Furnishes the database first, so the port answers when everything is there to be used.
"""

from __future__ import annotations

import json
import logging
import signal
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from ssl import CERT_OPTIONAL
from types import FrameType
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from furnish import furnish, make_database

THREADS = 12
Environment = dict[str, Any]
Application = Callable[[Environment, Callable[..., Any]], Iterable[bytes]]

log = logging.getLogger("lakeproof.rucio")


def with_slash_names(application: Application) -> Application:
    """Rucio compares names of certificates in the form `/O=…/CN=…`, Cheroot gives `O=…,CN=…`."""

    def answer(environ: Environment, start_response: Callable[..., Any]) -> Iterable[bytes]:
        name = environ.get("SSL_CLIENT_S_DN", "")
        if name:
            environ["SSL_CLIENT_S_DN"] = "/" + name.replace(",", "/")
        return application(environ, start_response)

    return answer


def main(arguments: list[str]) -> None:
    """Serve until SIGTERM."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    settings = json.loads(Path(arguments[0]).read_text())
    log.info("waiting for PostgreSQL")
    make_database(settings["socket"], settings["user"])
    log.info("accounts and RSEs")
    furnish(settings)

    from cheroot.ssl.builtin import BuiltinSSLAdapter  # noqa: PLC0415
    from cheroot.wsgi import Server  # noqa: PLC0415
    from rucio.web.rest.flaskapi.v1.main import application  # noqa: PLC0415

    credential = settings["certificate"]
    adapter = BuiltinSSLAdapter(credential, credential, settings["ca"])
    adapter.context.load_verify_locations(settings["ca"])
    adapter.context.verify_mode = CERT_OPTIONAL
    server = Server(
        ("127.0.0.1", settings["port"]), with_slash_names(application), numthreads=THREADS
    )
    server.ssl_adapter = adapter

    def stop(_number: int, _frame: FrameType | None) -> None:
        server.interrupt = SystemExit(0)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    log.info("listening on port %s", settings["port"])
    server.safe_start()


if __name__ == "__main__":
    main(sys.argv[1:])
