"""The sentences a person reads about results, the same in the terminal and on the pages."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from lakeproof.lookup import citation
from lakeproof.results import Result
from lakeproof.verdict import Level, Outcome

JUDGED = (Outcome.PASS, Outcome.FAIL, Outcome.NONSTRICT, Outcome.KNOWN, Outcome.FIXED)
# What of the measured is shown, the first two that there are: a line has to stay short.
FIGURES = ("uploads", "reads", "small_requests")
SHOWN = 2
TOKENS = re.compile(r"tokens_(\d+)_at_a_time_per_s")
# The forms of an audience that a check tries, as it names them in what it measured.
AUDIENCES = {
    "audience_any": "any",
    "audience_https_host": "https://host",
    "audience_https_host_port": "https://host:port",
    "audience_https_host_slash": "https://host[:port]/",
    "audience_host_port": "host:port",
    "audience_host": "host",
}


def printable(text: str) -> str:
    """`text` on one line, without control characters: an endpoint must not drive a terminal."""
    return "".join(letter if letter.isprintable() else " " for letter in text).strip()


def failure_lines(result: Result) -> list[tuple[str, str]]:
    """The four labelled lines of a result, and the command that reproduces it where known."""
    judged = result.outcome in JUDGED
    lines = [
        ("Requirement", f"{result.title}  [{result.level}, {citation(result.req)}]" * judged),
        ("Expected", result.expected or ""),
        ("Actual" if judged else "Reason", result.actual or ""),
        ("Do", result.do or ""),
        ("Known", result.known_issue or ""),
        ("Flaky", flaky_sentence(result)),
        ("Reproduce", result.reproduce or ""),
    ]
    return [(label, printable(text)) for label, text in lines if text]


def _beside_the_core(rows: Iterable[Result]) -> str:
    judged = [row.outcome for row in rows if row.outcome in JUDGED]
    if not judged:
        return "nothing was judged"
    return f"{judged.count(Outcome.PASS)} of {len(judged)} recommendations met"


def endpoint_sentence(results: Iterable[Result]) -> str:
    """One endpoint in one sentence: what of the core is met, and what else there is to know."""
    rows = list(results)
    count = Counter(row.outcome for row in rows)
    core = [row for row in rows if row.level is Level.MUST and row.outcome in JUDGED]
    met = sum(row.outcome in (Outcome.PASS, Outcome.FIXED) for row in core)
    parts = [f"{met} of {len(core)} core requirements met" if core else _beside_the_core(rows)]
    phrases = (
        (Outcome.FAIL, "{n} failed"),
        (Outcome.FIXED, "{n} listed as known but fixed"),
        (Outcome.KNOWN, "{n} known {failures}"),
        (Outcome.NONSTRICT, "{n} {recommendations} not met"),
        (Outcome.ERROR, "{n} could not be judged"),
        (Outcome.BLOCKED, "{n} blocked"),
        (Outcome.UNSUPPORTED, "{n} not offered"),
        (Outcome.NOTRUN, "{n} not run"),
    )
    for outcome, phrase in phrases:
        n = count[outcome]
        if n:
            plural = "" if n == 1 else "s"
            words = {"failures": f"failure{plural}", "recommendations": f"recommendation{plural}"}
            parts.append(phrase.format(n=n, **words))
    flaky = sum(row.flaky for row in rows)
    parts += [f"{flaky} flaky"] if flaky else []
    return "; ".join(parts) + "."


def flaky_sentence(result: Result) -> str:
    """What a flaky check did each time; empty for one that is not flaky."""
    if not result.flaky:
        return ""
    first, second = (_attempt(attempt) for attempt in result.attempts)
    return f"first {first}; tried again: {second}"


def _attempt(attempt: Mapping[str, Any]) -> str:
    said = printable(str(attempt["actual"] or ""))
    return f"{attempt['outcome']} ({said})" if said else str(attempt["outcome"])


def figures_sentence(results: Iterable[Result]) -> str:
    """`10 uploads at a time: median 4 ms, 95 % within 9 ms; …`, empty when nothing was measured.

    Of measurements of one kind the one with the fewest at a time; all are in results.jsonl.
    """
    measured = [row.measured for row in results if row.measured]
    parts = []
    for what in FIGURES:
        taken = [figures for figures in measured if f"{what}_p50_s" in figures]
        if not taken:
            continue
        figures = min(taken, key=lambda figures: figures[f"{what}_at_a_time"])
        count = int(figures[f"{what}_at_a_time"])
        name = what.replace("_", " ")
        label = f"{count} {name} at a time" if count > 1 else f"{name} one by one"
        middle, most = (duration(figures[f"{what}_p{percent}_s"]) for percent in (50, 95))
        parts.append(f"{label}: median {middle}, 95 % within {most}")
    return "; ".join(parts[:SHOWN])


def issuer_load_sentence(results: Iterable[Result]) -> str:
    """`tokens a second: 310 (1 at a time), …; saturated with 4 at a time, …`, or empty.

    Of an issuer that was put under load: its rate and, of the most at a time, its latency.
    """
    figures = next((row.measured for row in results if "tokens_target_per_s" in row.measured), {})
    steps = [int(found[1]) for name in figures if (found := TOKENS.fullmatch(name))]
    if not steps:
        return ""
    most = f"tokens_{steps[-1]}_at_a_time"
    middle, longest = (duration(figures[f"{most}_p{percent}_s"]) for percent in (50, 95))
    rates = ", ".join(
        f"{figures[f'tokens_{step}_at_a_time_per_s']:.0f} ({step}{' at a time' * (not n)})"
        for n, step in enumerate(steps)
    )
    return (
        f"tokens a second: {rates}; with {steps[-1]} at a time median {middle}, 95 % within "
        f"{longest}; {_saturation(figures)}"
    )


def _saturation(figures: Mapping[str, float]) -> str:
    target, reached, saturated = (
        int(figures[f"tokens_{name}"]) for name in ("target_per_s", "reached_at", "saturated_at")
    )
    if reached:
        return f"the target of {target} is reached with {reached} at a time"
    limit = ", where this machine is the limit" if figures["tokens_own_limit"] else ""
    if saturated:
        return f"saturated with {saturated} at a time{limit}, below the target of {target}"
    return f"still rising{limit}, below the target of {target}"


def audiences_sentence(results: Iterable[Result]) -> str:
    """`audiences accepted: any, https://host:port; not accepted: host`, empty if not tried."""
    found: dict[str, float] = {}
    for row in results:
        found |= {name: works for name, works in row.measured.items() if name in AUDIENCES}
    if not found:
        return ""
    taken, declined = (
        ", ".join(form for name, form in AUDIENCES.items() if found.get(name) == works) or "none"
        for works in (1, 0)
    )
    return f"audiences accepted: {taken}; not accepted: {declined}"


def duration(seconds: float) -> str:
    """`1.2 s`, `4 ms`."""
    return f"{seconds:.1f} s" if seconds >= 1 else f"{seconds * 1000:.0f} ms"


def by_severity(results: Sequence[Result], *outcomes: Outcome) -> list[Result]:
    """The results of these outcomes, worst first, then by check id."""
    chosen = [row for row in results if row.outcome in outcomes]
    return sorted(chosen, key=lambda row: (row.severity.rank, row.endpoint, row.check))


def by_endpoint(results: Iterable[Result]) -> dict[str, list[Result]]:
    """Results grouped by endpoint name, in the order in which endpoints first appear."""
    grouped: dict[str, list[Result]] = {}
    for result in results:
        grouped.setdefault(result.endpoint, []).append(result)
    return grouped
