"""No false alarm: every check passes on a sound element, whatever dialect it speaks."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from lakeproof import tree
from lakeproof.emulator import dialect_names
from lakeproof.verdict import Level, Violation
from tests.bite.conftest import FTS, ISSUER, ROOT, Case
from tests.bite.ledger import nonstrict

# An issuer speaks no dialect of storages; copies through FTS between all of them are the lake's.
CASES = [
    Case(check, dialect)
    for dialect in sorted(dialect_names())
    for check in tree.load_checks()
    if check.suite != ROOT and (check.suite not in (ISSUER, FTS) or dialect == "conformant")
]


@pytest.mark.parametrize("case", CASES, ids=[f"{case.check.id}-{case.dialect}" for case in CASES])
def test_sound_element_passes(case: Case, run_check: Callable[[], None]) -> None:
    reason = nonstrict(case.check.id, case.dialect)
    if reason is None:
        run_check()
        return
    assert case.check.level is not Level.MUST, "a MUST has no legitimate exception"
    with pytest.raises(Violation):
        run_check()
