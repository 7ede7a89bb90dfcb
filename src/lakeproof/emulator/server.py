"""The emulated storage element as a server: its door, its data server, start and stop."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterable
from functools import partial
from http import HTTPStatus
from typing import Any, Self

from aiohttp import web

from lakeproof.emulator import lopsided, paths
from lakeproof.emulator.answer import Answer, Refused, text
from lakeproof.emulator.config import EmulatorConfig
from lakeproof.emulator.dispatch import answer_request
from lakeproof.emulator.element import Element
from lakeproof.emulator.exchange import BrokenUploadError, Exchange
from lakeproof.emulator.faults import Faults
from lakeproof.emulator.listener import LONGEST_LINE, Listener
from lakeproof.emulator.loop import shared_loop
from lakeproof.emulator.spoiled import answers as spoiled_answers
from lakeproof.emulator.tls import TlsContexts
from lakeproof.emulator.writer import write

log = logging.getLogger("lakeproof.emulator")
UNKNOWN_HOST = "no-such-host.invalid"
LINGER_S = 5.0
Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


class StorageServer:
    """One emulated storage element, serving from the process's shared event loop.

    `faults` may be set while it runs and counts from the next request on; faults of the
    TLS handshake count from the next connection on.
    """

    def __init__(self, config: EmulatorConfig) -> None:
        self.config = config
        self.element = Element(config)
        self._door: Listener | None = None
        self._data: Listener | None = None

    @property
    def url(self) -> str:
        """The door's URL, without a path."""
        if self.element.faults.has("name-does-not-resolve"):
            return f"https://{UNKNOWN_HOST}:{self.port}"
        return self.element.url

    @property
    def port(self) -> int:
        """The door's port."""
        return self._door.port if self._door is not None else 0

    @property
    def faults(self) -> frozenset[str]:
        """The faults that are on."""
        return self.element.faults.names

    @faults.setter
    def faults(self, names: Iterable[str]) -> None:
        self.element.use_faults(Faults(names))
        if self._door is not None:
            shared_loop().call(self._listen())

    def start(self) -> Self:
        """Listen; returns once both ports are bound."""
        shared_loop().call(self._start())
        return self

    def stop(self) -> None:
        """End every connection and close both ports."""
        shared_loop().call(self._stop())

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    async def _start(self) -> None:
        contexts = TlsContexts(self.config)
        self._door = self._listener(contexts, at_door=True)
        self._data = self._listener(contexts, at_door=False)
        self._door.open(self.config.host, self.config.port)
        self._data.open(self.config.host, self.config.data_port)
        for host in self.config.also_at:
            self._data.open(host, self._data.port)
        await self._listen()
        self.element.serve_at(self._door.port, self._data.port)

    async def _listen(self) -> None:
        """Bind the door's addresses, except those that a fault closes."""
        door, config, faults = self._door, self.config, self.element.faults
        if door is None:
            return
        closed = set(config.also_at[:1]) if faults.has("one-address-closed") else set()
        if faults.has("no-ipv6-address"):
            closed |= {host for host in config.also_at if ":" in host}
        if faults.has("door-closed"):
            closed = {config.host, *config.also_at}
        for host in (config.host, *config.also_at):
            if host in closed:
                door.deafen(host)
            elif not door.listens_at(host):
                door.open(host, door.port)

    async def _stop(self) -> None:
        await self.element.close()
        for listener in (self._door, self._data):
            if listener is not None:
                await listener.close()

    def _listener(self, contexts: TlsContexts, *, at_door: bool) -> Listener:
        handler: Handler = partial(self._handle, at_door=at_door)
        options: dict[str, Any] = {
            "access_log": None,
            "auto_decompress": False,
            "lingering_time": LINGER_S,
            "max_line_size": LONGEST_LINE,
            "max_field_size": LONGEST_LINE,
            "logger": log,
        }
        faults = partial(lopsided.faults_at, self.element)
        return Listener(web.Server(handler), options, contexts, faults)

    async def _handle(self, request: web.BaseRequest, *, at_door: bool) -> web.StreamResponse:
        element = self.element
        element.requests += 1
        early = spoiled_answers.before(element.faults, element.requests)
        if early is None and at_door:
            early = lopsided.before(element, request)
        if early is not None:
            return await write(request, early)
        try:
            answer = await self._answer(request, at_door=at_door)
        except BrokenUploadError as why:
            log.debug("upload broke off: %s", why)
            answer = Answer(HTTPStatus.BAD_REQUEST, raw=b"")
        return await write(request, answer)

    async def _answer(self, request: web.BaseRequest, *, at_door: bool) -> Answer:
        raw_path, query = paths.split_target(request.raw_path)
        exchange = Exchange(
            self.element, request, at_door, paths.ROOT, query, raw_path.endswith("/")
        )
        try:
            if at_door:
                self.element.throttle.admit(exchange.client)
            exchange.path = paths.decode(raw_path, exchange.faults)
            answer = await answer_request(exchange)
        except Refused as refusal:
            if refusal.status == HTTPStatus.UNAUTHORIZED:
                self.element.throttle.failed(exchange.client)
            answer = text(refusal.status, refusal.sentence, refusal.headers)
        for name, value in exchange.dialect.headers.items():
            shown = value.format(version=exchange.dialect.version)
            answer.headers.setdefault(name, shown)
        return lopsided.spoil(exchange, spoiled_answers.spoil(exchange, answer))
