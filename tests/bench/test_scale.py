"""The bench of many endpoints runs all of them, and its distance changes nothing but the time."""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
import sys
from pathlib import Path

from bench.fleet import FAR, NEAR, hold_back

ROOT = Path(__file__).parents[2]


def test_it_checks_every_endpoint_and_asks_as_often_without(tmp_path: Path) -> None:
    command = [sys.executable, str(ROOT / "bench" / "scale"), "--endpoints=2", "--suite=ranges"]
    command += ["--alone", f"--report={tmp_path}"]

    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    (found,) = json.loads((tmp_path / "scale.json").read_text())
    assert found["serial_s"].keys() == {"SE-000", "SE-001"}
    assert set(found["outcomes"]) <= {"pass", "notrun", "unsupported"}
    # The run's own process and a fork for each endpoint.
    assert found["processes"] == 3
    assert 0 < found["first_mb"] < found["peak_mb"]
    phases = {"import", "plan", "collection", "forks", "checks", "report"}
    assert found["phases"]["cpu_s"].keys() == found["phases"]["wall_s"].keys() == phases
    assert found["requests"] <= found["floor"]["requests"] < found["requests"] + 8
    assert found["floor"]["unanswered"] == 0
    assert found["alone"]["endpoint"] in found["serial_s"]
    assert "run / slowest alone" in done.stdout


def test_endpoints_at_a_distance_are_judged_as_near_ones(tmp_path: Path) -> None:
    command = [sys.executable, str(ROOT / "bench" / "scale"), "--endpoints=1", "--suite=ranges"]
    command += ["--round-trip=2", f"--report={tmp_path}"]

    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    (found,) = json.loads((tmp_path / "scale.json").read_text())
    assert set(found["outcomes"]) <= {"pass", "notrun", "unsupported"}
    assert found["outcomes"]["pass"] > 3


def test_what_is_held_back_arrives_whole() -> None:
    sent = bytes(range(256)) * 4096

    async def shout(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write((await reader.read())[::-1])  # only after the end of what was sent
        writer.close()

    async def ask() -> bytes:
        with socket.create_server((FAR, 0)) as listening:
            far = await asyncio.start_server(shout, sock=listening)
            near = await hold_back(listening.getsockname()[1], 0.01)
            reader, writer = await asyncio.open_connection(NEAR, listening.getsockname()[1])
            writer.write(sent)
            writer.write_eof()
            heard = await reader.read()
            writer.close()
            await writer.wait_closed()
            for server in (near, far):
                server.close()
                await server.wait_closed()
            await asyncio.sleep(0.1)  # what is on its way ends, too
            return heard

    assert asyncio.run(ask()) == sent[::-1]
