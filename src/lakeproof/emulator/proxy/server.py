"""A TLS reverse proxy that adds faults to the traffic of a real storage server."""

from __future__ import annotations

import logging
import ssl
import tempfile
from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing
from dataclasses import dataclass, field
from functools import partial
from http import HTTPStatus
from pathlib import Path, PurePosixPath
from typing import Any, ClassVar, Self, cast

import aiohttp
from aiohttp import web

from lakeproof.emulator import paths
from lakeproof.emulator.answer import Answer, Refused, text
from lakeproof.emulator.config import AREA, EmulatorConfig, TrustedIssuer
from lakeproof.emulator.element import Element
from lakeproof.emulator.exchange import BrokenUploadError, Exchange
from lakeproof.emulator.faults import Faults, UnknownFaultError
from lakeproof.emulator.listener import LONGEST_LINE, Listener
from lakeproof.emulator.loop import shared_loop
from lakeproof.emulator.proxy import access, answers, tpc, writes
from lakeproof.emulator.proxy.access import Access
from lakeproof.emulator.proxy.answers import Memory
from lakeproof.emulator.proxy.call import Call, Relayed, Upstream
from lakeproof.emulator.proxy.tpc import Copy
from lakeproof.emulator.spoiled import answers as spoiled_answers
from lakeproof.emulator.tls import TlsContexts
from lakeproof.emulator.writer import phrase, write

log = logging.getLogger("lakeproof.emulator")
LINGER_S = 5.0
WHOLE_ANSWERS = frozenset(
    [
        "html-login-page",
        "empty-reply",
        "not-http",
        "flaky",
        "throttles-all",
        "clock-skew",
        "header-huge",
        "header-slow",
        "keep-alive-garbage",
        "error-leaks-trace",
        "error-empty-reply",
        "header-injection",
        "error-html-login",
        "get-wrong-bytes",
        "get-truncated",
        "get-reset",
        "get-short",
        "get-extra-bytes",
        "get-empty",
        "get-slow-loris",
        "get-endless",
        "get-second-differs",
        "get-missing-200",
        "get-missing-500",
        "get-missing-403",
    ]
)
HANDSHAKES = frozenset(
    [
        "tls-expired",
        "tls-not-yet-valid",
        "tls-expires-soon",
        "tls-wrong-host",
        "tls-self-signed",
        "tls-1.0",
        "tls-1.1",
        "tls-1.1-only",
        "tls-handshake-stalls",
    ]
)


@dataclass(frozen=True)
class ProxyConfig:
    """Where the proxy listens and what it stands in front of.

    `upstream` is the real server's URL without a path, verified with `trust`. `token` may do
    everything there; the faults of authorisation use it. `audiences` and `issuers` say what a
    good token is. `name` is the host name clients use, which `certificate` is for; the
    authority's files sign the certificates of the TLS faults. `foreign` is where a redirect of
    a faulty server leads to. `speaks` is the dialect of the refusals that faults add.
    """

    upstream: str
    trust: Path
    certificate: Path
    key: Path
    token: str = field(repr=False)
    issuers: tuple[TrustedIssuer, ...] = ()
    audiences: tuple[str, ...] = ()
    ca_certificate: Path | None = None
    ca_key: Path | None = field(default=None, repr=False)
    base_path: PurePosixPath = AREA
    name: str = "localhost"
    host: str = "127.0.0.1"
    port: int = 0
    foreign: str = "https://storage.invalid"
    speaks: str = "xrootd"


