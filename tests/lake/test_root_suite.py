"""The suite root: every check passes at a real XRootD, and bites at a broken door before it.

The door is `emulator.root_proxy`, which lies inside TLS as well; the storage behind it, its
WebDAV door and its partner are the lake's own XRootD servers. Beside it an XRootD that is set up
carelessly serves the same files.

What a fault breaks beside the checks that claim it stands in tests/bite/relatives.yaml: a few light
checks are tried under every fault (SENTINELS), with --whole-matrix all of them (some minutes; with
--learn-relatives, and without -n, what is seen is written there).
"""

from __future__ import annotations

import inspect
import os
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import pytest

from lakeproof import data, tree
from lakeproof.check import Check
from lakeproof.emulator.root_proxy import Real, RootProxy
from lakeproof.features import RunMode, require
from lakeproof.lake import Lake
from lakeproof.lake.packages import program
from lakeproof.lake.xrootd import Account
from lakeproof.matrix import Cell, table
from lakeproof.results import new_run_id
from lakeproof.session.plan import Plan, Target, from_inventory
from lakeproof.session.sessions import Sessions
from lakeproof.verdict import Unjudged, Violation
from lakeproof.wire.http import Timeouts
from lakeproof.wire.reply import NotReached
from lakeproof.wire.storage import SetUpFailed
from tests.bite.ledger import learn, load

pytestmark = pytest.mark.lake
CHECKS = [check for check in tree.load_checks() if check.suite == "root"]
BITES = [(check, fault) for check in CHECKS for fault in sorted(check.catches)]
FAULTS = sorted({fault for _, fault in BITES})
# One light check of each way through the door.
SENTINELS = {
    "root.access.nobody-reads-without-a-credential",
    "root.changes.mv-renames",
    "root.checksums.adler32-is-right",
    "root.content.download-is-what-was-stored",
}
NEVER = "no fault"
NAME = "LAKE-XRD-A"
CARELESS = """all.export /data
oss.localroot {site}/root
all.adminpath {home}
all.pidpath {home}
xrd.port {port}
xrd.tls {site}/etc/host.crt {site}/etc/host.key
xrd.tlsca certdir {trust}
xrootd.tls capable all
ofs.authorize 1
acc.authdb {home}/authdb
"""
# What such a server gets wrong.
OPEN_TO_ALL = [
    "root.access.nobody-reads-without-a-credential",
    "root.access.nobody-changes-anything-without-a-credential",
    "root.access.expired-token-is-refused",
    "root.access.token-for-another-storage-is-refused",
    "root.access.token-of-an-unknown-issuer-is-refused",
    "root.access.forged-token-is-refused",
    "root.matrix.reading-needs-storage-read",
    "root.matrix.creating-needs-create-or-modify",
    "root.matrix.changing-needs-storage-modify",
    "root.session.tokens-are-asked-for",
]
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


@pytest.fixture(scope="session")
def careless(lake: Lake) -> Iterator[Sessions]:
    """The same files behind a real XRootD that asks nobody who he is."""
    plan = from_inventory(lake.layout.inventory, [], [NAME])
    home, account = lake.directory / "careless", Account.for_servers()
    home.mkdir()
    os.chown(home, account.uid, account.gid)
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    (home / "authdb").write_text("u * /data a\n")
    site, trust = lake.layout.site("a"), lake.layout.certificates
    (home / "cfg").write_text(CARELESS.format(home=home, port=port, site=site, trust=trust))
    server = subprocess.Popen(
        [program("xrootd"), "-c", str(home / "cfg"), "-l", str(home / "log"), "-I", "v4"],
        user=account.uid,
        group=account.gid,
        extra_groups=[],
        cwd=home,
        env={"PATH": "/usr/bin:/bin", "HOME": str(home)},
        stderr=subprocess.DEVNULL,
    )
    try:
        _await(port)
        sessions = Sessions(_through(plan, plan.target(NAME), port), new_run_id())
        yield sessions
        assert sessions.clean_up() == []
        sessions.close()
    finally:
        server.terminate()
        server.wait()


