"""What came back: a reply, its failure, or the reason why nothing could be asked at all."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from requests.structures import CaseInsensitiveDict

from lakeproof.wire.redact import redactor
from lakeproof.wire.transcript import Exchange, Hop

FailureKind = Literal[
    "timeout", "closed", "malformed", "truncated", "oversized", "redirect", "aborted"
]
NotReachedKind = Literal["dns", "refused", "timeout", "tls", "unreachable", "throttled"]

_SUCCESS = range(200, 300)
_FIRST_ERROR = 400
_TEXT_LENGTH = 300
_TEXT_BYTES = 16384


@dataclass(frozen=True)
class Failure:
    """The connection stood, but no sound HTTP answer came over it."""

    kind: FailureKind
    sentence: str


@dataclass
class Reply:
    """The last answer to a request.

    `status` is 0 when none came; `body` is a bounded excerpt, `length` counts the bytes of
    body really received; `elapsed_s` includes redirects. `interim` says that a client which
    asked for it was told to go on (100) before it sent its body.
    """

    method: str
    url: str
    status: int = 0
    reason: str = ""
    headers: CaseInsensitiveDict[str] = field(default_factory=CaseInsensitiveDict)
    body: bytes = b""
    length: int = 0
    elapsed_s: float = 0.0
    failure: Failure | None = None
    hops: tuple[Hop, ...] = ()
    interim: bool = False
    exchange: Exchange | None = field(default=None, repr=False, compare=False)

    @property
    def ok(self) -> bool:
        """True for a 2xx status that arrived whole."""
        return self.status in _SUCCESS and self.failure is None

    @property
    def taken(self) -> bool:
        """True when the door carried the request out, or names the server that will."""
        return self.failure is None and 0 < self.status < _FIRST_ERROR

    @property
    def broken_off(self) -> bool:
        """True when our side dropped the connection in the middle of the body, as it meant to."""
        return self.failure is not None and self.failure.kind == "aborted"

    @property
    def text(self) -> str:
        """The start of the body for messages: one line, redacted, at most 300 characters."""
        # Redacted before it is cut: half a secret would no longer be recognised.
        decoded = redactor.text(self.body[:_TEXT_BYTES].decode("utf-8", errors="replace"))
        return " ".join(decoded.split())[:_TEXT_LENGTH]

    def describe(self) -> str:
        """One phrase: "PUT answered 201 Created", "PUT: no answer within 60 s"."""
        if self.status == 0:
            sentence = self.failure.sentence if self.failure else "no answer"
            return redactor.text(f"{self.method}: {sentence}")
        said = f"{self.method} answered {self.status} {self.reason}".rstrip()
        return redactor.text(f"{said}, but {self.failure.sentence}" if self.failure else said)


class NotReached(Exception):  # noqa: N818  reads as a fact, not as our error
    """A connection could not be made, so nothing was asked: never a verdict on a check."""

    def __init__(self, kind: NotReachedKind, sentence: str, url: str = "") -> None:
        super().__init__(redactor.text(sentence))
        self.kind = kind
        self.sentence = redactor.text(sentence)
        self.url = redactor.text(url)


class Throttled(NotReached):
    """The endpoint answers 429 however long one waits: it lets nobody in, so nothing was asked."""

    def __init__(self, sentence: str, url: str = "") -> None:
        super().__init__("throttled", sentence, url)
