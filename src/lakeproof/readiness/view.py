"""Rucio-readiness as a person reads it in the terminal, and as machines do."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from textwrap import wrap

from rich.console import Console
from rich.text import Text

from lakeproof.readiness.judge import Finding, Fitness, Ready, Standing
from lakeproof.readiness.paste import commands, distances
from lakeproof.results import Result
from lakeproof.wording import printable

SCHEMA = 1
FILE = "rucio-ready.json"
PROFILE = "rucio-ready"
WIDTH = 100
INDENT = 22
MOST_REASONS = 3
WORKS = {Standing.MET: "works", Standing.UNMET: "does not", Standing.OPEN: "not known"}
OPENING = "Rucio-readiness (RSE: Rucio storage element; FTS: file transfer service)"


def lines(ready: Sequence[Ready]) -> list[str]:
    """Everything, line by line, without control characters from the endpoints."""
    if not ready:
        return [OPENING, "No endpoint was looked at."]
    text = [OPENING, ""]
    for each in ready:
        text += [*_endpoint(each), ""]
    between = distances(ready)
    if between:
        text += ["Distances, once these RSEs are there (pairs between which a file was copied)"]
        text += [*between, ""]
    return text[:-1]


def as_json(ready: Sequence[Ready]) -> dict[str, object]:
    """The same in plain JSON types."""
    return {
        "schema": SCHEMA,
        "endpoints": [_as_dict(each) for each in ready],
        "distances": distances(ready),
    }


def print_lines(console: Console, ready: Sequence[Ready]) -> None:
    """Print everything; commands are never broken."""
    for line in lines(ready):
        console.print(Text(line), soft_wrap=True)


def write(folder: Path, ready: Sequence[Ready]) -> None:
    """Write rucio-ready.json into a run's folder."""
    text = json.dumps(as_json(ready), indent=1, ensure_ascii=False)
    (folder / FILE).write_text(f"{text}\n", encoding="utf-8")


def sentence(ready: Ready) -> str:
    """`Rucio can use it over davs:// with …: read, write, delete; no copies: …`."""
    chosen = ready.chosen
    if chosen is None:
        unknown = not any(each.standing is Standing.UNMET for each in ready.fitness[:1])
        if unknown:
            return "It is not known whether Rucio can use it: too little was looked at."
        return "Rucio cannot use it yet; what to change first stands below."
    used = [name for name, standing in ready.domains.items() if standing is Standing.MET]
    how = chosen.implementation
    return f"Rucio can use it over {how.scheme}:// with {how.name}: {', '.join(used)}."


def _endpoint(ready: Ready) -> Iterator[str]:
    last, place = ready.rows[-1], ready.place
    seen = " ".join(part for part in (last.technology, last.observed_version) if part)
    emulated = ", emulated" if last.emulated else ""
    yield f"{place.name} as RSE {place.rse_name}  ({printable(seen or 'unknown')}{emulated})"
    yield f"  {sentence(ready)}"
    counted = Counter(each.standing for each in ready.findings)
    count = ", ".join(f"{counted[each]} {each.value}" for each in Standing)
    yield f"  Of R1-R{len(ready.findings)}: {count}."
    yield ""
    yield from _findings(ready.findings)
    yield ""
    yield "  Rucio's protocol implementations"
    standing = {each.implementation.name: each.standing for each in ready.fitness}
    for fitness in ready.fitness:
        if standing.get(fitness.implementation.like) is not fitness.standing:
            yield from _fitness(fitness)
    yield from _settings(ready)
    yield ""
    yield "Commands for Rucio 41, as an account that may manage RSEs"
    yield from commands(ready)


def _findings(findings: Sequence[Finding]) -> Iterator[str]:
    """One item after the other; a reason that was given already is not given again."""
    given: dict[str, str] = {}
    for finding in findings:
        item = finding.item
        first, *more = wrap(f"{item.says}{_counted(finding)}", WIDTH - INDENT)
        yield f"  {item.id:<4} {finding.standing.value:<14} {first}"
        yield from (f"{' ' * INDENT}{line}" for line in more)
        if finding.standing is Standing.OPEN or finding.unjudged:
            reason = _short(finding.reason)
            yield from _indented(f"As {given[reason]}." if reason in given else reason)
            given.setdefault(reason, item.id)
        if finding.standing is Standing.UNMET:
            yield from _indented(f"Otherwise: {item.costs}")
            for said in _against(finding.against):
                yield from _indented(said)
        if item.open and finding.reason != item.open:
            yield from _indented(f"Not looked at: {item.open}")


