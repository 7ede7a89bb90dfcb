"""The ways in which an emulated cache can be broken; their names begin with `cache-`."""

from __future__ import annotations

import asyncio
from http import HTTPStatus

from lakeproof.emulator.answer import Answer, Refused
from lakeproof.emulator.cache.store import BLOCK, Kept
from lakeproof.emulator.exchange import Exchange
from lakeproof.emulator.identity import Nobody
from lakeproof.emulator.ranges import Range

CROWD_S = 0.1


def unchecked(exchange: Exchange) -> bool:
    """Whether nobody looks who asks."""
    faults, shown = exchange.faults, exchange.header("Authorization")
    exchange.identity = Nobody()
    if faults.has("cache-own-credential") and exchange.element.store.authorization:
        return True
    kept = exchange.element.store.files.get(exchange.path)
    if kept is None or not kept.blocks or exchange.method != "GET":
        return faults.has("cache-head-unchecked") and exchange.method == "HEAD" and kept is not None
    if exchange.header("Range") and faults.has("cache-warm-range-unchecked"):
        return True
    if shown is None:
        return faults.has("cache-warm-anonymous")
    return faults.has("cache-warm-unchecked")


def remember_reader(exchange: Exchange) -> None:
    """Keep the credential of a reader, to read other files with."""
    shown = exchange.header("Authorization")
    if shown:
        exchange.element.store.authorization = shown


async def write(exchange: Exchange) -> Answer | None:
    """How a broken cache answers what it should refuse, None for a sound one."""
    faults, method = exchange.faults, exchange.method
    if method == "PUT" and faults.any("cache-swallows-upload", "cache-upload-500"):
        async for _ in exchange.body():
            pass
        if faults.has("cache-upload-500"):
            raise Refused(HTTPStatus.INTERNAL_SERVER_ERROR, "read-only file system")
        return Answer(HTTPStatus.CREATED)
    if method == "DELETE" and faults.has("cache-swallows-delete"):
        exchange.element.store.files.pop(exchange.path, None)
        return Answer(HTTPStatus.NO_CONTENT)
    return None


def told_size(exchange: Exchange, kept: Kept) -> int:
    """The length that HEAD tells."""
    return len(kept.blocks) * BLOCK if exchange.faults.has("cache-head-kept-size") else kept.size


def unasked(exchange: Exchange, known: Kept) -> bool:
    """Whether the origin is not asked whether the file has changed."""
    faults = exchange.faults
    if unchecked(exchange) and not faults.has("cache-own-credential"):
        return True
    return faults.has("cache-stale") and known.is_whole


def old_blocks(exchange: Exchange, known: Kept | None, kept: Kept) -> None:
    """Carry the blocks of the earlier version over into the new one."""
    if known is None or not exchange.faults.has("cache-mixes-versions"):
        return
    for block in known.blocks:
        start = block * BLOCK
        kept.take(start, bytes(known.data[start : start + BLOCK]))


async def not_filled(exchange: Exchange, kept: Kept) -> bool:
    """Whether what is missing is left out."""
    faults = exchange.faults
    if faults.has("cache-part-is-whole") and kept.blocks:
        return True
    if faults.has("cache-crowd-gets-holes"):
        if exchange.element.store.locks[exchange.path].locked():
            return True
        async with exchange.element.store.locks[exchange.path]:
            await asyncio.sleep(CROWD_S)
    return False


async def mix_up(exchange: Exchange, part: Range | None, first: int, last: int) -> tuple[int, int]:
    """The bytes that are given: under a fault those that the latest of five readers wants."""
    if part is None or not exchange.faults.has("cache-crowd-mixes-ranges"):
        return first, last
    wanted = exchange.element.store.wanted
    wanted[exchange.path] = (first, last)
    place = await exchange.element.crowd.join(("part", exchange.path), exchange.files.tree)
    return (first, last) if place is None else wanted[exchange.path]


def content(exchange: Exchange, true: bytes, first: int, *, warm: bool, part: bool) -> bytes:
    """What is sent instead of the true bytes, which begin at `first`."""
    faults = exchange.faults
    if not true:
        if faults.has("cache-empty-refused"):
            raise Refused(HTTPStatus.GATEWAY_TIMEOUT, "Nothing came from the origin")
        return true
    if faults.has("cache-warm-corrupt" if warm else "cache-cold-corrupt"):
        return _flipped(true)
    edge = BLOCK - first % BLOCK
    if part and edge < len(true) and faults.has("cache-block-edge"):
        return true[:edge] + _flipped(true[edge:])
    if part and warm and faults.has("cache-warm-range-shifted"):
        return true[1:] + true[:1]
    kept = exchange.element.store.files.get(exchange.path)
    if kept is not None and not kept.is_whole and not part and faults.has("cache-lost-blocks-cut"):
        return true[: len(kept.blocks) * BLOCK]
    return true


def _flipped(true: bytes) -> bytes:
    return bytes([true[0] ^ 0xFF]) + true[1:]
