"""The parts of a partial answer (206): one with Content-Range, or multipart/byteranges."""

from __future__ import annotations

import re
from dataclasses import dataclass
from email.errors import CloseBoundaryNotFoundDefect
from email.message import Message
from email.parser import BytesFeedParser

from lakeproof.wire.reply import Reply

_CONTENT_RANGE = re.compile(r"\s*bytes\s+(\d+)-(\d+)/(\d+|\*)\s*", re.IGNORECASE)


class BadPartial(ValueError):  # noqa: N818  reads as a fact
    """The answer does not say which bytes it carries, or says it in no form that is known."""


@dataclass(frozen=True)
class Part:
    """Bytes `first` … `last`, both included, of a file of `total` bytes (None: not said)."""

    first: int
    last: int
    total: int | None
    data: bytes


@dataclass(frozen=True)
class Partial:
    """The parts of a 206 in their order; `closed` is False when a multipart body has no end."""

    parts: tuple[Part, ...]
    is_multipart: bool = False
    closed: bool = True

    @property
    def spans(self) -> list[tuple[int, int]]:
        """First and last byte of each part."""
        return [(part.first, part.last) for part in self.parts]


def partial(reply: Reply) -> Partial:
    """What a 206 carries; raises BadPartial when it does not say."""
    kind = reply.headers.get("Content-Type", "")
    if not kind.lower().startswith("multipart/byteranges"):
        return Partial((_part(reply.headers.get("Content-Range"), reply.body),))
    # The line breaks of the parts are bytes of the file: nothing may translate them, and this
    # parser of the standard library does not.
    parser = BytesFeedParser()
    parser.feed(b"Content-Type: " + kind.encode("latin-1", "replace") + b"\r\n\r\n" + reply.body)
    message = parser.close()
    inner = message.get_payload()
    if not isinstance(inner, list) or not inner:
        raise BadPartial(f"no part between boundaries ({kind})")
    closed = not any(isinstance(d, CloseBoundaryNotFoundDefect) for d in message.defects)
    return Partial(tuple(map(_inner_part, inner)), is_multipart=True, closed=closed)


def _inner_part(message: Message) -> Part:
    content = message.get_payload(decode=True)
    if not isinstance(content, bytes):
        raise BadPartial("a part that has parts itself")
    return _part(message.get("Content-Range"), content)


def _part(content_range: str | None, data: bytes) -> Part:
    if content_range is None:
        raise BadPartial("no Content-Range")
    found = _CONTENT_RANGE.fullmatch(content_range)
    if found is None:
        raise BadPartial(f"Content-Range: {content_range}")
    total = None if found[3] == "*" else int(found[3])
    return Part(int(found[1]), int(found[2]), total, data)
