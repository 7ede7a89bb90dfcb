"""The HTTP client every check goes through: bounded, recorded, guarded.

It speaks over requests' adapter and urllib3's pools, but follows redirects itself, so that
a token never leaves its origin, and turns every defect of an answer into `Reply.failure`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Any, Literal
from urllib.parse import quote, urlsplit

import requests
from requests.hooks import default_hooks
from requests.structures import CaseInsensitiveDict

from lakeproof import __version__
from lakeproof.wire.auth import ANONYMOUS, Bearer, ClientCert, Credential
from lakeproof.wire.body import Body, BodyLike, BodySpent, Dropped
from lakeproof.wire.connection import TRACE, Adapter, Pin, TlsConfig, Trace, tls_context
from lakeproof.wire.faults import failure, not_reached
from lakeproof.wire.guard import GuardError, WriteGuard
from lakeproof.wire.pacing import Pacer, retry_after, throttled_sentence
from lakeproof.wire.reading import ERRORS, read_body, read_head, read_stray
from lakeproof.wire.redirect import (
    InsecureBearer,
    RedirectError,
    next_url,
    redirected_method,
    refuse_leak,
    refuse_plain,
    without_secrets,
)
from lakeproof.wire.reply import Failure, NotReached, Reply, Throttled
from lakeproof.wire.transcript import EXCERPT, BodyNote, Exchange, Hop, Recorder, placeholders

__all__ = [
    "MAX_BODY",
    "GuardError",
    "HttpClient",
    "InsecureBearer",
    "Timeouts",
    "TlsConfig",
    "WriteGuard",
    "quoted",
]

MAX_BODY = 1024 * 1024
"""Bytes of body kept when no sink is given; a longer one is a failure of kind oversized."""

_MAX_HOPS = 5
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_HOP_BODY = 65536
_THROTTLED = 429
_UNAVAILABLE = 503
# How often a request is sent again after such an answer. A 503 that stays is an answer, as
# servers say it of other things, too; a 429 never is.
_TRIES = {_THROTTLED: 3, _UNAVAILABLE: 1}

_WRITING = frozenset({"PUT", "MKCOL", "DELETE", "MOVE"})
# A body of this size fits in the buffers on the way, whether or not the server reads it.
_SENT_AT_ONCE = 32 * 1024

# Sending these a second time changes nothing, so a connection that died idle costs nothing.
_REPEATABLE = frozenset({"GET", "HEAD", "OPTIONS", "PROPFIND", "PUT", "DELETE", "MKCOL"})


@dataclass(frozen=True)
class Timeouts:
    """Seconds: one connection attempt, the wait between bytes, one exchange as a whole.

    `copy_s` is the last for a third-party copy, when that differs.
    `longest_wait_s` is how long a Retry-After is honoured, `backoff_s` the first wait after a
    429 that names none (the next ones are twice as long each). The names in the inventory are
    `connect_timeout_s`, `timeout_s`, `total_timeout_s` and the like.
    `settle_s` is how long a check waits before it looks a second time at what a server has
    done; `marker_s` is the longest silence of a third-party copy that FTS and its operators
    put up with (WLCG: a performance marker at least every 30 s).
    """

    connect_s: float = 10
    read_s: float = 60
    total_s: float = 300
    settle_s: float = 5
    marker_s: float = 30
    copy_s: float | None = None
    longest_wait_s: float = 60
    backoff_s: float = 1


@dataclass(frozen=True)
class _Ask:
    method: str
    url: str
    headers: CaseInsensitiveDict[str]
    body: Body
    auth: Credential
    follow: bool
    sink: Callable[[bytes], None] | None
    max_body: int
    total_s: float
    continue_s: float | None


class HttpClient:
    """Talks to one endpoint with keep-alive; one per endpoint and worker."""

    def __init__(  # noqa: PLR0913  how one door is reached, each part by name
        self,
        base_url: str,
        *,
        tls: TlsConfig,
        timeouts: Timeouts,
        recorder: Recorder,
        guard: WriteGuard,
        repeatable: frozenset[str] = _REPEATABLE,
        address: str | None = None,
        pacer: Pacer | None = None,
    ) -> None:
        """`base_url` is https, http, davs or dav; its path does not matter here.

        `repeatable` names the methods that may be sent a second time when the kept connection
        turns out to be closed; every other one gets a connection of its own. With `address`,
        connections to this host and port go to that address of it alone.
        """
        parts = urlsplit(base_url)
        scheme = {"davs": "https", "dav": "http"}.get(parts.scheme, parts.scheme)
        if scheme not in ("https", "http") or not parts.hostname:
            raise ValueError(f"{base_url}: expected https://, http://, davs:// or dav://host")
        self._host = parts.hostname
        self._port = parts.port or (443 if scheme == "https" else 80)
        host = f"[{self._host}]" if ":" in self._host else self._host
        self.origin = f"{scheme}://{host}:{self._port}"
        self.tls = tls
        self.timeouts = timeouts
        self.recorder = recorder
        self.guard = guard
        self.address = address
        self.pacer = pacer or Pacer()
        # The door hands writes on, without taking their bodies.
        self.hands_on = False
        self._repeatable = repeatable
        self._adapters: dict[ClientCert | None, Adapter] = {}

    def clone(self, address: str | None = None) -> HttpClient:
        """A client of the same door, guard and record with connections of its own.

        They go to `address`, where it is given, else to where this client's go.
        """
        twin = HttpClient(
            self.origin,
            tls=self.tls,
            timeouts=self.timeouts,
            recorder=self.recorder,
            guard=self.guard,
            address=address or self.address,
            pacer=self.pacer,
            repeatable=self._repeatable,
        )
        twin.hands_on = self.hands_on
        return twin

    def elsewhere(self, origin: str) -> HttpClient:
        """A client of another server of the same storage, which writes nothing."""
        return HttpClient(
            origin,
            tls=self.tls,
            timeouts=self.timeouts,
            recorder=self.recorder,
            guard=WriteGuard(None),
        )

    def raw_origin(self) -> tuple[str, int]:
        """Host and port, for checks that speak to the socket themselves."""
        return self._host, self._port

    def url_of(self, path: PurePosixPath | str) -> str:
        """The URL of a decoded path, or of a raw request target given as str."""
        target = path if isinstance(path, str) else quoted(path)
        return self.origin + (target if target.startswith("/") else f"/{target}")

    def close(self) -> None:
        """Close every connection."""
        for adapter in self._adapters.values():
            adapter.close()
        self._adapters.clear()

    def request(  # noqa: PLR0913  the facts of a request, each by name
        self,
        method: str,
        path: PurePosixPath | str,
        *,
        headers: Mapping[str, str] | None = None,
        body: BodyLike | None = None,
        auth: Credential = ANONYMOUS,
        follow: bool = True,
        sink: Callable[[bytes], None] | None = None,
        max_body: int = MAX_BODY,
        timeout_s: float | None = None,
        continue_s: float = 1,
    ) -> Reply:
        """Send one request and read its answer; defects of the answer are in `Reply.failure`.

        A PurePosixPath is quoted, a str is sent as it is (what no URL may hold is escaped, and
        hex digits of escapes become upper case). `sink` gets the body of a 2xx
        answer piece by piece, and `Reply.body` then holds its first 4 KiB. `timeout_s`
        replaces the total time. With a header Expect, the answer to the header alone is awaited
        for `continue_s` before the body is sent. A sink that raises Enough ends the reading.
        A door that has handed a write on gets larger uploads with Expect, as it does not read them.
        After a HEAD with `Connection: close` all that comes is read, to see what must not be there.
        429, and 503 with Retry-After, are waited out a few times.
        Raises NotReached (Throttled when it is 429 all the same), GuardError, InsecureBearer.
        """
        given = CaseInsensitiveDict(headers or {})
        if isinstance(auth, Bearer):
            given.setdefault("Authorization", str(_bearer(auth)))
        url = self.url_of(path)
        self.guard.check(method, urlsplit_target(url), given, self.origin)
        refuse_plain(url, given)
        total_s = self.timeouts.total_s if timeout_s is None else timeout_s
        content = Body(body)
        if self.hands_on and method == "PUT" and (content.size or 0) > _SENT_AT_ONCE:
            given.setdefault("Expect", "100-continue")
        waits = continue_s if "Expect" in given else None
        ask = _Ask(method, url, given, content, auth, follow, sink, max_body, total_s, waits)
        return self._patiently(ask)

    def _patiently(self, ask: _Ask) -> Reply:
        tries = 0
        reply = self._paced(ask)
        while (wait_s := self.wait_for(reply, tries)) is not None:
            tries += 1
            time.sleep(wait_s)
            try:
                reply = self._paced(ask)
            except BodySpent:  # then the answer that we have is the last one
                break
        if reply.status == _THROTTLED:
            raise Throttled(throttled_sentence(reply, tries), ask.url)
        return reply

    def _paced(self, ask: _Ask) -> Reply:
        # Whoever comes without a credential, or writes the header by hand, may be refused anytime.
        by_hand = ask.headers.get("Authorization") != _bearer(ask.auth)
        credential = None if by_hand or ask.auth is ANONYMOUS else ask.auth
        placed = self.pacer.before(credential)
        status = 0
        try:
            reply = self._exchange(ask)
            status = reply.hops[0].status if reply.hops else reply.status
        finally:
            self.pacer.after(credential, status, placed=placed)
        return reply

    def wait_for(self, reply: Reply, tries: int) -> float | None:
        """Seconds until it makes sense to ask again; None when it makes none."""
        if tries >= _TRIES.get(reply.status, 0):
            return None
        wait_s = retry_after(reply)
        if wait_s is None and reply.status == _THROTTLED:
            limiter = self.pacer.limiter
            # Older dCache does not say how long it shuts us out.
            wait_s = limiter.block_s if limiter else self.timeouts.backoff_s * 2**tries
        if wait_s is None or wait_s > self.timeouts.longest_wait_s:
            return None
        return wait_s

    def _exchange(self, ask: _Ask) -> Reply:
        exchange = self._record(ask)
        started = time.monotonic()
        hops: list[Hop] = []
        try:
            reply = self._follow(ask, started + ask.total_s, hops)
        except NotReached as error:
            exchange.failure, exchange.waited_in_vain = error.sentence, True
            exchange.turned_away = error.kind == "tls" and exchange.client_certificate
            raise
        finally:
            exchange.elapsed_s = time.monotonic() - started
            exchange.hops, exchange.follow = tuple(hops), bool(hops)
        reply.method, reply.hops, reply.exchange = ask.method, exchange.hops, exchange
        reply.elapsed_s = exchange.elapsed_s
        exchange.status, exchange.reason = reply.status, reply.reason
        exchange.response_headers = dict(reply.headers)
        exchange.response_excerpt, exchange.length = reply.body[:EXCERPT], reply.length
        exchange.failure = reply.failure.sentence if reply.failure else ""
        exchange.waited_in_vain = reply.failure is not None and reply.failure.kind == "timeout"
        exchange.broken_off = reply.broken_off
        # TLS 1.3 lets a server hang up on a client certificate without a word.
        closed = reply.failure is not None and reply.failure.kind == "closed"
        exchange.turned_away = closed and exchange.client_certificate
        return reply

    def _record(self, ask: _Ask) -> Exchange:
        ca: Literal["system", "file", "directory"] = "system"
        if self.tls.ca is not None:
            ca = "directory" if self.tls.ca.is_dir() else "file"
        exchange = Exchange(
            method=ask.method,
            url=ask.url,
            headers=placeholders(ask.headers),
            auth_label=ask.auth.label,
            client_certificate=isinstance(ask.auth, ClientCert),
            ca=ca if ask.url.startswith("https:") else "system",
            body=_note(ask),
            resolve=f"{self._host}:{self._port}:{self.address}" if self.address else "",
        )
        self.recorder.current.add(exchange)
        return exchange

    def _follow(self, ask: _Ask, deadline: float, hops: list[Hop]) -> Reply:
        seen = {(ask.method, ask.url)}
        while True:
            reply = self._once(ask, deadline)
            if not ask.follow or reply.status not in _REDIRECTS or reply.failure:
                return reply
            try:
                ask = self._next(ask, reply, hops)
            except (RedirectError, GuardError) as error:
                reply.failure = Failure("redirect", str(error))
                return reply
            if (ask.method, ask.url) in seen or len(hops) > _MAX_HOPS:
                reply.failure = Failure("redirect", f"it redirects in circles: {ask.url}")
                return reply
            seen.add((ask.method, ask.url))

    def _next(self, ask: _Ask, reply: Reply, hops: list[Hop]) -> _Ask:
        location = reply.headers.get("Location", "")
        url = next_url(ask.url, reply.status, location)
        refuse_leak(ask.headers, ask.url, url)
        headers, dropped = without_secrets(ask.headers, ask.url, url)
        method = redirected_method(ask.method, reply.status)
        self.hands_on |= method in _WRITING
        if url.startswith(self.origin + "/"):
            self.guard.check(method, urlsplit_target(url), headers, self.origin)
        hops.append(Hop(reply.status, url, dropped))
        body = ask.body if method == ask.method else Body(None)
        return replace(ask, method=method, url=url, headers=headers, body=body)

    def _once(self, ask: _Ask, deadline: float) -> Reply:
        adapter = self._adapter(ask)
        if ask.method not in self._repeatable:
            # Such a request must not be lost on a connection that the server has just closed.
            adapter.poolmanager.clear()
        trace = self._trace(ask, deadline)
        reply = self._attempt(adapter, ask, trace)
        reply.interim = trace.early != 0 and not trace.refused_early
        if trace.refused_early:
            # The server may still wait for the body, or take the next request for it.
            adapter.poolmanager.clear()
        # A server may close an idle connection at any time: that is no defect of its answer.
        died_idle = trace.reused and reply.failure is not None and reply.failure.kind == "closed"
        if died_idle and ask.method in self._repeatable:
            adapter.poolmanager.clear()
            return self._attempt(adapter, ask, self._trace(ask, deadline))
        return reply

    def _trace(self, ask: _Ask, deadline: float) -> Trace:
        return Trace(deadline=deadline, read_s=self.timeouts.read_s, continue_s=ask.continue_s)

    def _adapter(self, ask: _Ask) -> Adapter:
        certificate = ask.auth if isinstance(ask.auth, ClientCert) else None
        adapter = self._adapters.get(certificate)
        if adapter is None:
            try:
                context = tls_context(self.tls, certificate)
            except OSError as error:
                what = self.tls.ca if certificate is None else certificate.certificate
                sentence = f"cannot use {what or 'the system store'} for TLS: {error}"
                raise NotReached("tls", sentence, ask.url) from error
            pin = Pin(self._host, self._port, self.address) if self.address else None
            adapter = self._adapters[certificate] = Adapter(context, pin)
        return adapter

    def _attempt(self, adapter: Adapter, ask: _Ask, trace: Trace) -> Reply:
        reply = Reply(method=ask.method, url=ask.url)
        self.recorder.count(requests=1)
        TRACE.set(trace)
        connect_s = min(self.timeouts.connect_s, max(trace.deadline - time.monotonic(), 0.001))
        try:
            response = adapter.send(
                self._prepared(ask), stream=True, timeout=(connect_s, trace.read_s)
            )
        except Dropped:
            reply.failure = Failure("aborted", "we broke the upload off")
            return reply
        except ERRORS as error:
            return self._failed(reply, error, ask, trace)
        try:
            self._read(reply, response.raw, ask, trace)
        finally:
            response.raw.close() if reply.failure else None
            response.close()
        return reply

    def _failed(self, reply: Reply, error: Exception, ask: _Ask, trace: Trace) -> Reply:
        if not trace.connected:
            raise not_reached(error, ask.url, self.timeouts.connect_s) from error
        found = failure(error, trace, ask.total_s, self._limit_of(ask))
        if isinstance(found, NotReached):
            raise found from error
        reply.failure = found
        return reply

    def _limit_of(self, ask: _Ask) -> str:
        """The inventory's name of the time that the whole exchange may take."""
        if ask.method == "COPY" and ask.total_s == self.timeouts.copy_s:
            return "tpc_timeout_s"
        return "total_timeout_s" if ask.total_s == self.timeouts.total_s else ""

    def _prepared(self, ask: _Ask) -> requests.PreparedRequest:
        # Built by hand: preparing would rewrite odd targets and look for netrc and cookies.
        prepared = requests.PreparedRequest()
        headers = CaseInsensitiveDict(
            {
                "User-Agent": f"lakeproof/{__version__}",
                "Accept": "*/*",
                "Accept-Encoding": "identity",
            }
        )
        if self.address is not None:
            headers["Host"] = ask.url.split("/", 3)[2]
        headers.update(ask.headers)
        if ask.body.size is not None and "Transfer-Encoding" not in headers:
            headers.setdefault("Content-Length", str(ask.body.size))
        prepared.method, prepared.url = ask.method, ask.url
        prepared.headers, prepared.hooks = headers, default_hooks()
        prepared.body = ask.body.open(self._count_sent)  # type: ignore[assignment]
        return prepared

    def _read(self, reply: Reply, raw: Any, ask: _Ask, trace: Trace) -> None:  # noqa: ANN401
        read_head(reply, raw, trace)
        if reply.failure:
            return
        if ask.method == "HEAD" and ask.headers.get("Connection") == "close":
            read_stray(reply, trace)
            return
        redirect = ask.follow and reply.status in _REDIRECTS
        sink = ask.sink if reply.status // 100 == 2 else None  # noqa: PLR2004
        keep = _HOP_BODY if redirect else EXCERPT if sink else ask.max_body
        error = read_body(reply, raw, keep=keep, sink=sink, count=self._count_received)
        if error is not None:
            self._failed(reply, error, ask, trace)
        elif sink is None and reply.length > keep and not redirect:
            reply.failure = Failure("oversized", f"its body is longer than {keep} bytes")

    def _count_received(self, size: int) -> None:
        self.recorder.count(received=size)

    def _count_sent(self, size: int) -> None:
        self.recorder.count(sent=size)


def _bearer(auth: Credential) -> str | None:
    return f"Bearer {auth.token}" if isinstance(auth, Bearer) else None


def quoted(path: PurePosixPath) -> str:
    """The request target of a decoded absolute path: everything but unreserved is escaped."""
    return "/" + quote(str(path).lstrip("/"), safe="/")


def urlsplit_target(url: str) -> str:
    """The raw request target of an absolute URL: nothing is normalised."""
    return "/" + url.partition("://")[2].partition("/")[2]


def _note(ask: _Ask) -> BodyNote:
    note = ask.body.note()
    length = ask.headers.get("Content-Length", "")
    if note.size is None and length.isdigit():
        return replace(note, size=int(length), chunked=False)
    return note
