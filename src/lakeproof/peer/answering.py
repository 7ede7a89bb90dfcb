"""How the peer answers one request to one of its resources."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from http import HTTPStatus

from aiohttp import ClientError, web
from aiohttp.http_exceptions import HttpProcessingError

from lakeproof.peer.resource import Resource, Sighting

CHUNK = 1 << 16
PIECES = 8
PAUSE_S = 0.15
LITTLE = 512
LONGEST_S = 600.0
THINK_S = 1.0
READER_CHUNK = 1 << 14
READER_PAUSE_S = 0.1
WRONG = 0x55
UNDIGESTED = frozenset({"undigested", "short", "reset", "stalled"})
PLAIN = {
    "OPTIONS": HTTPStatus.OK,
    "GET": HTTPStatus.NOT_FOUND,
    "HEAD": HTTPStatus.NOT_FOUND,
}


class GoneError(Exception):
    """The other side went away before the request was through."""


async def answer(
    request: web.BaseRequest, resource: Resource, seen: Sighting
) -> web.StreamResponse:
    """Answer everything but the content itself; raises GoneError."""
    if not resource.admits(request.headers.get("Authorization")):
        return _plain(HTTPStatus.UNAUTHORIZED, {"WWW-Authenticate": 'Bearer realm="peer"'})
    if resource.behaviour == "unavailable":
        return _plain(HTTPStatus.SERVICE_UNAVAILABLE)
    if resource.behaviour == "redirecting":
        return _plain(HTTPStatus.TEMPORARY_REDIRECT, {"Location": resource.location})
    if request.method == "PUT":
        return await _put(request, resource, seen)
    if request.method == "DELETE":
        resource.stored = None
        return _plain(HTTPStatus.NO_CONTENT)
    status = PLAIN.get(request.method, HTTPStatus.METHOD_NOT_ALLOWED)
    return _plain(status, {"Allow": "OPTIONS, GET, HEAD, PUT, DELETE"})


def streams(request: web.BaseRequest, resource: Resource) -> bool:
    """Whether the answer is the resource's content, which `stream` sends."""
    return (
        request.method in {"GET", "HEAD"}
        and resource.stored is not None
        and resource.behaviour not in {"unavailable", "redirecting"}
        and resource.admits(request.headers.get("Authorization"))
    )


async def stream(
    request: web.BaseRequest, resource: Resource, seen: Sighting
) -> web.StreamResponse:
    """Send the content in the way of the resource; raises GoneError."""
    size, adler32 = resource.stored or (0, "")
    response = web.StreamResponse(headers=_digests(resource, adler32))
    response.content_length = size
    response.content_type = "application/octet-stream"
    whole = resource.behaviour not in {"short", "reset", "stalled", "endless"}
    if not whole:
        response.force_close()
    seen.status = response.status
    await response.prepare(request)
    if request.method == "HEAD":
        return response
    async for piece in _pieces(request, resource):
        try:
            await response.write(piece)
        except (ConnectionError, RuntimeError) as why:
            raise GoneError from why
        seen.sent += len(piece)
    if not whole:
        _hang_up(request, reset=resource.behaviour == "reset")
    elif _gone(request):
        raise GoneError
    return response


def _digests(resource: Resource, adler32: str) -> dict[str, str]:
    if resource.behaviour in UNDIGESTED:
        return {}
    if resource.behaviour == "corrupt" and resource.content is None:
        adler32 = f"{int(adler32, 16) ^ WRONG:08x}"
    raw = base64.b64encode(bytes.fromhex(adler32)).decode()
    return {"Digest": f"adler32={adler32}", "Repr-Digest": f"adler32=:{raw}:"}


async def _pieces(request: web.BaseRequest, resource: Resource) -> AsyncIterator[bytes]:
    """The bytes to send, with the pauses between them."""
    content = resource.content or b""
    behaviour = resource.behaviour
    if behaviour == "corrupt" and content:
        middle = len(content) // 2
        changed = bytes([content[middle] ^ WRONG])
        content = content[:middle] + changed + content[middle + 1 :]
    if behaviour in {"short", "reset", "stalled"}:
        content = content[: len(content) // 2]
    if behaviour == "endless":
        async for piece in _trickle(request, content):
            yield piece
        return
    step = max(1, -(-len(content) // PIECES)) if behaviour == "slow" else CHUNK
    for start in range(0, len(content), step):
        yield content[start : start + step]
        if behaviour == "slow":
            await asyncio.sleep(PAUSE_S)
    if behaviour == "stalled":
        await _wait_until_gone(request)


async def _trickle(request: web.BaseRequest, content: bytes) -> AsyncIterator[bytes]:
    """The first 64 KiB at once, then little by little; the last byte is never sent."""
    yield content[:CHUNK]
    end = asyncio.get_running_loop().time() + LONGEST_S
    for start in range(CHUNK, len(content) - LITTLE, LITTLE):
        await asyncio.sleep(PAUSE_S)
        if _gone(request):
            raise GoneError
        if asyncio.get_running_loop().time() > end:
            return
        yield content[start : start + LITTLE]
    await _wait_until_gone(request)


async def _wait_until_gone(request: web.BaseRequest) -> None:
    end = asyncio.get_running_loop().time() + LONGEST_S
    while asyncio.get_running_loop().time() < end:
        if _gone(request):
            raise GoneError
        await asyncio.sleep(PAUSE_S)


async def _put(request: web.BaseRequest, resource: Resource, seen: Sighting) -> web.Response:
    half = (request.content_length or 0) // 2
    try:
        while chunk := await request.content.read(_read_size(resource)):
            seen.take(chunk)
            if resource.behaviour == "reset" and seen.received >= half:
                _hang_up(request, reset=True)
                return web.Response(status=HTTPStatus.INTERNAL_SERVER_ERROR)
            if resource.behaviour == "slow-reader" and not resource.released:
                await asyncio.sleep(READER_PAUSE_S)
    except (ConnectionError, ClientError, HttpProcessingError) as why:
        raise GoneError from why
    if _gone(request) and seen.received != request.content_length:
        raise GoneError
    if resource.behaviour == "late-refusal":
        await asyncio.sleep(THINK_S)
        return _plain(HTTPStatus.INTERNAL_SERVER_ERROR)
    resource.stored = (seen.received, seen.adler32)
    return _plain(HTTPStatus.CREATED)


def _read_size(resource: Resource) -> int:
    return READER_CHUNK if resource.behaviour == "slow-reader" else CHUNK


def _plain(status: HTTPStatus, headers: dict[str, str] | None = None) -> web.Response:
    return web.Response(status=status, headers=headers)


def _gone(request: web.BaseRequest) -> bool:
    transport = request.transport
    return transport is None or transport.is_closing()


def _hang_up(request: web.BaseRequest, *, reset: bool) -> None:
    transport = request.transport
    if transport is not None:
        if reset:
            transport.abort()
        else:
            transport.close()
    request.protocol.force_close()
