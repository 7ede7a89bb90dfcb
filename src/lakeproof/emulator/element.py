"""The state of one storage element, shared by its door and its data server."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections import Counter
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from pathlib import PurePosixPath
from weakref import WeakKeyDictionary

import aiohttp

from lakeproof.emulator import embargo
from lakeproof.emulator.answer import Refused
from lakeproof.emulator.authn import challenge
from lakeproof.emulator.cache.store import Store
from lakeproof.emulator.config import EmulatorConfig
from lakeproof.emulator.crowd import Crowd
from lakeproof.emulator.dialect import load_dialect
from lakeproof.emulator.exchange import Exchange
from lakeproof.emulator.faults import Faults
from lakeproof.emulator.identity import Action, Identity
from lakeproof.emulator.macaroons import MacaroonDesk
from lakeproof.emulator.namespace import Namespace
from lakeproof.emulator.outgoing import open_session
from lakeproof.emulator.redirect import Redirector
from lakeproof.emulator.tape import TapeSystem
from lakeproof.emulator.throttle import Throttle
from lakeproof.emulator.tokens import TokenVerifier

FORBIDDEN, UNAUTHORIZED = int(HTTPStatus.FORBIDDEN), int(HTTPStatus.UNAUTHORIZED)
log = logging.getLogger("lakeproof.emulator")

ARCHIVED = b"archived long ago\n" * 1024

TRACE = (
    "\njava.lang.SecurityException: denied\n\tat org.example.Door.handle(Door.java:47)"
    "\n\tat java.base/java.lang.Thread.run(Thread.java:840)"
)


class Element:
    """Namespace, authorisation, redirects, tape and transfers of one element."""

    def __init__(self, config: EmulatorConfig) -> None:
        self.config = config
        self.dialect = load_dialect(config.dialect)
        self.namespace = Namespace(config.root, config.quota)
        self.verifier = TokenVerifier(config)
        self.verifier.list_with = self.dialect.token.list_with
        self.macaroons = MacaroonDesk(config.macaroon_secret, config.public_name)
        self.redirector = Redirector(self.dialect, config.redirects)
        self.throttle = Throttle(self.dialect.limiter, config.throttle_block_s)
        self.crowd = Crowd()
        self.tape = TapeSystem(self.namespace, config)
        self.store = Store()
        self.transfers = 0
        self.requests = 0
        self.turns = 0
        self.served: Counter[PurePosixPath] = Counter()
        self.reads: Counter[PurePosixPath] = Counter()
        self.url = ""
        self.client: aiohttp.ClientSession | None = None
        # Whom a connection belongs to from now on: filled by faults alone.
        self.left_behind: WeakKeyDictionary[asyncio.BaseTransport, Identity] = WeakKeyDictionary()
        self._tasks: set[asyncio.Task[None]] = set()
        self.faults = Faults(config.faults)
        self._spread_faults()
        for area in (config.base_path, config.public_path, config.tape_path):
            if area is not None:
                self.namespace.locate(area).mkdir(parents=True, exist_ok=True)
        for path in config.on_tape:
            disk = self.namespace.locate(path)
            if not disk.exists():
                disk.write_bytes(ARCHIVED)
            self.tape.put_away(path)

    def use_faults(self, faults: Faults) -> None:
        """Switch to another set of faults; takes effect with the next request."""
        self.faults = faults
        self.left_behind.clear()
        self.served.clear()
        self.store = Store()
        self._spread_faults()

    def serve_at(self, port: int, data_port: int) -> None:
        """Say where the element is reachable: its own URL, audiences and redirect targets."""
        name = self.config.public_name
        self.url = f"https://{name}:{port}"
        self.redirector.door = f"{name}:{port}"
        self.redirector.data_server = f"https://{name}:{data_port}"
        own = {self.url, name, *self.config.audiences}
        if port == 443:  # noqa: PLR2004  the default port is left out of an audience
            own.add(f"https://{name}")
        self.verifier.audiences = frozenset(own)

    def require(
        self, exchange: Exchange, action: Action, path: PurePosixPath, *, collection: bool
    ) -> None:
        """Raise Refused unless the client of `exchange` may do `action` at `path`."""
        if exchange.identity.may(action, path, collection=collection):
            return
        if embargo.lets_in(exchange, action):
            return
        if self.faults.has("scope-denied-500"):
            raise Refused(HTTPStatus.INTERNAL_SERVER_ERROR, "Internal error")
        dialect = self.dialect
        if exchange.identity.anonymous:
            sentence = dialect.sentence("unauthenticated", path=path)
            status = (
                FORBIDDEN if self.faults.has("anonymous-403") else dialect.status.unauthenticated
            )
            raise Refused(status, sentence, challenge(exchange))
        status = UNAUTHORIZED if self.faults.has("scope-denied-401") else dialect.status.denied
        sentence = dialect.sentence("denied", path=path)
        if self.faults.has("scope-denied-trace"):
            sentence += TRACE
        raise embargo.refuse(exchange, sentence, path) or Refused(status, sentence)

    def outgoing(self) -> aiohttp.ClientSession:
        """The HTTP client for third-party copies; opened when first needed."""
        if self.client is None or self.client.closed:
            agent = f"{self.dialect.title}/{self.dialect.version}"
            self.client = open_session(agent, self.config.transfer_timeout_s)
        return self.client

    def partner_tls(self) -> ssl.SSLContext:
        """How the partners of third-party copies are verified."""
        context = ssl.create_default_context(cafile=self.config.trust)
        if self.faults.has("tpc-untrusted-partner"):
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return context

    def later(self, delay_s: float, work: Callable[[], Awaitable[None]]) -> None:
        """Do `work` after a while, unless the element is stopped before."""

        async def wait_and_work() -> None:
            await asyncio.sleep(delay_s)
            await work()

        self.keep(asyncio.get_running_loop().create_task(wait_and_work()))

    def keep(self, task: asyncio.Task[None]) -> None:
        """Let a task run on in the background until the element is stopped."""
        self._tasks.add(task)
        task.add_done_callback(self._forget)

    def _forget(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            log.debug("background work ended with %r", task.exception())

    async def close(self) -> None:
        """Release the outgoing connections and end what runs in the background."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self.client is not None:
            await self.client.close()

    def _spread_faults(self) -> None:
        self.namespace.faults = self.faults
        self.verifier.use_faults(self.faults)
        self.macaroons.faults = self.faults
        self.tape.faults = self.faults
