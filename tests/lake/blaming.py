"""Runs `lakeproof blame` and shows what it found beside what was wrong."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.lake.faults import FAULTS

Told = dict[str, Any]


def blamed(inventory: Path, *arguments: str, code: int = 1) -> dict[str, Told]:
    """What `lakeproof blame` says of each rule or job; by its exit code it names something."""
    command = [sys.executable, "-m", "lakeproof.cli", "blame", "--json", "-i", str(inventory)]
    done = subprocess.run(
        [*command, *arguments], capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == code, done.stdout + done.stderr
    assert "could not be removed" not in done.stderr
    return {told["asked"]: told for told in json.loads(done.stdout)}


def table(found: Mapping[str, Told]) -> str:
    """What was wrong, the layer that was named, and the sentence."""
    lines = ["", "| what is wrong | named | the sentence |", "|---|---|---|"]
    for name, told in found.items():
        named = ", ".join(told["layers"]) or "nobody"
        lines.append(f"| {FAULTS[name].what} | {named} | {told['sentence']} |")
    return "\n".join(lines) + "\n"


def require_right(found: Mapping[str, Told]) -> None:
    """Each fault is blamed on the layer that it is in, and on no other."""
    wrong = {n: told for n, told in found.items() if told["layers"] != [FAULTS[n].layer]}
    assert not wrong, json.dumps(wrong, indent=1)
