"""The faults that show only when several requests come at the same time, or many in a row."""

from __future__ import annotations

import asyncio
import shutil
from dataclasses import replace
from http import HTTPStatus

from lakeproof.emulator.answer import Answer, Refused, text
from lakeproof.emulator.exchange import Exchange
from lakeproof.emulator.namespace import Node
from lakeproof.emulator.upload import Upload

MOST_IN_A_ROW = 24
UPLOAD_S = 0.5
LOOKS, LOOK_S = 25, 0.02


def tire(exchange: Exchange) -> None:
    """Raise Refused 500 for the twenty-fifth HEAD in a row on one connection."""
    transport = exchange.request.transport
    if not exchange.faults.has("load-tires") or transport is None:
        return
    if exchange.element.crowd.in_a_row(transport, exchange.method) > MOST_IN_A_ROW:
        raise _broken()


async def upload(exchange: Exchange, new: Upload) -> bool:
    """Spoil an upload that is complete; True when it is to be forgotten."""
    faults, crowd = exchange.faults, exchange.element.crowd
    if faults.has("load-listing-partial"):
        crowd.uploads += 1
        await asyncio.sleep(UPLOAD_S)
        crowd.uploads -= 1
    if not faults.any("load-put-lost", "load-put-mixed", "load-put-503"):
        return False
    new.flush()
    place = await crowd.join("PUT", new.written_at)
    if place is None or not place.last:
        return False
    if faults.has("load-put-503"):
        raise _busy()
    if faults.has("load-put-mixed"):
        shutil.copyfile(place.first_file, new.written_at)
        return False
    return True


async def look(exchange: Exchange, node: Node) -> None:
    """Raise Refused 503 for the last of five HEAD that come at the same time."""
    if not exchange.faults.has("load-head-503"):
        return
    place = await exchange.element.crowd.join("HEAD", node.disk)
    if place is not None and place.last:
        raise _busy()


async def read(exchange: Exchange, node: Node) -> Node:
    """What a download really reads from."""
    faults = exchange.faults
    if not faults.any("load-read-mixed", "load-read-shifted", "load-read-503"):
        return node
    place = await exchange.element.crowd.join("GET", node.disk)
    if place is None or not place.last:
        return node
    if faults.has("load-read-503"):
        raise _busy()
    if faults.has("load-read-mixed"):
        return replace(node, disk=place.first_file)
    content = node.disk.read_bytes()
    shifted = exchange.files.aside_path()
    shifted.write_bytes(content[len(content) // 2 :] + content[: len(content) // 2])
    return replace(node, disk=shifted)


async def mkcol(exchange: Exchange) -> Answer | None:
    """What a MKCOL is answered that makes nothing, or None."""
    faults, path, crowd = exchange.faults, exchange.path, exchange.element.crowd
    done = text(HTTPStatus.CREATED, exchange.dialect.sentence("done"))
    disk = exchange.files.locate(path)
    if faults.has("load-mkcol-lost"):
        place = await crowd.join("MKCOL", disk)
        return done if place is not None and place.last else None
    if faults.has("load-mkcol-500"):
        place = await crowd.join(("MKCOL", path), disk)
        if place is not None and place.last:
            raise _broken()
    if faults.has("load-mkcol-rollback"):
        place = await crowd.join(("MKCOL", path), disk)
        crowd.fought |= {path} if place is not None else set()
        return done if path in crowd.fought else None
    return None


async def delete(exchange: Exchange) -> bool:
    """Whether a DELETE is answered as if it had removed something."""
    faults, path, crowd = exchange.faults, exchange.path, exchange.element.crowd
    disk = exchange.files.locate(path)
    if faults.has("load-delete-lost"):
        place = await crowd.join("DELETE", disk)
        return place is not None and place.last
    if faults.has("load-delete-500"):
        place = await crowd.join(("DELETE", path), disk)
        if place is not None and place.last:
            raise _broken()
    if faults.has("load-delete-kept"):
        place = await crowd.join(("DELETE", path), disk)
        crowd.fought |= {path} if place is not None else set()
        return path in crowd.fought
    return False


async def listing(exchange: Exchange, found: list[Node]) -> list[Node]:
    """What a listing shows of `found`: half of it while an upload is under way."""
    if not exchange.faults.has("load-listing-partial") or len(found) < 2:  # noqa: PLR2004  a member
        return found
    for _ in range(LOOKS):
        if exchange.element.crowd.uploads:
            return found[: 1 + len(found) // 2]
        await asyncio.sleep(LOOK_S)
    return found


def _busy() -> Refused:
    return Refused(HTTPStatus.SERVICE_UNAVAILABLE, "Too busy")


def _broken() -> Refused:
    return Refused(HTTPStatus.INTERNAL_SERVER_ERROR, "Internal error")
