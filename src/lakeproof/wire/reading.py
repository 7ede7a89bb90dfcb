"""Reads one HTTP answer as far as it is wanted, and says what is wrong with how it is framed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from email.errors import (
    MessageDefect,
    MultipartInvariantViolationDefect,
    StartBoundaryNotFoundDefect,
)
from email.message import Message
from typing import Any

import requests
import urllib3.exceptions
from requests.structures import CaseInsensitiveDict

from lakeproof.wire.connection import Trace
from lakeproof.wire.payload import Enough
from lakeproof.wire.reply import Failure, Reply

ERRORS = (
    requests.RequestException,
    urllib3.exceptions.HTTPError,
    OSError,
    EOFError,
    UnicodeError,
)
"""What the libraries below raise when a connection or an answer breaks."""

_PIECE = 262144
_STRAY_S = 0.5


def read_head(reply: Reply, raw: Any, trace: Trace) -> None:  # noqa: ANN401  urllib3's response
    """Take over status and header section; `reply.failure` says when they are no valid HTTP."""
    reply.status, reply.reason = raw.status, raw.reason or ""
    reply.headers = CaseInsensitiveDict(raw.headers)
    reply.failure = _header_failure(raw, trace)


def read_stray(reply: Reply, trace: Trace) -> None:
    """Read what comes after the answer to a HEAD on a connection that ends: nothing must."""
    if trace.sock is None:
        return
    # Not every server closes then; what must not be there comes at once or not at all.
    trace.deadline = min(trace.deadline, time.monotonic() + _STRAY_S)
    reply.length = trace.sock.rest()
    if reply.length:
        sentence = f"the answer must not have a body but has one ({reply.length} bytes)"
        reply.failure = Failure("malformed", sentence)


def read_body(
    reply: Reply,
    raw: Any,  # noqa: ANN401  urllib3's response
    *,
    keep: int,
    sink: Callable[[bytes], None] | None,
    count: Callable[[int], None],
) -> Exception | None:
    """Read the body, keeping its first `keep` bytes; gives the error that cut it short.

    `sink` gets every piece and may end the reading with Enough; without one, reading ends when
    there is more than may be kept. `count` hears of the bytes of each piece.
    """
    pieces = _Pieces(raw)
    kept = bytearray()
    for piece in pieces:
        reply.length += len(piece)
        count(len(piece))
        kept += piece[: keep - len(kept)]
        if sink is not None:
            try:
                sink(piece)
            except Enough as enough:
                reply.failure = Failure("oversized", str(enough))
                break
        elif reply.length > keep:
            break
    reply.body = bytes(kept)
    return pieces.error


class _Pieces:
    """The body as it arrives; an error of the connection ends it and is kept in `error`."""

    def __init__(self, raw: Any) -> None:  # noqa: ANN401  urllib3's response, untyped in requests
        self._raw = raw
        self.error: Exception | None = None

    def __iter__(self) -> Iterator[bytes]:
        while True:
            try:
                piece = self._raw.read1(_PIECE, decode_content=False)
            except ERRORS as error:
                self.error = error
                return
            if not piece:
                return
            yield piece


def _header_failure(raw: Any, trace: Trace) -> Failure | None:  # noqa: ANN401  urllib3's response
    if trace.ended:
        return Failure("truncated", "the connection was closed inside the header section")
    message = getattr(raw, "_original_response", None)
    if message is not None and (_defects(message.msg) or message.msg.get_payload()):
        return Failure("malformed", "its header section is not valid HTTP")
    lengths = raw.headers.get("Content-Length")
    if lengths is not None and not all(v.strip().isdigit() for v in lengths.split(",")):
        return Failure("malformed", f"its Content-Length is {lengths!r}")
    return None


def _defects(header: Message) -> list[MessageDefect]:
    """What is wrong with a header section, which the library parses without the body."""
    bodiless = (StartBoundaryNotFoundDefect, MultipartInvariantViolationDefect)
    return [defect for defect in header.defects if not isinstance(defect, bodiless)]