def _counted(finding: Finding) -> str:
    """` (4 checks passed, 2 not judged)`."""
    number = len(finding.passed)
    parts = [f"{number} check{'s' * (number != 1)} passed"] if number else []
    parts += [f"{finding.unjudged} not judged"] if finding.unjudged else []
    return f" ({', '.join(parts)})" if parts else ""


def _short(reason: str) -> str:
    reasons = printable(reason).split("; ")
    rest = f"; and {len(reasons) - MOST_REASONS} more" if len(reasons) > MOST_REASONS else ""
    return "; ".join(reasons[:MOST_REASONS]) + rest


def _against(rows: Sequence[Result]) -> Iterator[str]:
    """What speaks against an item; what several checks say alike is said once."""
    grouped: dict[tuple[str, str], list[Result]] = {}
    for row in rows:
        said = (printable(row.actual or ""), row.known_issue or "")
        grouped.setdefault(said, []).append(row)
    for (actual, issue), alike in grouped.items():
        partner = f" ({alike[0].direction} with {alike[0].partner})" if alike[0].direction else ""
        more = f" and {len(alike) - 1} more" if len(alike) > 1 else ""
        yield f"{alike[0].check}{more}{partner}: {actual} [{alike[0].level}]  {issue}".rstrip()


def _fitness(fitness: Fitness) -> Iterator[str]:
    how = fitness.implementation
    yield f"  {WORKS[fitness.standing]:<10} {how.name} over {how.scheme}:// ({how.says})"
    for row in fitness.against:
        yield from _indented(f"{fitness.loss(row.check)}: {row.check}", 13)
    if fitness.standing is Standing.OPEN:
        rest = len(fitness.unknown) - MOST_REASONS
        more = f" and {rest} more" if rest > 0 else ""
        said = how.open or f"not judged: {', '.join(fitness.unknown[:MOST_REASONS])}{more}"
        yield from _indented(said, 13)


def _settings(ready: Ready) -> Iterator[str]:
    if not ready.settings:
        return
    yield ""
    yield "  RSE attributes, and why"
    for setting in ready.settings:
        said = f"{setting.attribute.key} = {setting.value}"
        yield f"  {said:<36} {setting.attribute.because}"


def _indented(text: str, by: int = INDENT) -> list[str]:
    return [
        " " * by + line
        for line in wrap(text, WIDTH - by, break_on_hyphens=False, break_long_words=False)
    ]


def _as_dict(ready: Ready) -> dict[str, object]:
    chosen = ready.chosen
    return {
        "endpoint": ready.place.name,
        "rse": ready.place.rse_name,
        "url": ready.place.url,
        "says": sentence(ready),
        "items": [_item(finding) for finding in ready.findings],
        "implementation": chosen.implementation.name if chosen else None,
        "implementations": [_implementation(each) for each in ready.fitness],
        "domains": {name: standing.value for name, standing in ready.domains.items()},
        "attributes": {each.attribute.key: each.value for each in ready.settings},
        "change_first": [_evidence(row) | {"do": row.do} for row in ready.obstacles],
        "commands": commands(ready),
    }


def _item(finding: Finding) -> dict[str, object]:
    return {
        "id": finding.item.id,
        "says": finding.item.says,
        "standing": finding.standing.value,
        "passed": sorted({row.check for row in finding.passed}),
        "against": [_evidence(row) for row in finding.against],
        "unjudged": finding.unjudged,
        "reason": finding.reason if finding.unjudged or finding.standing is Standing.OPEN else None,
        "open": finding.item.open or None,
    }


def _implementation(fitness: Fitness) -> dict[str, object]:
    return {
        "name": fitness.implementation.name,
        "scheme": fitness.implementation.scheme,
        "standing": WORKS[fitness.standing],
        "because": [
            {"check": row.check, "loss": fitness.loss(row.check)} for row in fitness.against
        ],
        "unknown": list(fitness.unknown),
    }


def _evidence(row: Result) -> dict[str, object]:
    return {
        "check": row.check,
        "partner": row.partner,
        "outcome": row.outcome.value,
        "actual": row.actual,
    }
