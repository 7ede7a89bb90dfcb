"""Copies between two endpoints, as results tell of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from lakeproof.results import Result
from lakeproof.verdict import Outcome

Direction = Literal["pull", "push"]
DIRECTIONS: tuple[Direction, ...] = ("pull", "push")
MESH = ".mesh."
"""What the ids of the checks have in them that try every pair."""

PROTOCOLS = {"tpc": "https", "root": "root"}
"""The protocol of a copy by the suite of its check."""

GOOD = (Outcome.PASS, Outcome.FIXED)
BAD = (Outcome.FAIL, Outcome.KNOWN, Outcome.NONSTRICT)


@dataclass(frozen=True)
class Copy:
    """One copy that was tried: `works` is None when it was not judged.

    `said` is what the check said of it, `at` when it began (UTC ISO 8601).
    """

    source: str
    destination: str
    direction: Direction
    works: bool | None
    protocol: str = "https"
    said: str = ""
    at: str = ""
    outcome: Outcome | None = None

    @property
    def cell(self) -> tuple[str, str, str, str]:
        """Which cell of the mesh it belongs to."""
        return self.source, self.destination, self.direction, self.protocol


def copies_of(results: Iterable[Result]) -> Iterator[Copy]:
    """The copies among these results: of a pull the partner is the source."""
    for row in results:
        if MESH not in row.check or not row.partner or row.direction not in DIRECTIONS:
            continue
        pulls = row.direction == "pull"
        yield Copy(
            source=row.partner if pulls else row.endpoint,
            destination=row.endpoint if pulls else row.partner,
            direction="pull" if pulls else "push",
            works=works(row.outcome),
            protocol=PROTOCOLS.get(row.check.partition(".")[0], row.check.partition(".")[0]),
            said=row.actual or "",
            at=row.started,
            outcome=row.outcome,
        )


def works(outcome: Outcome) -> bool | None:
    """Whether a copy with this outcome works; None for what is no judgement of it."""
    if outcome in GOOD:
        return True
    return False if outcome in BAD else None


def newest(copies: Iterable[Copy], of_each: int = 1) -> list[Copy]:
    """The newest `of_each` judged copies of every cell, oldest first.

    Where nothing was judged: the newest one.
    """
    cells: dict[tuple[str, str, str, str], list[Copy]] = {}
    for copy in sorted(copies, key=lambda copy: copy.at):
        cells.setdefault(copy.cell, []).append(copy)
    kept: list[Copy] = []
    for tried in cells.values():
        judged = [copy for copy in tried if copy.works is not None]
        kept += judged[-of_each:] or tried[-1:]
    return kept
