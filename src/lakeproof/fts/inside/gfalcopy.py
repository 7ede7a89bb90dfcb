"""One copy by gfal2: reads a JSON order from stdin, writes a JSON report to stdout.

Runs in the system's Python, which Debian's gfal2 is for and where lakeproof is not installed, as
a process of its own: what crashes in gfal2 or is killed takes nothing else along.

Order: `source`, `destination` (URLs), `source_token`, `destination_token` (or empty),
`certificate` (a PEM file with certificate and key, or empty), `timeout_s`, `client_info` (names
and values), `parent` (the process that ordered it; when it has ended nothing is copied).
Report: `code` (errno, 0 when the copy was made), `text`, `modes` (the ways that were tried; the
last one counts).
"""

from __future__ import annotations

import errno
import json
import os
import sys
from typing import Any

import gfal2

HTTP = "HTTP PLUGIN"


def context_for(order: dict[str, Any]) -> Any:  # noqa: ANN401  gfal2 has no types
    """gfal2 set up as FTS sets it up, except that a failed pull is tried as a push."""
    context = gfal2.creat_context()
    context.set_user_agent("lakeproof-fts-stand-in", gfal2.get_version())
    # Nobody but the two storages is asked: no information system, and no copy through us.
    context.set_opt_boolean("BDII", "ENABLED", False)
    context.set_opt_boolean(HTTP, "INSECURE", False)
    context.set_opt_boolean(HTTP, "ENABLE_REMOTE_COPY", True)
    context.set_opt_boolean(HTTP, "ENABLE_STREAM_COPY", False)
    context.set_opt_string(HTTP, "DEFAULT_COPY_MODE", "3rd pull")
    context.set_opt_boolean(HTTP, "ENABLE_FALLBACK_TPC_COPY", True)
    context.set_opt_boolean(HTTP, "RETRIEVE_BEARER_TOKEN", not order["source_token"])
    for name, value in order["client_info"].items():
        context.add_client_info(name, value)
    if order["certificate"]:
        context.set_opt_string("X509", "CERT", order["certificate"])
        context.set_opt_string("X509", "KEY", order["certificate"])
    # For these URLs only: on one host there may be many storages.
    for side in ("source", "destination"):
        if order[f"{side}_token"]:
            token = context.cred_new("BEARER", order[f"{side}_token"])
            context.cred_set(order[side], token)
    return context


def parameters_for(order: dict[str, Any], context: Any, modes: list[str]) -> Any:  # noqa: ANN401
    """Only the copy: whoever ordered it looks before and verifies after it."""
    parameters = context.transfer_parameters()
    parameters.strict_copy = True
    parameters.create_parent = False
    parameters.overwrite = False
    parameters.local_transfers = False
    parameters.timeout = order["timeout_s"]

    def heard(event: Any) -> None:  # noqa: ANN401
        if event.stage == "TRANSFER:TYPE":
            modes.append(event.description)

    parameters.event_callback = heard
    return parameters


def main() -> None:
    """Make the copy that stdin orders."""
    order = json.load(sys.stdin)
    if os.getppid() != order["parent"]:
        sys.exit("whoever ordered the copy has ended")
    modes: list[str] = []
    report: dict[str, Any] = {"code": 0, "text": "", "modes": modes}
    context = context_for(order)
    try:
        context.filecopy(
            parameters_for(order, context, modes), order["source"], order["destination"]
        )
    except gfal2.GError as error:
        report.update(code=error.code or errno.EIO, text=error.message)
    json.dump(report, sys.stdout)


if __name__ == "__main__":
    main()
