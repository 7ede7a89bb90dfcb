"""`lakeproof mesh` reads runs, draws the mesh, and says who is suspected."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import permutations
from pathlib import Path

import click.testing
from click.testing import CliRunner

from lakeproof.cli import group
from lakeproof.mesh.seen import copies_of, newest
from lakeproof.results import Result, RunFolder, new_run_id
from lakeproof.store import open_store
from lakeproof.verdict import Outcome
from tests.unit.core.samples import result
from tests.unit.store.made import take_in

NOW = datetime.now(UTC)


def _copy(endpoint: str, partner: str, direction: str, outcome: Outcome, at: datetime) -> Result:
    return result(
        check=f"tpc.mesh.pair-{direction}-copies-truth",
        endpoint=endpoint,
        partner=partner,
        direction=direction,
        outcome=outcome,
        actual="403 Forbidden" if outcome is Outcome.FAIL else None,
        started=at.isoformat(),
    )


def _run(out: Path, at: datetime, bad_source: str | None, down: str | None = None) -> None:
    folder = RunFolder(out, new_run_id(at))
    folder.open()
    for endpoint, partner in permutations(("A", "B", "C", "D"), 2):
        for direction in ("pull", "push"):
            source = partner if direction == "pull" else endpoint
            outcome = Outcome.FAIL if source == bad_source else Outcome.PASS
            if down in (endpoint, partner):
                outcome = Outcome.BLOCKED
            folder.append(_copy(endpoint, partner, direction, outcome, at))
    folder.append(result(outcome=Outcome.FAIL))  # no copy


def _store(out: Path) -> None:
    store = open_store(out / "store.sqlite")
    take_in(store, out)
    store.close()


def _mesh(*arguments: str | Path) -> click.testing.Result:
    return CliRunner().invoke(group, ["mesh", *map(str, arguments)])


def test_the_source_is_named_with_its_evidence(tmp_path: Path) -> None:
    _run(tmp_path, NOW, "B", down="D")
    _store(tmp_path)

    done = _mesh("--out", tmp_path)

    assert done.exit_code == 0, done.output
    assert "  B B  F · F b" in done.output
    assert "12 copies judged, 4 failed." in done.output
    assert "  B as source of copies\n    4 of 4 copies failed, with 2 other ends" in done.output
    assert "of all other copies of B: 0 of 4" in done.output
    assert "4 times: 403 Forbidden" in done.output
    assert "Nothing could be judged of copies with: D" in done.output


def test_of_each_pair_the_newest_run_counts(tmp_path: Path) -> None:
    _run(tmp_path, NOW - timedelta(hours=2), "B")
    _run(tmp_path, NOW - timedelta(hours=1), "B")
    _run(tmp_path, NOW, None)
    _store(tmp_path)

    assert "24 copies judged, 0 failed." in _mesh("--out", tmp_path).output
    assert "48 copies judged, 6 failed." in _mesh("--out", tmp_path, "--last=2").output
    assert "72 copies judged, 12 failed." in _mesh("--out", tmp_path, "--last=9").output
    for last in ("--last=1", "--last=2", "--last=9"):
        of_runs = _mesh(tmp_path / "runs", last).output
        assert (
            of_runs.partition("judged")[0]
            == (_mesh("--out", tmp_path, last).output.partition("judged")[0])
        )


def test_old_runs_are_left_out_unless_they_are_named(tmp_path: Path) -> None:
    _run(tmp_path, NOW - timedelta(days=30), "B")
    _store(tmp_path)

    done = _mesh("--out", tmp_path)

    assert done.exit_code == 3
    assert "no copy between two endpoints is known" in done.output
    assert "B as source of copies" in _mesh(tmp_path).output


def test_without_a_run_it_says_so(tmp_path: Path) -> None:
    (tmp_path / "runs").mkdir()

    of_runs, of_store = _mesh(tmp_path / "runs"), _mesh("--out", tmp_path)

    assert (of_runs.exit_code, of_store.exit_code) == (3, 3)
    assert "there is no results.jsonl in" in of_runs.output
    assert "`lakeproof store import DIR` brings in" in of_store.output


def test_a_copy_that_is_blocked_now_counts_as_it_was_judged(tmp_path: Path) -> None:
    _run(tmp_path, NOW - timedelta(hours=1), "B")
    _run(tmp_path, NOW, None, down="B")
    _store(tmp_path)

    assert "24 copies judged, 6 failed." in _mesh("--out", tmp_path).output


def test_what_is_not_judged_does_not_hide_what_was(tmp_path: Path) -> None:
    rows = [
        _copy("A", "B", "pull", Outcome.FAIL, NOW - timedelta(hours=1)),
        _copy("A", "B", "pull", Outcome.ERROR, NOW),
    ]

    (only,) = newest(copies_of(rows))

    assert (only.source, only.destination, only.works) == ("B", "A", False)
