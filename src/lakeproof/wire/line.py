"""One kept connection on which forms are posted, with next to no work of our own per answer.

For measuring only: it takes less than half of the processor time of aiohttp's client for the same
answers (bench/issuer_load), and offers nothing of what a check needs to judge HTTP itself.
Source of the framing: RFC 9112 §6 and §7.
"""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import Mapping
from urllib.parse import quote, urlsplit

LARGEST_ANSWER = 64 * 1024
"""Bytes of one answer that are read; of a longer one there is a byte more, and nothing after it."""

_STATUS = re.compile(rb"HTTP/1\.[01] (\d{3})[ \r]")
_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d{1,18})[ \t]*\r")
_CHUNKED = re.compile(rb"\r\ntransfer-encoding:[ \t]*chunked[ \t]*\r")
_CLOSE = re.compile(rb"\r\nconnection:[^\r\n]*\bclose\b|\Ahttp/1\.0 ")
_END = b"\r\n\r\n"
_FIRST_FINAL = 200
_BODILESS = frozenset({204, 304})
_MOST_TRAILERS = 20
_HANDS_OVER_S = 0.25
_KEPT_BY_QUOTE = "/%?&=:@!$'()*+,;~[]"


class BadAnswerError(Exception):
    """What came is no answer of HTTP/1.1, or ends too early."""


class Line:
    """A connection to where `url` is; opened by the first form, and anew when it was closed."""

    def __init__(
        self, url: str, headers: Mapping[str, str], context: ssl.SSLContext | None
    ) -> None:
        parts = urlsplit(url)
        secure = parts.scheme == "https"
        self._host = parts.hostname or ""
        self._port = parts.port or (443 if secure else 80)
        self._context = context if secure else None
        query = f"?{parts.query}" if parts.query else ""
        target = quote(f"{parts.path or '/'}{query}", safe=_KEPT_BY_QUOTE)
        lines = [f"POST {target} HTTP/1.1", f"Host: {parts.netloc.rpartition('@')[2]}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        if any("\r" in line or "\n" in line for line in lines):
            raise ValueError("a line break would begin another header")
        self._head = "\r\n".join([*lines, "Content-Length: "]).encode()
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def post(self, form: bytes) -> tuple[int, bytes]:
        """Status and body of the answer; raises OSError or BadAnswerError when there is none.

        When a kept connection turns out to be closed (RFC 9112 §9.3.1) the form is sent again.
        """
        kept = self._streams is not None
        try:
            return await self._exchange(form)
        except asyncio.CancelledError:
            self.close()
            raise
        except (OSError, EOFError, asyncio.LimitOverrunError) as error:
            self.close()
            if not kept or not _was_closed(error):
                raise _told(error) from error
        try:
            return await self._exchange(form)
        except (OSError, EOFError, asyncio.LimitOverrunError) as error:
            self.close()
            raise _told(error) from error

    def close(self) -> None:
        """Drop the connection at once, without a farewell that a server could leave unanswered."""
        if self._streams is not None:
            self._streams[1].transport.abort()
            self._streams = None

    async def _exchange(self, form: bytes) -> tuple[int, bytes]:
        if self._streams is None:
            self._streams = await asyncio.open_connection(
                self._host,
                self._port,
                ssl=self._context,
                limit=LARGEST_ANSWER,
                happy_eyeballs_delay=_HANDS_OVER_S,
            )
        reader, writer = self._streams
        writer.write(b"%s%d%s%s" % (self._head, len(form), _END, form))
        status, head = 0, b""
        while status < _FIRST_FINAL:
            head = await reader.readuntil(_END)
            found = _STATUS.match(head)
            if found is None:
                self.close()
                raise BadAnswerError("the answer is malformed")
            status = int(found[1])
        head = head.lower()
        body, whole = await _body(reader, head, status)
        if not whole or _CLOSE.search(head):
            self.close()
        return status, body


async def _body(reader: asyncio.StreamReader, head: bytes, status: int) -> tuple[bytes, bool]:
    """The body, and whether the connection is fit for another answer after it."""
    if status in _BODILESS:
        return b"", True
    if _CHUNKED.search(head):
        return await _chunks(reader)
    length = _LENGTH.search(head)
    if length is not None:
        size = int(length[1])
        return await reader.readexactly(min(size, LARGEST_ANSWER + 1)), size <= LARGEST_ANSWER
    body = bytearray()
    while len(body) <= LARGEST_ANSWER and (piece := await reader.read(LARGEST_ANSWER)):
        body += piece
    return bytes(body[: LARGEST_ANSWER + 1]), False


async def _chunks(reader: asyncio.StreamReader) -> tuple[bytes, bool]:
    body = bytearray()
    while True:
        line = (await reader.readuntil(b"\r\n")).partition(b";")[0].strip()
        if not re.fullmatch(rb"[0-9a-fA-F]{1,8}", line):
            raise BadAnswerError("a chunk of the answer is malformed")
        size = int(line, 16)
        if size == 0:
            return bytes(body), await _is_ended(reader)
        body += await reader.readexactly(min(size, LARGEST_ANSWER + 1 - len(body)))
        if len(body) > LARGEST_ANSWER:
            return bytes(body), False
        await reader.readexactly(2)


async def _is_ended(reader: asyncio.StreamReader) -> bool:
    """Read the trailers; whether there is an end to them."""
    for _ in range(_MOST_TRAILERS):
        if await reader.readuntil(b"\r\n") == b"\r\n":
            return True
    return False


def _was_closed(error: Exception) -> bool:
    """Whether the server had closed before it said anything."""
    if isinstance(error, asyncio.IncompleteReadError):
        return not error.partial
    return isinstance(error, ConnectionError)


def _told(error: Exception) -> Exception:
    if isinstance(error, OSError):
        return error
    too_long = isinstance(error, asyncio.LimitOverrunError)
    return BadAnswerError(
        "the answer's header does not end" if too_long else "the answer ends early"
    )
