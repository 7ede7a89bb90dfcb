"""Requests as bytes over one connection: pipelined, wrongly framed, or in plain HTTP.

No HTTP library sends such requests. Each one, a hidden one too, is an object, so that the write
guard sees all of them; what comes back is bounded in size and time, and recorded like the rest.
"""

from __future__ import annotations

import contextlib
import http.client
import io
import re
import socket
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, cast
from urllib.parse import urlsplit

from requests.structures import CaseInsensitiveDict

from lakeproof import __version__
from lakeproof.wire.auth import ANONYMOUS, Bearer, ClientCert, Credential
from lakeproof.wire.connection import tls_context
from lakeproof.wire.faults import detail, not_reached
from lakeproof.wire.guard import GuardError
from lakeproof.wire.http import HttpClient
from lakeproof.wire.pacing import throttled_sentence
from lakeproof.wire.redirect import InsecureBearer
from lakeproof.wire.reply import Failure, NotReached, Reply, Throttled
from lakeproof.wire.transcript import EXCERPT, Exchange

MAX_ANSWER = 1024 * 1024
"""Bytes that are read of all answers together."""

_PIECE = 65536
_THROTTLED = 429
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_BREAKS = re.compile(r"[\r\n\0]")
_HIDDEN = re.compile(rb"\S+[ \t]+\S+[ \t]+HTTP/\d")
_LENGTHS = frozenset({"content-length", "transfer-encoding"})


@dataclass(frozen=True)
class RawRequest:
    """One request as it is sent: nothing is corrected, nothing but Host and the bearer is added.

    `target` is raw. `headers` keep their order and may repeat; without Content-Length or
    Transfer-Encoding among them a body gets its true length. `body` is made of bytes and of
    further requests, which a careless server could take for requests of their own.
    """

    method: str
    target: str
    headers: Sequence[tuple[str, str]] = ()
    body: Sequence[bytes | RawRequest] = ()
    auth: Credential = ANONYMOUS

    def __post_init__(self) -> None:
        words = [self.method, *(name for name, _ in self.headers)]
        values = [self.target, *(value for _, value in self.headers)]
        if not all(map(_TOKEN.fullmatch, words)) or any(map(_BREAKS.search, values)):
            raise ValueError(f"{self.method} {self.target!r}: a line break would begin a header")
        if re.search(r"\s", self.target):
            raise ValueError(f"{self.target!r} is no request target: it has white space in it")

    def every(self) -> Iterator[RawRequest]:
        """This request and all those within its body."""
        yield self
        for part in self.body:
            if isinstance(part, RawRequest):
                yield from part.every()

    def render(self, host: str, *, shown: bool = False) -> bytes:
        """The bytes of the request; `shown`: with $TOKEN in place of the bearer."""
        body = self._body(host, shown=shown)
        lines = [f"{self.method} {self.target} HTTP/1.1", f"Host: {host}"]
        lines.append(f"User-Agent: lakeproof/{__version__}")
        if isinstance(self.auth, Bearer):
            lines.append(f"Authorization: Bearer {'$TOKEN' if shown else self.auth.token}")
        lines += [f"{name}: {value}" for name, value in self.headers]
        if body and not _LENGTHS & {name.lower() for name, _ in self.headers}:
            lines.append(f"Content-Length: {len(self._body(host, shown=False))}")
        return "\r\n".join([*lines, "", ""]).encode() + body

    def _body(self, host: str, *, shown: bool) -> bytes:
        return b"".join(
            part if isinstance(part, bytes) else part.render(host, shown=shown)
            for part in self.body
        )


@dataclass(frozen=True)
class RawAnswers:
    """What came back: the answers in order, and whether the server `closed` the connection.

    `rest` is what follows the last answer and is none.
    """

    replies: tuple[Reply, ...]
    closed: bool
    rest: bytes = b""
    exchange: Exchange | None = field(default=None, repr=False, compare=False)

    def describe(self) -> str:
        """One phrase: "2 answers (201, 404), then the connection stayed open"."""
        codes = ", ".join(str(reply.status or "malformed") for reply in self.replies)
        count = f"{len(self.replies)} answer{'' if len(self.replies) == 1 else 's'}"
        end = "was closed" if self.closed else "stayed open"
        return f"{count}{f' ({codes})' if codes else ''}, then the connection {end}"


