"""The bench of the store measures the empty and the full one, and counts what is in."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner

from bench.store_size import PAGES, main


def test_it_measures_every_page_empty_and_full(tmp_path: Path) -> None:
    small = ["--results=150", "--endpoints=2", "--checks=4", f"--report={tmp_path}"]

    done = CliRunner().invoke(main, small)

    assert done.exit_code == 0, done.output
    found = json.loads((tmp_path / "store.json").read_text())
    # three runs, a day of them written directly, and three again; of two endpoints, four checks
    assert found["rows"]["small"]["results"] == 3 * 8
    assert found["rows"]["large"]["results"] == (3 + 24 + 3) * 8
    assert found["rows"]["large"]["visits"] == 30 * 2
    assert 0 < found["prune"]["results"] < 240
    for seconds in found["pages_s"].values():
        assert seconds.keys() == PAGES.keys()
        assert all(each > 0 for each in seconds.values())
    assert "import a result, store of 240" in done.output
