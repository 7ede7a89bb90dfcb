"""Where an inventory, its sources and what the endpoints really serve say different things."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from lakeproof.inventory.merge import merge
from lakeproof.inventory.sources import srr
from lakeproof.inventory.sources.found import Harvest, SourceError
from lakeproof.session.endpoint import EndpointSession
from lakeproof.session.fingerprint import Certainty
from lakeproof.session.report import find_report
from lakeproof.verdict import Blocked
from lakeproof.wire.reply import NotReached

SURE = (Certainty.CERTAIN, Certainty.LIKELY)


@dataclass(frozen=True)
class Difference:
    """One thing that two parties say differently; `who` is the other party to the inventory."""

    endpoint: str
    who: str
    sentence: str

    def __str__(self) -> str:
        return f"{self.endpoint}: {self.who}: {self.sentence}"


def from_source(text: str, source: Harvest, who: str) -> Iterator[Difference]:
    """Where `who` (Rucio, CRIC) and the inventory's `text` differ; raises InventoryError."""
    merged = merge(text, source)
    for name in merged.new:
        yield Difference(name, who, "has it, the inventory does not")
    for name in merged.only_here:
        yield Difference(name, who, "does not have its RSE, the inventory does")
    for line in (*merged.changed, *merged.kept):
        name, _, sentence = line.partition(": ")
        yield Difference(name, who, sentence)


def from_endpoint(session: EndpointSession) -> Iterator[Difference]:
    """Where the endpoint really serves something else; reads only, anonymously where it can."""
    here = "the endpoint"
    reason = session.probe.no_connection
    if reason is not None:
        yield Difference(session.name, here, f"is not there: {reason}")
        return
    if session.probe.handshake_error is None and session.door.scheme == "https":
        facts = session.probe.tls
        if not facts.host_ok:
            yield Difference(session.name, here, f"its certificate is another's: {facts.error}")
    if session.obstacle is not None:
        yield Difference(session.name, here, session.obstacle)
        return
    yield from _technology(session, here)
    yield from _report(session)


def _technology(session: EndpointSession, here: str) -> Iterator[Difference]:
    said, seen = session.target.endpoint.technology, session.fingerprint
    if seen.suspected not in (None, said) and said != "auto" and seen.certainty in SURE:
        sentence = f"answers like {seen.suspected} ({seen.certainty}); the inventory says {said}"
        yield Difference(session.name, here, sentence)


def _report(session: EndpointSession) -> Iterator[Difference]:
    """The endpoint's own report should name the door and the area."""
    try:
        reply = find_report(session).reply
    except (NotReached, Blocked):
        return
    if reply is None:
        return
    try:
        reported = srr.harvest(json.loads(reply.body))
    except (SourceError, ValueError) as error:
        yield Difference(session.name, "its report", f"cannot be read: {error}")
        return
    doors = [str(d) for found in reported.endpoints for d in _doors(found.keys)]
    url = session.url
    if doors and not any(_covers(door, url) for door in doors):
        yield Difference(
            session.name,
            "its report",
            f"names {', '.join(sorted(doors)[:3])}; the inventory says {url}",
        )


def _doors(keys: dict[str, object]) -> Iterable[object]:
    doors = keys.get("doors")
    return doors.values() if isinstance(doors, dict) else ()


def _covers(door: str, url: str) -> bool:
    plain = door.replace("davs://", "https://", 1).replace("dav://", "http://", 1).rstrip("/")
    return url.rstrip("/") == plain or url.startswith(f"{plain}/")
