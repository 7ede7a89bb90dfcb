"""Faults of PUT, MKCOL, DELETE and MOVE in front of a real server."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from http import HTTPStatus
from pathlib import PurePosixPath

from lakeproof.emulator.answer import Answer, Refused, text
from lakeproof.emulator.faults import Faults
from lakeproof.emulator.proxy.call import Call, Upstream, first, flipped

FAULTS = frozenset(
    [
        "put-lies",
        "put-truncates",
        "put-corrupts",
        "put-status-200",
        "put-chunked-empty",
        "put-chunked-refused",
        "put-empty-lost",
        "put-empty-refused",
        "put-overwrite-ignored",
        "put-overwrite-refused",
        "put-over-collection-replaces",
        "put-full-201",
        "mkcol-lies",
        "mkcol-status-200",
        "mkcol-existing-201",
        "mkcol-existing-500",
        "mkcol-existing-wipes",
        "delete-lies",
        "delete-collection-lies",
        "delete-refused",
        "delete-missing-204",
        "delete-missing-500",
        "delete-prefix",
        "move-loses",
        "move-copies",
        "move-truncates",
        "move-status-200",
        "move-missing-500",
        "move-overwrite-f-ignored",
        "move-overwrite-t-refused",
        "move-across-collections-refused",
    ]
)
BROKEN = HTTPStatus.INTERNAL_SERVER_ERROR
STATUS_200 = {"PUT": "put-status-200", "MKCOL": "mkcol-status-200", "MOVE": "move-status-200"}
DONE = ":-)"


async def before(call: Call, upstream: Upstream) -> Answer | None:
    """Change the call, or answer it without the real server; may raise Refused."""
    faults, change = call.exchange.faults, CHANGES.get(call.method)
    concerned = change is not None and faults.names & FAULTS
    return await change(call, upstream, faults) if change is not None and concerned else None


async def after(call: Call, answer: Answer, upstream: Upstream) -> Answer:
    """Spoil what the real server has done, or its answer."""
    faults = call.exchange.faults
    if answer.status == HTTPStatus.CREATED and faults.has(STATUS_200.get(call.method, "-")):
        answer.status = HTTPStatus.OK
    if call.method == "MOVE" and answer.status < HTTPStatus.MULTIPLE_CHOICES:
        if faults.has("move-truncates"):
            await upstream.put(call.destination, b"")
        if faults.has("move-copies"):
            length, content = await upstream.read(call.destination)
            await upstream.put(call.path, content, length)
    return answer


async def _put(call: Call, upstream: Upstream, faults: Faults) -> Answer | None:
    there = await upstream.members(call.path, "0")
    collection = bool(there) and there[0].is_collection
    chunked = call.body is not None and call.length is None
    empty = call.body is None or call.length == 0
    if faults.has("put-over-collection-replaces") and collection:
        await upstream.remove(call.path)
    if faults.has("put-overwrite-refused") and there and not collection:
        raise Refused(HTTPStatus.CONFLICT, "File exists")
    if faults.has("put-chunked-refused") and chunked:
        raise Refused(HTTPStatus.LENGTH_REQUIRED, "Length required")
    if faults.has("put-empty-refused") and empty:
        raise Refused(HTTPStatus.BAD_REQUEST, "Empty body")
    lost = (
        faults.any("put-lies", "put-full-201")
        or (faults.has("put-overwrite-ignored") and bool(there))
        or (faults.has("put-empty-lost") and empty)
    )
    if lost:
        await call.drain()
        return text(HTTPStatus.CREATED, DONE)
    if call.body is not None:
        call.body = _changed(call, call.body, faults, chunked=chunked)
    return None


def _changed(
    call: Call, body: AsyncIterator[bytes], faults: Faults, *, chunked: bool
) -> AsyncIterator[bytes]:
    if faults.has("put-truncates") and call.length:
        half = call.length // 2
        call.headers["Content-Length"] = str(half)
        return first(body, half)
    if faults.has("put-chunked-empty") and chunked:
        return first(body, 0)
    return flipped(body) if faults.has("put-corrupts") else body


async def _mkcol(call: Call, upstream: Upstream, faults: Faults) -> Answer | None:
    if faults.has("mkcol-lies"):
        return text(HTTPStatus.CREATED, DONE)
    existing = faults.any("mkcol-existing-201", "mkcol-existing-500", "mkcol-existing-wipes")
    there = await upstream.members(call.path) if existing else []
    if not there:
        return None
    if faults.has("mkcol-existing-500"):
        raise Refused(BROKEN, "Internal error")
    if faults.has("mkcol-existing-wipes"):
        for member in there[1:]:
            await upstream.remove(member.path)
    return text(HTTPStatus.CREATED, DONE) if faults.has("mkcol-existing-201") else None


async def _delete(call: Call, upstream: Upstream, faults: Faults) -> Answer | None:
    there = await upstream.members(call.path, "0")
    if not there:
        if faults.has("delete-missing-500"):
            raise Refused(BROKEN, "Internal error")
        return text(HTTPStatus.NO_CONTENT) if faults.has("delete-missing-204") else None
    collection = there[0].is_collection
    if faults.has("delete-refused") and not collection:
        raise Refused(HTTPStatus.FORBIDDEN, f"Unable to remove {call.path}; permission denied")
    if faults.has("delete-prefix"):
        await _delete_relatives(call.path, upstream)
    if faults.has("delete-collection-lies" if collection else "delete-lies"):
        return text(HTTPStatus.OK, DONE)
    return None


async def _delete_relatives(path: PurePosixPath, upstream: Upstream) -> None:
    for sibling in (await upstream.members(path.parent))[1:]:
        shorter, longer = sorted((sibling.path.name, path.name), key=len)
        if longer.startswith(shorter) and sibling.path != path:
            await upstream.remove(sibling.path)


async def _move(call: Call, upstream: Upstream, faults: Faults) -> Answer | None:
    if not await upstream.members(call.path, "0"):
        if faults.has("move-missing-500"):
            raise Refused(BROKEN, "Internal error")
        return None
    across = call.destination.parent != call.path.parent
    if across and faults.has("move-across-collections-refused"):
        raise Refused(HTTPStatus.FORBIDDEN, "Cannot move to another collection")
    occupied = bool(await upstream.members(call.destination, "0"))
    if faults.has("move-overwrite-f-ignored"):
        call.headers.popall("Overwrite", None)
        if occupied:
            await upstream.remove(call.destination)
    if faults.has("move-loses"):
        await upstream.remove(call.path)
        return text(HTTPStatus.CREATED, DONE)
    keep = call.headers.get("Overwrite", "T").strip().upper() == "F"
    if faults.has("move-overwrite-t-refused") and occupied and not keep:
        raise Refused(HTTPStatus.PRECONDITION_FAILED, "Destination exists")
    return None


Change = Callable[[Call, Upstream, Faults], Awaitable[Answer | None]]
CHANGES: dict[str, Change] = {"PUT": _put, "MKCOL": _mkcol, "DELETE": _delete, "MOVE": _move}
