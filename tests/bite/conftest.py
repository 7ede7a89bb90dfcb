"""Runs checks with their real fixtures against emulated elements instead of a run's endpoints."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from lakeproof.check import Check
from lakeproof.emulator.dialect import load_dialect
from lakeproof.features import RunMode, require, require_of_issuer
from lakeproof.matrix import table
from lakeproof.session.sessions import Sessions
from lakeproof.verdict import Blocked, NotRun, Unsupported
from lakeproof.wire.probe import Address
from lakeproof.wire.probe import resolve as real_resolve
from lakeproof.wire.reply import NotReached
from lakeproof.wire.storage import SetUpFailed
from tests.bite.bench import (
    ABSENT,
    CACHE,
    ELEMENT,
    IMPATIENT,
    PARTNER,
    PATIENT,
    SECOND_ADDRESS,
    V6_LOOPBACK,
    Bench,
)

# The suite whose checks are about the issuer of the bench instead of the element.
ISSUER = "issuer"
# The suite whose checks need a root:// door, which no element has: tests/lake/test_root_suite.py.
ROOT = "root"
# The suite whose checks are about the FTS of the bench, whatever storages it copies between.
FTS = "fts"
# Each of its checks starts a program that people have.
CLIENTS = "clients"
# The suite whose checks are about a cache of the partner.
CACHES = "cache"


@dataclass(frozen=True)
class Case:
    """One check on one element: its dialect, and the faults that are switched on."""

    check: Check
    dialect: str = "conformant"
    faults: tuple[str, ...] = ()

    @property
    def crowded(self) -> bool:
        """Whether it opens many connections at a time, which takes patience."""
        return self.check.suite == "load" and "intrusive" in self.check.needs

    @property
    def prepared(self) -> bool:
        """Whether the run's directory is there before the element breaks."""
        return self.check.suite != "reachability"

    @property
    def together(self) -> tuple[object, ...]:
        """What cases must have in common to share sessions, to sort by."""
        return self.faults, self.check.suite == ISSUER, self.crowded, not self.prepared


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Cases of the same faults stand together, as they share sessions; those that claim, first."""
    found = [(number, case) for number, item in enumerate(items) if (case := _case(item))]
    broken = [(number, case) for number, case in found if case.faults]
    ordered = [items[number] for number, _ in sorted(broken, key=lambda each: each[1].together)]
    for (number, _), item in zip(broken, ordered, strict=True):
        items[number] = item


def _case(item: pytest.Item) -> Case | None:
    callspec = getattr(item, "callspec", None)
    case = callspec.params.get("case") if callspec else None
    return case if isinstance(case, Case) else None


@pytest.fixture(scope="session")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    made = Bench(tmp_path_factory.mktemp("bench"))
    yield made
    made.stop()


# Faults that an element cannot have without IPv6, and the checks that need it.
V6_FAULTS = {"ipv6-broken", "no-ipv6-address"}
V6_CHECKS = {
    "reachability.addresses.ipv4-and-ipv6-answer-alike",
    "reachability.addresses.has-ipv6-address",
}


@pytest.fixture(autouse=True)
def several_addresses(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The element's name has several addresses, as a name with several doors behind it has."""
    if "case" not in request.fixturenames:
        return
    case: Case = request.getfixturevalue("case")
    if not V6_LOOPBACK and (V6_FAULTS.intersection(case.faults) or case.check.id in V6_CHECKS):
        pytest.skip("this machine has no IPv6, not even on its loopback interface")
    v6 = () if "no-ipv6-address" in case.faults else V6_LOOPBACK

    def resolve(host: str, timeout_s: float = 5) -> list[Address]:
        if host.endswith(".invalid"):  # RFC 6761: nobody need be asked
            raise NotReached("dns", f"the host name {host} cannot be resolved")
        if host != "localhost":
            return real_resolve(host, timeout_s)
        fourth = [Address(text, 4) for text in ("127.0.0.1", SECOND_ADDRESS)]
        return fourth + [Address(text, 6) for text in v6]

    monkeypatch.setattr("lakeproof.session.probe.resolve", resolve)


@pytest.fixture
def sessions(bench: Bench, case: Case) -> Sessions:
    if case.check.suite == ISSUER:
        return bench.issuer_sessions(case.faults)
    return bench.sessions(
        CACHE if case.check.suite == CACHES else case.dialect,
        case.faults,
        prepared=case.prepared,
        timeouts=PATIENT if case.crowded else IMPATIENT,
    )


@pytest.fixture
def endpoint_name() -> str:
    return ELEMENT


@pytest.fixture
def issuer_name(sessions: Sessions) -> str:
    return sessions.plan.issuers[0].name


@pytest.fixture
def peer_name() -> str:
    return PARTNER


def _not_offered(case: Case) -> set[str]:
    """What a sound element's dialect does not do has nothing to prove, and is probed."""
    if case.faults:
        return set()
    dialect = load_dialect(case.dialect)
    serves_itself = dialect.redirect is None or not dialect.redirect.by_default
    absent = {
        "redirects": serves_itself,
        "tape-door": not ABSENT.get(case.dialect, {}).get("tape", True),
        "macaroon-form": not dialect.macaroon.oauth,
        "macaroon-caveats": not {"path", "ip"} <= {*dialect.macaroon.caveats},
    }
    return {need for need, missing in absent.items() if missing}


def _each_cell(check: Check, given: dict[str, object]) -> None:
    """Run a check on all of its cells; one that cannot be tried must not hide a later one."""
    hindered: SetUpFailed | Blocked | None = None
    for cell in table().of(check.id):
        try:
            check.function(**given, cell=cell)
        except (SetUpFailed, Blocked) as why:
            hindered = hindered or why
    if hindered is not None:
        raise hindered


def _require(case: Case, sessions: Sessions) -> None:
    mode = RunMode(intrusive=True)
    if case.check.suite == ISSUER:
        name = sessions.plan.issuers[0].name
        require_of_issuer(case.check, sessions.issuer(name), mode)
    else:
        require(case.check, sessions.get(ELEMENT), mode)


@pytest.fixture
def run_check(sessions: Sessions, case: Case, request: pytest.FixtureRequest) -> Callable[[], None]:
    """Runs the case's check as the plugin does; a Violation comes through.

    Blocked, unsupported and not run are pytest's skip underneath: a proof that was skipped is
    no proof, so here they fail.
    """

    def run() -> None:
        sessions.recorder.begin(case.check.id)
        names = inspect.signature(case.check.function).parameters
        try:
            _require(case, sessions)
            given = {name: request.getfixturevalue(name) for name in names if name != "cell"}
            if "cell" not in names:
                case.check.function(**given)
            else:
                _each_cell(case.check, given)
        except pytest.skip.Exception as why:
            absent = ABSENT.get(case.dialect, {}).keys() | _not_offered(case)
            if isinstance(why, Unsupported) and absent & case.check.needs:
                return
            if isinstance(why, NotRun) and "not installed" in str(why):
                pytest.skip(str(why))
            transcript = sessions.recorder.current.text()
            pytest.fail(f"{type(why).__name__}: {why}\n{transcript}", pytrace=False)

    return run
