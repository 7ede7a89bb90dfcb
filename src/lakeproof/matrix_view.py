"""The scope matrix in the terminal: a row for each token and place, a column for each operation."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from textwrap import wrap

from rich.box import ASCII2, SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from lakeproof.matrix import Mark, Seen, overlay, table
from lakeproof.results import Result
from lakeproof.wording import printable

SCHEMA = 1
NARROWEST = 80
FILE = "matrix.json"
SIGNS = {
    Mark.ALLOWED: ("✓", "y", "green"),
    Mark.REFUSED: ("✗", "n", "green"),
    Mark.VIOLATED: ("!", "!", "bold red"),
    Mark.OPEN: ("·", ".", "cyan"),
    Mark.UNJUDGED: ("?", "?", "yellow"),
}
MEANS = {
    Mark.ALLOWED: "must work and does",
    Mark.REFUSED: "must be refused and is",
    Mark.VIOLATED: "not as the profile says",
    Mark.OPEN: "left open by the profile (+ works, - refused)",
    Mark.UNJUDGED: "not judged",
}


def as_json(results: Iterable[Result]) -> dict[str, object]:
    """The matrix of every endpoint of a run, for matrix.json."""
    found = overlay(results)
    return {
        "schema": SCHEMA,
        "operations": [{"name": o.name, "says": o.says} for o in table().operations.values()],
        "places": [{"name": p.name, "says": p.says} for p in table().places.values()],
        "grants": [{"name": g.name, "scope": g.scope} for g in table().grants.values()],
        "endpoints": {name: [seen.as_dict() for seen in cells] for name, cells in found.items()},
    }


def write(folder: Path, results: Sequence[Result]) -> None:
    """Write matrix.json into a run's folder; nothing when no cell was tried."""
    content = as_json(results)
    if content["endpoints"]:
        text = json.dumps(content, indent=1, ensure_ascii=False)
        (folder / FILE).write_text(f"{text}\n", encoding="utf-8")


def sentence(cells: Sequence[Seen]) -> str:
    """`Scopes: 98 of 117 cells of the matrix are as the profile says, 19 are not.`."""
    met = sum(seen.mark in (Mark.ALLOWED, Mark.REFUSED) for seen in cells)
    wrong = sum(seen.mark is Mark.VIOLATED for seen in cells)
    unjudged = sum(seen.mark is Mark.UNJUDGED for seen in cells)
    parts = [f"Scopes: {met} of {met + wrong} cells of the matrix are as the profile says"]
    parts += [f"{unjudged} not judged"] if unjudged else []
    return "; ".join(parts) + "."


def print_matrix(
    console: Console, results: Sequence[Result], endpoints: Sequence[str], *, plain: bool = False
) -> int:
    """Print the matrix of these endpoints (none named: of all); how many there were."""
    found = {n: cells for n, cells in overlay(results).items() if not endpoints or n in endpoints}
    plain = plain or not _speaks_unicode(console)
    console.width = max(console.width, NARROWEST)
    for name, cells in found.items():
        _print_one(console, name, cells, _subtitle(results, name), plain=plain)
    return len(found)


def _print_one(
    console: Console, name: str, cells: Sequence[Seen], subtitle: str, *, plain: bool
) -> None:
    console.print(Text(name, style="bold").append(f"  {subtitle}", "dim"))
    tried = {seen.cell.operation.part for seen in cells if seen.result is not None}
    for part in [
        p for p in dict.fromkeys(o.part for o in table().operations.values()) if p in tried
    ]:
        shown = [seen for seen in cells if seen.cell.operation.part == part]
        console.print(_grid(shown, plain=plain))
    legend = "   ".join(f"{SIGNS[mark][plain]} {MEANS[mark]}" for mark in Mark)
    for line in wrap(legend, NARROWEST - 4):
        console.print(Text(f"  {line}", "dim"))
    words = [f"{o.short} {o.says}" for o in table().operations.values() if o.part in tried]
    for line in wrap("; ".join(words), NARROWEST - 4):
        console.print(Text(f"  {line}", "dim"))
    console.print(Text(f"  {sentence(cells)}"))
    for seen in cells:
        if seen.mark is Mark.VIOLATED and seen.result is not None:
            known = f"  ({seen.result.outcome.value})"
            said = f"  ! {seen.cell.sentence} {printable(seen.result.actual or '')}{known}"
            console.print(Text(said))
    console.print()


def _grid(cells: Sequence[Seen], *, plain: bool) -> Table:
    used = {seen.cell.operation.name for seen in cells}
    columns = [o for o in table().operations.values() if o.name in used]
    box = ASCII2 if plain else SIMPLE_HEAD
    grid = Table(box=box, pad_edge=False, padding=0, show_edge=False)
    grid.add_column("token, where", no_wrap=True)
    for operation in columns:
        grid.add_column(operation.short, justify="center", no_wrap=True)
    for grant in table().grants:
        for place in table().places:
            row = {
                seen.cell.operation.name: seen
                for seen in cells
                if (seen.cell.grant.name, seen.cell.place.name) == (grant, place)
            }
            if row:
                signs = [_sign(row.get(o.name), plain=plain) for o in columns]
                grid.add_row(f"{grant} {place}", *signs)
    return grid


def _sign(seen: Seen | None, *, plain: bool) -> Text:
    if seen is None:
        return Text("")
    sign, letter, style = SIGNS[seen.mark]
    text = letter if plain else sign
    if seen.mark is Mark.OPEN and seen.works is not None:
        text += "+" if seen.works else "-"
    return Text(text, style)


def _subtitle(results: Iterable[Result], name: str) -> str:
    """Technology and version as they were recognised by the end of the run."""
    last = [result for result in results if result.endpoint == name][-1]
    parts = (last.technology, last.observed_version, "(emulated)" if last.emulated else None)
    return printable(" ".join(part for part in parts if part))


def _speaks_unicode(console: Console) -> bool:
    return console.encoding.lower().replace("-", "") == "utf8"
