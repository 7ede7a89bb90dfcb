"""The bench counts what it says: the bare requests of the run, every phase, every check."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from bench.figures import figures, imposed_waits, spread, watching
from lakeproof import tree

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What one short measurement of an emulated endpoint wrote."""
    folder = tmp_path_factory.mktemp("bench")
    command = [sys.executable, str(ROOT / "bench" / "one_endpoint"), "--emulated"]
    command += ["--runs=1", "--floors=1", "--suite=webdav", f"--report={folder}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "floor: its bare requests" in done.stdout
    return folder


def test_it_replays_every_request(report: Path) -> None:
    found = json.loads((report / "one-endpoint.json").read_text())
    record = [json.loads(line) for line in (report / "requests.jsonl").read_text().splitlines()]

    assert found["requests"] == sum(request["wire_requests"] for request in record)
    # Uploads that are broken off inside a chunk are sent whole by the replay.
    assert found["floor_answers_otherwise"] < found["requests"] / 20
    assert {"PUT", "MKCOL", "PROPFIND", "DELETE"} <= {request["method"] for request in record}
    assert {"import", "plan", "collection", "set-up", "checks", "clean-up", "report"} <= set(
        found["phases_s"]
    )
    assert found["checks"] == sum(check.suite == "webdav" for check in tree.load_checks())


def test_its_record_holds_no_token(report: Path) -> None:
    text = (report / "requests.jsonl").read_text() + (report / "one-endpoint.json").read_text()

    assert "eyJ" not in text
    assert "earer" not in text


def test_only_a_wait_without_data_is_the_servers() -> None:
    quick = {"check": "a", "method": "COPY", "sent": 0, "received": 9, "seconds": 0.01}
    quick |= {"status": 201, "first_status": 201, "first_seconds": 0.01}
    slow = {**quick, "check": "b", "seconds": 1.01, "first_seconds": 1.51}
    big = {**slow, "check": "c", "seconds": 2.0, "received": 64_000_000}

    assert imposed_waits([quick, quick, quick, slow, big]) == {"b": pytest.approx(1.0)}


def test_a_check_that_gives_up_sooner_waited_no_longer() -> None:
    quick = {"check": "a", "method": "COPY", "sent": 0, "received": 9, "seconds": 0.01}
    quick |= {"status": 201, "first_status": 201, "first_seconds": 0.01}
    given_up = {**quick, "check": "b", "seconds": 120.01, "first_seconds": 10.01}

    assert imposed_waits([quick, quick, given_up]) == {"b": pytest.approx(10.0)}


def test_where_the_replay_is_refused_the_run_itself_tells_the_wait() -> None:
    quick = {"check": "a", "method": "COPY", "sent": 0, "received": 9, "seconds": 0.01}
    quick |= {"status": 201, "first_status": 201, "first_seconds": 0.01}
    refused = {**quick, "check": "b", "status": 404, "first_seconds": 5.01}

    assert imposed_waits([quick, quick, refused]) == {"b": pytest.approx(5.0)}


def test_a_replay_that_waits_in_vain_is_no_floor() -> None:
    quick = {"check": "a", "method": "COPY", "sent": 0, "received": 9, "seconds": 0.01}
    quick |= {"status": 201, "first_status": 201, "first_seconds": 0.01}
    vain = {**quick, "status": 0, "seconds": 60.01, "first_seconds": 120.01}
    run = {"wall_s": 120.06, "cpu_s": 0.1, "inside_requests_s": 1, "phases_s": {}}
    run |= {"floor": [quick, quick, vain], "requests": [], "checks": []}

    found = figures([1.0], [run], [[{"check": "a", "duration_s": 0.5}]])

    assert found["bare_s"] == pytest.approx(0.03)
    assert found["imposed_s"] == pytest.approx(120.0)
    assert found["factor"] == pytest.approx(2.0)


def test_watching_is_neither_asking_nor_computing() -> None:
    busy = {"check": "a", "call_s": 2.0, "in_requests_s": 1.0, "cpu_s": 0.95}
    idle = {"check": "b", "call_s": 2.0, "in_requests_s": 0.5, "cpu_s": 0.5}

    assert watching([busy, idle]) == {"b": pytest.approx(1.0)}


def test_the_factor_leaves_imposed_waits_out() -> None:
    bare = {"check": "a", "method": "PUT", "sent": 1, "received": 0, "status": 201}
    bare |= {"first_status": 201}
    spent = (0.01, 0.01, 0.01, 1.01)
    floor = [{**bare, "seconds": each, "first_seconds": each} for each in spent]
    line = {"check": "a", "duration_s": 0.5}
    run = {"wall_s": 1.12, "cpu_s": 0.1, "inside_requests_s": 1, "phases_s": {}, "floor": floor}

    found = figures([2.0, 1.0, 3.0], [{**run, "requests": [], "checks": []}], [[line]])

    assert found["wall_s"]["median"] == 2.0
    assert found["factor"] == pytest.approx(0.12 / 0.04)
    assert found["imposed_s"] == pytest.approx(1.0)


def test_spread() -> None:
    assert spread([3, 1, 2]) == {"median": 2, "p90": 3, "max": 3}
    assert spread([]) == {"median": 0, "p90": 0, "max": 0}
