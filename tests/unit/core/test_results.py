from __future__ import annotations

import json
import socket
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from lakeproof.results import (
    Result,
    RunFolder,
    new_run_id,
    started_at,
    totals,
    unfinished_runs,
)
from lakeproof.verdict import Blame, Outcome
from tests.unit.core.samples import result

NOW = datetime(2026, 11, 22, 17, 5, tzinfo=UTC)


def test_result_survives_json() -> None:
    rich = result(
        outcome=Outcome.ERROR, blame=Blame.PARTNER, partner="B", direction="pull", emulated=True
    )
    rich = replace(rich, stand_ins=("FTS",))

    assert Result.from_dict(json.loads(json.dumps(rich.as_dict()))) == rich


def test_as_dict_holds_plain_json_types_only() -> None:
    plain = {str, int, float, bool, list, dict, type(None)}

    assert {type(v) for v in result(blame=Blame.US).as_dict().values()} <= plain


def test_keys_of_a_newer_schema_are_ignored() -> None:
    assert Result.from_dict({**result().as_dict(), "mood": "good"}) == result()


def test_schema_and_run_come_first() -> None:
    assert list(result().as_dict())[:3] == ["schema", "run", "suite_version"]


def test_run_id_carries_its_start() -> None:
    run_id = new_run_id(NOW)

    assert run_id.startswith("lp-20261122T170500Z-")
    assert started_at(run_id) == NOW
    assert new_run_id(NOW) != run_id


@pytest.mark.parametrize(
    "name", ["lp-precious", "lp-20261122T170500Z-1a2b3c4", "x", "xlp-20261122T170500Z-1a2b3c4d"]
)
def test_other_names_are_not_ours(name: str) -> None:
    assert started_at(name) is None


def test_each_result_is_on_disk_at_once(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path, new_run_id())
    folder.open()

    for number in range(3):
        folder.append(result(check=f"a.b.{number}", actual="zwölf\nlines"))
        lines = (folder.path / "results.jsonl").read_text(encoding="utf-8").splitlines()
        assert [json.loads(line)["check"] for line in lines][number] == f"a.b.{number}"
        assert len(lines) == number + 1


def test_run_json_opens_unfinished_and_closes_with_totals(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path, new_run_id(), {"out": "x"})
    folder.open()
    opened = json.loads((folder.path / "run.json").read_text())

    folder.close([result(), result(outcome=Outcome.FAIL)], exit_code=1)
    closed = json.loads((folder.path / "run.json").read_text())

    assert opened["finished"] is None
    assert (opened["run"], opened["options"]) == (folder.run_id, {"out": "x"})
    assert closed["finished"] is not None
    assert closed["totals"] == {"SE": {"pass": 1, "fail": 1}}
    assert closed["exit_code"] == 1


def test_latest_points_at_the_newest(tmp_path: Path) -> None:
    for _ in range(2):
        folder = RunFolder(tmp_path, new_run_id())
        folder.open()
        assert (tmp_path / "latest").resolve() == folder.path.resolve()
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".latest")]


def test_totals_are_counted_by_endpoint() -> None:
    rows = [result(), result(endpoint="B"), result(endpoint="B", outcome=Outcome.FAIL)]

    assert totals(rows) == {"SE": {"pass": 1}, "B": {"pass": 1, "fail": 1}}


def _dead_pid() -> int:
    done = subprocess.run(
        [sys.executable, "-c", "import os; print(os.getpid())"],
        capture_output=True,
        text=True,
        check=True,
    )
    return int(done.stdout)


def _with(folder: RunFolder, **changes: object) -> None:
    path = folder.path / "run.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def test_unfinished_runs_are_those_of_dead_processes_here(tmp_path: Path) -> None:
    dead = _dead_pid()
    folders = {name: RunFolder(tmp_path, new_run_id()) for name in ("dead", "own", "done", "far")}
    for folder in folders.values():
        folder.open()
    _with(folders["dead"], pid=dead)
    folders["done"].close([])
    _with(folders["done"], pid=dead)
    _with(folders["far"], pid=dead, host=f"not-{socket.gethostname()}")

    assert list(unfinished_runs(tmp_path)) == [folders["dead"].run_id]


def test_no_runs_at_all(tmp_path: Path) -> None:
    assert list(unfinished_runs(tmp_path / "nowhere")) == []
