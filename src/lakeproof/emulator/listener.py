"""A listening socket that chooses the TLS context anew for each connection."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import ssl
from collections.abc import Callable, Coroutine
from typing import Any

from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from lakeproof.emulator.careless import REWRITES, CarelessConnection, Connection
from lakeproof.emulator.faults import Faults
from lakeproof.emulator.tls import TlsContexts

log = logging.getLogger("lakeproof.emulator")
BACKLOG = 512
HANDSHAKE_S = 20.0
STALL_S = 120.0
LONGEST_LINE = 128 * 1024
TLS_HANDSHAKE = 0x16


class Listener:
    """Accepts connections for one `web.Server`; `options` are those of its connections.

    `faults` gives those of the element at one of its addresses.
    """

    def __init__(
        self,
        server: web.Server,
        options: dict[str, Any],
        contexts: TlsContexts,
        faults: Callable[[str], Faults],
    ) -> None:
        self.server = server
        self.options = options
        self.contexts = contexts
        self.faults = faults
        self.port = 0
        self._sockets: dict[str, socket.socket] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def open(self, host: str, port: int) -> None:
        """Bind and start accepting; port 0 takes a free one."""
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listening = socket.socket(family, socket.SOCK_STREAM)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(BACKLOG)
        listening.setblocking(False)
        self._sockets[host], self.port = listening, listening.getsockname()[1]
        self._spawn(self._accept(listening))

    def deafen(self, host: str) -> None:
        """Stop listening at one address; connections that exist live on."""
        listening = self._sockets.pop(host, None)
        if listening is not None:
            asyncio.get_running_loop().remove_reader(listening)
            listening.close()

    def listens_at(self, host: str) -> bool:
        """Whether this address is bound."""
        return host in self._sockets

    async def close(self) -> None:
        """Stop accepting and end every connection."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for host in list(self._sockets):
            self.deafen(host)
        await self.server.shutdown(1.0)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _accept(self, listening: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while listening in self._sockets.values():
            connection, _ = await loop.sock_accept(listening)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._spawn(self._serve(connection))

    async def _serve(self, connection: socket.socket) -> None:
        loop, faults = asyncio.get_running_loop(), self.faults(connection.getsockname()[0])
        if faults.has("tls-handshake-stalls"):
            with connection:
                await asyncio.sleep(STALL_S)
            return
        plain = faults.any("plain-http", "redirect-plain") and await _speaks_plainly(connection)
        context: ssl.SSLContext | None = None if plain else self.contexts.get(faults)
        try:
            await loop.connect_accepted_socket(
                self._protocol,
                connection,
                ssl=context,
                ssl_handshake_timeout=None if plain else HANDSHAKE_S,
            )
        except (OSError, TimeoutError) as why:
            log.debug("handshake failed: %s", why)
            with contextlib.suppress(OSError):
                connection.close()

    def _protocol(self) -> RequestHandler:
        loop, faults = asyncio.get_running_loop(), self.faults("")
        rewrites = [change for fault, change in REWRITES.items() if faults.has(fault)]
        if rewrites:
            return CarelessConnection(rewrites, self.server, loop=loop, **self.options)
        return Connection(self.server, loop=loop, **self.options)


def _settle(readable: asyncio.Future[None]) -> None:
    if not readable.done():
        readable.set_result(None)


async def _speaks_plainly(connection: socket.socket) -> bool:
    """Whether the client's first byte is not that of a TLS handshake."""
    loop = asyncio.get_running_loop()
    readable: asyncio.Future[None] = loop.create_future()
    loop.add_reader(connection, _settle, readable)
    try:
        await asyncio.wait_for(readable, HANDSHAKE_S)
    except TimeoutError:
        return False
    finally:
        loop.remove_reader(connection)
    first = connection.recv(1, socket.MSG_PEEK)
    return bool(first) and first[0] != TLS_HANDSHAKE
