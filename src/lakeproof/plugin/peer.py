"""The run's own server: the controlling process serves it, every process of the run asks it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

import pytest

from lakeproof.check import Check
from lakeproof.credentials.errors import CredentialError
from lakeproof.features import WRITING
from lakeproof.peer import PeerClient
from lakeproof.plugin.run import Run
from lakeproof.session.observer import PeerAddress
from lakeproof.wire.redact import redactor

Contact = dict[str, Any]
"""What a worker needs to know about the server: control door, secret, addresses; or the trouble."""


def start(config: pytest.Config, run: Run, checks: Iterable[Check]) -> Contact:
    """Start the server if a selected check needs it; it ends with the process's pytest."""
    peering = run.plan.peering
    wanted = any(_may_use_it(check, run) for check in checks)
    if peering is None or not wanted:
        return {}
    # Loads a web server, which takes longer than all the rest and which few runs need.
    from lakeproof.peer.server import PeerServer, Place  # noqa: PLC0415

    try:
        address = peering.address()
        server = PeerServer(
            [Place(each.name, each.host, each.port) for each in peering.sockets],
            peering.certificate.path(),
            peering.key.path() if peering.key else None,
        ).start()
    except CredentialError as error:
        return {"trouble": f"our own server did not start: {error.sentence}"}
    except OSError as error:
        return {"trouble": f"our own server did not start: {error.strerror or error}"}
    config.add_cleanup(server.stop)
    return {
        "control": server.control_url,
        "secret": server.secret,
        "address": asdict(address),
    }


def _may_use_it(check: Check, run: Run) -> bool:
    runs = not (run.mode.read_only and check.needs & WRITING)
    return runs and "observer" in check.needs and run.selection.includes(check)


def join(run: Run, contact: Contact) -> None:
    """Have the server at hand in this process, or the reason why there is none."""
    if "trouble" in contact:
        run.sessions.peer_trouble = contact["trouble"]
    elif contact:
        redactor.register(contact["secret"], "secret of our own server")
        client = PeerClient(contact["control"], contact["secret"])
        run.sessions.watch_with(client, PeerAddress(**contact["address"]))
