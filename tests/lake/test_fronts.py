"""What stands before storages in a lake: a real cache, and a real redirector."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from lakeproof.lake import Lake, control, up
from lakeproof.lake.layout import CACHE, REDIRECTOR
from lakeproof.lake.runtime import running
from tests.lake.conftest import directories
from tests.lake.doors import CONTENT, Doors

pytestmark = [pytest.mark.lake, pytest.mark.usefixtures("xrootd")]
# Quick ones of each kind, among them all that are known to fail here.
THROUGH_REDIRECTOR = (
    *("webdav.collections.*", "webdav.files.*", "webdav.listing.*", "webdav.move.*"),
    *("webdav.names.*", "webdav.redirects.*", "tokens.scopes.*"),
    *("root.changes.*", "root.content.*", "root.names.*", "root.vectors.*", "root.matrix.*"),
    "root.access.certificate-that-works-over-http-works-here",
)
# No MOVE works there with a token, and no name with a blank and a hash: see xrootd-redirector.yaml.
HINDERED = {
    "webdav.move.move-to-new-name-answers-created",
    "webdav.redirects.location-is-a-valid-uri",
}
LARGE = bytes(range(256)) * 1024  # four blocks of the cache
PATIENCE_S, PAUSE_S = 30.0, 0.2


@pytest.fixture(scope="module")
def full_lake(xrootd: None) -> Iterator[Lake]:
    for path in directories():
        path.parent.chmod(0o755)
        yield up(path, port_base=0, fronts={CACHE, REDIRECTOR})


@pytest.fixture
def doors(full_lake: Lake) -> Iterator[Doors]:
    found = Doors(full_lake)
    yield found
    found.close()


def test_every_process_is_told_of(full_lake: Lake) -> None:
    states = {
        each.name: each.alive and each.listening for each in control.status(full_lake.directory)
    }

    assert all(states.values())
    assert {"xrd-cache", "xrd-redirector", "cmsd-redirector", "xrd-data1", "cmsd-data2"} <= set(
        states
    )


def test_redirector_sends_to_a_data_server_at_once(doors: Doors) -> None:
    site = doors.sites["redirector"]
    doors.put(site, "sent-on")

    reply = doors.ask("GET", site, "sent-on", token=doors.token())

    assert reply.content == CONTENT
    ports = {urlsplit(each.headers["Location"]).port for each in reply.history}
    assert ports <= {site.port + 2, site.port + 3}
    assert ports


def test_checks_of_both_doors_pass_through_the_redirector(full_lake: Lake, tmp_path: Path) -> None:
    lakeproof = [sys.executable, "-m", "lakeproof.cli", "run", "--endpoint=LAKE-REDIRECTOR"]
    where = ["-i", str(full_lake.inventory), "--out", str(tmp_path), "--store=none"]
    chosen = [f"--check={glob}" for glob in THROUGH_REDIRECTOR]

    done = subprocess.run(
        [*lakeproof, *where, *chosen], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout + done.stderr
    lines = (tmp_path / "latest" / "results.jsonl").read_text().splitlines()
    results = [json.loads(line) for line in lines]
    assert {each["check"] for each in results if each["outcome"] == "blocked"} == HINDERED
    assert Counter(each["outcome"] for each in results)["pass"] >= 90


def test_cache_gives_what_is_behind_it_to_whom_it_belongs(doors: Doors) -> None:
    cache = doors.sites["cache"]
    doors.put(doors.a, "kept", LARGE)

    for _ in ("cold", "warm"):
        assert doors.get(cache, "kept") == LARGE

    elsewhere = doors.token("storage.read:/elsewhere")
    assert doors.ask("GET", cache, "kept").status_code == 403
    assert doors.ask("GET", cache, "kept", token=elsewhere).status_code == 403
    assert doors.ask("DELETE", cache, "kept", token=doors.token()).status_code >= 400
    assert doors.get(doors.a, "kept") == LARGE


def test_suite_on_the_real_cache_finds_what_is_known(full_lake: Lake, tmp_path: Path) -> None:
    lakeproof = [sys.executable, "-m", "lakeproof.cli", "run", "--endpoint=LAKE-XCACHE"]
    where = ["-i", str(full_lake.inventory), "--out", str(tmp_path), "--suite=cache"]

    done = subprocess.run([*lakeproof, *where], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "cache.changes.two-versions-are-not-mixed: bytes of both" in done.stdout
    assert "second read" in done.stdout  # the table


def test_origin_that_is_down_is_an_error_soon_and_leaves_nothing_behind(doors: Doors) -> None:
    cache, token = doors.sites["cache"], doors.token()
    for name in ("whole", "part", "none"):
        doors.put(doors.a, name, LARGE)
    assert doors.get(cache, "whole") == LARGE
    assert doors.ask("GET", cache, "part", token=token, headers={"Range": "bytes=0-9"}).ok
    origin = running(doors.lake.directory)["xrd-a"]
    os.kill(origin.pid, 9)

    assert doors.get(cache, "whole") == LARGE
    assert doors.ask("GET", cache, "none", token=token).status_code >= 500
    with pytest.raises(OSError, match="IncompleteRead"):
        doors.ask("GET", cache, "part", token=token)

    control.restart(doors.lake.directory, "xrd-a")
    assert all(_read_at_last(doors, name) == LARGE for name in ("none", "part", "whole"))


def _read_at_last(doors: Doors, name: str) -> bytes:
    """The file as the cache gives it once it answers 200 with the announced length.

    For a moment (XRD_CONNECTIONWINDOW) it does not try an origin again that it did not reach.
    """
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            reply = doors.ask("GET", doors.sites["cache"], name, token=doors.token())
        except requests.exceptions.ChunkedEncodingError:
            done = False  # it ended too early, as a client sees
        else:
            done = reply.ok
        if done or time.monotonic() > deadline:
            assert done, f"{name} cannot be read although the origin is back"
            return reply.content
        time.sleep(PAUSE_S)
