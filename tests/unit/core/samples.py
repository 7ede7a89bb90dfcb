"""One sound result line and one sound declaration, to vary."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from lakeproof import HIGH, MUST
from lakeproof.check import Check
from lakeproof.results import Result
from lakeproof.verdict import Outcome

SAMPLE = Result(
    run="lp-20261122T170500Z-1a2b3c4d",
    started="2026-11-22T17:05:01+00:00",
    duration_s=0.25,
    site="SITE",
    endpoint="SE",
    url="https://se.example.org/area",
    check="webdav.files.put",
    title="PUT stores.",
    req="spec/rule",
    level=MUST,
    severity=HIGH,
    outcome=Outcome.PASS,
)


def result(**changes: Any) -> Result:  # noqa: ANN401  as various as the fields
    """The sample with these fields changed."""
    return replace(SAMPLE, **changes)


def _function() -> None:
    """What a declaration is about; nobody calls it."""


DECLARED = Check(
    id="webdav.files.put",
    title="PUT stores.",
    harm="Everybody is hurt otherwise.",
    req="spec/rule",
    level=MUST,
    severity=HIGH,
    needs=frozenset({"webdav"}),
    catches=frozenset({"x"}),
    rows=frozenset(),
    was=(),
    source=Path("suites/webdav/test_files.py"),
    line=1,
    function=_function,
)


def declared(check_id: str = DECLARED.id, **changes: Any) -> Check:  # noqa: ANN401
    """The sample declaration with this id and these fields changed."""
    return replace(DECLARED, id=check_id, **changes)
