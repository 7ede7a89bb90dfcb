"""How the bytes of requests become requests, also on connections that read them carelessly."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from aiohttp.web_protocol import RequestHandler

REQUEST_LINE = re.compile(rb"([A-Za-z]{1,40}) \S+ HTTP/1\.[01]\r\n")
KNOWN_METHODS = tuple(
    b"OPTIONS HEAD GET PUT POST DELETE MKCOL MOVE COPY PROPFIND PROPPATCH LOCK UNLOCK PATCH TRACE"
    b" CONNECT".split()
)
UNSERVED_METHOD = b"NOTIFY"
CODING_LINE = re.compile(rb"(?i)\r\ntransfer-encoding:[^\r\n]*")
LENGTH_LINE = re.compile(rb"(?i)\r\ncontent-length:[ \t]*([^\r\n]*)")
KNOWN_CODING = re.compile(rb"(?i)\r\ntransfer-encoding:[ \t]*chunked[ \t]*(?:\r\n|$)")
END = b"\r\n\r\n"


class Connection(RequestHandler):
    """A connection that lets methods through which aiohttp's parser does not know."""

    __slots__ = ()

    def data_received(self, data: bytes) -> None:
        """Feed the parser; a method nobody knows reaches the dispatcher as one nobody serves."""
        start = REQUEST_LINE.match(data)
        # The end of the last request's body may stand before a method: xDELETE is no method.
        if start is not None and not start[1].endswith(KNOWN_METHODS):
            data = UNSERVED_METHOD + data[start.end(1) :]
        super().data_received(data)


class CarelessConnection(Connection):
    """A connection that hands the parser something else than what was sent."""

    __slots__ = ("_rewrites",)

    def __init__(
        self,
        rewrites: list[Callable[[bytes], bytes]],
        *args: Any,  # noqa: ANN401  handed through
        **options: Any,  # noqa: ANN401
    ) -> None:
        super().__init__(*args, **options)
        self._rewrites = rewrites

    def data_received(self, data: bytes) -> None:
        """Feed the parser what the faults make of `data`."""
        for rewrite in self._rewrites:
            data = rewrite(data)
        super().data_received(data)


def _by_length(data: bytes) -> bytes:
    """Transfer-Encoding is dropped where there is a Content-Length as well."""
    head, blank, rest = data.partition(END)
    return (CODING_LINE.sub(b"", head) if LENGTH_LINE.search(head) else head) + blank + rest


def _by_chunks(data: bytes) -> bytes:
    """Content-Length is dropped where the body comes in chunks, and nobody minds."""
    head, blank, rest = data.partition(END)
    return (LENGTH_LINE.sub(b"", head) if KNOWN_CODING.search(head) else head) + blank + rest


def _first_length(data: bytes) -> bytes:
    """Of several Content-Lengths the first counts."""
    head, blank, rest = data.partition(END)
    first = LENGTH_LINE.search(head)
    if first is not None:
        head = head[: first.end()] + LENGTH_LINE.sub(b"", head[first.end() :])
    return head + blank + rest


def _without_bad_length(data: bytes) -> bytes:
    """A Content-Length that is no number counts as none."""
    head, blank, rest = data.partition(END)
    return (
        LENGTH_LINE.sub(lambda line: line[0] if line[1].strip().isdigit() else b"", head)
        + blank
        + rest
    )


def _without_bad_coding(data: bytes) -> bytes:
    """A Transfer-Encoding that is not known counts as none."""
    head, blank, rest = data.partition(END)
    known = KNOWN_CODING.search(head) is not None
    return (head if known else CODING_LINE.sub(b"", head)) + blank + rest


def _without_body(data: bytes) -> bytes:
    """MKCOL has no body, whatever its header says."""
    head, blank, rest = data.partition(END)
    return (LENGTH_LINE.sub(b"", head) if head.startswith(b"MKCOL ") else head) + blank + rest


def _swapped(data: bytes) -> bytes:
    """Two requests without body that come together are served the other way round."""
    heads = data.split(END)
    if len(heads) == 3 and not heads[2] and not LENGTH_LINE.search(data):  # noqa: PLR2004
        return heads[1] + END + heads[0] + END
    return data


def _alone(data: bytes) -> bytes:
    """What comes together with the end of an upload is lost."""
    head, blank, rest = data.partition(END)
    length = LENGTH_LINE.search(head)
    if not head.startswith(b"PUT ") or length is None or not length[1].strip().isdigit():
        return data
    return head + blank + rest[: int(length[1])]


REWRITES: dict[str, Callable[[bytes], bytes]] = {
    "smuggling-accepted": _by_length,
    "length-besides-chunks-kept-open": _by_chunks,
    "length-conflict-accepted": _first_length,
    "length-invalid-accepted": _without_bad_length,
    "coding-unknown-accepted": _without_bad_coding,
    "unread-body-is-next-request": _without_body,
    "pipelined-answers-swapped": _swapped,
    "pipelined-after-upload-lost": _alone,
}
