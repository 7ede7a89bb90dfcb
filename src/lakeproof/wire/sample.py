"""A file whose content is known, for everything that only reads."""

from __future__ import annotations

import hashlib
import zlib
from dataclasses import dataclass
from pathlib import PurePosixPath

from lakeproof.wire.payload import Payload

KEPT = 32 * 1024 * 1024
"""Bytes that are kept of the beginning, and as many of the end, of a long file."""


class Unkept(LookupError):  # noqa: N818  reads as a fact
    """These bytes lie in the middle of a long file, which is not kept."""


@dataclass(frozen=True)
class Sample:
    """Where it is, its size, its checksums (lower-case hex), and the bytes that are kept.

    `head` are the first bytes and `tail` the last ones; a file of up to 64 MiB is all kept.
    """

    path: PurePosixPath
    size: int
    adler32: str
    md5: str
    sha256: str
    head: bytes
    tail: bytes

    def __repr__(self) -> str:
        return f"Sample({str(self.path)!r}, {self.size} bytes)"

    @property
    def is_kept(self) -> bool:
        """Whether every byte is at hand."""
        return len(self.head) + len(self.tail) == self.size

    @property
    def payload(self) -> Payload:
        """The whole content; raises Unkept for a long file."""
        if not self.is_kept:
            raise Unkept(f"{self.path} has {self.size} bytes, {2 * KEPT} are kept at most")
        return Payload.of(self.head + self.tail)

    @property
    def crc32c(self) -> str:
        """CRC-32C as 8 lower-case hex digits; raises Unkept for a long file."""
        return self.payload.crc32c

    def cut(self, first: int, last: int) -> bytes:
        """The bytes `first` … `last`, both included; raises Unkept between head and tail."""
        start_of_tail = self.size - len(self.tail)
        if last < len(self.head):
            return self.head[first : last + 1]
        if first >= start_of_tail:
            return self.tail[first - start_of_tail : last + 1 - start_of_tail]
        if not self.is_kept:
            raise Unkept(f"bytes {first}-{last} of {self.path} are not kept")
        return self.head[first:] + self.tail[: last + 1 - start_of_tail]

    def difference(self, read: Sample) -> str | None:
        """None when `read` is the same content, else one phrase."""
        if read.size != self.size:
            return f"has {read.size} of {self.size} bytes"
        if read.sha256 == self.sha256:
            return None
        pairs = zip(self.head + self.tail, read.head + read.tail, strict=False)
        at = next((at for at, (mine, theirs) in enumerate(pairs) if mine != theirs), None)
        if at is None:
            return "differs in its middle"
        left_out = 0 if at < len(self.head) else self.size - len(self.head) - len(self.tail)
        return f"differs at byte {at + left_out}"


class Reading:
    """Takes a stream of any length in, in constant memory, and says what it was."""

    def __init__(self) -> None:
        self._head = bytearray()
        self._tail = bytearray()
        self._size = 0
        self._adler32 = 1
        self._md5 = hashlib.md5(usedforsecurity=False)
        self._sha256 = hashlib.sha256()

    def feed(self, data: bytes) -> None:
        """Take the next bytes of the stream."""
        self._size += len(data)
        self._adler32 = zlib.adler32(data, self._adler32)
        self._md5.update(data)
        self._sha256.update(data)
        room = KEPT - len(self._head)
        self._head += data[:room] if room else b""
        self._tail += data[max(room, 0) :]
        del self._tail[: max(0, len(self._tail) - KEPT)]

    def at(self, path: PurePosixPath) -> Sample:
        """What was read, as the content of `path`."""
        return Sample(
            path=path,
            size=self._size,
            adler32=f"{self._adler32:08x}",
            md5=self._md5.hexdigest(),
            sha256=self._sha256.hexdigest(),
            head=bytes(self._head),
            tail=bytes(self._tail),
        )


def sample_of(path: PurePosixPath, payload: Payload) -> Sample:
    """The sample that a payload makes at `path`."""
    reading = Reading()
    for block in payload.blocks():
        reading.feed(block)
    return reading.at(path)
