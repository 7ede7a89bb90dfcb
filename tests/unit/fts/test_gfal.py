"""gfal2 beside the stand-in: when it is used, and that it takes nothing along when it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lakeproof.fts.errors import CopyFailed
from lakeproof.fts.gfal import Gfal, GfalOrder, found
from lakeproof.lake.processes import Process
from lakeproof.wire.clients.running import tied

HERE, THERE = "davs://127.0.0.1:1/data/file", "davs://192.0.2.1:1/data/file"
HTTP, ROOT = "http-2.21.3", "xrootd-2.21.3"
ORDER = GfalOrder(HERE, HERE, {"PATH": "/usr/bin:/bin"}, timeout_s=60)
PARENT = """
import subprocess, sys, time
from lakeproof.wire.clients.running import tied
child = subprocess.Popen(tied(["sh", "-c", "echo; exec sleep 60"]), stdout=subprocess.PIPE)
child.stdout.readline()
print(child.pid, flush=True)
time.sleep(60)
"""


def _program(tmp_path: Path, script: str) -> Gfal:
    path = tmp_path / "python"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o700)
    return Gfal("2.21.3", frozenset({HTTP}), path)


def test_none_without_its_python(tmp_path: Path) -> None:
    assert found(tmp_path / "python") is None
    assert found(Path("/bin/false")) is None


@pytest.mark.parametrize(
    ("plugins", "source", "able"),
    [
        ({HTTP, ROOT}, HERE, True),
        ({HTTP}, HERE.replace("davs", "root"), False),
        ({ROOT}, HERE, False),
        ({HTTP, ROOT}, THERE, False),
    ],
    ids=["able", "no-root-plugin", "no-http-plugin", "another-machine"],
)
def test_copies_what_it_has_plugins_for_on_this_machine(
    plugins: set[str], source: str, able: bool
) -> None:
    assert Gfal("2.21.3", frozenset(plugins)).copies(source, HERE) is able


def test_crash_and_failure_are_failed_copies(tmp_path: Path) -> None:
    with pytest.raises(CopyFailed, match=r"TRANSFER \[5\] gfal2 ended without a report \(-11\)"):
        _program(tmp_path, "kill -SEGV $$").copy(ORDER, lambda: False)

    told = 'echo "{\\"code\\": 2, \\"text\\": \\"gone\\", \\"modes\\": []}"'
    with pytest.raises(CopyFailed, match=r"TRANSFER \[2\] gone"):
        _program(tmp_path, f"cat >/dev/null; {told}").copy(ORDER, lambda: False)


def test_cancelled_copy_is_killed(tmp_path: Path) -> None:
    with pytest.raises(CopyFailed, match="canceled"):
        _program(tmp_path, "exec sleep 60").copy(ORDER, lambda: True)


@pytest.mark.skipif(tied(["true"]) == ["true"], reason="no setpriv (util-linux) here")
def test_copy_ends_when_its_parent_is_killed() -> None:
    with subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        child = Process.of(int(parent.stdout.readline()))
        assert child is not None

        os.kill(parent.pid, signal.SIGKILL)

        deadline = time.monotonic() + 10
        while child.alive and time.monotonic() < deadline:
            time.sleep(0.02)
        assert not child.alive
