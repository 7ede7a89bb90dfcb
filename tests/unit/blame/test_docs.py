from __future__ import annotations

import re
from pathlib import Path

from lakeproof.inventory import load
from tests.lake.faults import FAULTS

PAGE = Path(__file__).parents[3] / "docs" / "stuck-rules.md"


def test_page_tells_of_every_fault_that_is_tried() -> None:
    rows = [line.split("|")[1:4] for line in PAGE.read_text().splitlines() if line.startswith("| ")]
    told = {row[0].strip(): row[1].strip() for row in rows}

    assert {f.what: str(f.layer) for f in FAULTS.values()}.items() <= told.items()
    assert all(row[2].strip() for row in rows)


def test_inventory_on_the_page_is_valid(tmp_path: Path) -> None:
    (text,) = re.findall(r"```yaml\n(.*?)```", PAGE.read_text(), re.DOTALL)
    file = tmp_path / "endpoints.yaml"
    file.write_text(text)

    inventory = load(file)

    assert inventory.rucio is not None
    assert inventory.fts is not None
    assert [endpoint.rse for _, endpoint in inventory.endpoints()] == ["SITE-A_DISK", "SITE-B_DISK"]
