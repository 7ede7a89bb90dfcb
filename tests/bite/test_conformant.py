"""No false alarm: every check passes on a sound element, whatever dialect it speaks."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from lakeproof import tree
from lakeproof.emulator import dialect_names
from lakeproof.verdict import Level, Violation
from tests.bite.conftest import CACHES, CLIENTS, FTS, ISSUER, Case
from tests.bite.ledger import needs_root_door, nonstrict

# Much of what others see on every dialect with less: copies and uploads of small files, the figures
# of large copies, listings of 110. Once plain and once redirected shows that much is well, too;
# with --whole-matrix they meet all dialects.
MUCH = {
    "tpc.content.push-copies-large-file",
    "tpc.pull.pull-copies-large-file",
    "webdav.files.put-stores-large-file",
    "webdav.large.listing-of-1000-members-is-complete",
}
ENOUGH = ("conformant", "eos")
# An issuer speaks no dialect of storages, nor does a cache; copies through FTS between all of them
# are the lake's.
# Programs take long to start: without --whole-matrix they meet one dialect, which redirects.
SOUND = ("conformant",)
DIALECTS = {ISSUER: SOUND, FTS: SOUND, CACHES: SOUND, CLIENTS: ("dcache",)}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    whole = metafunc.config.getoption("whole_matrix")
    cases = [
        Case(check, dialect)
        for dialect in sorted(dialect_names())
        for check in tree.load_checks()
        if not needs_root_door(check)
        and (check.id not in MUCH or dialect in ENOUGH or whole)
        and (dialect in DIALECTS.get(check.suite, (dialect,)) or (whole and check.suite == CLIENTS))
    ]
    names = [f"{case.check.id}-{case.dialect}" for case in cases]
    metafunc.parametrize("case", cases, ids=names)


def test_sound_element_passes(case: Case, run_check: Callable[[], None]) -> None:
    reason = nonstrict(case.check.id, case.dialect)
    if reason is None:
        run_check()
        return
    assert case.check.level is not Level.MUST, "a MUST has no legitimate exception"
    with pytest.raises(Violation):
        run_check()
