"""Request bodies: how they are framed, sent again after a redirect, and remembered."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from lakeproof.wire.payload import Payload
from lakeproof.wire.transcript import EXCERPT, BodyNote


@dataclass(frozen=True)
class CutShort:
    """An upload that is dropped after `after` bytes of the `content` it announces.

    `chunked` announces no length; then the last chunk never comes.
    """

    content: Payload
    after: int
    chunked: bool = False


BodyLike = bytes | Payload | CutShort | Iterable[bytes]

_REPLAYED = 8 * 1024 * 1024


class BodySpent(Exception):  # noqa: N818  reads as a fact
    """A one-shot stream of more than 8 MiB had to be sent again: give a Payload instead."""


class Dropped(Exception):  # noqa: N818  reads as a fact
    """The body was broken off on purpose; the connection is closed without another word."""


class Body:
    """A request body that can be sent more than once; None means there is none."""

    def __init__(self, content: BodyLike | None) -> None:
        self._content = content
        self._kept: list[bytes] | None = []
        self._source: Iterator[bytes] | None = None
        if content is not None and not isinstance(content, bytes | Payload | CutShort):
            source = iter(content)
            # A list or the like starts anew each time; an iterator must be remembered.
            self._source = source if source is content else None

    @property
    def size(self) -> int | None:
        """Bytes, or None for a stream (and for no body)."""
        if isinstance(self._content, bytes):
            return len(self._content)
        if isinstance(self._content, CutShort):
            return None if self._content.chunked else self._content.content.size
        return self._content.size if isinstance(self._content, Payload) else None

    def note(self) -> BodyNote:
        """What the transcript remembers."""
        if self._content is None:
            return BodyNote()
        excerpt = b""
        if isinstance(self._content, bytes):
            excerpt = self._content[:EXCERPT]
        elif isinstance(self._content, Payload) and self._content.size <= EXCERPT:
            excerpt = b"".join(self._content.chunks())
        return BodyNote(excerpt, self.size, chunked=self.size is None, present=True)

    def open(self, sent: Callable[[int], None]) -> bytes | Iterator[bytes] | None:
        """The content from its start; `sent` is told the size of each piece handed out."""
        if self._content is None:
            return None
        if isinstance(self._content, bytes):
            sent(len(self._content))
            return self._content
        return self._pieces(sent)

    def _pieces(self, sent: Callable[[int], None]) -> Iterator[bytes]:
        for piece in self._stream():
            sent(len(piece))
            yield piece

    def _stream(self) -> Iterator[bytes]:
        if isinstance(self._content, Payload):
            yield from self._content.chunks()
        elif isinstance(self._content, CutShort):
            yield from _cut(self._content)
        elif self._source is None:
            yield from self._content or ()  # type: ignore[misc]  # bytes were handled above
        else:
            yield from self._replay(self._source)

    def _replay(self, source: Iterator[bytes]) -> Iterator[bytes]:
        if self._kept is None:
            raise BodySpent("a one-shot stream of more than 8 MiB cannot be sent a second time")
        yield from tuple(self._kept)
        for piece in source:
            self._remember(piece)
            yield piece

    def _remember(self, piece: bytes) -> None:
        if self._kept is None:
            return
        self._kept.append(piece)
        if sum(map(len, self._kept)) > _REPLAYED:
            self._kept = None


def _cut(body: CutShort) -> Iterator[bytes]:
    left = body.after
    for piece in body.content.chunks():
        if left <= 0:
            break
        yield piece[:left]
        left -= len(piece)
    raise Dropped
