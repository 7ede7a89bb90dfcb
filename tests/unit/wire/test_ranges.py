"""Partial answers are taken apart without touching a byte."""

from __future__ import annotations

import pytest
from requests.structures import CaseInsensitiveDict

from lakeproof.wire.ranges import BadPartial, Part, partial
from lakeproof.wire.reply import Reply

# Everything that a careless parser would translate, strip or split at.
NASTY = b"\r\n\n\r --123456 \x00\xff\xc3\xa9\x85\xe2\x80\xa8 \r\n-- \r"
KIND = "multipart/byteranges; boundary=123456"
HEAD = b"\r\n--123456\r\nContent-Type: application/octet-stream\r\n"


def _reply(body: bytes, **headers: str) -> Reply:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply("GET", "https://se/f", 206, "", CaseInsensitiveDict(named), body)


def _said(first: int, data: bytes) -> bytes:
    return HEAD + f"Content-Range: bytes {first}-{first + len(data) - 1}/99\r\n\r\n".encode() + data


def test_single_part() -> None:
    found = partial(_reply(NASTY, Content_Range="bytes 5-9/99"))

    assert found.parts == (Part(5, 9, 99, NASTY),)
    assert not found.is_multipart


def test_unknown_total() -> None:
    assert partial(_reply(b"a", Content_Range="bytes 5-5/*")).parts[0].total is None


@pytest.mark.parametrize("data", [NASTY, bytes(range(256)) * 40, b"\n", b"\r\n", b"\r", b"a\n"])
def test_parts_keep_every_byte(data: bytes) -> None:
    body = _said(0, b"abc") + _said(10, data) + b"\r\n--123456--\r\n"

    found = partial(_reply(body, Content_Type=KIND))

    assert [part.data for part in found.parts] == [b"abc", data]
    assert found.closed


def test_missing_end_is_noticed() -> None:
    found = partial(_reply(_said(0, b"abc"), Content_Type=KIND))

    assert found.spans == [(0, 2)]
    assert not found.closed


@pytest.mark.parametrize(
    "reply",
    [
        _reply(b"a"),
        _reply(b"a", Content_Range="bytes 5-/99"),
        _reply(b"a", Content_Range="bytes */99"),
        _reply(b"no boundary", Content_Type=KIND),
        _reply(b"a", Content_Type="multipart/byteranges"),
        _reply(HEAD + b"\r\nabc\r\n--123456--", Content_Type=KIND),
    ],
)
def test_what_does_not_say_is_bad(reply: Reply) -> None:
    with pytest.raises(BadPartial):
        partial(reply)
