"""What was looked at and judged right: exceptions of dialects, relatives of faults, waiting faults.

The files beside this module are read by the tests, which fail when an entry is missing and
when one has become wrong.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from lakeproof import data
from lakeproof.check import Check


def load(name: str) -> dict[str, Any]:
    """The mapping in `<name>.yaml` beside this module."""
    return data.load(name, Path(__file__).parent)


def learn(fault: str, check_id: str, *, related: bool) -> None:
    """Note in relatives.yaml whether this check notices this fault."""
    path = Path(__file__).parent / "relatives.yaml"
    relatives = data.read(path)
    noticing = set(relatives.get(fault, ())) - {check_id}
    relatives[fault] = sorted(noticing | {check_id} if related else noticing)
    kept = {name: found for name, found in sorted(relatives.items()) if found}
    head = [line for line in path.read_text("utf-8").splitlines() if line.startswith("#")]
    path.write_text("\n".join(head) + "\n" + yaml.safe_dump(kept, width=100), "utf-8")


def learn_cells(fault: str, cells: list[str]) -> None:
    """Note in cells.yaml which cells of the scope matrix notice this fault."""
    path = Path(__file__).parent / "cells.yaml"
    head = [line for line in path.read_text("utf-8").splitlines() if line.startswith("#")]
    known = dict(sorted({**data.read(path), fault: cells}.items()))
    path.write_text("\n".join(head) + "\n" + yaml.safe_dump(known, width=100), "utf-8")


def nonstrict(check_id: str, dialect: str) -> str | None:
    """Why a sound element of this dialect does not meet this recommendation, or None."""
    entry = load("nonstrict").get(check_id, {})
    return entry.get(dialect) if isinstance(entry, dict) else None


def needs_root_door(check: Check) -> bool:
    """Whether a check needs a real root:// door, which no element has: tests/lake proves it.

    The suite root in test_root_suite.py, the others in test_both_doors.py.
    """
    return check.suite in ("root", "doors") or check.id.startswith("clients.root.")
