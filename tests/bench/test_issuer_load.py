"""The bench measures every way at every number at a time, and says what the limit was."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner

from bench.issuer_load_rate import FLOOR, WAYS, main, medians, table
from lakeproof.wire.crowd import Step


def _steps(rate: int, busy: float, starved: float = 0.0) -> list[Step]:
    return [
        Step(count, [0.001] * rate, span_s=1, busy=busy, starved=starved)
        for count in (1, 4, 16, 64)
    ]


def _table(rate: int, busy: float, starved: float = 0.0) -> str:
    floors = dict.fromkeys(FLOOR.values(), _steps(4000, 0.5))
    return table(medians([dict.fromkeys(WAYS, _steps(rate, busy, starved)) | floors]))


def test_it_measures_every_way(tmp_path: Path) -> None:
    done = CliRunner().invoke(main, ["--rounds=1", "--seconds=0.02", f"--report={tmp_path}"])

    assert done.exit_code == 0, done.output
    assert "target 1500 a second, judged, over TLS: " in done.output
    ways = json.loads((tmp_path / "issuer-load.json").read_text())["ways"]
    assert ways.keys() == WAYS.keys()
    for steps in ways.values():
        assert [*steps] == ["1", "4", "16", "64"]
        assert all(figures["per_s"] > 0 and figures["p50_s"] > 0 for figures in steps.values())


def test_ratio_is_of_the_bare_client_of_the_same_run() -> None:
    line = next(row for row in _table(2000, 0.9).splitlines() if row.startswith("ours, TLS  "))

    assert line.count("2000  90% 0.50x") == 4


def test_it_says_what_the_limit_was() -> None:
    assert "over TLS: reached (2000)\nlimit: the client's own work;" in _table(2000, 0.9)
    assert "over TLS: NOT reached (1000)\nlimit: the issuer's process;" in _table(1000, 0.25)
    crowded = _table(1000, 0.25, 0.7)
    assert "limit: a processor that others use; the client worked 25% of the time and" in crowded
    assert "with a whole one it would send 4000 a second" in crowded
