"""What the element answers, and the exception that refuses a request."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus

from multidict import CIMultiDict

Body = bytes | AsyncIterator[bytes]


@dataclass
class Answer:
    """One HTTP answer before it is written.

    `length` None with an iterator body means chunked. `announce` overrides the Content-Length
    that is sent (an answer to HEAD, or a lie); `chunked` sends none. `cut` closes the
    connection after the body, `reset` resets it; `raw` replaces everything by bytes written
    as they are, one at a time if `drip`; `after` are bytes that follow a complete answer.
    """

    status: int
    headers: CIMultiDict[str] = field(default_factory=CIMultiDict)
    body: Body = b""
    length: int | None = None
    announce: int | None = None
    cut: bool = False
    reset: bool = False
    raw: bytes | None = None
    drip: bool = False
    chunked: bool = False
    after: bytes = b""

    @property
    def size(self) -> int | None:
        """Bytes of the body, None when unknown."""
        return len(self.body) if isinstance(self.body, bytes) else self.length


class Refused(Exception):  # noqa: N818  reads as an outcome
    """A request is refused with this status, sentence and headers."""

    def __init__(
        self, status: int, sentence: str, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(sentence)
        self.status = status
        self.sentence = sentence
        self.headers = dict(headers or {})


def text(status: int, sentence: str = "", headers: Mapping[str, str] | None = None) -> Answer:
    """A plain-text answer; an empty sentence gives an empty body."""
    answer = Answer(status, CIMultiDict(headers or {}), sentence.encode())
    if sentence:
        answer.headers.setdefault("Content-Type", "text/plain; charset=utf-8")
    return answer


def not_found(what: object) -> Refused:
    """404 for `what`."""
    return Refused(HTTPStatus.NOT_FOUND, f"No such file or directory: {what}")
