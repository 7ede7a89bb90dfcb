"""The parent of a lake's services: starts them, and stops them when it is told or left alone.

`python -m lakeproof.lake.supervisor DIRECTORY [OWNER_PID OWNER_START]` returns at once and
leaves a daemon behind. With an owner, the daemon stops everything when the owner is gone,
however it died. On SIGHUP it starts the service that is named in the file `again` once more; of
itself it starts nothing twice, so that what was stopped or killed stays as it is.
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
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        self._running: dict[str, Process] = {}
        self._told_to_stop = threading.Event()
        self._told_to_start = threading.Event()

    def run(self) -> None:
        """Start every service, then wait for SIGTERM, or for the owner's or all services' end."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        signal.signal(signal.SIGHUP, self._start_again)
        try:
            self._start_all()
            while not self._told_to_stop.wait(WATCH_S) and self._wanted():
                if self._told_to_start.is_set():
                    self._told_to_start.clear()
                    self._start_named(self._layout.again.read_text().strip())
        finally:
            stop_all(list(self._running.values()))
            for child in self._children.values():
                child.wait()
            hosts.remove(self._layout.directory)
            self._layout.state.unlink(missing_ok=True)

    def _start_all(self) -> None:
        _, services = load_plan(self._layout.directory)
        for service in services:
            if self._told_to_stop.is_set():
                return
            self._start(service)
        self._record()

    def _start_named(self, name: str) -> None:
        """Start this service of the plan unless it runs; its log goes on where it ended."""
        _, services = load_plan(self._layout.directory)
        for service in services:
            if service["name"] == name and self._children[name].poll() is not None:
                self._start(service, log_mode="ab")
        self._record()

    def _start(self, service: dict[str, Any], log_mode: str = "wb") -> None:
        name = service["name"]
        child = self._children[name] = _start(service, self._layout, log_mode)
        # A process that has ended already is recorded as one that never was.
        self._running[name] = Process.of(child.pid) or Process(child.pid, 0)

    def _record(self) -> None:
        us = Process.of(os.getpid())
        everything = {"supervisor": us or Process(os.getpid(), 0), **self._running}
        recorded = {name: [process.pid, process.started] for name, process in everything.items()}
        write_text(self._layout.state, json.dumps(recorded))

    def _wanted(self) -> bool:
        alive = [child for child in self._children.values() if child.poll() is None]
        return bool(alive) and (self._owner is None or self._owner.alive)

    def _start_again(self, _number: int, _frame: FrameType | None) -> None:
        self._told_to_start.set()

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


def _start(service: dict[str, Any], layout: Layout, log_mode: str) -> subprocess.Popen[bytes]:
    account = service["account"]
    with (layout.log / f"{service['name']}.log").open(log_mode) as log:
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
