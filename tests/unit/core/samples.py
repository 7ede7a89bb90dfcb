"""One sound result line and one sound declaration, to vary."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from lakeproof import HIGH, MUST, tree
from lakeproof.check import Check
from lakeproof.readiness.needs import needs
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


def readiness_rows(
    outcomes: Mapping[str, Outcome] | None = None,
    *,
    without: Iterable[str] = (),
    endpoint: str = SAMPLE.endpoint,
) -> list[Result]:
    """A result of each check that Rucio-readiness is read off: passed, unless said otherwise."""
    ids = {check.id for check in tree.load_checks()}
    seen = {check for glob in needs().globs() for check in fnmatch.filter(ids, glob)}
    left_out = {check for glob in without for check in fnmatch.filter(ids, glob)}
    said = outcomes or {}
    return [
        result(
            check=check,
            endpoint=endpoint,
            outcome=said.get(check, Outcome.PASS),
            actual=f"{check} was seen" if check in said else None,
            do="change this" if said.get(check) is Outcome.FAIL else None,
        )
        for check in sorted(seen - left_out)
    ]
