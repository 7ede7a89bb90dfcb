"""A fault makes its own checks fail, its declared relatives, and nothing else.

For each fault the checks beside those that claim it are tried (same file), and a few light ones
of other suites (sentinels.yaml); with --whole-matrix all of the same suite and one of every
other file. Faults of the whole door (`any` in relatives.yaml) are left out: nothing works behind
them. `--learn-relatives` (without -n) writes what is seen into relatives.yaml, to be looked
through.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from lakeproof import tree
from lakeproof.check import Check
from lakeproof.matrix import OWN
from lakeproof.verdict import Unjudged, Violation
from lakeproof.wire.reply import NotReached
from lakeproof.wire.storage import SetUpFailed
from tests.bite.conftest import CACHES, CLIENTS, FTS, ISSUER, Case
from tests.bite.ledger import learn, load, needs_root_door

CHECKS = [check for check in tree.load_checks() if not needs_root_door(check)]
# Each moves tens of megabytes, waits for progress, opens fifty connections or starts a program;
# what they see, lighter ones see as well.
# The cells of the scope matrix are many; which fault touches which is in test_matrix.py.
HEAVY = {
    *(check.id for check in CHECKS if check.id.startswith(OWN)),
    *(check.id for check in CHECKS if check.suite == CLIENTS),
    "cache.figures.large-files-are-the-same-cold-warm-and-direct",
    "cache.parts.parts-asked-for-together-are-not-mixed-up",
    "cache.parts.readers-of-a-cold-file-get-it-whole",
    "fts.failures.cancelled-copy-leaves-nothing",
    "fts.failures.cancelled-job-ends",
    "integrity.digests.digest-is-final-at-once",
    "issuer.load.answers-under-load-are-not-mixed-up",
    "issuer.load.requests-under-load-are-answered-with-tokens",
    "load.collections.accepted-collections-of-50-are-there",
    "load.deletes.accepted-deletions-of-50-are-done",
    "load.reads.50-reads-give-each-its-content",
    "load.uploads.accepted-uploads-of-50-are-stored",
    "tpc.markers.reported-bytes-are-plausible",
    "tpc.content.push-copies-large-file",
    "tpc.fields.reported-bytes-were-transferred",
    "tpc.fields.running-transfer-gives-signs-of-life",
    "tpc.pull.pull-copies-large-file",
    "webdav.files.put-stores-large-file",
    "webdav.large.listing-of-1000-members-is-complete",
}


MOST_RELATIVES = 25
TAPE = "tape"
# The suites that are about another server than the element.
APART = (ISSUER, FTS, CACHES)


SENTINELS: dict[str, str] = load("sentinels")


def _claiming() -> dict[str, list[Check]]:
    claiming: dict[str, list[Check]] = {}
    for check in CHECKS:
        for fault in check.catches:
            claiming.setdefault(fault, []).append(check)
    return claiming


def _server(check: Check) -> str:
    """What a check talks to: a broken issuer, FTS or cache is another server than the element."""
    return check.suite if check.suite in APART else "element"


def _watched(fault: str, claiming: list[Check], *, whole: bool) -> Iterator[Check]:
    broken = next((each for each in APART if fault.startswith(f"{each}-")), "element")
    near = {check.suite if whole else check.source for check in claiming}
    own = {check.id for check in claiming}
    far: set[object] = set()
    # What is wrong in the tape API alone is nowhere else: the whole matrix tries that as well.
    within = TAPE if fault.startswith(f"{TAPE}-") and not whole else ""
    sentinels = {check for suite, check in SENTINELS.items() if within in ("", suite)}
    for check in CHECKS:
        if check.id in HEAVY or check.id in own or _server(check) != broken:
            continue
        if (check.suite if whole else check.source) in near:
            yield check
        elif whole and check.source not in far:
            far.add(check.source)
            yield check
        elif check.id in sentinels:
            yield check


def _cases(*, whole: bool) -> Iterator[Case]:
    for fault, claiming in sorted(_claiming().items()):
        if "any" not in load("relatives").get(fault, {}):
            watched = _watched(fault, claiming, whole=whole)
            yield from (Case(check, faults=(fault,)) for check in watched)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "case" in metafunc.fixturenames:
        cases = list(_cases(whole=metafunc.config.getoption("whole_matrix")))
        names = [f"{case.faults[0]}-{case.check.id}" for case in cases]
        metafunc.parametrize("case", cases, ids=names)


def test_relatives_are_few() -> None:
    crowded = {f: len(r) for f, r in load("relatives").items() if len(r) > MOST_RELATIVES}
    assert not crowded, "a fault that breaks so much is more than one deviation"


def test_other_checks_do_not_notice(
    case: Case, run_check: Callable[[], None], request: pytest.FixtureRequest
) -> None:
    seen = None
    try:
        run_check()
    except Violation as violation:
        seen = str(violation)
    except (Unjudged, NotReached, SetUpFailed, pytest.fail.Exception):
        pass  # blocked or not judged: nobody is accused
    if request.config.getoption("learn_relatives"):
        learn(case.faults[0], case.check.id, related=seen is not None)
        return
    related = case.check.id in load("relatives").get(case.faults[0], [])
    if related:
        assert seen is not None, "declared a relative, but does not notice: take it off the list"
    else:
        assert seen is None, "notices a fault that is not its own: declare it, or narrow the fault"
