"""Payloads know their checksums, and a comparer says where a stream differs."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import zlib

import pytest

from lakeproof.wire.digest import parse_digest
from lakeproof.wire.payload import BLOCK, Enough, Payload


def test_known_checksums() -> None:
    payload = Payload.of(b"123456789")

    assert payload.crc32c == "e3069283"
    assert payload.adler32 == "091e01de"
    assert payload.md5 == "25f9e794323b453885f5181f1b624d0b"
    assert Payload.of(b"").adler32 == "00000001"


def test_generated_content_is_deterministic() -> None:
    size = 2 * BLOCK + 17
    payload = Payload.generated(size, seed=3)
    content = b"".join(payload.chunks(1000))

    assert len(content) == size
    assert content == b"".join(Payload.generated(size, seed=3).chunks())
    assert content != b"".join(Payload.generated(size, seed=4).chunks())
    assert payload.adler32 == f"{zlib.adler32(content):08x}"
    assert payload.md5 == hashlib.md5(content, usedforsecurity=False).hexdigest()
    assert len(zlib.compress(content)) > size * 0.99


@pytest.mark.parametrize("step", [1, 1000, BLOCK, 3 * BLOCK])
def test_comparing(step: int) -> None:
    payload = Payload.generated(BLOCK + 100, seed=1)
    content = b"".join(payload.chunks())
    step = max(step, 50) if step == 1 else step
    changed = bytearray(content)
    changed[BLOCK + 17] ^= 1

    def difference(stream: bytes) -> str | None:
        comparer = payload.compare()
        with contextlib.suppress(Enough):
            for start in range(0, len(stream), step):
                comparer.feed(stream[start : start + step])
        return comparer.difference()

    assert difference(content) is None
    assert difference(bytes(changed)) == f"differs at byte {BLOCK + 17}"
    assert difference(content[:-3]) == f"ends after {BLOCK + 97} of {BLOCK + 100} bytes"
    assert "bytes too many" in str(difference(content + bytes(12)))
    assert difference(b"") == f"ends after 0 of {BLOCK + 100} bytes"


def test_comparing_with_nothing() -> None:
    empty = Payload.of(b"").compare()
    assert empty.difference() is None
    with pytest.raises(Enough, match="longer than 0 bytes"):
        empty.feed(b"x")
    assert empty.difference() == "has at least 1 bytes too many"


def test_a_negative_size_is_refused() -> None:
    with pytest.raises(ValueError, match="-1"):
        Payload.generated(-1, seed=0)


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ("adler32=1a2b", {"adler32": "00001a2b"}),
        ("Adler32=02910143", {"adler32": "02910143"}),
        ("ADLER32=DEADBEEF", {"adler32": "deadbeef"}),
        ("crc32c=e3069283", {"crc32c": "e3069283"}),
        ("md5=JfnnlDI7RTiF9RgfG2JNCw==", {"md5": "25f9e794323b453885f5181f1b624d0b"}),
        ("MD5=25F9E794323B453885F5181F1B624D0B", {"md5": "25f9e794323b453885f5181f1b624d0b"}),
        ("md5=nonsense", {"md5": "nonsense"}),
        (
            "md5=JfnnlDI7RTiF9RgfG2JNCw==, adler32=091e01de",
            {
                "md5": "25f9e794323b453885f5181f1b624d0b",
                "adler32": "091e01de",
            },
        ),
        ("adler32=xyz", {"adler32": "xyz"}),
        ("unixsum=30637", {"unixsum": "30637"}),
        ("", {}),
        ("garbage", {}),
        ("=x", {}),
    ],
)
def test_digests(header: str, found: dict[str, str]) -> None:
    assert parse_digest(header) == found


def test_sha_in_both_forms() -> None:
    raw = hashlib.sha256(b"x").digest()
    in_base64 = base64.b64encode(raw).decode()
    assert parse_digest(f"SHA-256={in_base64}") == parse_digest(f"sha-256={raw.hex()}")
