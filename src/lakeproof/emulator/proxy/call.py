"""A request that is passed on to the real server, and the requests the proxy makes of its own."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

import aiohttp
from defusedxml import ElementTree
from defusedxml.common import DefusedXmlException
from multidict import CIMultiDict
from yarl import URL

from lakeproof.emulator import paths
from lakeproof.emulator.answer import Answer, Refused
from lakeproof.emulator.exchange import Exchange
from lakeproof.emulator.outgoing import open_session

HOP_BY_HOP = frozenset({"connection", "keep-alive", "transfer-encoding", "upgrade", "expect"})
LONGEST_DOCUMENT = 1 << 22
LONGEST_CHUNK = 1 << 20
SILENCE_S = 300.0
NO_BODY = (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED)


@dataclass
class Call:
    """One request on its way to the real server; a fault may change every part of it.

    `path` is the decoded path, dots and all. `body` None sends none. `expects`: the real server
    is asked for 100 before the body is sent.
    """

    exchange: Exchange
    method: str
    target: str
    path: PurePosixPath
    headers: CIMultiDict[str]
    body: AsyncIterator[bytes] | None = None
    expects: bool = False

    @classmethod
    def of(cls, exchange: Exchange) -> Call:
        """The call that passes a request on as it is."""
        request = exchange.request
        headers = CIMultiDict(
            (name, value)
            for name, value in request.headers.items()
            if name.lower() not in HOP_BY_HOP
        )
        raw_path, _ = paths.split_target(request.raw_path)
        body = _body(exchange) if request.body_exists else None
        path = paths.ROOT / unquote(raw_path).lstrip("/")
        expects = exchange.expects_continue and body is not None
        return cls(exchange, request.method, request.raw_path, path, headers, body, expects)

    @property
    def length(self) -> int | None:
        """The announced length of the body, None when it is chunked or absent."""
        given = self.headers.get("Content-Length", "")
        return int(given) if given.isdigit() else None

    @property
    def destination(self) -> PurePosixPath:
        """The path in the Destination header."""
        return paths.ROOT / unquote(urlsplit(self.headers.get("Destination", "")).path).lstrip("/")

    def retarget(self, path: PurePosixPath) -> None:
        """Ask for another path instead."""
        self.path, self.target = path, paths.encode(path)

    def use_token(self, token: str) -> None:
        """Show this bearer token instead of what the client showed."""
        self.headers["Authorization"] = f"Bearer {token}"
        self.target = self.target.partition("?")[0]

    async def drain(self) -> int:
        """Take the client's body in and forget it; gives its length."""
        taken = 0
        if self.body is not None:
            async for chunk in self.body:
                taken += len(chunk)
        return taken


@dataclass
class Relayed(Answer):
    """An answer of the real server, with its own reason phrase."""

    reason: str = ""


@dataclass
class Member:
    """One entry of a listing."""

    path: PurePosixPath
    is_collection: bool


