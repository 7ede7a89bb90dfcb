"""Replication by a real Rucio: all pairs of sites, and kill -9 in the middle of it.

The truth is what the endpoints themselves give out, whatever Rucio and FTS say.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from lakeproof.lake import Lake, LakeSite
from lakeproof.lake.commands import group
from lakeproof.lake.layout import FTS, RUCIO
from lakeproof.lake.rucio import installed
from lakeproof.lake.rucio.names import ACCOUNT, SCOPE, rse_of
from lakeproof.lake.runtime import running
from lakeproof.lake.services import DAEMONS
from lakeproof.wire.rucio import RucioProcess, RucioSettings
from tests.lake.doors import Doors
from tests.lake.ftsclient import OVER, FtsClient

pytestmark = pytest.mark.lake

MIB = 1024 * 1024
LARGE = 24 * MIB
FILES = 4
DEADLINE_S = 240
LIFETIME_S = 3600
POLL_S = 0.1


class Replication:
    """Rucio's clients as the ordinary account, and the endpoints without Rucio."""

    def __init__(self, lake: Lake, folder: Path) -> None:
        self.lake = lake
        self.fts = FtsClient(lake)
        self._doors = Doors(lake)
        self._folder = folder
        settings = RucioSettings(
            url=lake.rucio_url,
            auth_url=lake.rucio_url,
            account=ACCOUNT,
            auth="oidc",
            python=installed.client_python(),
            ca=lake.layout.certificates,
        )
        token = self._doors.token(
            "openid storage.read:/ storage.modify:/",
            audience="rucio https://wlcg.cern.ch/jwt/v1/any",
        )
        self._rucio = RucioProcess(settings, lambda: token)

    def close(self) -> None:
        self._doors.close()
        self._rucio.close()

    def ask(self, do: str, **how: Any) -> object:  # noqa: ANN401
        answer = self._rucio.ask(do, **how)
        assert answer.ok, answer.describe()
        return answer.value

    def upload(self, site: LakeSite, name: str, data: bytes) -> None:
        path = self._folder / name
        path.write_bytes(data)
        how = {"scheme": "davs", "lifetime_s": LIFETIME_S, "kept_s": LIFETIME_S}
        self.ask("upload", rse=rse_of(site), did=[SCOPE, name], path=str(path), **how)
        path.unlink()

    def rule(self, name: str, site: LakeSite) -> str:
        how = {"rses": [rse_of(site)], "copies": 1, "lifetime_s": LIFETIME_S}
        return str(self.ask("add_rule", did=[SCOPE, name], **how))

    def state(self, rule: str) -> str:
        found = self.ask("rule", rule=rule)
        assert isinstance(found, dict)
        return str(found["state"])

    def wait_ok(self, rules: list[str]) -> None:
        """Until every rule is OK; one that is stuck meanwhile is repaired by Rucio."""
        deadline = time.monotonic() + DEADLINE_S
        while rules:
            rules = [rule for rule in rules if self.state(rule) != "OK"]
            assert time.monotonic() < deadline, [self.ask("rule", rule=rule) for rule in rules]
            time.sleep(POLL_S)

    def content(self, name: str, site: LakeSite) -> bytes | None:
        """What the endpoint gives out where Rucio says that the replica is."""
        urls = self.ask("replicas", did=[SCOPE, name], rse=rse_of(site))
        assert isinstance(urls, list)
        return self.fts.content(next(str(url) for url in urls if str(url).startswith("davs:")))

    def jobs(self) -> dict[str, str]:
        """The state of every job that FTS knows."""
        told = self.fts.http.get(f"{self.lake.fts_url}/jobs?limit=1000", timeout=30).json()
        return {str(job["job_id"]): str(job["job_state"]) for job in told}


@pytest.fixture(scope="module")
def replication(
    rucio_lake: Lake, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Replication]:
    found = Replication(rucio_lake, tmp_path_factory.mktemp("files"))
    yield found
    found.close()


def test_rules_of_all_pairs_end_with_true_copies(replication: Replication) -> None:
    sites = replication.lake.sites
    content = {site: os.urandom(MIB) for site in sites}
    for site in sites:
        replication.upload(site, f"from-{site.short}", content[site])

    pairs = list(permutations(sites, 2))
    replication.wait_ok([replication.rule(f"from-{a.short}", b) for a, b in pairs])

    wrong = [
        f"{a.name} -> {b.name}"
        for a, b in pairs
        if replication.content(f"from-{a.short}", b) != content[a]
    ]
    assert len(pairs) == len(sites) * (len(sites) - 1)
    assert wrong == []


@pytest.fixture(scope="module")
def large(replication: Replication) -> dict[str, bytes]:
    """Files at a site, each large enough for its copies to take a while."""
    content = {f"large-{number}": os.urandom(LARGE) for number in range(FILES)}
    for name, data in content.items():
        replication.upload(replication.lake.sites[0], name, data)
    return content


@pytest.mark.parametrize(
    ("killed", "short"),
    [((RUCIO, DAEMONS), "dcache"), ((FTS,), "eos"), (("xrd-b",), "b")],
    ids=["rucio", "fts", "storage"],
)
def test_kill_in_the_middle_loses_nothing(
    replication: Replication, large: dict[str, bytes], killed: tuple[str, ...], short: str
) -> None:
    lake, target = replication.lake, _site(replication.lake, short)
    earlier = replication.jobs()
    rules = [replication.rule(name, target) for name in large]
    _wait(lambda: any(_open(replication.jobs(), earlier)))

    for service in killed:
        os.kill(running(lake.directory)[service].pid, signal.SIGKILL)
    _wait(lambda: not any(running(lake.directory)[service].alive for service in killed))
    known = replication.jobs() if FTS not in killed else earlier
    for service in killed:
        done = CliRunner().invoke(group, ["restart", service, "--directory", str(lake.directory)])
        assert done.exit_code == 0, done.output

    replication.wait_ok(rules)
    assert [name for name in large if replication.content(name, target) != large[name]] == []
    jobs = replication.jobs()
    assert known.keys() <= jobs.keys()
    assert set(jobs.values()) <= set(OVER)


def _site(lake: Lake, short: str) -> LakeSite:
    return next(site for site in lake.sites if site.short == short)


def _open(jobs: dict[str, str], earlier: dict[str, str]) -> list[str]:
    return [job for job, state in jobs.items() if job not in earlier and state == "ACTIVE"]


def _wait(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(POLL_S / 2)
