"""Writing answers to the connection, including those no HTTP library would write."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from http import HTTPStatus
from typing import cast

from aiohttp import web

from lakeproof.emulator.answer import Answer

DRIP_S = 1.0
RAW_CHUNK = 1 << 16


async def write(request: web.BaseRequest, answer: Answer) -> web.StreamResponse:
    """Send `answer`; never raises for a client that went away."""
    response = web.StreamResponse(status=answer.status, reason=phrase(answer.status))
    try:
        if answer.raw is not None:
            await _write_raw(request, answer)
        else:
            await _write_http(request, response, answer)
    except (ConnectionError, RuntimeError):
        _disconnect(request, reset=True)
    return response


def phrase(status: int) -> str:
    """The standard reason phrase of a status."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"


def head_bytes(answer: Answer, extra: bytes = b"") -> bytes:
    """A complete answer with an in-memory body as it goes over the wire; `extra` header lines."""
    body = answer.body if isinstance(answer.body, bytes) else b""
    lines = [f"HTTP/1.1 {answer.status} {phrase(answer.status)}"]
    lines += [f"{name}: {value}" for name, value in answer.headers.items()]
    lines += [f"Content-Length: {len(body)}", "Connection: close"]
    return "\r\n".join(lines).encode() + b"\r\n" + extra + b"\r\n" + body


async def _write_http(
    request: web.BaseRequest, response: web.StreamResponse, answer: Answer
) -> None:
    for name, value in answer.headers.items():
        response.headers.add(name, value)
    length = _announced(request, answer)
    if length is not None and answer.status != HTTPStatus.NO_CONTENT:
        response.content_length = length
    elif length is None and request.method != "HEAD" and request.version >= (1, 1):
        response.enable_chunked_encoding()
    if answer.cut or answer.reset or _body_is_left(request):
        response.force_close()
    await response.prepare(request)
    if request.method != "HEAD":
        await _write_body(response, answer)
    if answer.cut or answer.reset:
        _disconnect(request, reset=answer.reset)
        return
    await response.write_eof()
    await _write_beyond(request, answer)


async def _write_beyond(request: web.BaseRequest, answer: Answer) -> None:
    """Send what does not belong after a complete answer: a body to HEAD, or `after`."""
    transport = request.transport
    if transport is None:
        return
    if request.method == "HEAD" and answer.length is not None:
        async for chunk in _chunks(answer):
            transport.write(chunk)
    transport.write(answer.after)


def _announced(request: web.BaseRequest, answer: Answer) -> int | None:
    """The Content-Length to send, None for none."""
    if answer.announce is not None or request.method == "HEAD" or answer.chunked:
        return answer.announce
    return answer.size


async def _write_body(response: web.StreamResponse, answer: Answer) -> None:
    if isinstance(answer.body, bytes):
        if answer.body:
            await response.write(answer.body)
        return
    async with aclosing(cast("AsyncGenerator[bytes]", answer.body)) as stream:
        async for chunk in stream:
            await response.write(chunk)


async def _chunks(answer: Answer) -> AsyncIterator[bytes]:
    if isinstance(answer.body, bytes):
        yield answer.body
        return
    async for chunk in answer.body:
        yield chunk


async def _write_raw(request: web.BaseRequest, answer: Answer) -> None:
    transport = request.transport
    raw = answer.raw or b""
    step = 1 if answer.drip else RAW_CHUNK
    for start in range(0, len(raw), step):
        if transport is None or transport.is_closing():
            break
        transport.write(raw[start : start + step])
        await asyncio.sleep(DRIP_S if answer.drip else 0)
    _disconnect(request, reset=answer.reset)


def _disconnect(request: web.BaseRequest, *, reset: bool) -> None:
    transport = request.transport
    if transport is not None:
        if reset:
            transport.abort()
        else:
            transport.close()
    request.protocol.force_close()


def _body_is_left(request: web.BaseRequest) -> bool:
    """Whether a client that waits for 100 was answered before it sent its body."""
    expects = request.headers.get("Expect", "").lower() == "100-continue"
    return expects and not request.content.is_eof()