@dataclass
class Upstream:
    """The real server; `token` may do everything there."""

    url: str
    context: ssl.SSLContext
    token: str = field(repr=False)
    session: aiohttp.ClientSession | None = None

    async def send(self, call: Call) -> Relayed:
        """Pass a request on; gives the answer with its body still to come."""
        response = await self._open(
            call.method, call.target, call.headers, call.body, expects=call.expects
        )
        return _relayed(call.method, response)

    async def status(self, method: str, path: PurePosixPath, **headers: str) -> int:
        """The status of a request of the proxy's own, its body thrown away."""
        response = await self._ask(method, path, headers)
        async with response:
            return response.status

    async def head(self, path: PurePosixPath, **headers: str) -> Mapping[str, str] | None:
        """The header of a file, None when there is none."""
        response = await self._ask("HEAD", path, headers)
        async with response:
            return response.headers if response.status == HTTPStatus.OK else None

    async def put(
        self, path: PurePosixPath, data: bytes | AsyncIterator[bytes], length: int | None = None
    ) -> int:
        """Store `data` (of `length`, if it is a stream); gives the status."""
        size = len(data) if isinstance(data, bytes) else length
        headers = {} if size is None else {"Content-Length": str(size)}
        response = await self._ask("PUT", path, headers, data)
        async with response:
            return response.status

    async def read(self, path: PurePosixPath) -> tuple[int, AsyncIterator[bytes]]:
        """Length and content of a file."""
        response = await self._ask("GET", path, {})
        response.raise_for_status()
        return response.content_length or 0, _stream(response)

    async def members(self, path: PurePosixPath, depth: str = "1") -> list[Member]:
        """What lies at `path`: the thing itself first; nothing when it is missing."""
        response = await self._ask("PROPFIND", path, {"Depth": depth})
        async with response:
            document = await response.content.read(LONGEST_DOCUMENT)
            if response.status != HTTPStatus.MULTI_STATUS:
                return []
        try:
            root = ElementTree.fromstring(document)
        except (ElementTree.ParseError, DefusedXmlException):
            return []
        found = [
            Member(
                paths.ROOT / unquote(urlsplit(entry.findtext("{DAV:}href") or "").path).strip("/"),
                entry.find(".//{DAV:}collection") is not None,
            )
            for entry in root.iter("{DAV:}response")
        ]
        return sorted(found, key=lambda member: member.path != path)

    async def remove(self, path: PurePosixPath) -> None:
        """Remove a file, or a collection with everything in it."""
        for member in (await self.members(path))[1:]:
            await self.remove(member.path)
        await self.status("DELETE", path)

    async def close(self) -> None:
        """Close the connections."""
        if self.session is not None:
            await self.session.close()

    async def _ask(
        self,
        method: str,
        path: PurePosixPath,
        headers: Mapping[str, str],
        data: bytes | AsyncIterator[bytes] | None = None,
    ) -> aiohttp.ClientResponse:
        own = {name.replace("_", "-"): value for name, value in headers.items()}
        own["Authorization"] = f"Bearer {self.token}"
        return await self._open(method, paths.encode(path), CIMultiDict(own), data)

    async def _open(
        self,
        method: str,
        target: str,
        headers: CIMultiDict[str],
        data: bytes | AsyncIterator[bytes] | None,
        *,
        expects: bool = False,
    ) -> aiohttp.ClientResponse:
        if not target.startswith("/"):
            raise Refused(HTTPStatus.BAD_REQUEST, "The proxy passes on paths only")
        if self.session is None:
            self.session = open_session("lakeproof-proxy", SILENCE_S)
        return await self.session.request(
            method,
            URL(self.url + target, encoded=True),
            headers=headers,
            data=data,
            ssl=self.context,
            allow_redirects=False,
            expect100=expects,
        )


def _body(exchange: Exchange) -> AsyncIterator[bytes]:
    """The client's body; one that comes in chunks goes on in the same chunks."""
    chunked = "chunked" in exchange.request.headers.get("Transfer-Encoding", "").lower()
    return _chunks(exchange) if chunked and not exchange.expects_continue else exchange.body()


async def _chunks(exchange: Exchange) -> AsyncIterator[bytes]:
    taken = bytearray()
    async for piece, complete in exchange.request.content.iter_chunks():
        taken += piece
        if taken and (complete or len(taken) > LONGEST_CHUNK):
            yield bytes(taken)
            taken.clear()
    if taken:
        yield bytes(taken)


def _relayed(method: str, response: aiohttp.ClientResponse) -> Relayed:
    headers = CIMultiDict(
        (name, value)
        for name, value in response.headers.items()
        if name.lower() not in HOP_BY_HOP | {"content-length"}
    )
    given = response.headers.get("Content-Length", "")
    length = int(given) if given.isdigit() else None
    relayed = Relayed(response.status, headers, reason=response.reason or "")
    if method == "HEAD" or response.status in NO_BODY:
        relayed.announce = length
        response.release()
    else:
        relayed.body, relayed.length = _stream(response), length
    return relayed


async def _stream(response: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
    async with response:
        async for chunk in response.content.iter_any():
            yield chunk


async def first(body: AsyncIterator[bytes], count: int) -> AsyncIterator[bytes]:
    """The first `count` bytes of a stream, which is read to its end."""
    async for chunk in body:
        yield chunk[:count]
        count -= min(count, len(chunk))


async def flipped(body: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The stream with its first byte changed."""
    changed = False
    async for chunk in body:
        yield chunk if changed else bytes([chunk[0] ^ 0x55]) + chunk[1:]
        changed = True


async def whole(answer: Answer) -> bytes:
    """The body of an answer, at most 4 MiB of it."""
    if isinstance(answer.body, bytes):
        return answer.body
    taken = bytearray()
    async for chunk in answer.body:
        taken += chunk[: LONGEST_DOCUMENT - len(taken)]
    return bytes(taken)
