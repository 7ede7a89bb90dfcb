"""The mesh in a terminal: who copies to whom, who is suspected, and what speaks for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from rich.console import Console
from rich.text import Text

from lakeproof.mesh.seen import DIRECTIONS, Copy, newest
from lakeproof.mesh.suspects import Findings, Suspect
from lakeproof.verdict import Outcome
from lakeproof.wording import printable

LETTERS: Mapping[Outcome, tuple[str, str]] = {
    Outcome.PASS: ("✓", "green"),
    Outcome.FAIL: ("F", "bold red"),
    Outcome.NONSTRICT: ("n", "yellow"),
    Outcome.KNOWN: ("k", "yellow"),
    Outcome.FIXED: ("x", "green"),
    Outcome.UNSUPPORTED: ("-", "dim"),
    Outcome.BLOCKED: ("b", "magenta"),
    Outcome.ERROR: ("e", "magenta"),
    Outcome.NOTRUN: (" ", "dim"),
}
WIDEST = 26
"""More ends than there are letters for columns are not drawn."""

LONGEST_LIST = 10
CERTAIN = 6
"""From this power of ten on the odds are not spelled out."""


def print_mesh(console: Console, copies: Sequence[Copy], findings: Findings) -> None:
    """Both tables where there is room, then the hint and its evidence."""
    ends = sorted({end for copy in copies for end in (copy.source, copy.destination)})
    for protocol in sorted({copy.protocol for copy in copies}):
        shown = [copy for copy in newest(copies) if copy.protocol == protocol]
        for direction in DIRECTIONS:
            cells = {(c.source, c.destination): c for c in shown if c.direction == direction}
            if cells and len(ends) <= WIDEST:
                _print_table(console, f"{direction} over {protocol}", ends, cells)
    if len(ends) <= WIDEST:
        signs = "  ".join(
            f"{sign} {outcome.value}" for outcome, (sign, _) in LETTERS.items() if sign.strip()
        )
        console.print(Text(f"{signs}  blank: not tried", "dim"))
    for line in hint(findings):
        console.print(Text(line))


def hint(findings: Findings) -> Iterator[str]:
    """Who is suspected and why, line by line, the most certain first."""
    yield ""
    yield f"{findings.tried} copies judged, {findings.failed} failed."
    if findings.suspects:
        yield "Suspects (a hint from all copies together, no verdict):"
    for suspect in findings.suspects:
        yield f"  {printable(suspect.place.sentence)}"
        yield from (f"    {line}" for line in evidence(suspect))
    if findings.failed and not findings.suspects:
        yield "No suspect: too few copies fail, or too few were tried, to tell it from chance."
    left = findings.unexplained
    if left and findings.suspects:
        yield f"Failures that no suspect explains: {len(left)}"
    for copy in left[:LONGEST_LIST]:
        said = f": {printable(copy.said)}" if copy.said else ""
        yield (
            f"  {copy.direction} over {copy.protocol} from {printable(copy.source)} to "
            f"{printable(copy.destination)}{said}"
        )
    if len(left) > LONGEST_LIST:
        yield f"  … and {len(left) - LONGEST_LIST} more"
    if findings.unjudged:
        named = ", ".join(printable(name) for name in findings.unjudged)
        yield f"Nothing could be judged of copies with: {named}"


def evidence(suspect: Suspect) -> Iterator[str]:
    """What speaks for it, and what else would explain the same."""
    ends = f", with {_counted(suspect.partners, 'other end')}" if suspect.partners > 1 else ""
    yield f"{suspect.failed} of {_counted(suspect.tried, 'copy', 'copies')} failed{ends}"
    failed, tried = suspect.elsewhere
    if tried:
        whose = " and ".join(suspect.place.names)
        yield f"of all other copies of {printable(whose)}: {failed} of {tried}"
    if suspect.said:
        yield f"{_counted(suspect.times, 'time')}: {printable(suspect.said)}"
    if suspect.odds >= CERTAIN:
        yield "more than a million times likelier than chance"
    else:
        yield f"{10**suspect.odds:,.0f} times likelier than chance"
    for other in suspect.alternatives[:3]:
        yield f"or else: {printable(other.sentence)}; the same copies speak for it"


def _counted(number: int, one: str, many: str | None = None) -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"


def _print_table(
    console: Console, heading: str, ends: Sequence[str], cells: Mapping[tuple[str, str], Copy]
) -> None:
    console.print(Text(f"{heading}: row = source, column = destination", "bold"))
    letters = [chr(ord("A") + at) for at in range(len(ends))]
    width = max(len(printable(end)) for end in ends)
    console.print(Text(f"    {'':{width}}  {' '.join(letters)}"))
    for letter, source in zip(letters, ends, strict=True):
        line = Text(f"  {letter} {printable(source):{width}} ")
        for destination in ends:
            copy = cells.get((source, destination))
            sign, style = (" ", "dim")
            if source == destination:
                sign = "·"
            elif copy is not None and copy.outcome is not None:
                sign, style = LETTERS[copy.outcome]
            line.append(f" {sign}", style)
        console.print(line)
    console.print()
