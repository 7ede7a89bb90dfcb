from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace

from lakeproof.lake.processes import Process, stop_all

# Says that it is ready to be signalled, so that no test depends on how fast Python starts.
STUBBORN = (
    "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
    "print('ready', flush=True); signal.pause()"
)
POLITE = "import signal; print('ready', flush=True); signal.pause()"


def _start(program: str) -> subprocess.Popen[bytes]:
    child = subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, start_new_session=True
    )
    assert child.stdout is not None
    with child.stdout as output:
        output.readline()
    return child


def test_a_process_ends_by_sigterm() -> None:
    child = _start(POLITE)
    process = Process.of(child.pid)
    assert process is not None

    assert stop_all([process]) == []

    assert child.wait() == -15


def test_a_process_that_ignores_sigterm_is_killed() -> None:
    child = _start(STUBBORN)
    process = Process.of(child.pid)
    assert process is not None

    assert stop_all([process], grace_s=0.1) == []

    assert child.wait() == -9


def test_a_zombie_is_not_alive() -> None:
    child = _start(POLITE)
    process = Process.of(child.pid)
    assert process is not None
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)

    assert not process.alive
    assert Process.of(child.pid) is None
    child.wait()


def test_a_reused_pid_is_left_alone() -> None:
    child = _start(POLITE)
    process = Process.of(child.pid)
    assert process is not None
    earlier = replace(process, started=process.started - 1)

    assert stop_all([earlier]) == []

    assert process.alive
    child.kill()
    child.wait()
