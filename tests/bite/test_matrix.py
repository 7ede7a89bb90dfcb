"""Each fault of scopes is noticed by the cells of the matrix that it is about, and by no other.

`cells.yaml` has them by fault; `--learn-relatives` (without -n) writes what is seen into it, to
be looked through. A cell that cannot be tried under a fault notices nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from lakeproof import Expect, tree
from lakeproof.check import Check
from lakeproof.matrix import OWN, Cell, table
from lakeproof.session.grounds import Grounds
from lakeproof.verdict import Blocked, Violation
from lakeproof.wire.storage import SetUpFailed
from tests.bite.bench import ELEMENT, Bench
from tests.bite.conftest import ROOT
from tests.bite.ledger import learn_cells, load

CHECKS = [
    check
    for check in tree.load_checks()
    # over root:// they are tried at a real one
    if check.id.startswith(OWN) and check.suite != ROOT
]
TAPE = "tokens.tape."
FAULTS = sorted({fault for check in CHECKS for fault in check.catches})


def _notices(check: Check, cell: Cell, given: dict[str, object]) -> bool:
    names = check.function.__annotations__.keys() & given.keys()
    try:
        check.function(**{name: given[name] for name in names}, cell=cell)
    except (SetUpFailed, Blocked):
        return False
    except Violation:
        return True
    return False


def _noticing(fault: str, given: dict[str, object]) -> Iterator[str]:
    # The tape API and the rest notice each other's faults only where both claim to: saves minutes.
    claiming = {check.id.startswith(TAPE) for check in CHECKS if fault in check.catches}
    for check in CHECKS:
        if check.id.startswith(TAPE) not in claiming:
            continue
        for cell in table().of(check.id):
            if _notices(check, cell, given):
                yield cell.id


def _nobody(what: str, works: bool) -> None:
    del what, works


@pytest.mark.parametrize("fault", FAULTS)
def test_the_right_cells_notice(
    fault: str, bench: Bench, expect: Expect, request: pytest.FixtureRequest
) -> None:
    session = bench.sessions("conformant", (fault,)).get(ELEMENT)
    session.require_ready()
    declared = session.target.endpoint.groups
    assert declared is not None
    grounds = Grounds(session.storage, session.wallet, declared.as_mapping())
    try_it: Callable[..., object] = grounds.try_it
    given = {
        "se": session.storage,
        "partner": bench.sessions("conformant", (fault,)).partner_of(ELEMENT).storage,
        "try_cell": try_it,
        "tape": session.tape.api,
        "expect": expect,
        "survey": _nobody,
    }

    seen = sorted(_noticing(fault, given))

    if request.config.getoption("learn_relatives"):
        learn_cells(fault, seen)
    else:
        assert seen == load("cells").get(fault)
