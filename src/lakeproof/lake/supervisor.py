"""The parent of a lake's services: starts them, and stops them when it is told or left alone.

`python -m lakeproof.lake.supervisor DIRECTORY [OWNER_PID OWNER_START]` returns at once and
leaves a daemon behind. With an owner, the daemon stops everything when the owner is gone,
however it died.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from types import FrameType
from typing import Any

from lakeproof.lake import hosts
from lakeproof.lake.layout import Layout, load_plan, write_text
from lakeproof.lake.processes import Process, stop_all

WATCH_S = 0.3


class Supervisor:
    """Runs the services of the plan in one lake directory."""

    def __init__(self, layout: Layout, owner: Process | None) -> None:
        self._layout = layout
        self._owner = owner
        self._children: list[subprocess.Popen[bytes]] = []
        self._running: list[Process] = []
        self._told_to_stop = threading.Event()

    def run(self) -> None:
        """Start every service, then wait for SIGTERM, or for the owner's or all services' end."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        try:
            self._start_all()
            while not self._told_to_stop.wait(WATCH_S) and self._wanted():
                pass
        finally:
            stop_all(self._running)
            for child in self._children:
                child.wait()
            hosts.remove(self._layout.directory)
            self._layout.state.unlink(missing_ok=True)

    def _start_all(self) -> None:
        _, services = load_plan(self._layout.directory)
        pids = {}
        for service in services:
            if self._told_to_stop.is_set():
                return
            child = _start(service, self._layout)
            self._children.append(child)
            process = Process.of(child.pid)
            if process is not None:
                self._running.append(process)
            pids[service["name"]] = [child.pid, process.started if process else 0]
        us = Process.of(os.getpid())
        recorded = {"supervisor": [os.getpid(), us.started if us else 0], **pids}
        write_text(self._layout.state, json.dumps(recorded))

    def _wanted(self) -> bool:
        alive = [child for child in self._children if child.poll() is None]
        return bool(alive) and (self._owner is None or self._owner.alive)

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self._told_to_stop.set()


def main(arguments: list[str]) -> None:
    """Become a daemon and supervise."""
    directory, *owner = arguments
    if os.fork():
        os._exit(0)
    os.setsid()
    watched = Process(int(owner[0]), int(owner[1])) if owner else None
    Supervisor(Layout(Path(directory)), watched).run()


def _start(service: dict[str, Any], layout: Layout) -> subprocess.Popen[bytes]:
    account = service["account"]
    with (layout.log / f"{service['name']}.log").open("wb") as log:
        return subprocess.Popen(  # noqa: S603  the plan is ours
            service["command"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=service["directory"],
            env=service["environment"],
            user=account,
            group=account,
            extra_groups=[] if account else None,
            start_new_session=True,
            umask=0o077 if account else -1,
        )


if __name__ == "__main__":
    main(sys.argv[1:])
