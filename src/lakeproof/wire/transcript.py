"""The record of what was asked and answered, and the curl line that asks it again."""

from __future__ import annotations

import codecs
import re
import shlex
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal
from urllib.parse import urlsplit

from lakeproof.wire.redact import redactor

SHOWN = 2048
EXCERPT = 2 * SHOWN
"""Bytes of a body kept for the record: twice what is shown, so that redaction sees whole secrets
before the text is cut."""

_INLINE_BODY = 300
_TOKEN_VALUE = re.compile(r"(?i)\s*bearer\s+\S.*", re.DOTALL)


@dataclass(frozen=True)
class Hop:
    """One redirect that was followed; `dropped` names headers the new origin must not see."""

    status: int
    location: str
    dropped: tuple[str, ...] = ()


@dataclass(frozen=True)
class BodyNote:
    """What is remembered of a request body: its start, its size, and how it was framed."""

    excerpt: bytes = b""
    size: int | None = None
    chunked: bool = False
    present: bool = False

    def text(self) -> str:
        """One phrase for the transcript."""
        size = "a stream" if self.size is None else f"{self.size} bytes"
        framing = ", chunked" if self.chunked else ""
        shown = _printable(self.excerpt)
        complete = self.size == len(self.excerpt) and len(self.excerpt) <= _INLINE_BODY
        return f"({size}{framing})" + (f" {shown}" if shown is not None and complete else "")


@dataclass
class Exchange:
    """One request of a check with everything that followed from it.

    `headers` are those the check asked for; a bearer in them is replaced by "$TOKEN" (another
    credential by "$OTHER_TOKEN") before it gets here, so that no record ever holds one.
    `broken_off` is an upload that our side dropped on purpose: no answer was waited for.
    `waited_in_vain`: it ended with a time-out, or there was no connection for it.
    `turned_away`: TLS refused the client certificate, which is an answer of its own kind.
    `resolve` is host:port:address where one address of the host was chosen.
    `raw` is what was sent as bytes (see `wire.raw`), turn by turn, with $TOKEN for a bearer.
    """

    method: str
    url: str
    headers: dict[str, str]
    auth_label: str = "anonymous"
    client_certificate: bool = False
    ca: Literal["system", "file", "directory"] = "system"
    resolve: str = ""
    body: BodyNote = field(default_factory=BodyNote)
    started: datetime = field(default_factory=lambda: datetime.now(UTC))
    status: int = 0
    reason: str = ""
    response_headers: dict[str, str] = field(default_factory=dict)
    response_excerpt: bytes = b""
    length: int = 0
    elapsed_s: float = 0.0
    failure: str = ""
    waited_in_vain: bool = False
    hops: tuple[Hop, ...] = ()
    follow: bool = True
    broken_off: bool = False
    turned_away: bool = False
    raw: tuple[str, ...] = ()

    def text(self) -> str:
        """The exchange as redacted plain text."""
        lines = [f"> {self.method} {self.url}   [{self.started:%H:%M:%S}Z, {self.auth_label}]"]
        lines += [f"> (to {self.resolve})"] if self.resolve else []
        lines += [f"> {name}: {value}" for name, value in redactor.headers(self.headers).items()]
        if self.body.present:
            lines.append(f"> {self.body.text()}")
        lines += [f"> {line}" for turn in self.raw for line in turn.splitlines()]
        for hop in self.hops:
            dropped = f"   [not sent there: {', '.join(hop.dropped)}]" if hop.dropped else ""
            lines.append(f"< {hop.status} redirect to {hop.location}{dropped}")
        if self.status:
            lines.append(f"< {self.status} {self.reason}".rstrip())
        answered = redactor.headers(self.response_headers)
        lines += [f"< {name}: {value}" for name, value in answered.items()]
        if self.length:
            lines.append(f"< ({self.length} bytes)")
            shown = redactor.text(_printable(self.response_excerpt) or "")[:SHOWN]
            lines += [f"< {line}" for line in shown.splitlines()]
        if self.failure:
            lines.append(f"! {self.failure}")
        lines.append(f"= {self.elapsed_s:.3f} s")
        return redactor.text("\n".join(lines))

    def curl(self) -> str:
        """A redacted curl line that repeats the request; "$TOKEN" stands for the bearer.

        What was sent as bytes is repeated with printf and openssl, as curl cannot send it.
        """
        if self.raw:
            return redactor.text(self._printf())
        words = ["curl", "--head"] if self.method == "HEAD" else ["curl", "-X", self.method]
        words += ["--location"] if self.follow else []
        words += ["--path-as-is"] if "/." in self.url or "//" in self.url[8:] else []
        words += ["--globoff"] if re.search(r"[\[\]{}]", self.url) else []
        words += {"file": ["--cacert", "CA_FILE"], "directory": ["--capath", "CA_DIR"]}.get(
            self.ca, []
        )
        words += ["--resolve", _quote(self.resolve)] if self.resolve else []
        if self.client_certificate:
            words += ["--cert", "CERT_FILE", "--key", "KEY_FILE"]
        for name, value in redactor.headers(self.headers).items():
            words += ["-H", _quote(f"{name}: {value}")]
        words += self._curl_body()
        words.append(_quote(self.url))
        return redactor.text(" ".join(words))

    def _printf(self) -> str:
        place = urlsplit(self.url).netloc.rpartition("@")[2]
        place = place if re.search(r":\d+$", place) else f"{place}:443"
        reader = f"openssl s_client -quiet -connect {_quote(place)}"
        if self.url.startswith("http:"):
            name, _, port = place.rpartition(":")
            reader = f"nc {_quote(name.strip('[]'))} {port}"
        turns = "; sleep 2; ".join(f'printf "{_escaped(turn)}"' for turn in self.raw)
        return f"({turns}) | {reader}"

    def _curl_body(self) -> list[str]:
        if not self.body.present:
            return []
        shown = _printable(self.body.excerpt)
        whole = self.body.size == len(self.body.excerpt) <= _INLINE_BODY
        if self.body.chunked or not whole or shown is None or shown.startswith("@"):
            chunked = ["-H", "'Transfer-Encoding: chunked'"] if self.body.chunked else []
            return [*chunked, "--upload-file", "FILE"]
        typed = any(name.lower() == "content-type" for name in self.headers)
        # Without this, curl declares the body to be a web form.
        untyped = [] if typed else ["-H", "'Content-Type:'"]
        return [*untyped, "--data-binary", _quote(shown)]


