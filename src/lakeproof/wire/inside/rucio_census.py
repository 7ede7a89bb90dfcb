"""What a Rucio knows of its RSEs: `python rucio_census.py [EXPRESSION]`, by the user's clients.

Stands in a folder of its own, so that Python finds none of our modules beside it. Runs in the
environment of rucio-clients, with the user's own rucio.cfg and credentials. Standard
output has a line of JSON for each step: `{"server": {...}, "count": N}`, then
`{"rse": NAME, "is": {...}}` N times; or `{"failed": EXCEPTION, "said": TEXT}`. Standard error is
the terminal's, where Rucio may ask its user to log in.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import warnings
from collections.abc import Iterator
from typing import Any

warnings.simplefilter("ignore")  # Rucio reports usage without verifying the certificate
# Rucio may print: the answers keep a descriptor of their own.
ANSWERS = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)

EVERY = "*"
MOST_TRIED = 20


def census(expression: str) -> Iterator[dict[str, Any]]:
    """The lines of the answer. Nothing is changed in Rucio."""
    from rucio.client import Client  # noqa: PLC0415  its absence is an answer

    client = Client(logger=_silent())
    account = client.whoami()["account"]
    names = _names(client, expression)
    everyone = _names(client, EVERY)
    server = {"url": client.host, "account": account, "version": client.ping()["version"]}
    yield {"server": server, "count": len(names)}
    for name in names:
        # Where all are connected, as they mostly are, one question is enough.
        others = [other for other in everyone if other != name][:MOST_TRIED]
        yield {
            "rse": name,
            "is": {
                **client.get_rse(name),
                "attributes": client.list_rse_attributes(name),
                "usage": list(client.get_rse_usage(name)),
                "distance_from": _first(client, [(other, name) for other in others]),
                "distance_to": _first(client, [(name, other) for other in others]),
            },
        }


def _names(client: Any, expression: str) -> list[str]:  # noqa: ANN401  no types
    return sorted(str(each["rse"]) for each in client.list_rses(expression))


def _first(client: Any, pairs: list[tuple[str, str]]) -> list[str]:  # noqa: ANN401  no types
    """The first of these pairs that Rucio has a distance for; empty when none of them has."""
    for source, target in pairs:
        if list(client.get_distance(source, target)):
            return [source, target]
    return []


def _silent() -> logging.Logger:
    logger = logging.getLogger("rucio-census")
    logger.addHandler(logging.NullHandler())
    logger.propagate = False
    return logger


def main() -> None:
    """Answer, whatever happens."""
    try:
        for line in census(*(sys.argv[1:] or [EVERY])):
            _say(line)
    except Exception as error:  # noqa: BLE001  whatever it is, it is the answer
        _say({"failed": type(error).__name__, "said": str(error)})


def _say(line: dict[str, Any]) -> None:
    ANSWERS.write(json.dumps(line, default=str) + "\n")
    ANSWERS.flush()


if __name__ == "__main__":
    main()