def speak(
    client: HttpClient,
    requests: Sequence[RawRequest],
    *,
    plain: bool,
    in_turn: bool,
    enough: int | None,
) -> RawAnswers:
    """Send `requests` over one new connection and read what is answered.

    They go at once, or `in_turn`: each when there are as many answers as requests before it.
    `plain` leaves TLS out, and carries no credential. Reading ends when the connection does, with
    `enough` answers, or when nothing more comes: for `Timeouts.read_s` while `enough` are
    awaited, else for `settle_s`. A door that shuts us out for a while, and so has carried nothing
    out, is asked again. Raises NotReached, Throttled, GuardError, InsecureBearer.
    """
    tries = 0
    while True:
        answers = _once(client, requests, plain=plain, in_turn=in_turn, enough=enough)
        first = answers.replies[0] if answers.replies else None
        if first is None or first.status != _THROTTLED:
            return answers
        wait_s = client.wait_for(first, tries)
        if wait_s is None:
            raise Throttled(throttled_sentence(first, tries), client.origin)
        tries += 1
        time.sleep(wait_s)


def _once(
    client: HttpClient,
    requests: Sequence[RawRequest],
    *,
    plain: bool,
    in_turn: bool,
    enough: int | None,
) -> RawAnswers:
    every = [one for request in requests for one in request.every()]
    scheme, host = ("http" if plain else "https"), urlsplit(client.origin).netloc
    if not client.origin.startswith("https:"):
        scheme, plain = "http", True
    for one in every:
        client.guard.check(one.method, one.target, dict(one.headers), client.origin)
        if any(isinstance(part, bytes) and _HIDDEN.search(part) for part in one.body):
            raise GuardError(f"{one.method} {one.target} refused: it hides a request as bytes")
        secret = one.auth is not ANONYMOUS or _names_secret(one)
        if plain and secret:
            raise InsecureBearer(f"{one.method} {one.target}: no credential over plain http")
    shown = [request.render(host, shown=True).decode("utf-8", "replace") for request in requests]
    first = requests[0]
    exchange = Exchange(
        method=first.method,
        url=f"{scheme}://{host}{first.target}",
        headers={},
        auth_label=first.auth.label,
        follow=False,
        raw=tuple(shown) if in_turn else ("".join(shown),),
    )
    client.recorder.current.add(exchange)
    client.recorder.count(requests=len(requests))
    started = time.monotonic()
    placed = client.pacer.before(None if first.auth is ANONYMOUS else first.auth)
    answers, line = RawAnswers((), closed=False), _Line(client, requests, plain=plain)
    sent = [request.render(host) for request in requests]
    try:
        line.talk(sent if in_turn else [b"".join(sent)], enough)
        answers = parse(line.data, line.closed, line.methods, exchange)
    except NotReached as error:
        exchange.failure, exchange.waited_in_vain = error.sentence, True
        raise
    finally:
        exchange.elapsed_s = time.monotonic() - started
        status = answers.replies[0].status if answers.replies else 0
        client.pacer.after(None if first.auth is ANONYMOUS else first.auth, status, placed=placed)
        for reply in answers.replies[1:]:  # a door that counts refusals counts these as well
            client.pacer.after(None, reply.status, placed=False)
    exchange.response_excerpt, exchange.length = line.data[:EXCERPT], len(line.data)
    exchange.status, exchange.reason = status, answers.describe()
    client.recorder.count(received=len(line.data))
    return answers


def _names_secret(request: RawRequest) -> bool:
    names = {name.lower() for name, _ in request.headers}
    return bool(names & {"authorization", "transferheaderauthorization", "cookie"})


