"""The suite root: every check passes at a real XRootD, and bites at a broken door before it.

The door is `emulator.root_proxy`, which lies inside TLS as well; the storage behind it, its
WebDAV door and its partner are the lake's own XRootD servers.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import pytest

from lakeproof import data, tree
from lakeproof.check import Check
from lakeproof.emulator.root_proxy import Real, RootProxy
from lakeproof.features import RunMode, require
from lakeproof.lake import Lake
from lakeproof.matrix import Cell, table
from lakeproof.results import new_run_id
from lakeproof.session.plan import Plan, Target, from_inventory
from lakeproof.session.sessions import Sessions
from lakeproof.verdict import Violation
from lakeproof.wire.http import Timeouts

pytestmark = pytest.mark.lake
CHECKS = [check for check in tree.load_checks() if check.suite == "root"]
BITES = [(check, fault) for check in CHECKS for fault in sorted(check.catches)]
NEVER = "no fault"
NAME = "LAKE-XRD-A"
# Files are of another second after it, so that their checksums are computed anew.
TIMEOUTS = Timeouts(connect_s=3, read_s=10, total_s=30, settle_s=1.1, marker_s=5)


@dataclass(frozen=True)
class Ground:
    """The lake's first XRootD behind the broken door."""

    sessions: Sessions
    proxy: RootProxy


@pytest.fixture(scope="session")
def ground(lake: Lake) -> Iterator[Ground]:
    plan = from_inventory(lake.layout.inventory, [], [NAME])
    target = plan.target(NAME)
    door = target.endpoint.doors.root
    assert door is not None
    wallet = Sessions(plan, new_run_id()).get(NAME).wallet

    def token() -> str:
        return wallet.bearer("storage.read:/data", "storage.modify:/data").token

    secret = lake.layout.secret
    real = Real(door.host, door.port, lake.ca, token)
    proxy = RootProxy(real, secret / "xrd-a.pem", secret / "fts.pem")
    sessions = Sessions(_through(plan, target, proxy.port), new_run_id())
    yield Ground(sessions, proxy)
    proxy.faults = frozenset()
    assert sessions.clean_up() == []
    sessions.close()
    proxy.stop()


def _through(plan: Plan, target: Target, port: int) -> Plan:
    """The same plan with the broken door in place of the real one."""
    root = target.endpoint.doors.root
    assert root is not None
    doors = target.endpoint.doors.model_copy(update={"root": replace(root, port=port)})
    endpoint = target.endpoint.model_copy(update={"doors": doors})
    changed = replace(target, endpoint=endpoint, timeouts=TIMEOUTS)
    reserve = tuple(replace(each, timeouts=TIMEOUTS) for each in plan.reserve)
    return replace(plan, targets=(changed,), reserve=reserve)


@pytest.fixture
def sessions(ground: Ground) -> Sessions:
    return ground.sessions


@pytest.fixture
def endpoint_name() -> str:
    return NAME


def _cells(check: Check) -> list[Cell]:
    """The cells of a check but those that this very XRootD is known to fail."""
    entries = data.read(tree.suites() / "known_failures" / "xrootd.yaml")["entries"]
    known = {cell for entry in entries if entry["check"] == check.id for cell in entry["cells"]}
    return [cell for cell in table().of(check.id) if cell.id not in known]


@pytest.fixture
def run_check(
    ground: Ground, request: pytest.FixtureRequest
) -> Iterator[Callable[[Check, str], None]]:
    """Runs a check under a fault; what is skipped proves nothing, and fails."""

    def run(check: Check, fault: str) -> None:
        ground.sessions.recorder.begin(check.id)
        ground.sessions.get(NAME).require_ready()
        ground.proxy.faults = frozenset({fault} - {NEVER})
        try:
            require(check, ground.sessions.get(NAME), RunMode(intrusive=True))
            names = inspect.signature(check.function).parameters
            given = {name: request.getfixturevalue(name) for name in names if name != "cell"}
            for cell in _cells(check) if "cell" in names else (None,):
                check.function(**given, **({"cell": cell} if cell else {}))
        except pytest.skip.Exception as why:
            transcript = ground.sessions.recorder.current.text()
            pytest.fail(f"{type(why).__name__}: {why}\n{transcript}", pytrace=False)

    yield run
    ground.proxy.faults = frozenset()


@pytest.mark.parametrize("check", CHECKS, ids=[check.id for check in CHECKS])
def test_real_door_passes(check: Check, run_check: Callable[[Check, str], None]) -> None:
    run_check(check, NEVER)


@pytest.mark.parametrize(("check", "fault"), BITES, ids=[f"{c.id}-{f}" for c, f in BITES])
def test_check_catches_its_fault(
    check: Check, fault: str, run_check: Callable[[Check, str], None]
) -> None:
    with pytest.raises(Violation):
        run_check(check, fault)
