"""The rows of a comparison in the terminal: a table for each endpoint, and what to do."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from rich.box import ASCII2
from rich.console import Console
from rich.table import Table
from rich.text import Text

from lakeproof.session.drift.rows import Row
from lakeproof.wording import printable

AS_WIDE_AS_NEEDED = 1000


def print_rows(console: Console, rows: Sequence[Row], source: str) -> None:
    """Three columns for each endpoint; below them a line for each row that is not agreed on."""
    if not console.is_terminal:
        console.width = AS_WIDE_AS_NEEDED  # a file has no margin, and URLs stay whole
    for name, group in groupby(rows, lambda row: row.endpoint):
        found = list(group)
        console.print(Text(name, style="bold"))
        console.print(_table(found, source))
        for row in found:
            if row.do:
                line = Text(f"  {row.what}: {printable(row.do)}")
                console.print(line, soft_wrap=True)
        console.print()


def _table(rows: Sequence[Row], source: str) -> Table:
    table = Table(box=ASCII2, pad_edge=False, show_edge=False)
    for title in ("", "inventory", source, "the endpoint"):
        table.add_column(title, overflow="fold")
    for row in rows:
        cells = (row.what, row.inventory, row.source, row.served)
        style = "" if row.agree else "yellow"
        table.add_row(*(Text(printable(cell), style) for cell in cells))
    return table
