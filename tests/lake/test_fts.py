"""The FTS stand-in on running lakes: root copies, tape, and a kill in the middle of copies."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest

from lakeproof.fts import gfal
from lakeproof.lake import Lake, control, up
from lakeproof.lake.layout import FTS
from lakeproof.lake.runtime import running
from tests.lake.ftsclient import FtsClient

pytestmark = pytest.mark.lake

MIB = 1024 * 1024
DATA = bytes(range(256)) * 4 * 1024
# Whoever makes the copies on this machine is told in the record of each.
COPIES = "gfal2 " if gfal.found() else "lakeproof "


@pytest.fixture(scope="module")
def emulated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lake]:
    from lakeproof.lake import down  # noqa: PLC0415  beside its use

    directory = tmp_path_factory.mktemp("fts") / "lake"
    try:
        yield up(directory, port_base=0, emulated=True)
    finally:
        down(directory)


@pytest.mark.parametrize("by_token", [True, False], ids=["token", "certificate"])
def test_root_copy(lake: Lake, *, by_token: bool) -> None:
    client = FtsClient(lake)
    name = f"fts-root-{by_token}"
    a, b = lake.real_sites
    client.put(a, name, DATA)
    token = client.token("storage.read:/ storage.modify:/") if by_token else ""

    job = client.wait(client.submit(f"{a.root_url}/{name}", f"{b.root_url}/{name}/copy", token))

    assert job["job_state"] == "FINISHED", job
    assert job["files"][0]["copied_by"].startswith(COPIES), job
    assert client.content(f"{b.url}/{name}/copy") == DATA


def test_version_and_log_say_stand_in(emulated: Lake) -> None:
    told = FtsClient(emulated).http.get(emulated.fts_url, timeout=30)

    assert "stand-in" in told.json()["stand_in"]
    assert "stand-in" in told.headers["Server"]
    assert "stand-in" in (emulated.layout.log / "fts.log").read_text()


def test_archive_then_stage(emulated: Lake) -> None:
    client = FtsClient(emulated)
    # EOS puts what is released back on tape at once; dCache would keep it as a cache.
    tape, disk = emulated.emulated_sites[1], emulated.emulated_sites[2]
    source = client.put(disk, "to-tape", DATA)
    on_tape, back = f"{tape.url}/tape/on-tape", f"{disk.url}/from-tape"

    archived = client.wait(client.submit(source, on_tape, archive_timeout=60))
    staged = client.wait(client.submit(on_tape, back, bring_online=60, copy_pin_lifetime=60))

    assert archived["job_state"] == "FINISHED", archived
    assert archived["files"][0]["copied_by"].startswith(COPIES)
    assert archived["files"][0]["archive_finish_time"]
    assert staged["job_state"] == "FINISHED", staged
    assert staged["files"][0]["staging_finished"]
    assert client.content(back) == DATA
    assert client.locality(tape, "tape/on-tape") == "TAPE"


def test_kill_in_the_middle_loses_no_job(emulated: Lake) -> None:
    client = FtsClient(emulated)
    one, other = emulated.emulated_sites[:2]
    data = os.urandom(48 * MIB)
    source = client.put(one, "large", data)
    targets = [f"{other.url}/killed/{number}" for number in range(6)]
    jobs = [client.submit(source, target) for target in targets]
    client.wait(jobs[0], "ACTIVE")
    cancelled = client.submit(source, f"{other.url}/killed/cancelled")

    os.kill(running(emulated.directory)[FTS].pid, signal.SIGKILL)

    control.restart(emulated.directory, FTS)
    client.http.delete(f"{emulated.fts_url}/jobs/{cancelled}", timeout=30)
    ended = [client.wait(job) for job in jobs]
    assert [job["job_state"] for job in ended] == ["FINISHED"] * len(jobs), ended
    assert all(client.content(target) == data for target in targets)
    assert client.job(cancelled)["job_state"] == "CANCELED"
    assert client.content(f"{other.url}/killed/cancelled") is None
    assert "it is copied again" in (emulated.layout.log / "fts.log").read_text()
