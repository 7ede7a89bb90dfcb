"""The checks of both doors together, and of clients at the root:// door, at a real XRootD.

Before either door stands a proxy that lays faults over it: what only one door does wrong is what
these checks are about. Behind them is the lake's own XRootD server.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

import pytest

from lakeproof import tree
from lakeproof.check import Check
from lakeproof.emulator import TrustedIssuer
from lakeproof.emulator.proxy import FaultProxy, ProxyConfig
from lakeproof.emulator.root_proxy import Real, RootProxy
from lakeproof.features import RunMode, require
from lakeproof.lake import Lake
from lakeproof.lake.layout import BASE_PATH
from lakeproof.results import new_run_id
from lakeproof.session.plan import Plan, Target, from_inventory
from lakeproof.session.sessions import Sessions
from lakeproof.verdict import NotRun, Violation
from lakeproof.wire.http import Timeouts
from tests.bite.ledger import needs_root_door

pytestmark = pytest.mark.lake
NAME = "LAKE-XRD-A"
CHECKS = [check for check in tree.load_checks() if needs_root_door(check) and check.suite != "root"]
BITES = [(check, fault) for check in CHECKS for fault in sorted(check.catches)]
# Files are of another second after `settle_s`, so that their checksums are computed anew.
TIMEOUTS = Timeouts(connect_s=3, read_s=10, total_s=30, settle_s=1.1, marker_s=5)


@dataclass(frozen=True)
class Ground:
    """The lake's first XRootD with a proxy before each of its doors."""

    sessions: Sessions
    https: FaultProxy
    root: RootProxy

    def use(self, faults: frozenset[str]) -> None:
        """Switch these on, and no others."""
        of_root = frozenset(fault for fault in faults if fault.startswith("root-"))
        self.root.faults = of_root
        self.https.faults = faults - of_root


@pytest.fixture(scope="session")
def ground(lake: Lake) -> Iterator[Ground]:
    plan = from_inventory(lake.layout.inventory, [], [NAME])
    target = plan.target(NAME)
    root = target.endpoint.doors.root
    assert root is not None
    wallet = Sessions(plan, new_run_id()).get(NAME).wallet

    def token() -> str:
        return wallet.bearer("storage.read:/data", "storage.modify:/data").token

    own, other = lake.layout.credential("xrd-a"), lake.layout.credential("fts")
    behind = RootProxy(Real(root.host, root.port, lake.ca, token), own, other)
    before = FaultProxy(
        ProxyConfig(
            upstream=target.endpoint.door.origin,
            trust=lake.ca,
            certificate=own,
            key=own,
            token=token(),
            issuers=(TrustedIssuer(lake.issuer, PurePosixPath(BASE_PATH), lake.ca),),
            audiences=(target.endpoint.token_audience,),
            name=target.endpoint.door.host,
        )
    ).start()
    port = int(before.url.rpartition(":")[2])
    made = Ground(Sessions(_through(plan, target, port, behind.port), new_run_id()), before, behind)
    yield made
    made.use(frozenset())
    assert made.sessions.clean_up() == []
    made.sessions.close()
    behind.stop()
    before.stop()


def _through(plan: Plan, target: Target, https_port: int, root_port: int) -> Plan:
    """The same plan with the proxies in place of the real doors."""
    doors = target.endpoint.doors
    assert doors.root is not None
    assert doors.webdav is not None
    ports = {
        "webdav": replace(doors.webdav, port=https_port),
        "root": replace(doors.root, port=root_port),
    }
    # What tokens are for must not follow the port.
    changed = {
        "doors": doors.model_copy(update=ports),
        "audience": target.endpoint.token_audience,
    }
    endpoint = target.endpoint.model_copy(update=changed)
    return replace(plan, targets=(replace(target, endpoint=endpoint, timeouts=TIMEOUTS),))


@pytest.fixture
def sessions(ground: Ground) -> Sessions:
    return ground.sessions


@pytest.fixture
def endpoint_name() -> str:
    return NAME


@pytest.fixture
def run_check(
    ground: Ground, request: pytest.FixtureRequest
) -> Iterator[Callable[[Check, frozenset[str]], None]]:
    """Runs a check under faults; what is skipped proves nothing, and fails."""

    def run(check: Check, faults: frozenset[str]) -> None:
        ground.sessions.recorder.begin(check.id)
        ground.sessions.get(NAME).require_ready()
        ground.use(faults)
        try:
            require(check, ground.sessions.get(NAME), RunMode())
            names = inspect.signature(check.function).parameters
            check.function(**{name: request.getfixturevalue(name) for name in names})
        except pytest.skip.Exception as why:
            if isinstance(why, NotRun) and "not installed" in str(why):
                pytest.skip(str(why))
            transcript = ground.sessions.recorder.current.text()
            pytest.fail(f"{type(why).__name__}: {why}\n{transcript}", pytrace=False)

    yield run
    ground.use(frozenset())


@pytest.mark.parametrize("check", CHECKS, ids=[check.id for check in CHECKS])
def test_real_doors_pass(check: Check, run_check: Callable[[Check, frozenset[str]], None]) -> None:
    run_check(check, frozenset())


@pytest.mark.parametrize(("check", "fault"), BITES, ids=[f"{c.id}-{f}" for c, f in BITES])
def test_check_catches_its_fault(
    check: Check, fault: str, run_check: Callable[[Check, frozenset[str]], None]
) -> None:
    with pytest.raises(Violation):
        run_check(check, frozenset({fault}))
