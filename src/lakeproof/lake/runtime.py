"""Launching a lake's supervisor, and finding what it recorded."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from lakeproof.lake.errors import LakeError
from lakeproof.lake.layout import Layout
from lakeproof.lake.processes import Process


def running(directory: Path) -> dict[str, Process]:
    """The recorded processes of the lake in `directory`, by name, alive or not."""
    try:
        recorded = json.loads(Layout(directory).state.read_text())
    except FileNotFoundError:
        return {}
    return {name: Process(*pair) for name, pair in recorded.items()}


def python_environment() -> dict[str, str]:
    """The part of our environment a Python service needs: no token of the caller among it."""
    wanted = ("PATH", "HOME", "LANG", "PYTHONPATH", "VIRTUAL_ENV")
    return {name: os.environ[name] for name in wanted if name in os.environ}


def launch(directory: Path, owner: Process | None) -> None:
    """Start the supervisor for the plan in `directory`, as a process that is not our child."""
    arguments = [str(owner.pid), str(owner.started)] if owner else []
    log = Layout(directory).log / "supervisor.log"
    with log.open("wb") as output:
        done = subprocess.run(  # noqa: S603  ourselves
            [sys.executable, "-m", "lakeproof.lake.supervisor", str(directory), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=python_environment(),
            check=False,
        )
    if done.returncode != 0:
        raise LakeError(f"the supervisor did not start: {log.read_text().strip()}")
