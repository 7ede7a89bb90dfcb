"""Results to make something of, among them what an ill-meaning endpoint says."""

from __future__ import annotations

from typing import Any

from lakeproof import CRITICAL, LOW, MUST, SHOULD
from lakeproof.results import Result
from lakeproof.verdict import Outcome
from tests.unit.core.samples import result

EVIL = (
    '<script>alert(1)</script> | "x" `y` *z* [a](https://evil.example.org) '
    "www.evil.example.org @all"
)


def row(number: int, **changes: Any) -> Result:  # noqa: ANN401
    """One result of a check of its own."""
    return result(**{"check": f"webdav.files.check-{number}", **changes})


def some() -> list[Result]:
    """Six of SE, of which one fails, and two of a second endpoint of another site."""
    other = {"site": "OTHER", "endpoint": "SE-2", "technology": "eos", "emulated": True}
    return [
        row(1, measured={"uploads_p50_s": 0.5}),
        row(2, outcome=Outcome.FAIL, severity=CRITICAL, expected="201", actual=EVIL),
        row(3, outcome=Outcome.NONSTRICT, level=SHOULD, expected="a", actual="b"),
        row(4, outcome=Outcome.BLOCKED, actual="no door"),
        row(5, outcome=Outcome.UNSUPPORTED),
        row(6, started="2026-11-22T17:06:01+00:00", duration_s=2.5, technology="dcache"),
        row(1, **other),
        row(7, check="tpc.mesh.pair-pull", partner="SE", direction="pull", **other),
    ]


def failing(severity: Any = LOW, outcome: Outcome = Outcome.FAIL) -> Result:  # noqa: ANN401
    """One that is not met."""
    return row(9, outcome=outcome, severity=severity, level=MUST)
