"""`lakeproof export` and `lakeproof probe` from a shell."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from lakeproof.cli import group
from lakeproof.results import RunFolder, new_run_id
from tests.unit.machines.made import row, some


def _lakeproof(*arguments: str | Path) -> Result:
    return CliRunner().invoke(group, [str(each) for each in arguments])


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """Where one run has ended a moment ago."""
    now = datetime.now(UTC)
    folder = RunFolder(tmp_path / "reports", new_run_id(now))
    folder.open()
    for each in some():
        folder.append(each)
    folder.append(row(1, endpoint="FRESH", started=now.isoformat()))
    return folder.out


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("prometheus", 'lakeproof_results{endpoint="SE",outcome="fail",site="SITE"} 1.0'),
        ("opensearch", '"_index": "lakeproof-results"'),
        ("markdown", "| SE | 2 of 3 |"),
        ("badge", "lakeproof: 5/6, 1 failed"),
    ],
)
def test_export_prints_or_writes(out: Path, tmp_path: Path, kind: str, said: str) -> None:
    printed = _lakeproof("export", kind, "--out", out)
    written = _lakeproof("export", kind, out / "latest", "--into", tmp_path / "file")

    assert (printed.exit_code, written.exit_code, written.output) == (0, 0, "")
    assert said in printed.output
    assert (tmp_path / "file").read_text("utf-8") == printed.output
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["file"]


def test_badge_of_one_endpoint(out: Path) -> None:
    assert "lakeproof: 2/2" in _lakeproof("export", "badge", "--out", out, "--site=OTHER").output

    missing = _lakeproof("export", "badge", "--out", out, "--endpoint=NOBODY")
    assert (missing.exit_code, missing.output) == (3, "this run has no result of NOBODY\n")


def test_the_dashboard_needs_no_run(tmp_path: Path) -> None:
    done = _lakeproof("export", "grafana", "--into", tmp_path / "lakeproof.json")

    assert done.exit_code == 0
    assert json.loads((tmp_path / "lakeproof.json").read_text("utf-8"))["uid"] == "lakeproof"


def test_without_a_run_it_says_so(tmp_path: Path) -> None:
    done = _lakeproof("export", "markdown", "--out", tmp_path)

    assert done.exit_code == 3
    assert "there is no results.jsonl in" in done.output


def test_a_torn_line_is_named(out: Path) -> None:
    with (out / "latest" / "results.jsonl").open("a") as stream:
        stream.write('{"run": "lp')

    done = _lakeproof("export", "markdown", "--out", out)

    assert done.exit_code == 3
    assert "results.jsonl:10: expected a result" in done.output


def test_probe_is_a_nagios_plugin(out: Path) -> None:
    fresh = _lakeproof("probe", "FRESH", "--out", out)
    assert (fresh.exit_code, fresh.output.count("\n")) == (0, 1)
    assert fresh.output.startswith("LAKEPROOF OK - FRESH: 1 of 1 core requirements met. | ")

    failed = _lakeproof("probe", "SE", "--out", out, "--at-most=90000d")
    assert (failed.exit_code, failed.output[:24]) == (2, "LAKEPROOF CRITICAL - SE:")


def test_probe_knows_nothing_without_a_run_or_of_an_old_one(out: Path, tmp_path: Path) -> None:
    for arguments in (
        ("SE", "--out", out, "--at-most=1h"),
        ("NOBODY", "--out", out),
        ("SE", "--out", tmp_path / "nowhere"),
    ):
        done = _lakeproof("probe", *arguments)
        assert (done.exit_code, done.output.count("\n")) == (3, 1)
        assert done.output.startswith("LAKEPROOF UNKNOWN - ")
