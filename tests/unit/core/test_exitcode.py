from __future__ import annotations

import pytest

from lakeproof.exitcode import exit_code
from lakeproof.verdict import Outcome
from tests.unit.core.samples import result

QUIET = {
    Outcome.PASS,
    Outcome.NONSTRICT,
    Outcome.KNOWN,
    Outcome.UNSUPPORTED,
    Outcome.BLOCKED,
    Outcome.NOTRUN,
}


@pytest.mark.parametrize(
    ("outcomes", "broken", "interrupted", "code"),
    [
        ((), False, False, 0),
        (QUIET, False, False, 0),
        ({*QUIET, Outcome.FAIL}, False, False, 1),
        ({*QUIET, Outcome.FIXED}, False, False, 1),
        ({Outcome.FAIL, Outcome.ERROR}, True, False, 1),
        ({*QUIET, Outcome.ERROR}, False, False, 2),
        ({Outcome.PASS}, True, False, 2),
        ({Outcome.FAIL}, True, True, 130),
    ],
)
def test_exit_code(outcomes: set[Outcome], broken: bool, interrupted: bool, code: int) -> None:
    results = [result(outcome=outcome) for outcome in outcomes]

    assert exit_code(results, interrupted=interrupted, harness_broken=broken) == code
