"""What a cache gains: the same files through it for the first time, once more, and without it.

From what the checks `cache.figures.*` measured; nobody judges it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from lakeproof.results import Result
from lakeproof.wording import duration

KINDS = {"small": "small files", "large": "large files"}
WAYS = {"direct": "without the cache", "cold": "first read", "warm": "second read"}
HEADINGS = ("files", "read", "median", "95 % within", "MB/s", "against direct")


@dataclass(frozen=True)
class Line:
    """One way of reading files of one kind; times in seconds, `gain` in multiples of direct."""

    kind: str
    way: str
    median_s: float
    most_s: float
    mb_per_s: float
    gain: float

    @property
    def cells(self) -> tuple[str, ...]:
        """What stands in the row, in the order of HEADINGS."""
        gain = "1" if self.way == "direct" else f"{self.gain:.2g} times as fast"
        rate = f"{self.mb_per_s:.3g}"
        return (
            KINDS[self.kind],
            WAYS[self.way],
            duration(self.median_s),
            duration(self.most_s),
            rate,
            gain,
        )


def cache_lines(results: Iterable[Result]) -> tuple[Line, ...]:
    """Small files, then large ones, each read in the three ways; empty when nothing was measured.

    The gain is that of the median.
    """
    measured = [row.measured for row in results if row.measured]
    lines: list[Line] = []
    for kind in KINDS:
        figures = next((each for each in measured if f"direct_{kind}_p50_s" in each), {})
        if not all(f"{way}_{kind}_p50_s" in figures for way in WAYS):
            continue
        direct_s = figures[f"direct_{kind}_p50_s"]
        for way in WAYS:
            name = f"{way}_{kind}"
            median_s = figures[f"{name}_p50_s"]
            lines.append(
                Line(
                    kind,
                    way,
                    median_s,
                    figures[f"{name}_p95_s"],
                    figures.get(f"{name}_mb_per_s", 0.0),
                    direct_s / median_s if median_s else 0.0,
                )
            )
    return tuple(lines)


def as_text(lines: Iterable[Line]) -> list[str]:
    """The table for a terminal, one row a string."""
    rows = [HEADINGS, *(line.cells for line in lines)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
