"""The summary at the end of a run: one sentence an endpoint, then what needs action."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.text import Text

from lakeproof import matrix_view
from lakeproof.cache_table import as_text, cache_lines
from lakeproof.matrix import overlay
from lakeproof.plugin.progress import STYLE
from lakeproof.results import Result
from lakeproof.verdict import Outcome
from lakeproof.wording import (
    audiences_sentence,
    by_endpoint,
    by_severity,
    endpoint_sentence,
    failure_lines,
    figures_sentence,
    flaky_sentence,
    issuer_load_sentence,
    printable,
)

BRIEF = (
    (Outcome.KNOWN, "Known failures (they do not count; remove an entry when it is fixed)"),
    (Outcome.NONSTRICT, "Recommendations not met (they do not count)"),
)
LONGEST_LIST = 10


def print_summary(
    console: Console,
    results: Sequence[Result],
    *,
    folder: Path,
    leftovers: Sequence[str],
    notes: Sequence[str],
) -> None:
    """Print what a tired admin needs: verdicts, what to change, and where the evidence is."""
    console.print()
    cells = overlay(results)
    for name, rows in by_endpoint(results).items():
        _print_endpoint(console, name, rows)
        if name in cells:
            console.print(Text(f"  {matrix_view.sentence(cells[name])}"))
    if cells:
        console.print(Text("  Which token may do what, cell by cell: lakeproof matrix", "dim"))
    _print_details(console, by_severity(results, Outcome.FAIL, Outcome.FIXED), "Needs action")
    _print_details(console, by_severity(results, Outcome.ERROR), "Could not be judged")
    for outcome, heading in BRIEF:
        _print_brief(console, by_severity(results, outcome), heading)
    _print_flaky(console, results)
    _print_reasons(console, results)
    for note in notes:
        console.print(Text(printable(note)))
    if leftovers:
        heading = f"Left behind on the storage: {len(leftovers)} (remove with: lakeproof clean)"
        console.print(Text(heading, "bold"))
        for leftover in leftovers[:LONGEST_LIST]:
            console.print(Text(f"  {printable(leftover)}"))
        if len(leftovers) > LONGEST_LIST:
            console.print(Text("  … all of them are in run.json"))
    console.print(Text(f"Results, transcripts and reports: {folder}"))


def _print_endpoint(console: Console, name: str, rows: Sequence[Result]) -> None:
    last = rows[-1]
    observed = " ".join(part for part in (last.technology, last.observed_version) if part)
    emulated = "  (emulated, not a real installation)" if last.emulated else ""
    heading = Text(name, style="bold")
    heading.append(f"  {printable(observed or 'unknown technology')}  {last.url}{emulated}", "dim")
    console.print(heading)
    console.print(Text(f"  {endpoint_sentence(rows)}"))
    for said in (figures_sentence, issuer_load_sentence, audiences_sentence):
        sentence = said(rows)
        if sentence:
            console.print(Text(f"  {sentence}", "dim"))
    lines = cache_lines(rows)
    for row in as_text(lines) if lines else ():
        console.print(Text(f"    {row}", "dim"))


def _print_details(console: Console, rows: Sequence[Result], heading: str) -> None:
    if not rows:
        return
    console.print()
    console.print(Text(heading, style="bold"))
    for row in rows:
        line = Text("  ")
        line.append(row.outcome.value, STYLE[row.outcome])
        line.append(f"  {row.severity}  {row.endpoint}  {row.check}{_cell(row)}")
        if row.partner:
            line.append(f"  ({row.direction} with {row.partner})" if row.direction else "")
        console.print(line)
        for label, text in failure_lines(row):
            console.print(Text(f"    {label:<12} {text}"))
        if row.blame:
            console.print(Text(f"    {'Suspect':<12} {row.blame.value}"))


def _cell(row: Result) -> str:
    return f" [{row.cell}]" if row.cell else ""


def _print_brief(console: Console, rows: Sequence[Result], heading: str) -> None:
    if not rows:
        return
    console.print()
    console.print(Text(heading, style="bold"))
    grouped: dict[tuple[str, str, str], Counter[str]] = {}
    for row in rows:
        said = (row.check, printable(row.actual or ""), row.known_issue or "")
        grouped.setdefault(said, Counter())[row.endpoint] += 1
    for (check, actual, issue), endpoints in grouped.items():
        # A check that is tried with every partner, or cell by cell, may say one thing many times.
        times = (name if n == 1 else f"{name} ({n} times)" for name, n in endpoints.items())
        line = Text(f"  {check}: {actual}")
        line.append(f"  {', '.join(times)}  {issue}".rstrip(), "dim")
        console.print(line)


def _print_flaky(console: Console, results: Sequence[Result]) -> None:
    """What came out differently when it was tried again: nobody may take it for a plain pass."""
    rows = [row for row in results if row.flaky]
    if not rows:
        return
    console.print()
    console.print(Text("Flaky (tried twice, and not the same twice)", style="bold"))
    for row in sorted(rows, key=lambda row: (row.endpoint, row.check)):
        line = Text("  ")
        line.append(row.outcome.value, STYLE[row.outcome])
        line.append(f"  {row.endpoint}  {row.check}: {flaky_sentence(row)}")
        console.print(line)


def _print_reasons(console: Console, results: Sequence[Result]) -> None:
    """Blocked, unsupported and notrun, grouped by reason: the cause is said once."""
    grouped: dict[tuple[Outcome, str, str], int] = {}
    for row in results:
        if row.outcome in (Outcome.BLOCKED, Outcome.UNSUPPORTED, Outcome.NOTRUN):
            key = (row.outcome, row.endpoint, printable(row.actual or ""))
            grouped[key] = grouped.get(key, 0) + 1
    if not grouped:
        console.print()
        return
    console.print()
    console.print(Text("Not tried, and why", style="bold"))
    ordered = sorted(grouped.items(), key=lambda item: -item[1])
    for (outcome, endpoint, reason), count in ordered[:LONGEST_LIST]:
        checks = "check" if count == 1 else "checks"
        console.print(Text(f"  {endpoint}  {count} {checks} {outcome.value}: {reason}"))
    if len(ordered) > LONGEST_LIST:
        console.print(Text(f"  … and {len(ordered) - LONGEST_LIST} more reasons in results.jsonl"))
    console.print()
