"""Every check bites: it raises Violation under each fault that it claims to catch."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from lakeproof import tree
from lakeproof.verdict import Violation
from tests.bite.conftest import Case
from tests.bite.ledger import needs_root_door

CASES = [
    Case(check, faults=(fault,))
    for check in tree.load_checks()
    if not needs_root_door(check)
    for fault in sorted(check.catches)
]


@pytest.mark.parametrize("case", CASES, ids=[f"{case.check.id}-{case.faults[0]}" for case in CASES])
def test_check_catches_its_fault(case: Case, run_check: Callable[[], None]) -> None:
    with pytest.raises(Violation):
        run_check()
