"""What documents and answers of the tape API say, sound and odd."""

from __future__ import annotations

import json
from pathlib import PurePosixPath
from typing import cast

import pytest
from requests.structures import CaseInsensitiveDict

from lakeproof.wire.auth import ANONYMOUS
from lakeproof.wire.guard import GuardError
from lakeproof.wire.http import HttpClient
from lakeproof.wire.reply import Reply
from lakeproof.wire.tape import (
    Progress,
    TapeApi,
    api_url,
    locality_of,
    request_of,
    state_of,
    wanted,
)

FILE = PurePosixPath("/data/für alle/f")
URL = "https://se.example.org:3880/api/v1/tape"


def _reply(content: object, status: int = 200, **headers: str) -> Reply:
    body = json.dumps(content).encode()
    return Reply("POST", URL, status, headers=CaseInsensitiveDict(headers), body=body)


def _document(*endpoints: object) -> bytes:
    return json.dumps({"sitename": "se", "endpoints": endpoints}).encode()


def test_version_1_is_found_among_others() -> None:
    later = {"uri": "https://se.example.org/v2", "version": "v2"}

    assert api_url(_document(later, {"uri": f"{URL}/", "version": "v1"})) == URL


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[]",
        b'{"endpoints": 5}',
        _document("v1"),
        _document({"uri": URL}),
        _document({"uri": URL, "version": "v2"}),
        _document({"uri": 5, "version": "v1"}),
        _document({"uri": "http://se.example.org/api", "version": "v1"}),
        _document({"uri": "https://", "version": "v1"}),
        _document({"uri": "https://se.example.org:port/", "version": "v1"}),
        _document({"uri": "https://[broken/", "version": "v1"}),
    ],
)
def test_a_document_without_a_usable_url_names_none(body: bytes) -> None:
    assert api_url(body) is None


def test_a_request_is_named_by_body_or_location() -> None:
    assert request_of(_reply({"requestId": "a1-b2"}, 201)) == "a1-b2"
    assert request_of(_reply({}, 201, Location=f"{URL}/stage/c3/")) == "c3"


@pytest.mark.parametrize("named", ["", "..", "a/../b", "a/b", "a?b", "a b", 5, None])
def test_no_request_leads_anywhere_else(named: object) -> None:
    assert request_of(_reply({"requestId": named}, 201)) is None


def test_a_locality_is_told_for_the_very_file() -> None:
    other = {"path": "/data/other", "locality": "TAPE"}

    assert locality_of(_reply([other, {"path": str(FILE), "locality": "DISK"}]), FILE) == "DISK"
    assert locality_of(_reply([other]), FILE) is None
    assert locality_of(_reply([{"path": str(FILE), "error": "denied"}]), FILE) is None
    assert locality_of(_reply({"title": "Forbidden"}, 403), FILE) is None


def test_a_failed_file_says_so_by_state_or_error() -> None:
    def progress(**said: object) -> Reply:
        return _reply({"id": "1", "files": [{"path": str(FILE), **said}]})

    assert state_of(progress(state="COMPLETED"), FILE) == "COMPLETED"
    assert state_of(progress(onDisk=False, error="no permission"), FILE) == "FAILED"
    assert state_of(progress(onDisk=True), FILE) is None
    assert state_of(_reply({}), FILE) is None


class _Nobody:
    """A client that must not be asked."""

    def request(self, *_: object, **__: object) -> Reply:
        raise AssertionError("a request was sent")


@pytest.mark.parametrize("path", ["/data/other/f", "/data/run/../other/f", "//data/other/f", "/"])
def test_nothing_is_asked_for_that_is_not_ours(path: str) -> None:
    api = TapeApi(cast(HttpClient, _Nobody()), "/api/v1", ours=(PurePosixPath("/data/run"),))

    with pytest.raises(GuardError):
        api.stage_all([wanted(path)], auth=ANONYMOUS)
    with pytest.raises(GuardError):
        api.release("1", PurePosixPath(path), auth=ANONYMOUS)
    with pytest.raises(GuardError):
        api.cancel("1", PurePosixPath("/data/run/f"), PurePosixPath(path), auth=ANONYMOUS)


@pytest.mark.parametrize(
    ("file", "state", "on_disk", "ended"),
    [
        ({"state": "STARTED"}, "STARTED", False, False),
        ({"state": "COMPLETED"}, "COMPLETED", True, True),
        ({"state": "CANCELLED"}, "CANCELLED", False, True),
        ({"onDisk": True}, "ON DISK", True, True),
        ({"onDisk": False}, "NOT ON DISK", False, False),
        ({"onDisk": False, "error": "no drive"}, "FAILED", False, True),
        ({"onDisk": "yes"}, "unknown", False, False),
        ({}, "unknown", False, False),
    ],
)
def test_states_are_told_in_two_ways(
    file: dict[str, object], state: str, on_disk: bool, ended: bool
) -> None:
    seen = Progress(_reply({"files": ["odd", {"path": f"/{FILE}", **file}]}))

    assert seen.state(FILE) == state
    assert seen.on_disk(FILE) is on_disk
    assert seen.ended(FILE) is ended
    assert Progress(_reply({"files": 1})).files == []
