"""The passive party of a third-party copy, as the active one talks to it."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from http import HTTPStatus
from urllib.parse import urljoin, urlsplit, urlunsplit

import aiohttp
from yarl import URL

from lakeproof.emulator.digests import decode
from lakeproof.emulator.exchange import Exchange

REDIRECTS = frozenset({301, 302, 303, 307, 308})
MOST_REDIRECTS = 5
PENDING_TRIES = 20
PENDING_S = 0.5
SECRET_HEADERS = frozenset({"authorization", "cookie", "x-auth-token"})
Content = Callable[[], AsyncIterator[bytes]]


class TransferFailedError(Exception):
    """A transfer failed: the sentence goes into the failure line, so it holds no secret."""


class Remote:
    """One URL of another storage element, with the headers the client gave for it."""

    def __init__(self, exchange: Exchange, url: str, headers: dict[str, str]) -> None:
        self.exchange = exchange
        self.url = url
        self.headers = headers

    @property
    def shown(self) -> str:
        """The URL without its query, which may carry a secret."""
        parts = urlsplit(self.url)
        return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))

    async def connections(self) -> str:
        """RemoteConnections of a marker: the other party's address, empty if unknown."""
        parts = urlsplit(self.url)
        try:
            found = await asyncio.get_running_loop().getaddrinfo(parts.hostname, parts.port)
        except OSError:
            return ""
        address = str(found[0][4][0])
        host = f"[{address}]" if ":" in address else address
        return f"tcp:{host}:{parts.port}"

    async def status(self) -> int:
        """The status of a HEAD; raises TransferFailedError without an answer."""
        async with self.request("HEAD") as reply:
            return reply.status

    async def exists(self) -> bool:
        """Whether a HEAD finds the file; False when there is no telling."""
        try:
            return await self.status() == HTTPStatus.OK
        except TransferFailedError:
            return False

    async def facts(self) -> tuple[int | None, dict[str, bytes]]:
        """Size and checksums that a HEAD tells, as far as it does."""
        try:
            async with self.request("HEAD", {"Want-Digest": "adler32"}) as reply:
                if reply.status != HTTPStatus.OK:
                    return None, {}
                return reply.content_length, stated_digests(reply)
        except TransferFailedError:
            return None, {}

    @asynccontextmanager
    async def request(
        self,
        method: str,
        headers: dict[str, str] | None = None,
        content: Content | None = None,
        *,
        expect: bool = False,
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """Send a request, follow redirects, yield the final answer.

        A redirect to another origin goes without the client's secrets: what authorises there
        is in its URL. Raises TransferFailedError when nobody answers.
        """
        url, sent = self.url, {**self.headers, **(headers or {})}
        if self.exchange.faults.has("tpc-digest-not-wanted"):
            sent.pop("Want-Digest", None)
        try:
            for _ in range(MOST_REDIRECTS + 1):
                async with self._once(method, url, sent, content, expect) as reply:
                    target = reply.headers.get("Location")
                    followed = not self.exchange.faults.has("tpc-redirect-not-followed")
                    if reply.status not in REDIRECTS or not target or not followed:
                        yield reply
                        return
                    following = urljoin(url, target)
                sent = self._for_redirect(url, following, sent)
                url = following
        except (aiohttp.ClientError, OSError, TimeoutError, ssl.SSLError) as why:
            raise TransferFailedError(self._reason(why)) from why
        raise TransferFailedError("exceeded maximum number of redirections")

    @asynccontextmanager
    async def _once(
        self, method: str, url: str, headers: dict[str, str], content: Content | None, expect: bool
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        element = self.exchange.element
        await self._require_outside(url)
        async with element.outgoing().request(
            method,
            URL(url, encoded=True),
            headers=headers,
            data=content() if content is not None else None,
            expect100=expect,
            ssl=element.partner_tls(),
            allow_redirects=False,
        ) as reply:
            yield reply

    async def _require_outside(self, url: str) -> None:
        """Raise TransferFailedError for a host at an address that the site keeps copies from."""
        kept_from = set(self.exchange.element.config.kept_from)
        if not kept_from or self.exchange.faults.has("tpc-inside-address-fetched"):
            return
        parts = urlsplit(url)
        found = await asyncio.get_running_loop().getaddrinfo(parts.hostname, parts.port)
        if kept_from & {str(each[4][0]) for each in found}:
            raise TransferFailedError("connections to this address are forbidden")

    def _for_redirect(self, url: str, following: str, headers: dict[str, str]) -> dict[str, str]:
        before, after = urlsplit(url), urlsplit(following)
        same = (before.scheme, before.netloc) == (after.scheme, after.netloc)
        if same or self.exchange.faults.has("tpc-redirect-leaks-token"):
            return headers
        return {n: v for n, v in headers.items() if n.lower() not in SECRET_HEADERS}

    def _reason(self, why: Exception) -> str:
        parts = urlsplit(self.url)
        if isinstance(why, TimeoutError):
            return f"no answer from {parts.hostname}:{parts.port} in time"
        return f"connection to {parts.hostname}:{parts.port} failed: {type(why).__name__}: {why}"


def stated_digests(reply: aiohttp.ClientResponse) -> dict[str, bytes]:
    """The checksums in an answer's Digest headers, raw, by lower-case name."""
    found = {}
    for item in ",".join(reply.headers.getall("Digest", [])).split(","):
        name, _, value = item.strip().partition("=")
        raw = decode(name.lower(), value) if value else None
        if raw is not None:
            found[name.lower()] = raw
    return found
