"""The matrix of scopes and operations as tables: a row for a token and a place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lakeproof.matrix import Mark, Operation, Seen, table
from lakeproof.matrix_view import MEANS, SIGNS

__all__ = ["MEANS", "SIGNS", "Grid", "Line", "grids"]


@dataclass(frozen=True)
class Line:
    """One row: the grant, the place, and a cell (or None) for each column."""

    grant: str
    scope: str
    place: str
    says: str
    cells: tuple[Seen | None, ...]


@dataclass(frozen=True)
class Grid:
    """The table of one part of the matrix."""

    part: str
    operations: tuple[Operation, ...]
    lines: tuple[Line, ...]

    @property
    def violated(self) -> tuple[Seen, ...]:
        """The cells that are not as the profile says, to be read as sentences."""
        cells = [cell for line in self.lines for cell in line.cells]
        return tuple(cell for cell in cells if cell and cell.mark is Mark.VIOLATED)


def sign(seen: Seen) -> str:
    """The sign of a cell; an open one also says what happened."""
    shown = SIGNS[seen.mark][0]
    if seen.mark is Mark.OPEN and seen.works is not None:
        return shown + ("+" if seen.works else "-")
    return shown


def grids(cells: Sequence[Seen]) -> tuple[Grid, ...]:
    """A table for each part of which a cell was tried."""
    tried = {seen.cell.operation.part for seen in cells if seen.result is not None}
    parts = dict.fromkeys(operation.part for operation in table().operations.values())
    return tuple(
        _grid(part, [seen for seen in cells if seen.cell.operation.part == part])
        for part in parts
        if part in tried
    )


def _grid(part: str, cells: Sequence[Seen]) -> Grid:
    used = {seen.cell.operation.name for seen in cells}
    operations = tuple(each for each in table().operations.values() if each.name in used)
    rows: dict[tuple[str, str], dict[str, Seen]] = {}
    for seen in cells:
        rows.setdefault((seen.cell.grant.name, seen.cell.place.name), {})[
            seen.cell.operation.name
        ] = seen
    lines = tuple(
        Line(
            grant.name,
            grant.scope,
            place.name,
            place.says,
            tuple(rows[grant.name, place.name].get(each.name) for each in operations),
        )
        for grant in table().grants.values()
        for place in table().places.values()
        if (grant.name, place.name) in rows
    )
    return Grid(part, operations, lines)