class _Line:
    """One connection, from the handshake to the last byte that is waited for."""

    def __init__(self, client: HttpClient, requests: Sequence[RawRequest], *, plain: bool) -> None:
        every = [one for request in requests for one in request.every()]
        certificates = [one.auth for one in every if isinstance(one.auth, ClientCert)]
        self.client = client
        self.plain = plain
        self.certificate = certificates[0] if certificates else None
        self.methods = [request.method for request in requests]
        self.deadline = time.monotonic() + client.timeouts.total_s
        self.data = b""
        self.closed = False

    def talk(self, turns: Sequence[bytes], enough: int | None) -> None:
        """Send each of `turns` when the one before is answered; what comes is kept in `data`."""
        times = self.client.timeouts
        patience_s = times.settle_s if enough is None else times.read_s
        with self._connected() as line:
            for count, turn in enumerate(turns, 1):
                line.settimeout(times.read_s)
                # It may refuse before it has read all; what it says then is still to be heard.
                with contextlib.suppress(OSError):
                    line.sendall(turn)
                    self.client.recorder.count(sent=len(turn))
                self._hear(line, count if count < len(turns) else enough, patience_s)
                if self.closed:
                    return

    def _hear(self, line: socket.socket, enough: int | None, patience_s: float) -> None:
        while len(self.data) < MAX_ANSWER:
            if enough is not None:
                answers = parse(self.data, closed=False, methods=self.methods)
                if len(answers.replies) >= enough:
                    return
            try:
                line.settimeout(max(0.001, min(patience_s, self.deadline - time.monotonic())))
                piece = line.recv(_PIECE)
            except TimeoutError:
                return
            except OSError:  # a reset, or TLS ended without a farewell
                piece = b""
            if not piece:
                self.closed = True
                return
            self.data += piece

    def _connected(self) -> socket.socket:
        name, port = self.client.raw_origin()
        connect_s, url = self.client.timeouts.connect_s, self.client.origin
        try:
            line = socket.create_connection((self.client.address or name, port), connect_s)
        except (OSError, UnicodeError) as error:
            raise not_reached(error, url, connect_s) from error
        if self.plain:
            return line
        try:
            return tls_context(self.client.tls, self.certificate).wrap_socket(
                line, server_hostname=name
            )
        except OSError as error:
            line.close()
            raise not_reached(error, url, connect_s) from error


class _Bytes(io.BytesIO):
    """Bytes that http.client reads one answer after the other from."""

    def makefile(self, mode: str) -> _Bytes:
        del mode
        return self

    def close(self) -> None:
        """Stay open: the next answer begins where this one ends."""


def parse(
    data: bytes, closed: bool, methods: Sequence[str], exchange: Exchange | None = None
) -> RawAnswers:
    """The answers in `data`; the one to a HEAD has no body, those beyond `methods` may have one.

    While the connection is open, an answer that is not complete yet is left in `rest`.
    """
    source, replies = _Bytes(data), list[Reply]()
    while (at := source.tell()) < len(data):
        method = methods[len(replies)] if len(replies) < len(methods) else "GET"
        reply = Reply(method=method, url=exchange.url if exchange else "", exchange=exchange)
        response = http.client.HTTPResponse(cast("Any", source), method=method)
        try:
            response.begin()
            reply.status, reply.reason = response.status, response.reason or ""
            reply.headers = CaseInsensitiveDict(response.getheaders())
            reply.body = response.read()
            reply.length = len(reply.body)
        except (http.client.HTTPException, ValueError) as error:
            kind = _defect(error, at_end=source.tell() >= len(data))
            if kind == "truncated" and not closed:
                return RawAnswers(tuple(replies), closed, data[at:], exchange)
            reply.failure = Failure(kind, f"the answer is {kind}: {detail(error)}")
            replies.append(reply)
            return RawAnswers(tuple(replies), closed, data[at:], exchange)
        replies.append(reply)
    return RawAnswers(tuple(replies), closed, b"", exchange)


def _defect(error: Exception, *, at_end: bool) -> Literal["truncated", "malformed"]:
    cut = isinstance(error, http.client.IncompleteRead | http.client.RemoteDisconnected)
    return "truncated" if cut or at_end else "malformed"
