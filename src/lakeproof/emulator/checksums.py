"""Checksums of content: while it is written, and on demand."""

from __future__ import annotations

import base64
import hashlib
import zlib
from collections.abc import Iterable
from pathlib import Path

from lakeproof.wire.payload import Payload

CHUNK = 256 * 1024
WHILE_WRITING = ("adler32", "md5")
HASHES = {"md5": "md5", "sha": "sha1", "sha-256": "sha256", "sha-512": "sha512"}
SUPPORTED = ("adler32", "crc32c", *HASHES)
HEXADECIMAL = ("adler32", "crc32c")


class Checksums:
    """Running checksums: feed chunks, then read the raw values."""

    def __init__(self, algorithms: Iterable[str] = WHILE_WRITING) -> None:
        algorithms = tuple(algorithms)
        self._adler32 = 1 if "adler32" in algorithms else None
        self._hashes = {
            name: hashlib.new(HASHES[name], usedforsecurity=False)
            for name in algorithms
            if name in HASHES
        }

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes in."""
        if self._adler32 is not None:
            self._adler32 = zlib.adler32(chunk, self._adler32)
        for running in self._hashes.values():
            running.update(chunk)

    def values(self) -> dict[str, bytes]:
        """Raw values by RFC 3230 name (lower case); adler32 big-endian, 4 bytes."""
        found = {name: running.digest() for name, running in self._hashes.items()}
        if self._adler32 is not None:
            found["adler32"] = self._adler32.to_bytes(4, "big")
        return found


def of_file(path: Path, algorithms: Iterable[str]) -> dict[str, bytes]:
    """The raw checksums of a file on disk, read in constant memory."""
    algorithms = tuple(algorithms)
    running = Checksums(algorithms)
    with path.open("rb") as stream:
        while chunk := stream.read(CHUNK):
            running.feed(chunk)
    found = running.values()
    if "crc32c" in algorithms:
        found["crc32c"] = bytes.fromhex(Payload.of(path.read_bytes()).crc32c)
    return found


def rfc3230(algorithm: str, value: bytes) -> str:
    """The RFC 3230 text of a value: adler32 and crc32c as 8 hex digits, all others base64."""
    return value.hex() if algorithm in HEXADECIMAL else base64.b64encode(value).decode()


def structured(value: bytes) -> str:
    """The RFC 9530 text of a value: a byte sequence of RFC 8941."""
    return f":{base64.b64encode(value).decode()}:"