class FaultProxy:
    """Passes everything through as it is, but for the faults that are on.

    Bodies are streamed. `faults` may be set while it runs and counts from the next request on,
    faults of the handshake from the next connection on.
    """

    SUPPORTED: ClassVar[frozenset[str]] = (
        access.FAULTS | answers.FAULTS | tpc.FAULTS | writes.FAULTS | WHOLE_ANSWERS | HANDSHAKES
    )

    def __init__(self, config: ProxyConfig) -> None:
        self.config = config
        context = ssl.create_default_context(cafile=config.trust)
        self.upstream = Upstream(config.upstream, context, config.token)
        self.memory = Memory()
        self._directory = tempfile.TemporaryDirectory(prefix="lakeproof-proxy-")
        self._shadow = _shadow(config, Path(self._directory.name))
        self._faulty, self._sound = Element(self._shadow), Element(self._shadow)
        for element in (self._faulty, self._sound):
            element.verifier.audiences = frozenset(config.audiences)
        self._access = Access(self._sound, self._faulty, self.upstream)
        self._door: Listener | None = None

    @property
    def url(self) -> str:
        """The proxy's URL, without a path."""
        port = self._door.port if self._door is not None else 0
        return f"https://{self.config.name}:{port}"

    @property
    def faults(self) -> frozenset[str]:
        """The faults that are on."""
        return self._faulty.faults.names

    @faults.setter
    def faults(self, names: Iterable[str]) -> None:
        wanted = frozenset(names)
        unsupported = wanted - self.SUPPORTED
        if unsupported:
            raise UnknownFaultError(f"the proxy cannot add: {', '.join(sorted(unsupported))}")
        self.memory = Memory()
        self._faulty.reads.clear()
        self._faulty.use_faults(Faults(wanted))

    def start(self) -> Self:
        """Listen; returns once the port is bound."""
        shared_loop().call(self._start())
        return self

    def stop(self) -> None:
        """End every connection and close the port."""
        shared_loop().call(self._stop())
        self._directory.cleanup()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    async def _start(self) -> None:
        options: dict[str, Any] = {
            "access_log": None,
            "auto_decompress": False,
            "lingering_time": LINGER_S,
            "max_line_size": LONGEST_LINE,
            "max_field_size": LONGEST_LINE,
            "logger": log,
        }
        contexts = TlsContexts(self._shadow)
        server = web.Server(partial(self._handle))
        self._door = Listener(server, options, contexts, lambda _: self._faulty.faults)
        self._door.open(self.config.host, self.config.port)

    async def _stop(self) -> None:
        if self._door is not None:
            await self._door.close()
        for element in (self._faulty, self._sound):
            await element.close()
        await self.upstream.close()

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        self._faulty.requests += 1
        early = spoiled_answers.before(self._faulty.faults, self._faulty.requests)
        if early is not None:
            return await write(request, early)
        raw_path, query = paths.split_target(request.raw_path)
        slash = raw_path.endswith("/")
        exchange = Exchange(self._faulty, request, True, paths.ROOT, query, slash)
        call = Call.of(exchange)
        exchange.path = call.path
        return await send(request, await self._answer(call))

    async def _answer(self, call: Call) -> Answer:
        try:
            answer = await self._passed_on(call)
        except Refused as refusal:
            answer = text(refusal.status, refusal.sentence, refusal.headers)
        except BrokenUploadError:
            return Answer(HTTPStatus.BAD_REQUEST, raw=b"")
        except (aiohttp.ClientError, OSError, TimeoutError) as why:
            log.debug("the real server did not answer: %r", why)
            return Answer(HTTPStatus.BAD_GATEWAY, raw=b"")
        return spoiled_answers.spoil(call.exchange, answer)

    async def _passed_on(self, call: Call) -> Answer:
        """The real server's answer with the faults of its subject; raises Refused."""
        copy = Copy(call, self.upstream, call.path, pulls="Source" in call.headers)
        await self._access.judge(call)
        await self.memory.before_put(call, self.upstream)
        instead = answers.before(call, self.config.foreign)
        instead = instead or await writes.before(call, self.upstream)
        if call.method == "COPY":
            instead = instead or await tpc.before(copy)
        if instead is not None:
            return instead
        answer: Answer = await self.upstream.send(call)
        if call.method == "COPY":
            return tpc.after(copy, answer)
        answer = await writes.after(call, answer, self.upstream)
        return await answers.after(call, answer, self.memory)


class Verbatim(web.StreamResponse):
    """A response with the header it is given: nothing that aiohttp would like to add."""

    ADDED = ("Date", "Server", "Content-Type")

    async def _prepare_headers(self) -> None:
        # The only place where they can be taken out again before they are sent.
        missing = [name for name in self.ADDED if name not in self.headers]
        await super()._prepare_headers()
        for name in missing:
            self.headers.popall(name, None)


async def send(request: web.BaseRequest, answer: Answer) -> web.StreamResponse:
    """Send an answer as it is; those no HTTP library would write go the emulator's way."""
    if answer.raw is not None or answer.after or answer.cut or answer.reset:
        return await write(request, answer)
    reason = answer.reason if isinstance(answer, Relayed) else ""
    response = Verbatim(status=answer.status, reason=reason or phrase(answer.status))
    try:
        await _send(request, response, answer)
    except (ConnectionError, RuntimeError, aiohttp.ClientError, TimeoutError) as why:
        log.debug("the connection broke off: %r", why)
        if request.transport is not None:
            request.transport.abort()
        request.protocol.force_close()
    return response


async def _send(request: web.BaseRequest, response: web.StreamResponse, answer: Answer) -> None:
    for name, value in answer.headers.items():
        response.headers.add(name, value)
    bodiless = request.method == "HEAD" or answer.status == HTTPStatus.NO_CONTENT
    length = answer.announce if answer.announce is not None or bodiless else answer.size
    if length is not None:
        response.content_length = length
    elif not bodiless:
        response.enable_chunked_encoding()
    if not request.content.is_eof():
        response.force_close()
    await response.prepare(request)
    if isinstance(answer.body, bytes):
        if answer.body and not bodiless:
            await response.write(answer.body)
    else:
        async with aclosing(cast("AsyncGenerator[bytes]", answer.body)) as stream:
            async for chunk in stream:
                await response.write(chunk)
    await response.write_eof()


def _shadow(config: ProxyConfig, directory: Path) -> EmulatorConfig:
    """An element with the door's TLS and the real server's trust, to judge credentials with."""
    return EmulatorConfig(
        root=directory,
        certificate=config.certificate,
        key=config.key,
        ca_certificate=config.ca_certificate,
        ca_key=config.ca_key,
        dialect=config.speaks,
        name=config.name,
        issuers=config.issuers,
        audiences=config.audiences,
        base_path=config.base_path,
    )
