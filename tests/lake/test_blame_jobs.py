"""Whose fault it is where there is no Rucio: one job of FTS for each fault, on emulated sites."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from lakeproof.lake import up
from tests.lake.blaming import Told, blamed, require_right, table
from tests.lake.broken import BrokenLake
from tests.lake.faults import FAULTS

pytestmark = pytest.mark.lake
SOON_S = 60.0


@pytest.fixture
def broken(directory: Path, tmp_path: Path) -> Iterator[BrokenLake]:
    broken = BrokenLake(up(directory, port_base=0, emulated=True), tmp_path)
    yield broken
    broken.close()


def test_each_layer_is_named(broken: BrokenLake, capsys: pytest.CaptureFixture[str]) -> None:
    began = time.monotonic()
    faults = {name: fault for name, fault in FAULTS.items() if not fault.needs_rucio}
    jobs = {name: fault.lay(broken) for name, fault in faults.items()}
    broken.wait_for([job for name, job in jobs.items() if not faults[name].waits], SOON_S)

    healthy = broken.copy("healthy", *broken.sound)
    broken.wait_for([healthy], SOON_S)
    before = broken.content()

    found: dict[str, Told] = {}
    for url in broken.services:
        ours = {name: job for name, job in jobs.items() if broken.made_by(job) == url}
        asked = [word for job in ours.values() for word in ("--fts-job", job)]
        told = blamed(broken.inventory(url), *asked)
        found |= {name: told[job] for name, job in ours.items()}

    with capsys.disabled():
        sys.stdout.write(table(found))
        sys.stdout.write(f"{len(jobs)} jobs blamed after {time.monotonic() - began:.0f} s\n")
    assert set(found) == set(faults)
    require_right(found)
    walled = jobs["pair_walled_off"]
    alone = broken.inventory(only=("WALL-A", "WALL-B"))
    several = blamed(alone, "--fts-job", walled)[walled]
    assert several["layers"] == ["source", "destination", "pair"]
    assert several["sentence"].startswith("Several suspects. ")
    nobody = blamed(broken.inventory(), "--fts-job", healthy, code=0)[healthy]
    assert nobody["sentence"] == "Nothing is stuck: the job is FINISHED."
    assert broken.content() == before
