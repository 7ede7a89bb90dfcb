from __future__ import annotations

from pathlib import Path

from tests.lake.faults import FAULTS

PAGE = Path(__file__).parents[3] / "docs" / "stuck-rules.md"


def test_page_tells_of_every_fault_that_is_tried() -> None:
    rows = [line.split("|")[1:4] for line in PAGE.read_text().splitlines() if line.startswith("| ")]
    told = {row[0].strip(): row[1].strip() for row in rows}

    assert {f.what: str(f.layer) for f in FAULTS.values()}.items() <= told.items()
    assert all(row[2].strip() for row in rows)
