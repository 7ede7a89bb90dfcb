"""The mesh: who copies from whom, as a table for each direction, and one by storage system."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from lakeproof.mesh.seen import DIRECTIONS, Direction, copies_of
from lakeproof.mesh.suspects import Findings, find_suspects
from lakeproof.pages.strip import HEIGHTS
from lakeproof.store.changes import GOOD, JUDGED
from lakeproof.store.views import Latest, Mesh, MeshCell, MeshEnd
from lakeproof.verdict import Outcome

OLD = timedelta(days=7)


@dataclass(frozen=True)
class Chip:
    """What one mesh check says about one pair."""

    code: str
    latest: Latest
    cause: str
    old: bool

    @property
    def outcome(self) -> Outcome:
        """What it says."""
        return self.latest.result.outcome

    @property
    def name(self) -> str:
        """For style and sentence: the outcome, or whose health keeps it from being judged."""
        return self.cause or self.outcome.value


@dataclass(frozen=True)
class Square:
    """One pair in one direction; without chips when it was never tried."""

    source: int
    destination: int
    chips: tuple[Chip, ...] = ()

    @property
    def pace(self) -> str:
        """How fast its file was copied, in megabytes a second; empty when nothing was."""
        found = [chip.latest.result.measured.get("copy_mb_per_s") for chip in self.chips]
        return next((f"{each:.3g}" for each in found if each is not None), "")

    @property
    def bad(self) -> bool:
        """Whether there is something to read about it."""
        return any(chip.outcome is not Outcome.PASS for chip in self.chips)

    @property
    def plain(self) -> bool:
        """Whether a mark says it all: one fresh pass, as of most pairs of a large mesh."""
        return len(self.chips) == 1 and not self.bad and not self.chips[0].old


@dataclass(frozen=True)
class MeshTable:
    """One direction: rows are sources, columns destinations, in the order of the ends."""

    direction: Direction
    rows: tuple[tuple[Square, ...], ...]
    kinds: tuple[str, ...]
    by_kind: tuple[tuple[str, tuple[Mapping[str, int], ...]], ...]

    @property
    def counts(self) -> tuple[tuple[Outcome, int], ...]:
        """How many copies of each outcome."""
        counted = Counter(c.outcome for row in self.rows for square in row for c in square.chips)
        return tuple((outcome, counted[outcome]) for outcome in HEIGHTS if counted[outcome])

    @property
    def is_paced(self) -> bool:
        """Whether any copy's pace is known."""
        return any(square.pace for row in self.rows for square in row)

    @property
    def told(self) -> tuple[Square, ...]:
        """Pairs with something to read: violations before what could not be judged."""
        found = [square for row in self.rows for square in row if square.bad]
        return tuple(sorted(found, key=_rank))


@dataclass(frozen=True)
class MeshPage:
    """Everything on the page of the mesh."""

    ends: tuple[MeshEnd, ...]
    golden: Collection[str]
    codes: Mapping[str, str]
    tables: tuple[MeshTable, ...]
    findings: Findings

    @property
    def unwell(self) -> tuple[str, ...]:
        """Which ends nobody can copy with, because they do not even work by themselves."""
        return tuple(
            f"{end.name} could not be judged by itself: repair it before its copies."
            for end in self.ends
            if end.healthy is False
        )


def mesh_page(mesh: Mesh, golden: Collection[str], now: datetime) -> MeshPage:
    """The page of this mesh; golden endpoints come first."""
    ends = tuple(sorted(mesh.ends, key=lambda end: (end.name not in golden, end.name.casefold())))
    checks = sorted({cell.latest.result.check for cell in mesh.cells})
    codes = {check: chr(ord("A") + place % 26) for place, check in enumerate(checks)}
    tables = tuple(
        _table(direction, ends, [c for c in mesh.cells if c.direction == direction], codes, now)
        for direction in DIRECTIONS
    )
    copies = copies_of(cell.latest.result for cell in mesh.cells)
    return MeshPage(ends, golden, codes, tables, find_suspects(copies))


def _table(
    direction: Direction,
    ends: Sequence[MeshEnd],
    cells: Sequence[MeshCell],
    codes: Mapping[str, str],
    now: datetime,
) -> MeshTable:
    places = {end.name: place for place, end in enumerate(ends)}
    found: dict[tuple[int, int], list[Chip]] = defaultdict(list)
    for cell in cells:
        pair = places[cell.source], places[cell.destination]
        found[pair].append(_chip(cell, ends[pair[0]], ends[pair[1]], codes, now))
    rows = tuple(
        tuple(
            Square(source, destination, tuple(found.get((source, destination), ())))
            for destination in range(len(ends))
        )
        for source in range(len(ends))
    )
    kinds, by_kind = _by_kind(ends, found)
    return MeshTable(direction, rows, kinds, by_kind)


def _chip(
    cell: MeshCell, source: MeshEnd, destination: MeshEnd, codes: Mapping[str, str], now: datetime
) -> Chip:
    result = cell.latest.result
    cause = ""
    if result.outcome not in JUDGED:
        unwell = [
            f"blocked by {role}"
            for role, end in (("source", source), ("destination", destination))
            if end.healthy is False
        ]
        cause = " and ".join(unwell[:1])
    age = now - datetime.fromisoformat(result.started)
    return Chip(codes[result.check], cell.latest, cause, age > OLD)


def _by_kind(
    ends: Sequence[MeshEnd], found: Mapping[tuple[int, int], Iterable[Chip]]
) -> tuple[tuple[str, ...], tuple[tuple[str, tuple[Mapping[str, int], ...]], ...]]:
    """How many copies from one storage system to another are made, of how many judged."""
    names = [end.technology or "unknown" for end in ends]
    kinds = tuple(sorted(set(names)))
    counted: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for (source, destination), chips in found.items():
        for chip in chips:
            pair = counted[names[source], names[destination]]
            pair["good"] += chip.outcome in GOOD
            pair["judged"] += chip.outcome in JUDGED
            pair["all"] += 1
    return kinds, tuple((one, tuple(counted[one, other] for other in kinds)) for one in kinds)


def _rank(square: Square) -> tuple[int, int, int]:
    order = list(HEIGHTS)
    return (
        min(order.index(chip.outcome) for chip in square.chips),
        square.source,
        (square.destination),
    )
