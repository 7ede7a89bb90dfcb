"""--read-only asks and never writes; with a named file it still says a lot."""

from __future__ import annotations

import secrets
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import pytest
from aiohttp import web

from lakeproof.emulator import EmulatorConfig, StorageServer, TrustedIssuer
from lakeproof.emulator.answer import Answer
from lakeproof.lake.layout import ODD_CLIENT
from tests.bite.bench import AREA
from tests.cli_faults.ground import Ground
from tests.plugin.dav import Storage
from tests.plugin.tree import Finished, finish, lakeproof_command

READING = {"OPTIONS", "GET", "HEAD", "PROPFIND", "POST", "TRACE", "REPORT"}
CONTENT = bytes(range(251)) * 1000
ADLER32 = f"{zlib.adler32(CONTENT):08x}"
FEWEST_WITH_A_SAMPLE = 30


class Watched(StorageServer):
    """A storage element that remembers the methods it was asked."""

    def __init__(self, config: EmulatorConfig) -> None:
        super().__init__(config)
        self.methods: list[str] = []

    async def _answer(self, request: web.BaseRequest, *, at_door: bool) -> Answer:
        self.methods.append(request.method)
        return await super()._answer(request, at_door=at_door)


@pytest.fixture
def element(ground: Ground, tmp_path: Path) -> Iterator[Watched]:
    """An element that holds one file, put there behind its door."""
    config = EmulatorConfig(
        root=tmp_path / "element",
        certificate=ground.files.certificate,
        key=ground.files.key,
        ca_certificate=ground.files.ca,
        ca_key=ground.files.ca_key,
        dialect="conformant",
        name="localhost",
        issuers=(TrustedIssuer(ground.issuer.url, PurePosixPath(AREA), ground.files.ca),),
        trust=ground.files.ca,
        macaroon_secret=secrets.token_hex(),
    )
    with Watched(config) as server:
        (place,) = [found.parent for found in config.root.rglob(AREA.strip("/"))] or [config.root]
        (place / AREA.strip("/")).mkdir(parents=True, exist_ok=True)
        (place / AREA.strip("/") / "known.dat").write_bytes(CONTENT)
        yield server


def _check(ground: Ground, url: str, folder: Path, *arguments: str) -> Finished:
    command = lakeproof_command("check", url, "--read-only", f"--out={folder / 'out'}", *arguments)
    return finish(command, folder, folder / "out", None)


def _member(ground: Ground) -> list[str]:
    return [
        f"--ca={ground.files.ca}",
        f"--token=client:{ground.issuer.url}",
        f"--client-id={ODD_CLIENT}",
        f"--client-secret-file={ground.secret_file}",
        "--odd-tokens",
    ]


def test_named_file_lets_ranges_and_digests_run(
    ground: Ground, element: Watched, tmp_path: Path
) -> None:
    named = f"--sample-file=known.dat,{len(CONTENT)},{ADLER32}"

    run = _check(ground, f"{element.url}{AREA}", tmp_path, named, *_member(ground))

    assert run.code == 0, run.output
    assert set(element.methods) <= READING
    tried = [row for row in run.results if row["outcome"] == "pass"]
    assert len([row for row in tried if row["check"].startswith("ranges.")]) > 20
    assert len(tried) > FEWEST_WITH_A_SAMPLE
    assert run.result("sample-file-is-what-it-should-be")["outcome"] == "pass"
    assert run.result("download-equals-upload")["actual"] == (
        "it writes, and the run is --read-only"
    )
    # What a door has addresses for is not of this element's making.
    complaints = [
        (row["check"], row["actual"])
        for row in run.results
        if row["outcome"] not in {"pass", "notrun", "unsupported"}
        and not row["check"].startswith("reachability.")
    ]
    assert complaints == []
    assert run.summary["left_behind"] == []


def test_without_a_named_file_those_checks_say_what_to_give(
    ground: Ground, element: Watched, tmp_path: Path
) -> None:
    run = _check(ground, f"{element.url}{AREA}", tmp_path, *_member(ground))

    assert run.code == 0, run.output
    assert set(element.methods) <= READING
    assert "give --sample-file PATH,SIZE,ADLER32" in run.result("first-bytes-are-right")["actual"]
    assert "give --sample-file PATH,SIZE,ADLER32" in run.output


@pytest.mark.parametrize(
    ("named", "seen"),
    [
        (f"known.dat,{len(CONTENT)},00000001", f"have adler32 {ADLER32}"),
        (f"known.dat,{len(CONTENT) + 1},{ADLER32}", f"has {len(CONTENT)} bytes"),
        (f"{AREA}/gone.dat,{len(CONTENT)},{ADLER32}", "404"),
    ],
    ids=["adler32", "size", "missing"],
)
def test_wrong_statement_fails_once_and_blocks_the_rest(
    ground: Ground, element: Watched, tmp_path: Path, named: str, seen: str
) -> None:
    only = ("--suite=ranges", "--check=ranges.*", "--check=integrity.truth.*", "--suite=integrity")

    run = _check(
        ground,
        f"{element.url}{AREA}",
        tmp_path,
        f"--sample-file={named}",
        *only,
        *_member(ground),
    )

    assert run.code == 1, run.output
    (failed,) = [row for row in run.results if row["outcome"] == "fail"]
    assert failed["check"] == "integrity.truth.sample-file-is-what-it-should-be"
    assert seen in failed["actual"]
    blocked = run.result("first-bytes-are-right")
    assert blocked["outcome"] == "blocked"
    assert "a check of its own" in blocked["actual"]
    assert set(element.methods) <= READING


def test_anonymous_door_is_read_as_anybody(ground: Ground, tmp_path: Path) -> None:
    storage = Storage()
    try:
        storage.tree["/store/known.dat"] = CONTENT
        named = f"--sample-file=known.dat,{len(CONTENT)},{ADLER32}"

        run = _check(ground, storage.url, tmp_path, named)

        assert {method for method, _ in storage.asked} <= READING
        assert run.result("second-download-equals-first")["outcome"] == "pass"
        assert run.result("first-bytes-are-right")["outcome"] == "pass"
        assert run.result("single-range-is-honoured")["outcome"] == "nonstrict"
        assert list(storage.tree) == ["/", "/store", "/store/known.dat"]
    finally:
        storage.stop()


def test_file_that_may_not_be_read_is_one_error(
    ground: Ground, element: Watched, tmp_path: Path
) -> None:
    named = f"--sample-file=known.dat,{len(CONTENT)},{ADLER32}"
    only = ("--suite=ranges", "--level=must", f"--ca={ground.files.ca}")

    run = _check(ground, f"{element.url}{AREA}", tmp_path, named, *only)

    assert run.code == 2, run.output
    assert run.outcomes["error"] == 1
    assert run.outcomes["blocked"] > 10
    (error,) = [row for row in run.results if row["outcome"] == "error"]
    assert error["blame"] == "credential"


def test_malformed_statement_is_wrong_usage(ground: Ground, tmp_path: Path) -> None:
    run = _check(ground, "davs://localhost:1/x", tmp_path, "--sample-file=known.dat,12")

    assert run.code == 3
    assert "expected PATH,SIZE,ADLER32 such as" in run.output
