"""A run on the real lake that is killed, and what removes its traces."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from lakeproof.lake import Lake
from tests.plugin.tree import (
    DEADLINE_S,
    environment,
    finish,
    lakeproof_command,
    read_results,
)

pytestmark = pytest.mark.lake
UNDER_WAY = 20


def _directories(lake: Lake) -> list[str]:
    data = [lake.layout.data(site) for site in lake.sites]
    return [path.name for folder in data for path in folder.glob("lakeproof/lp-*")]


def _start(lake: Lake, out: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        lakeproof_command("run", "-i", str(lake.inventory), f"--out={out}"),
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def _wait_until_under_way(process: subprocess.Popen[bytes], out: Path) -> None:
    deadline = time.monotonic() + DEADLINE_S
    results = out / "latest" / "results.jsonl"
    while not results.exists() or results.read_bytes().count(b"\n") < UNDER_WAY:
        assert process.poll() is None, "the run ended before it could be killed"
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_clean_removes_what_a_killed_run_left(lake: Lake, tmp_path: Path) -> None:
    out = tmp_path / "out"
    process = _start(lake, out)
    _wait_until_under_way(process, out)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    (run_id,) = set(_directories(lake))

    clean = lakeproof_command("clean", "-i", str(lake.inventory), f"--out={out}")
    cleaned = finish(clean, tmp_path, out, None)

    assert cleaned.code == 0, cleaned.output
    assert run_id in cleaned.output
    assert _directories(lake) == []


def test_ctrl_c_leaves_nothing_and_keeps_the_results(lake: Lake, tmp_path: Path) -> None:
    out = tmp_path / "out"
    process = _start(lake, out)
    _wait_until_under_way(process, out)

    os.killpg(process.pid, signal.SIGINT)

    assert process.wait(DEADLINE_S) == 130
    assert len(read_results(out / "latest")) >= UNDER_WAY
    assert _directories(lake) == []
