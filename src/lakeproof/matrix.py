"""The matrix of scopes and operations: what the profile says of each cell, and what was seen.

The table is data (`catalogue/matrix.yaml`); this module reads it and lays results over it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Any, Literal

from lakeproof.data import load
from lakeproof.results import Result
from lakeproof.verdict import Outcome

Verdict = Literal["allow", "deny", "open"]
OWN = ("tokens.matrix.", "tokens.copies.", "tokens.groups.", "tokens.tape.", "root.matrix.")
"""What the ids of the checks begin with that run once a cell."""

WORKS = "works"
"""The measured number of an open cell: 1 when it worked, 0 when it was refused."""


@dataclass(frozen=True)
class Grant:
    """What a token says: its scope claim with {scope} and {other} for paths, and its groups.

    `odd`: no ordinary issuer gives it.
    """

    name: str
    scope: str
    odd: bool = False
    groups: tuple[str, ...] = ()


@dataclass(frozen=True)
class Place:
    """Where the scope points and where the request goes; {n} is a name of the cell's own."""

    name: str
    scope: str
    target: str
    says: str


@dataclass(frozen=True)
class Operation:
    """What is asked of the storage: a name, a head for a narrow column, and the words for it.

    `part` is the table that its column stands in.
    """

    name: str
    short: str
    says: str
    part: str = "files"


@dataclass(frozen=True)
class Cell:
    """One grant, one operation, one place: what the profile says, and the check that looks."""

    grant: Grant
    operation: Operation
    place: Place
    verdict: Verdict
    check: str

    @property
    def id(self) -> str:
        """`create.over.inside`: in test ids, results and names of files."""
        return f"{self.grant.name}.{self.operation.name}.{self.place.name}"

    @property
    def sentence(self) -> str:
        """`With storage.create, PUT over a file must be refused (the scope's own collection).`."""
        scope = self.grant.scope.replace(":{scope}", "").replace("{other}", "another collection")
        must = {"allow": "must work", "deny": "must be refused", "open": "is left open"}
        if self.grant.groups:
            scope += f" and the group {self.grant.groups[0]}"
        where = self.place.says
        return f"With {scope}, {self.operation.says} {must[self.verdict]} ({where})."


@dataclass(frozen=True)
class Table:
    """The whole matrix, rows and columns in the order of the file."""

    grants: dict[str, Grant]
    operations: dict[str, Operation]
    places: dict[str, Place]
    cells: tuple[Cell, ...]

    def of(self, check: str) -> tuple[Cell, ...]:
        """The cells that a check judges."""
        return tuple(cell for cell in self.cells if cell.check == check)


@cache
def table() -> Table:
    """The matrix of the catalogue; raises KeyError for a cell of unknown parts."""
    content = load("matrix")
    grants = {name: Grant(name, **said) for name, said in content["grants"].items()}
    operations = {name: Operation(name, **said) for name, said in content["operations"].items()}
    places = {name: Place(name, **said) for name, said in content["places"].items()}
    cells = []
    for group in content["judged"]:
        for text in group["cells"]:
            grant, operation, place = text.split()
            parts = grants[grant], operations[operation], places[place]
            cells.append(Cell(*parts, group["verdict"], group["check"]))
    return Table(grants, operations, places, tuple(cells))


def cell_of(name: str) -> Cell:
    """The cell of this id; raises KeyError when there is none."""
    return {cell.id: cell for cell in table().cells}[name]


class Mark(StrEnum):
    """What a cell shows."""

    ALLOWED = "allowed"
    REFUSED = "refused"
    VIOLATED = "violated"
    OPEN = "open"
    UNJUDGED = "unjudged"


@dataclass(frozen=True)
class Seen:
    """One cell with what a run says about it; `result` is None where nothing was tried."""

    cell: Cell
    result: Result | None

    @property
    def mark(self) -> Mark:
        """The sign for it."""
        outcome = self.result.outcome if self.result else None
        if outcome in (Outcome.FAIL, Outcome.KNOWN, Outcome.NONSTRICT):
            return Mark.VIOLATED
        if outcome not in (Outcome.PASS, Outcome.FIXED):
            return Mark.UNJUDGED
        marks = {"allow": Mark.ALLOWED, "deny": Mark.REFUSED, "open": Mark.OPEN}
        return marks[self.cell.verdict]

    @property
    def works(self) -> bool | None:
        """Whether an open cell worked; None when that is not known."""
        works = self.result.measured.get(WORKS) if self.result else None
        return None if works is None else bool(works)

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON types, for matrix.json."""
        cell, result = self.cell, self.result
        return {
            "cell": cell.id,
            "grant": cell.grant.name,
            "operation": cell.operation.name,
            "place": cell.place.name,
            "verdict": cell.verdict,
            "says": cell.sentence,
            "check": cell.check,
            "req": result.req if result else None,
            "mark": self.mark.value,
            "works": self.works,
            "outcome": result.outcome.value if result else None,
            "actual": result.actual if result else None,
        }


def overlay(results: Iterable[Result]) -> dict[str, list[Seen]]:
    """The matrix of each endpoint on which a cell was tried."""
    found: dict[str, dict[tuple[str, str | None], Result]] = {}
    for result in results:
        found.setdefault(result.endpoint, {})[result.check, result.cell] = result
    return {
        endpoint: list(_laid_over(rows))
        for endpoint, rows in found.items()
        if any(check.startswith(OWN) for check, _ in rows)
    }


def _laid_over(rows: dict[tuple[str, str | None], Result]) -> Iterator[Seen]:
    for cell in table().cells:
        name = cell.id if cell.check.startswith(OWN) else None
        yield Seen(cell, rows.get((cell.check, name)))