class Transcript:
    """The exchanges of one check, in order; `judged` is the one the verdict is about.

    `sightings` are the requests that our own peer got meanwhile, by resource, as redacted text.
    """

    def __init__(self, title: str = "") -> None:
        self.title = title
        self.exchanges: list[Exchange] = []
        self.judged: Exchange | None = None
        self.sightings: dict[str, list[str]] = {}
        self._text: tuple[object, str] | None = None

    def add(self, exchange: Exchange) -> None:
        """Append an exchange."""
        self.exchanges.append(exchange)

    def text(self) -> str:
        """All exchanges as redacted plain text."""
        # Asked for by Allure and by the results folder: the same while nothing was added.
        seen = [text for texts in self.sightings.values() for text in texts]
        state = (redactor.generation, [(e.status, e.elapsed_s) for e in self.exchanges], seen)
        if self._text is None or self._text[0] != state:
            head = [f"# {redactor.text(self.title)}"] if self.title else []
            asked = [exchange.text() for exchange in self.exchanges]
            said = ["# what our own server saw", *seen] if seen else []
            self._text = (state, "\n\n".join([*head, *asked, *said]) + "\n")
        return self._text[1]

    @property
    def reproduce(self) -> str:
        """The curl line of the judged exchange, else of the last; empty when there is none."""
        chosen = self.judged or (self.exchanges[-1] if self.exchanges else None)
        return chosen.curl() if chosen else ""


class Recorder:
    """Collects what the clients of one worker do, one transcript per check.

    Several threads of one check may add to it.
    """

    def __init__(self) -> None:
        self.current = Transcript()
        self.requests = 0
        self.bytes_sent = 0
        self.bytes_received = 0
        self._lock = threading.Lock()

    def count(self, *, requests: int = 0, sent: int = 0, received: int = 0) -> None:
        """Add to what the clients have done; sizes in bytes."""
        with self._lock:
            self.requests += requests
            self.bytes_sent += sent
            self.bytes_received += received

    def begin(self, title: str) -> Transcript:
        """Start a new transcript, which becomes the current one."""
        self.current = Transcript(title)
        return self.current


def placeholders(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers with bearers replaced: Authorization by $TOKEN, any other by $OTHER_TOKEN."""
    shown = {}
    for name, value in headers.items():
        if _TOKEN_VALUE.fullmatch(value):
            variable = "$TOKEN" if name.lower() == "authorization" else "$OTHER_TOKEN"
            shown[name] = f"Bearer {variable}"
        else:
            shown[name] = value
    return shown


def _printable(data: bytes) -> str | None:
    try:
        # Not final: an excerpt may end in the middle of a character.
        text, _ = codecs.utf_8_decode(data, "strict", False)
    except UnicodeDecodeError:
        return None
    return text if all(c.isprintable() or c in "\r\n\t" for c in text) else None


def _escaped(text: str) -> str:
    """`text` for printf within double quotes; $TOKEN is left to the shell."""
    text = re.sub(r"[\\\"`]|\$(?!TOKEN\b)", r"\\\g<0>", text).replace("%", "%%")
    return text.replace("\r", "\\r").replace("\n", "\\n")


def _quote(text: str) -> str:
    # Double quotes, so that the shell fills in the placeholder.
    if re.search(r"\$(OTHER_)?TOKEN\b", text) and not re.search(r'["`\\!]', text):
        return f'"{text}"'
    return shlex.quote(text)
