"""Whose fault it is, on a lake with a real Rucio: one rule for each fault, all at the same time."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from lakeproof.blame import Layer
from lakeproof.lake import packages, up
from lakeproof.lake.rucio import installed
from lakeproof.lake.runtime import running
from lakeproof.lake.services import DAEMONS
from tests.lake.blaming import blamed, require_right, table
from tests.lake.broken import BrokenLake
from tests.lake.faults import FAULTS

pytestmark = pytest.mark.lake
SOON_S = 180.0


@pytest.fixture
def broken(directory: Path, tmp_path: Path) -> Iterator[BrokenLake]:
    absent = [*packages.missing(), *installed.missing()]
    if absent:
        pytest.skip(f"needs {', '.join(absent)}; script/bootstrap --with-rucio installs it")
    broken = BrokenLake(up(directory, port_base=0, rucio=True), tmp_path)
    yield broken
    broken.close()


def test_each_layer_is_named(broken: BrokenLake, capsys: pytest.CaptureFixture[str]) -> None:
    began = time.monotonic()
    rules = {name: fault.lay(broken) for name, fault in FAULTS.items() if not fault.needs_job}
    laid = time.monotonic() - began
    _wait_until_over(broken, [rule for n, rule in rules.items() if not FAULTS[n].waits])
    over = time.monotonic() - began

    told = blamed(broken.inventory(), *rules.values())
    found = {name: told[rule] for name, rule in rules.items()}

    with capsys.disabled():
        sys.stdout.write(table(found))
        sys.stdout.write(
            f"{len(rules)} rules laid out in {laid:.0f} s, over after {over:.0f} s, "
            f"all blamed after {time.monotonic() - began:.0f} s\n"
        )
    require_right(found)

    with _daemons_stopped(broken):
        rule = broken.copy("standing", *broken.sound)
        told = blamed(broken.inventory(), rule, "--patience", "0s")
    assert told[rule]["layers"] == [Layer.RUCIO], told
    assert "daemons do not take the request up" in told[rule]["sentence"]


@contextmanager
def _daemons_stopped(broken: BrokenLake) -> Iterator[None]:
    process = running(broken.lake.directory)[DAEMONS]
    os.kill(process.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(process.pid, signal.SIGCONT)


def _wait_until_over(broken: BrokenLake, rules: list[str]) -> None:
    """Until every rule is stuck, or OK; Rucio tries each copy four times."""
    deadline, waiting = time.monotonic() + SOON_S, rules
    while waiting:
        states = {rule: broken.person.rule(rule)["state"] for rule in waiting}
        waiting = [rule for rule, state in states.items() if state not in ("STUCK", "OK")]
        assert not waiting or time.monotonic() < deadline, waiting
        time.sleep(0.5)
