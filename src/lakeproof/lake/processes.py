"""Processes known by pid and start time, so that a reused pid is never stopped by mistake."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

STOP_GRACE_S = 4.0
POLL_S = 0.02


@dataclass(frozen=True)
class Process:
    """A process that cannot be confused with a later one: `started` is in clock ticks of boot."""

    pid: int
    started: int

    @classmethod
    def of(cls, pid: int) -> Process | None:
        """The live process with this pid, or None."""
        started = _started(pid)
        return None if started is None else cls(pid, started)

    @property
    def alive(self) -> bool:
        """True while this very process runs; a zombie does not."""
        return _started(self.pid) == self.started

    def signal_group(self, number: signal.Signals) -> None:
        """Signal the process group it leads; nothing when it is gone."""
        if self.alive:
            with suppress(ProcessLookupError):
                os.killpg(self.pid, number)


def stop_all(processes: Sequence[Process], grace_s: float = STOP_GRACE_S) -> list[Process]:
    """Stop process groups: SIGTERM, then SIGKILL after `grace_s`; returns what still lives."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        for process in processes:
            process.signal_group(number)
        deadline = time.monotonic() + grace_s
        while any(p.alive for p in processes) and time.monotonic() < deadline:
            time.sleep(POLL_S)
    return [p for p in processes if p.alive]


def _started(pid: int) -> int | None:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The command's name is in parentheses and may contain anything, spaces too.
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] in "ZX" else int(fields[19])
