"""Runs checks with their real fixtures against a real site behind the fault proxy."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import pytest

from lakeproof.check import Check
from lakeproof.features import RunMode, require
from lakeproof.lake import packages
from lakeproof.session.sessions import Sessions
from tests.plugin.tree import Finished
from tests.proxy.stand import PARTNER, PROXIED, Stand

ALONE = f"--endpoint={PROXIED}"


@dataclass(frozen=True)
class Case:
    """One check and the fault that the proxy has meanwhile."""

    check: Check
    fault: str


@pytest.fixture(scope="session")
def stand() -> Iterator[Stand]:
    absent = packages.missing()
    if absent:
        pytest.skip(f"the real lake needs {' '.join(absent)}; script/bootstrap installs them")
    made = Stand()
    yield made
    made.stop()


@pytest.fixture(scope="session")
def proxied_run(stand: Stand, tmp_path_factory: pytest.TempPathFactory) -> Finished:
    """`lakeproof run` on the real site through the proxy, without faults."""
    stand.proxy.faults = frozenset()
    return stand.run(stand.proxy.url, tmp_path_factory.mktemp("proxied"), ALONE)


@pytest.fixture(scope="session")
def mesh_run(stand: Stand, tmp_path_factory: pytest.TempPathFactory) -> Finished:
    """The checks of pairs, through the proxy without faults: both sites are under test there."""
    stand.proxy.faults = frozenset()
    return stand.run(stand.proxy.url, tmp_path_factory.mktemp("mesh"), "--check=*.mesh.*")


@pytest.fixture(scope="session")
def direct_run(stand: Stand, tmp_path_factory: pytest.TempPathFactory) -> Finished:
    """The same on the real site itself."""
    url = f"https://{stand.real.host}:{stand.real.port}"
    return stand.run(url, tmp_path_factory.mktemp("direct"), ALONE)


@pytest.fixture(scope="session")
def baseline(proxied_run: Finished, mesh_run: Finished) -> Mapping[str, str]:
    """How each check ends through the proxy without faults."""
    rows = [*proxied_run.results, *mesh_run.results]
    return {row["check"]: row["outcome"] for row in rows if row["endpoint"] == PROXIED}


@pytest.fixture
def sessions(stand: Stand, case: Case) -> Sessions:
    return stand.sessions({case.fault}, prepared=case.check.suite != "reachability")


@pytest.fixture
def endpoint_name() -> str:
    return PROXIED


@pytest.fixture
def peer_name() -> str:
    return PARTNER


@pytest.fixture
def run_check(sessions: Sessions, case: Case, request: pytest.FixtureRequest) -> Callable[[], None]:
    """Runs the case's check as the plugin does; a Violation comes through, a skip fails."""

    def run() -> None:
        sessions.recorder.begin(case.check.id)
        names = inspect.signature(case.check.function).parameters
        try:
            require(case.check, sessions.get(PROXIED), RunMode(intrusive=True))
            case.check.function(**{name: request.getfixturevalue(name) for name in names})
        except pytest.skip.Exception as why:
            transcript = sessions.recorder.current.text()
            pytest.fail(f"{type(why).__name__}: {why}\n{transcript}", pytrace=False)

    return run
