"""How many checks tell an admin of each technology what to change: a floor that only rises."""

from __future__ import annotations

import pytest

from lakeproof import lookup, tree

FLOOR = {"generic": 442, "xrootd": 442, "dcache": 380, "eos": 371, "storm": 371, "dpm": 172}


@pytest.mark.parametrize(("technology", "floor"), sorted(FLOOR.items()))
def test_hints_do_not_get_fewer(technology: str, floor: int) -> None:
    hints = lookup.hints()
    gaps = [c.id for c in tree.load_checks() if not hints.get(c.id, {}).get(technology)]
    written = len(tree.load_checks()) - len(gaps)

    assert written >= floor, f"without a hint for {technology}: {', '.join(gaps)}"
