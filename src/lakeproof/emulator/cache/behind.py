"""The origin as its cache talks to it: with the credential of whoever reads."""

from __future__ import annotations

from collections.abc import AsyncIterator
from http import HTTPStatus

from lakeproof.emulator.answer import Answer, Refused
from lakeproof.emulator.cache.store import Kept
from lakeproof.emulator.exchange import Exchange
from lakeproof.emulator.paths import encode
from lakeproof.emulator.remote import Remote, TransferFailedError

PASSED_ON = ("Content-Type", "Content-Length", "Depth")
TOLD = ("Content-Type",)


def _origin(exchange: Exchange) -> Remote:
    url = exchange.element.config.origin + encode(exchange.path, directory=exchange.slash)
    shown = exchange.header("Authorization") or ""
    if exchange.faults.has("cache-own-credential") and not shown:
        shown = exchange.element.store.authorization
    return Remote(exchange, url, {"Authorization": shown} if shown else {})


async def relay(exchange: Exchange, method: str) -> Answer:
    """Ask the origin the same and give its answer; raises Refused when it gives none."""
    body = await exchange.small_body()
    sent = {name: value for name in PASSED_ON if (value := exchange.header(name)) is not None}

    async def content() -> AsyncIterator[bytes]:
        yield body

    try:
        async with _origin(exchange).request(method, sent, content) as reply:
            answer = Answer(reply.status, body=await reply.read())
            for name in TOLD:
                if name in reply.headers:
                    answer.headers[name] = reply.headers[name]
            return answer
    except TransferFailedError as why:
        raise Refused(HTTPStatus.BAD_GATEWAY, str(why)) from why


async def facts(exchange: Exchange, known: Kept | None) -> tuple[int, str]:
    """Size and entity tag of the file; raises Refused as the origin refuses."""
    store, faults = exchange.element.store, exchange.faults
    if faults.has("cache-remembers-absence") and exchange.path in store.absent:
        raise Refused(HTTPStatus.NOT_FOUND, "It was not there")
    try:
        async with _origin(exchange).request("HEAD") as reply:
            if reply.status == HTTPStatus.OK:
                return reply.content_length or 0, reply.headers.get("ETag", "")
            status = reply.status
    except TransferFailedError as why:
        raise Refused(HTTPStatus.BAD_GATEWAY, str(why)) from why
    if status == HTTPStatus.NOT_FOUND:
        if known is not None and faults.any("cache-lost-blocks-zero", "cache-lost-blocks-cut"):
            return known.size, known.tag
        store.absent.add(exchange.path)
        store.files.pop(exchange.path, None)
        if faults.has("cache-missing-504"):
            status = HTTPStatus.GATEWAY_TIMEOUT
    raise Refused(status, f"The origin answers {status}")


async def part(exchange: Exchange, kept: Kept, first: int, last: int) -> bytes | None:
    """These bytes of this version; raises Refused when the origin does not give them."""
    lost = exchange.faults.any("cache-lost-blocks-zero", "cache-lost-blocks-cut")
    wanted = {"Range": f"bytes={first}-{last}"} | ({"If-Match": kept.tag} if kept.tag else {})
    if exchange.faults.has("cache-mixes-versions"):
        wanted.pop("If-Match", None)
    try:
        async with _origin(exchange).request("GET", wanted) as reply:
            content = await reply.read()
            if reply.status == HTTPStatus.PARTIAL_CONTENT and len(content) == last - first + 1:
                return content
    except TransferFailedError as why:
        raise Refused(HTTPStatus.BAD_GATEWAY, str(why)) from why
    if lost:
        return None
    raise Refused(HTTPStatus.BAD_GATEWAY, f"The origin answers {reply.status} to a part")
