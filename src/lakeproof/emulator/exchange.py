"""One request on its way through the element, with everything its handler needs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from aiohttp import ClientError, web
from aiohttp.http_exceptions import HttpProcessingError

from lakeproof.emulator.answer import Answer, Refused
from lakeproof.emulator.dialect import Dialect
from lakeproof.emulator.faults import Faults
from lakeproof.emulator.identity import Action, Identity, Nobody
from lakeproof.emulator.namespace import Namespace, Node

if TYPE_CHECKING:
    from lakeproof.emulator.element import Element

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
SMALL_BODY = 1 << 20


class BrokenUploadError(Exception):
    """The client went away, or sent something malformed, in the middle of its body."""


@dataclass
class Exchange:
    """A parsed request. `at_door` is False on the data server."""

    element: Element
    request: web.BaseRequest
    at_door: bool
    path: PurePosixPath
    query: dict[str, str]
    slash: bool
    identity: Identity = field(default_factory=Nobody)
    continued: bool = False

    @property
    def method(self) -> str:
        """The request's method."""
        return self.request.method

    @property
    def faults(self) -> Faults:
        """The faults the element has now."""
        return self.element.faults

    @property
    def dialect(self) -> Dialect:
        """How the element speaks."""
        return self.element.dialect

    @property
    def files(self) -> Namespace:
        """The element's namespace."""
        return self.element.namespace

    @property
    def client(self) -> str:
        """The client's address."""
        return self.request.remote or ""

    def header(self, name: str) -> str | None:
        """A request header's value, None when absent."""
        return self.request.headers.get(name)

    @property
    def expects_continue(self) -> bool:
        """Whether the client waits for 100 before it sends its body."""
        return (self.header("Expect") or "").lower() == "100-continue"

    @property
    def client_gone(self) -> bool:
        """Whether the client has closed its connection."""
        transport = self.request.transport
        return transport is None or transport.is_closing()

    async def body(self) -> AsyncIterator[bytes]:
        """The request's body in chunks; raises BrokenUploadError when it breaks off."""
        await self._send_continue()
        try:
            async for chunk in self.request.content.iter_any():
                yield chunk
        except (ConnectionError, ClientError, HttpProcessingError) as why:
            raise BrokenUploadError(str(why)) from why

    async def small_body(self) -> bytes:
        """The whole body; raises Refused 413 beyond 1 MiB."""
        taken = bytearray()
        async for chunk in self.body():
            taken += chunk
            if len(taken) > SMALL_BODY:
                raise Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "Body is too long")
        return bytes(taken)

    def allow(
        self, action: Action, path: PurePosixPath | None = None, *, collection: bool = False
    ) -> None:
        """Raise Refused unless the client may do `action` at `path` (default: the request's)."""
        self.element.require(self, action, path or self.path, collection=collection)

    def node(self) -> Node:
        """What lies at the request's path; raises Refused 404."""
        node = self.files.find(self.path)
        if node is None or (self.slash and not node.is_collection):
            sentence = self.dialect.sentence("not_found", path=self.path)
            raise Refused(HTTPStatus.NOT_FOUND, sentence)
        return node

    async def _send_continue(self) -> None:
        transport = self.request.transport
        if not self.expects_continue or self.continued or transport is None:
            return
        self.continued = True
        if self.faults.has("put-expect-417"):
            raise Refused(HTTPStatus.EXPECTATION_FAILED, "Expectation failed")
        if self.faults.has("put-expect-ignored"):
            await asyncio.sleep(self.element.config.transfer_timeout_s)
            return
        transport.write(CONTINUE)


Handler = Callable[[Exchange], Awaitable[Answer]]