def _await(port: int) -> None:
    deadline = time.monotonic() + 10
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            assert time.monotonic() < deadline, "the careless server does not start"
            time.sleep(0.05)
        else:
            return


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
def sessions(request: pytest.FixtureRequest) -> Sessions:
    if "careless" in request.fixturenames:
        found: Sessions = request.getfixturevalue("careless")
        return found
    ground: Ground = request.getfixturevalue("ground")
    return ground.sessions


@pytest.fixture
def endpoint_name() -> str:
    return NAME


def _cells(check: Check) -> list[Cell]:
    """The cells of a check but those that this very XRootD is known to fail."""
    entries = data.read(tree.suites() / "known_failures" / "xrootd.yaml")["entries"]
    known = {cell for entry in entries if entry["check"] == check.id for cell in entry["cells"]}
    return [cell for cell in table().of(check.id) if cell.id not in known]


def _run(check: Check, sessions: Sessions, request: pytest.FixtureRequest) -> None:
    """Run a check; what is skipped proves nothing, and fails."""
    try:
        require(check, sessions.get(NAME), RunMode(intrusive=True))
        names = inspect.signature(check.function).parameters
        given = {name: request.getfixturevalue(name) for name in names if name != "cell"}
        for cell in _cells(check) if "cell" in names else (None,):
            check.function(**given, **({"cell": cell} if cell else {}))
    except pytest.skip.Exception as why:
        transcript = sessions.recorder.current.text()
        pytest.fail(f"{type(why).__name__}: {why}\n{transcript}", pytrace=False)


@pytest.fixture
def run_check(
    ground: Ground, request: pytest.FixtureRequest
) -> Iterator[Callable[[Check, str], None]]:
    """Runs a check under a fault of the door."""

    def run(check: Check, fault: str) -> None:
        ground.sessions.recorder.begin(check.id)
        ground.sessions.get(NAME).require_ready()
        ground.proxy.faults = frozenset({fault} - {NEVER})
        _run(check, ground.sessions, request)

    yield run
    ground.proxy.faults = frozenset()


@pytest.mark.parametrize("name", OPEN_TO_ALL)
def test_check_catches_a_careless_server(
    name: str, careless: Sessions, request: pytest.FixtureRequest
) -> None:
    (check,) = [check for check in CHECKS if check.id == name]
    careless.recorder.begin(name)
    with pytest.raises(Violation):
        _run(check, careless, request)


@pytest.mark.parametrize("check", CHECKS, ids=[check.id for check in CHECKS])
def test_real_door_passes(check: Check, run_check: Callable[[Check, str], None]) -> None:
    run_check(check, NEVER)


@pytest.mark.parametrize(("check", "fault"), BITES, ids=[f"{c.id}-{f}" for c, f in BITES])
def test_check_catches_its_fault(
    check: Check, fault: str, run_check: Callable[[Check, str], None]
) -> None:
    with pytest.raises(Violation):
        run_check(check, fault)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "beside" in metafunc.fixturenames:
        whole = metafunc.config.getoption("whole_matrix")
        cases = list(_beside(whole=whole))
        metafunc.parametrize("beside", cases, ids=[f"{fault}-{check.id}" for fault, check in cases])


def _beside(*, whole: bool) -> Iterator[tuple[str, Check]]:
    """Each fault with checks that do not claim it; not those behind which nothing works."""
    relatives = load("relatives")
    for fault in FAULTS:
        for check in CHECKS:
            watched = whole or check.id in SENTINELS
            if watched and fault not in check.catches and "any" not in relatives.get(fault, {}):
                yield fault, check


def test_other_checks_do_not_notice(
    beside: tuple[str, Check],
    run_check: Callable[[Check, str], None],
    pytestconfig: pytest.Config,
) -> None:
    fault, check = beside
    related = check.id in load("relatives").get(fault, ())
    seen = None
    try:
        run_check(check, fault)
    except Violation as violation:
        seen = str(violation)
    except (Unjudged, NotReached, SetUpFailed, pytest.fail.Exception):
        pass  # blocked or not judged: nobody is accused
    if pytestconfig.getoption("learn_relatives"):
        if related != (seen is not None):
            learn(fault, check.id, related=seen is not None)
    elif related:
        assert seen is not None, "declared a relative, but does not notice: take it off the list"
    else:
        assert seen is None, "notices a fault that is not its own: declare it, or narrow the fault"
