"""How a cache answers: it looks who asks, asks the origin what has changed, and keeps blocks."""

from __future__ import annotations

from http import HTTPStatus

from multidict import CIMultiDict

from lakeproof.emulator import ranges
from lakeproof.emulator.answer import Answer, Refused
from lakeproof.emulator.authn import identify
from lakeproof.emulator.cache import behind, spoiled
from lakeproof.emulator.cache.store import Kept
from lakeproof.emulator.exchange import Exchange
from lakeproof.emulator.identity import Action

METHODS = ("OPTIONS", "GET", "HEAD", "PROPFIND")


async def answer_request(exchange: Exchange) -> Answer:
    """The answer to one request; raises Refused."""
    if exchange.method not in METHODS:
        return await _write(exchange)
    if exchange.method == "PROPFIND":
        exchange.identity = await identify(exchange)
        exchange.allow(Action.LIST, collection=True)
        return await behind.relay(exchange, "PROPFIND")
    await _admit(exchange)
    if exchange.method == "HEAD":
        return await _head(exchange)
    answer = await _get(exchange)
    spoiled.remember_reader(exchange)
    return answer


async def _admit(exchange: Exchange) -> None:
    """Raise Refused unless the client may read, whether or not the file is kept."""
    store = exchange.element.store
    if spoiled.unchecked(exchange):
        return
    if exchange.faults.has("cache-remembers-refusal") and exchange.path in store.refused:
        raise Refused(HTTPStatus.FORBIDDEN, "Access was denied")
    try:
        exchange.identity = await identify(exchange)
        exchange.allow(Action.READ)
    except Refused:
        store.refused.add(exchange.path)
        raise


async def _write(exchange: Exchange) -> Answer:
    """Refuse what is no reading: this cache passes nothing on."""
    exchange.identity = await identify(exchange)
    broken = await spoiled.write(exchange)
    if broken is not None:
        return broken
    allow = {"Allow": ", ".join(METHODS)}
    raise Refused(HTTPStatus.METHOD_NOT_ALLOWED, "This cache is read-only", allow)


async def _head(exchange: Exchange) -> Answer:
    kept = await _current(exchange)
    size = spoiled.told_size(exchange, kept)
    return Answer(HTTPStatus.OK, _headers(exchange, kept, warm=kept.is_whole), announce=size)


async def _get(exchange: Exchange) -> Answer:
    asked = exchange.header("Cache-Control") or ""
    known = exchange.element.store.files.get(exchange.path)
    if "only-if-cached" in asked and not exchange.faults.has("cache-only-if-cached-ignored"):
        hit = known is not None and known.is_whole
        if not hit or exchange.faults.has("cache-only-if-cached-refused"):
            raise Refused(HTTPStatus.GATEWAY_TIMEOUT, "It is not in this cache")
    kept = await _current(exchange)
    wanted = exchange.header("Range")
    try:
        found = ranges.parse(wanted, kept.size) if wanted else None
    except ranges.NotSatisfiableError:
        told = {"Content-Range": f"bytes */{kept.size}"}
        refused = HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE
        raise Refused(refused, "Range not satisfiable", told) from None
    part = found[0] if found is not None and len(found) == 1 else None
    first, last = (part.first, part.last) if part else (0, kept.size - 1)
    first, last = await spoiled.mix_up(exchange, part, first, last)
    warm = not any(kept.missing(first, last))
    if not warm:
        await _fill(exchange, kept, first, last)
    content = bytes(kept.data[first : last + 1])
    content = spoiled.content(exchange, content, first, warm=warm, part=part is not None)
    answer = Answer(HTTPStatus.OK, _headers(exchange, kept, warm=warm), content)
    if part is not None:
        answer.status = HTTPStatus.PARTIAL_CONTENT
        answer.headers["Content-Range"] = f"bytes {part.first}-{part.last}/{kept.size}"
    return answer


def _headers(exchange: Exchange, kept: Kept, *, warm: bool) -> CIMultiDict[str]:
    found: CIMultiDict[str] = CIMultiDict({"Accept-Ranges": "bytes"})
    found["Content-Type"] = "application/octet-stream"
    if kept.tag:
        found["ETag"] = kept.tag
    if exchange.faults.has("cache-no-age"):
        return found
    hit = warm or exchange.faults.has("cache-claims-hits")
    found["Cache-Status"] = "emulated-cache; " + ("hit" if hit else "fwd=uri-miss")
    if warm:
        found["Age"] = str(kept.age_s)
    return found


async def _current(exchange: Exchange) -> Kept:
    """The file as it is at the origin now, with the blocks of this version that are kept."""
    files, path = exchange.element.store.files, exchange.path
    known = files.get(path)
    if known is not None and spoiled.unasked(exchange, known):
        return known
    size, tag = await behind.facts(exchange, known)
    if known is None or (known.size, known.tag) != (size, tag):
        kept = Kept.nothing_of(size, tag)
        spoiled.old_blocks(exchange, known, kept)
        files[path] = kept
    return files[path]


async def _fill(exchange: Exchange, kept: Kept, first: int, last: int) -> None:
    """Get the missing blocks of these bytes, one reader after the other; raises Refused."""
    if await spoiled.not_filled(exchange, kept):
        return
    async with exchange.element.store.locks[exchange.path]:
        for start, end in list(kept.missing(first, last)):
            content = await behind.part(exchange, kept, start, end)
            if content is None:
                return  # a fault: it goes on without them
            kept.take(start, content)
