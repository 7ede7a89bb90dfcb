"""The `rucio` commands that make an RSE of an endpoint, as Rucio 41 takes them.

Of what the run did not show there is a comment instead: no command claims more than was seen.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Sequence

from lakeproof.readiness.judge import Ready, Standing, pairs
from lakeproof.readiness.place import Url
from lakeproof.wording import printable

FTS = "https://FTS-SERVER:8446"
ROOT_IMPLEMENTATION = "rucio.rse.protocols.xrootd.Default"
TAPE_ITEM = "R16"
LOCAL = ("read", "write", "delete")


def commands(ready: Ready) -> list[str]:
    """What to paste for one endpoint; before everything else, as comments, what has to change."""
    changes = list(_changes(ready))
    if ready.chosen is not None:
        return [*changes, *_commands(ready)]
    if not changes:
        return ["# None: too little was looked at; what was not judged, and why, stands above."]
    return [*changes, "# Then run it again, and the commands are here."]


def distances(ready: Sequence[Ready]) -> list[str]:
    """How far RSEs are from each other, for the pairs between which a file was copied."""
    return [
        _rucio("rse distance set", source.place.rse_name, to.place.rse_name, "--distance", "1")
        for source, to in pairs(ready)
        if source.chosen and to.chosen
    ]


def _changes(ready: Ready) -> Iterator[str]:
    obstacles = ready.obstacles
    if obstacles:
        yield "# Change first:"
    for row in obstacles:
        partner = f" ({row.direction} with {row.partner})" if row.partner and row.direction else ""
        yield f"# - {row.check}{partner}: {printable(row.actual or '')}"
        if row.do:
            yield f"#   Do: {printable(row.do)}"


def _commands(ready: Ready) -> Iterator[str]:
    name = ready.place.rse_name
    yield _rucio("rse add", name)
    yield from _protocol(ready)
    for setting in ready.settings:
        said = ("--key", setting.attribute.key, "--value", setting.value)
        yield _rucio("rse attribute set", name, *said)
    for attribute in ready.undecided:
        yield f"# {attribute.key}: left out, it was not looked at whether tokens do (R10)"
    if any(s is Standing.MET for domain, s in ready.domains.items() if domain not in LOCAL):
        yield "# Which FTS server copies is yours to say:"
        yield f"# {_rucio('rse attribute set', name, '--key', 'fts', '--value', FTS)}"
    if ready.finding(TAPE_ITEM).passed:
        yield "# There is a tape API; where this area is on tape:"
        yield f"# {_rucio('rse update', name, '--key', 'rse_type', '--value', 'TAPE')}"
    yield from _root(ready)
    yield "# Ordinary accounts need a quota:"
    yield f"# {_rucio('account limit set', 'ACCOUNT', '--rse', name, '--bytes', '1TB')}"


def _protocol(ready: Ready) -> Iterator[str]:
    if ready.chosen is None:
        return
    place, implementation = ready.place, ready.chosen.implementation
    for domain, standing in ready.domains.items():
        if standing is not Standing.MET:
            yield f"# {domain}: {_why_not(domain, standing)}"
    used = {domain: int(standing is Standing.MET) for domain, standing in ready.domains.items()}
    able = {domain: priority for domain, priority in used.items() if priority}
    lan = {domain: priority for domain, priority in able.items() if domain in LOCAL}
    yield _rucio(
        "rse protocol add",
        place.rse_name,
        *_door(place.door, implementation.scheme),
        *("--impl", implementation.name),
        *("--domain-json", json.dumps({"lan": lan, "wan": able})),
    )


def _why_not(domain: str, standing: Standing) -> str:
    if standing is Standing.UNMET:
        return "left out, it does not work yet"
    more = "" if domain in LOCAL else "; copies need a second URL, or --partner"
    return f"left out, it was not looked at{more}"


def _root(ready: Ready) -> Iterator[str]:
    door = ready.place.root_door
    if door is None:
        return
    standing = next(
        each.standing for each in ready.fitness if each.implementation.name == ROOT_IMPLEMENTATION
    )
    if standing is Standing.UNMET:
        yield "# root:// is left out, it does not work yet"
        return
    said_of = "works; reads" if standing is Standing.MET else "was not looked at; reads"
    yield f"# root:// {said_of} and writes over it are added by:"
    domains = {name: {"read": 2, "write": 2} for name in ("lan", "wan")}
    said = (*_door(door, "root"), "--impl", ROOT_IMPLEMENTATION)
    line = _rucio(
        "rse protocol add", ready.place.rse_name, *said, "--domain-json", json.dumps(domains)
    )
    yield f"# {line}"


def _door(door: Url, scheme: str) -> tuple[str, ...]:
    prefix = f"{door.path.rstrip('/')}/"
    return (
        "--hostname",
        door.host,
        "--scheme",
        scheme,
        "--port",
        str(door.port),
        "--prefix",
        prefix,
    )


def _rucio(command: str, *words: str) -> str:
    return f"rucio {command} {shlex.join(words)}"
