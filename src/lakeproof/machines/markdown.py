"""A run in Markdown: for a merge request's comment, or a job's summary.

Whatever came from an endpoint is shown as it is: nothing in it becomes markup (GitLab may make a
link of a URL, which then shows where it leads).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from lakeproof.machines.standing import Standing, standings
from lakeproof.results import Result
from lakeproof.verdict import Outcome
from lakeproof.wording import by_severity, failure_lines, printable

# Of CommonMark, and what GitLab and GitHub link by themselves; none at the beginning of a line.
SPECIAL = re.compile(r"([\\`*_{}\[\]#!|<>~&@:$%^]|(?<=www)\.)")
CORE = (Outcome.PASS, Outcome.FAIL, Outcome.KNOWN, Outcome.NONSTRICT, Outcome.ERROR)
AT_MOST = 30
"""What is more would make a comment too long; it is in results.jsonl."""


def markdown(results: Sequence[Result]) -> str:
    """One line an endpoint, then what needs action and what could not be judged."""
    return "\n".join([*_table(standings(results)), *_details(results)]) + "\n"


def plain(text: str) -> str:
    """`text` so that Markdown shows the very same characters, on one line."""
    return SPECIAL.sub(r"\\\1", printable(text))


def _table(found: Iterable[Standing]) -> Iterator[str]:
    yield "### lakeproof"
    yield ""
    heads = ["endpoint", "core requirements met", *(outcome.value for outcome in CORE)]
    yield f"| {' | '.join(heads)} |"
    yield f"|---|---|{'---:|' * len(CORE)}"
    for each in found:
        met, judged = each.core
        name = plain(each.endpoint) + (" (emulated)" if each.last.emulated else "")
        numbers = (str(each.count[outcome]) for outcome in CORE)
        yield f"| {name} | {met} of {judged} | {' | '.join(numbers)} |"


def _details(results: Sequence[Result]) -> Iterator[str]:
    for heading, outcomes in (
        ("Needs action", (Outcome.FAIL, Outcome.FIXED)),
        ("Could not be judged", (Outcome.ERROR,)),
    ):
        rows = by_severity(results, *outcomes)
        if not rows:
            continue
        yield from ("", f"#### {heading}: {len(rows)}", "")
        for row in rows[:AT_MOST]:
            yield from _item(row)
        if len(rows) > AT_MOST:
            yield f"- … and {len(rows) - AT_MOST} more"


def _item(row: Result) -> Iterator[str]:
    cell = f" [{row.cell}]" if row.cell else ""
    with_whom = f" ({row.direction} with {row.partner})" if row.partner and row.direction else ""
    yield (
        f"- **{row.outcome.value}**, {row.severity.value.lower()}: {plain(row.endpoint)} "
        f"{plain(row.check + cell + with_whom)}"
    )
    for label, text in failure_lines(row):
        if label != "Reproduce":
            yield f"  - {label}: {plain(text)}"
