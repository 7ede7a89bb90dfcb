from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from lakeproof.lake import Lake, LakeError, Layout, down, hosts, ports, status, up
from lakeproof.lake.commands import group
from lakeproof.lake.processes import Process
from tests.lake.conftest import NOT_FOR_SERVERS

pytestmark = [pytest.mark.lake, pytest.mark.usefixtures("xrootd")]
EMULATED = ("dcache-emulated", "eos-emulated", "dpm-emulated", "storm-emulated")
DEADLINE_S = 20
OWNER = """
import os, signal, sys
from pathlib import Path
from lakeproof.lake import up
up(Path(sys.argv[1]), port_base=0, owner_pid=os.getpid())
print("up", flush=True)
signal.pause()
"""


def _processes(directory: Path) -> list[Process]:
    return [Process(*pair) for pair in json.loads(Layout(directory).state.read_text()).values()]


def _eventually(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + DEADLINE_S
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.05)
    return condition()


def test_up_up_again_and_down(directory: Path) -> None:
    first = up(directory, port_base=0)
    processes = _processes(directory)
    again = up(directory)

    assert again == first
    assert (first.started_here, again.started_here) == (True, False)
    assert _processes(directory) == processes
    assert [(s.name, s.alive, s.listening) for s in status(directory)] == [
        (name, True, True) for name in ("issuer", "xrd-a", "xrd-b", *EMULATED, "fts")
    ]

    assert down(directory)

    assert not any(process.alive for process in processes)
    assert not any(service.listening for service in status(directory))
    assert str(directory) not in hosts.HOSTS_FILE.read_text()
    assert not down(directory)


def test_secrets_are_private(lake: Lake) -> None:
    secret = lake.layout.secret

    assert secret.stat().st_mode & 0o777 == 0o700
    assert lake.client_secret_file.stat().st_mode & 0o777 == 0o600
    assert lake.client_secret_file.stat().st_uid == os.getuid()
    assert not [path for path in secret.rglob("*.pem") if path.stat().st_mode & 0o077]


def test_servers_get_nothing_of_the_callers_environment(lake: Lake) -> None:
    for process in _processes(lake.directory):
        environment = Path(f"/proc/{process.pid}/environ").read_bytes()
        assert NOT_FOR_SERVERS.encode() not in environment
        assert b"BEARER_TOKEN" not in environment


def test_real_servers_keep_to_one_processor(lake: Lake) -> None:
    for service in status(lake.directory):
        if service.name.startswith("xrd-"):
            assert len(os.sched_getaffinity(service.pid)) == 1
            assert os.sched_getscheduler(service.pid) == os.SCHED_BATCH


def test_keys_and_data_outlive_a_restart_until_they_are_purged(directory: Path) -> None:
    first = up(directory, port_base=0)
    before = (first.ca.read_bytes(), first.client_secret_file.read_bytes())
    (directory / "a" / "root" / "data" / "f").write_text("kept")
    down(directory)

    up(directory, port_base=0)

    assert (first.ca.read_bytes(), first.client_secret_file.read_bytes()) == before
    assert (directory / "a" / "root" / "data" / "f").read_text() == "kept"

    down(directory, purge=True)

    assert not directory.exists()


def test_a_half_dead_lake_is_started_anew(directory: Path) -> None:
    up(directory, port_base=0)
    old = _processes(directory)
    xrd_a = next(s for s in status(directory) if s.name == "xrd-a")
    os.kill(xrd_a.pid, signal.SIGKILL)
    assert _eventually(lambda: not status(directory)[1].alive)

    up(directory, port_base=0)

    assert all(service.listening for service in status(directory))
    assert not any(process.alive for process in old)


def test_down_works_without_the_supervisor(directory: Path) -> None:
    up(directory, port_base=0)
    supervisor, *services = _processes(directory)
    os.kill(supervisor.pid, signal.SIGKILL)

    assert down(directory)

    assert not any(process.alive for process in services)


def test_busy_port_is_named_and_nothing_is_left(directory: Path) -> None:
    base = ports.choose(0)[0]
    with socket.create_server(("127.0.0.1", base + 1)):
        result = CliRunner().invoke(
            group, ["up", "--directory", str(directory), "--port-base", str(base)]
        )

    assert result.exit_code == 1
    assert f"port {base + 1} is in use by" in result.output
    assert f"(pid {os.getpid()})" in result.output
    assert "Traceback" not in result.output
    assert str(directory) not in hosts.HOSTS_FILE.read_text()


def test_server_that_does_not_start_shows_its_log(directory: Path) -> None:
    lake = up(directory, port_base=0)
    down(directory)
    (lake.layout.secret / "macaroon-b").write_text("dG9vIHNob3J0\n")

    with pytest.raises(LakeError) as caught:
        up(directory, port_base=0)

    sentence = str(caught.value)
    assert sentence.startswith("xrd-b did not start")
    assert "Secret key is too short" in sentence
    assert not Layout(directory).state.exists()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_everything_stops_when_the_owner_dies(directory: Path, number: signal.Signals) -> None:
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER, str(directory)], stdout=subprocess.PIPE, text=True
    )
    assert owner.stdout is not None
    with owner.stdout as output:
        assert output.readline() == "up\n"
    processes = _processes(directory)
    assert all(process.alive for process in processes)

    owner.send_signal(number)
    owner.wait()

    assert _eventually(lambda: not any(process.alive for process in processes))
    assert str(directory) not in hosts.HOSTS_FILE.read_text()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root's servers run as another user")
def test_closed_parent_directory_is_named(directory: Path) -> None:
    directory.parent.chmod(0o700)

    with pytest.raises(LakeError, match=r"user xrootd, who cannot enter .*LAKEPROOF_LAKE"):
        up(directory, port_base=0)
