"""Which storage system answers, as far as it can be seen from the wire, and how sure that is."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from pathlib import PurePosixPath
from typing import Any, Self

from lakeproof.data import load
from lakeproof.wire.pacing import Limiter
from lakeproof.wire.reply import Reply
from lakeproof.wire.transcript import Exchange

MAX_TEXT = 65536
SURE = 6
LIKELY = 3
SHARE_OF_LIKELY = 2
LEAD_OF_CERTAIN = 3


class Certainty(StrEnum):
    """How sure a recognition is; hints of a technology are given from LIKELY on."""

    CERTAIN = "certain"
    LIKELY = "likely"
    GUESS = "guess"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Evidence:
    """One answer of the endpoint, as far as marks can be in it; `text` is its body's start."""

    method: str
    headers: Mapping[str, str] = field(default_factory=dict)
    text: str = ""
    locations: tuple[str, ...] = ()

    @classmethod
    def of_reply(cls, reply: Reply) -> Self:
        """What a reply shows."""
        text = reply.body[:MAX_TEXT].decode("utf-8", "replace")
        places = [hop.location for hop in reply.hops] + [reply.headers.get("Location", "")]
        return cls(reply.method, reply.headers, text, tuple(filter(None, places)))

    @classmethod
    def of_exchange(cls, exchange: Exchange) -> Self:
        """What a recorded exchange shows."""
        text = exchange.response_excerpt.decode("utf-8", "replace")
        places = [hop.location for hop in exchange.hops]
        return cls(exchange.method, exchange.response_headers, text, tuple(places))


@dataclass(frozen=True)
class Mark:
    """One thing that some technologies show; see `catalogue/fingerprints.yaml`."""

    sees: str
    where: str
    pattern: re.Pattern[str]
    methods: frozenset[str]
    weights: Mapping[str, int]
    since: Mapping[str, str] = field(default_factory=dict)

    def find(self, seen: Evidence) -> re.Match[str] | None:
        """The mark in one answer, or None."""
        if self.methods and seen.method not in self.methods:
            return None
        found = (self.pattern.search(text) for text in self._texts(seen))
        return next((match for match in found if match), None)

    def _texts(self, seen: Evidence) -> Iterable[str]:
        kind, _, name = self.where.partition(" ")
        if kind == "header":
            return [value for key, value in seen.headers.items() if key.lower() == name.lower()]
        return {"body": [seen.text], "location": seen.locations}.get(kind, [])


@dataclass(frozen=True)
class Fingerprint:
    """What answers; `technology` and `version` are None where nothing tells.

    An observed technology counts from LIKELY on: below that, `suspected` names the best guess
    and `technology` is None, so that nobody gets another technology's advice. `marks` are what
    was seen for it, `against` what speaks for another one. Of a server that does not tell its
    version that is the first one which shows what it shows (6 for XRootD 6.2.1).
    """

    technology: str | None
    version: str | None
    certainty: Certainty = Certainty.UNKNOWN
    suspected: str | None = None
    marks: tuple[str, ...] = ()
    against: tuple[str, ...] = ()
    declared: str | None = None

    @property
    def note(self) -> str:
        """One line for the summary: what it was taken for, how surely, and by which marks."""
        if self.declared is not None:
            return self._contradiction()
        if self.suspected is None:
            return (
                "its technology is not recognised, so there are general hints only; "
                "--technology says it"
            )
        seen = ", ".join(self.marks)
        against = f"; against it: {', '.join(self.against)}" if self.against else ""
        if self.technology is None:
            return (
                f"its technology is a guess: {self.suspected} ({seen}{against}), so there are "
                "general hints only; --technology says it"
            )
        version = f" {self.version}" if self.version else ""
        return f"recognised as {self.technology}{version}, {self.certainty} ({seen}{against})"

    def _contradiction(self) -> str:
        if self.suspected in (None, self.declared) or self.certainty is Certainty.GUESS:
            return ""
        return (
            f"declared as {self.declared}, but what answers looks like {self.suspected} "
            f"({self.certainty}: {', '.join(self.marks)}); the hints follow the declaration"
        )


def recognise(
    evidence: Sequence[Evidence], declared: str = "auto", door: PurePosixPath | None = None
) -> Fingerprint:
    """The fingerprint of an endpoint from its answers; a declared technology prevails."""
    seen = _observe(evidence, door)
    if declared == "auto":
        return seen
    version = seen.version if seen.suspected == declared else None
    return Fingerprint(
        declared, version, seen.certainty, seen.suspected, seen.marks, seen.against, declared
    )


def _observe(evidence: Sequence[Evidence], door: PurePosixPath | None) -> Fingerprint:
    found = _found(evidence, door)
    support = _support(mark for mark, _ in found)
    if not support:
        return Fingerprint(None, None)
    best, *others = sorted(support, key=lambda name: -support[name])
    lead = support[best] - (support[others[0]] if others else 0)
    against = [mark for mark, _ in found if best not in mark.weights]
    certainty = _certainty(support[best], lead, _support(against))
    versions = [match[best] for _, match in found if match.groupdict().get(best)]
    versions += [mark.since[best] for mark, _ in found if best in mark.since]
    trusted = certainty is not Certainty.GUESS
    return Fingerprint(
        technology=best if trusted else None,
        version=versions[0] if versions and trusted else None,
        certainty=certainty,
        suspected=best,
        marks=tuple(mark.sees for mark, _ in found if best in mark.weights),
        against=tuple(mark.sees for mark in against),
    )


def _certainty(support: int, lead: int, against: Mapping[str, int]) -> Certainty:
    opposed = max(against.values(), default=0)
    if support >= SURE and lead >= LEAD_OF_CERTAIN and not opposed:
        return Certainty.CERTAIN
    if support >= LIKELY and lead > 0 and support >= SHARE_OF_LIKELY * opposed:
        return Certainty.LIKELY
    return Certainty.GUESS


def _found(
    evidence: Sequence[Evidence], door: PurePosixPath | None
) -> list[tuple[Mark, re.Match[str]]]:
    """Each mark that is somewhere in the answers, once."""
    found = []
    for mark in marks():
        if mark.where == "path":
            match = mark.pattern.search(f"{door}/") if door is not None else None
        else:
            matches = (mark.find(seen) for seen in evidence)
            match = next((match for match in matches if match), None)
        if match is not None:
            found.append((mark, match))
    return found


def _support(found: Iterable[Mark]) -> dict[str, int]:
    support: dict[str, int] = {}
    for mark in found:
        for technology, weight in mark.weights.items():
            support[technology] = support.get(technology, 0) + weight
    return support


@cache
def marks() -> tuple[Mark, ...]:
    """Every mark of the catalogue."""
    return tuple(_mark(entry) for entry in load("fingerprints")["marks"])


@cache
def limiter_of(technology: str | None) -> Limiter | None:
    """How many answers 401 this technology bears before it shuts a client out, if it does."""
    known = load("fingerprints")["limiters"].get(technology)
    return Limiter(**known) if known else None


def _mark(entry: dict[str, Any]) -> Mark:
    return Mark(
        sees=entry["sees"],
        where=entry["where"],
        pattern=re.compile(entry["matches"]),
        methods=frozenset(entry.get("methods", ())),
        weights=entry["for"],
        since=entry.get("since", {}),
    )
