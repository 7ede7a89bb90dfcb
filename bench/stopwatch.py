"""A pytest plugin: when each phase of a run ended, and how much of the processor it took.

`bench/scale` has the lakeproof command load it by PYTEST_PLUGINS. Times of forks are in `checks`.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Generator
from pathlib import Path

import pytest

from bench.wiretap_names import BEGAN, INTO


class Stopwatch:
    """Seconds and processor seconds of the phases so far."""

    def __init__(self) -> None:
        self.wall_s: dict[str, float] = {}
        self.cpu_s: dict[str, float] = {}
        self._before = (float(os.environ[BEGAN]), 0.0)

    def mark(self, phase: str) -> None:
        """What passed since the last mark belongs to `phase`."""
        used = os.times()
        now = (time.time(), used.user + used.system)
        for kept, since, until in zip((self.wall_s, self.cpu_s), self._before, now, strict=True):
            kept[phase] = kept.get(phase, 0.0) + until - since
        self._before = now


watch = Stopwatch()


def pytest_load_initial_conftests() -> None:
    """The interpreter, the command and pytest are there."""
    watch.mark("import")


@pytest.hookimpl(trylast=True)
def pytest_configure() -> None:
    """The plan is made."""
    watch.mark("plan")


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection() -> Generator[None, object, object]:
    """Every item is made, selected and sorted."""
    watch.mark("plan")
    return (yield)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_finish() -> Generator[None, None, None]:
    """What follows is the forks'."""
    watch.mark("collection")
    yield


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtestloop() -> Generator[None, object, object]:
    """The forks are there, and then have run."""
    watch.mark("forks")
    try:
        return (yield)
    finally:
        watch.mark("checks")


@pytest.hookimpl(trylast=True)
def pytest_unconfigure() -> None:
    """Everything is written."""
    watch.mark("report")
    found = {"wall_s": watch.wall_s, "cpu_s": watch.cpu_s}
    Path(os.environ[INTO]).write_text(json.dumps(found), encoding="utf-8")
