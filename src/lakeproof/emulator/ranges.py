"""Byte ranges (RFC 9110 §14): parsing, and the multipart/byteranges body."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass

SPEC = re.compile(r"(\d*)-(\d*)")


class NotSatisfiableError(Exception):
    """No range of the request overlaps the file."""


@dataclass(frozen=True)
class Range:
    """The bytes `first` … `last`, both included."""

    first: int
    last: int

    @property
    def length(self) -> int:
        """Number of bytes."""
        return self.last - self.first + 1


def parse(header: str, size: int) -> list[Range] | None:
    """The satisfiable ranges of a Range header.

    None for one that must be ignored (other unit, or invalid); raises NotSatisfiableError when
    it is valid and nothing overlaps the `size` bytes.
    """
    unit, _, specs = header.partition("=")
    if unit.strip().lower() != "bytes":
        return None
    found: list[Range] = []
    for spec in specs.split(","):
        match = SPEC.fullmatch(spec.strip())
        if match is None or not any(match.groups()):
            return None
        bounds = _bounds(match[1], match[2], size)
        if bounds is None:
            return None
        if bounds.first < size and bounds.length > 0:
            found.append(Range(bounds.first, min(bounds.last, size - 1)))
    if not found:
        raise NotSatisfiableError
    return found


def _bounds(first: str, last: str, size: int) -> Range | None:
    if not first:
        wanted = int(last)
        return Range(size, size - 1) if wanted == 0 else Range(max(0, size - wanted), size - 1)
    if last and int(last) < int(first):
        return None
    return Range(int(first), int(last) if last else max(size - 1, int(first)))


@dataclass(frozen=True)
class Part:
    """One part of a multipart answer: its head, and the range that follows."""

    head: bytes
    range: Range


@dataclass(frozen=True)
class Multipart:
    """A multipart/byteranges body, with its exact length known before it is sent."""

    boundary: str
    parts: tuple[Part, ...]
    tail: bytes

    @property
    def length(self) -> int:
        """Bytes of the whole body."""
        return sum(len(p.head) + p.range.length for p in self.parts) + len(self.tail)


def multipart(ranges: list[Range], size: int, boundary: str | None) -> Multipart:
    """The body that carries several ranges of a file of `size` bytes."""
    boundary = boundary or uuid.uuid4().hex
    parts = []
    for wanted in ranges:
        head = (
            f"\r\n--{boundary}\r\nContent-Type: application/octet-stream\r\n"
            f"Content-Range: bytes {wanted.first}-{wanted.last}/{size}\r\n\r\n"
        )
        parts.append(Part(head.encode(), wanted))
    return Multipart(boundary, tuple(parts), f"\r\n--{boundary}--\r\n".encode())
