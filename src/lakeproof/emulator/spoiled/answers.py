"""The faults that concern whole answers: errors, headers, bodies of reads."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from email.utils import formatdate
from http import HTTPStatus

from multidict import CIMultiDict

from lakeproof.emulator.answer import Answer, Refused, text
from lakeproof.emulator.exchange import Exchange
from lakeproof.emulator.faults import Faults
from lakeproof.emulator.writer import head_bytes

HOUR_S = 3600
HUGE = 10_000_000
DRIP_S = 1.0
ENDLESS_CHUNK = bytes(65536)
APPENDED = b"trailing bytes"
LOGIN = "<!doctype html><html><body><h1>Login</h1><form method=post></form></body></html>"
TRACE = "\njava.lang.NullPointerException\n\tat org.example.storage.Door.handle(Door.java:217)\n"
GARBAGE = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nstale"


def before(faults: Faults, count: int) -> Answer | None:
    """What a fault answers before a request is looked at; `count` numbers the requests from 1."""
    if faults.has("throttles-all"):
        return text(HTTPStatus.TOO_MANY_REQUESTS, "Slow down")
    if faults.has("flaky") and count % 3 == 0:
        return text(HTTPStatus.SERVICE_UNAVAILABLE, "Temporarily unavailable")
    if faults.has("html-login-page"):
        return text(HTTPStatus.OK, LOGIN, {"Content-Type": "text/html"})
    if faults.has("empty-reply"):
        return Answer(HTTPStatus.OK, raw=b"")
    if faults.has("not-http"):
        return Answer(HTTPStatus.OK, raw=b"220 storage ready\r\n500 unknown command\r\n")
    return None


def refuse_client(exchange: Exchange) -> None:
    """Raise Refused for what only some clients send."""
    if exchange.header("TE") and exchange.faults.has("header-te-refused"):
        raise Refused(HTTPStatus.BAD_REQUEST, "Bad request header")


def spoil(exchange: Exchange, answer: Answer) -> Answer:
    """The answer a faulty server sends instead of `answer`."""
    if not exchange.faults.names:
        return answer
    if answer.status >= HTTPStatus.BAD_REQUEST:
        answer = _spoil_error(exchange, answer)
    elif exchange.method == "GET" and answer.length is not None:
        answer = _spoil_body(exchange, answer)
    return _spoil_head(exchange, answer)


def _spoil_error(exchange: Exchange, answer: Answer) -> Answer:
    faults = exchange.faults
    if answer.status == HTTPStatus.NOT_FOUND and exchange.method in {"GET", "HEAD"}:
        answer = _spoil_missing(exchange, answer)
    if faults.has("error-html-login") and answer.status >= HTTPStatus.BAD_REQUEST:
        return text(HTTPStatus.OK, LOGIN, {"Content-Type": "text/html"})
    if faults.has("error-leaks-trace") and isinstance(answer.body, bytes):
        answer.body += TRACE.encode()
    if faults.has("error-empty-reply"):
        return Answer(answer.status, raw=b"")
    if faults.has("header-injection"):
        injected = f"X-Error-Path: {exchange.path}\r\n".encode()
        return Answer(answer.status, raw=head_bytes(answer, injected))
    return answer


def _spoil_missing(exchange: Exchange, answer: Answer) -> Answer:
    faults, method = exchange.faults, exchange.method.lower()
    if faults.has(f"{method}-missing-500"):
        return text(HTTPStatus.INTERNAL_SERVER_ERROR, "Internal error")
    if exchange.header("Want-Digest") and faults.has("digest-missing-file-500"):
        return text(HTTPStatus.INTERNAL_SERVER_ERROR, "Failed to calculate checksum")
    if faults.has(f"{method}-missing-200"):
        return Answer(HTTPStatus.OK, announce=0)
    if method == "get" and faults.has("get-missing-403"):
        return text(HTTPStatus.FORBIDDEN, "Permission denied")
    return answer


def _spoil_head(exchange: Exchange, answer: Answer) -> Answer:
    faults = exchange.faults
    if faults.has("clock-skew"):
        answer.headers["Date"] = formatdate(time.time() - HOUR_S, usegmt=True)
    if faults.has("cors-reflects-origin") and exchange.header("Origin"):
        answer.headers["Access-Control-Allow-Origin"] = exchange.header("Origin") or ""
        answer.headers["Access-Control-Allow-Credentials"] = "true"
    if faults.has("header-huge"):
        padding = b"X-Padding: " + b"a" * HUGE + b"\r\n"
        return Answer(answer.status, raw=head_bytes(answer, padding))
    if faults.has("header-slow"):
        return Answer(answer.status, raw=head_bytes(answer), drip=True)
    if faults.has("keep-alive-garbage") and exchange.method == "PUT":
        answer.after = GARBAGE
    return answer


def _spoil_body(exchange: Exchange, answer: Answer) -> Answer:
    if exchange.faults.has("get-second-differs") and not isinstance(answer.body, bytes):
        exchange.element.reads[exchange.path] += 1
        if exchange.element.reads[exchange.path] % 2 == 0:
            answer = _wrong_bytes(answer, answer.body, answer.length or 0)
    for fault, change in BODY_FAULTS.items():
        if exchange.faults.has(fault) and answer.length and not isinstance(answer.body, bytes):
            answer = change(answer, answer.body, answer.length)
    return answer


def _wrong_bytes(answer: Answer, body: AsyncIterator[bytes], length: int) -> Answer:
    answer.body = _flipped(body, length // 2)
    return answer


def _truncated(answer: Answer, body: AsyncIterator[bytes], length: int) -> Answer:
    answer.body, answer.announce, answer.cut = _first(body, length // 2), length, True
    return answer


def _reset(answer: Answer, body: AsyncIterator[bytes], length: int) -> Answer:
    answer = _truncated(answer, body, length)
    answer.cut, answer.reset = False, True
    return answer


def _short(answer: Answer, body: AsyncIterator[bytes], length: int) -> Answer:
    answer.body, answer.length = _first(body, length - 1), length - 1
    return answer


def _extended(answer: Answer, body: AsyncIterator[bytes], length: int) -> Answer:
    answer.body, answer.length = _followed(body), length + len(APPENDED)
    return answer


def _empty(answer: Answer, body: AsyncIterator[bytes], length: int) -> Answer:
    del body, length
    answer.body, answer.length = b"", None
    return answer


def _slow(answer: Answer, body: AsyncIterator[bytes], length: int) -> Answer:
    answer.body, answer.length = _dripping(body), length
    return answer


def _endless(answer: Answer, body: AsyncIterator[bytes], length: int) -> Answer:
    del length
    answer.body, answer.length = _never_ending(body), None
    return answer


BODY_FAULTS: dict[str, Callable[[Answer, AsyncIterator[bytes], int], Answer]] = {
    "get-wrong-bytes": _wrong_bytes,
    "get-truncated": _truncated,
    "get-reset": _reset,
    "get-short": _short,
    "get-extra-bytes": _extended,
    "get-empty": _empty,
    "get-slow-loris": _slow,
    "get-endless": _endless,
}


async def _flipped(body: AsyncIterator[bytes], at: int) -> AsyncIterator[bytes]:
    passed = 0
    async for chunk in body:
        here = at - passed
        passed += len(chunk)
        if 0 <= here < len(chunk):
            yield chunk[:here] + bytes([chunk[here] ^ 0x55]) + chunk[here + 1 :]
        else:
            yield chunk


async def _first(body: AsyncIterator[bytes], count: int) -> AsyncIterator[bytes]:
    async for chunk in body:
        yield chunk[:count]
        count -= min(count, len(chunk))


async def _followed(body: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    async for chunk in body:
        yield chunk
    yield APPENDED


async def _dripping(body: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    async for chunk in body:
        for value in chunk:
            yield bytes([value])
            await asyncio.sleep(DRIP_S)


async def _never_ending(body: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    async for chunk in body:
        yield chunk
    while True:
        yield ENDLESS_CHUNK
        await asyncio.sleep(0.001)


def unexpected(faults: Faults) -> Refused | None:
    """What a fault answers to a method nobody knows, or None."""
    if faults.has("method-unknown-500"):
        return Refused(HTTPStatus.INTERNAL_SERVER_ERROR, "Internal error")
    return None


def echo(exchange: Exchange) -> Answer:
    """TRACE as a faulty server has it: the request's header as the body."""
    lines = [f"{name}: {value}" for name, value in exchange.request.headers.items()]
    body = f"TRACE {exchange.path} HTTP/1.1\r\n" + "\r\n".join(lines)
    return Answer(HTTPStatus.OK, CIMultiDict({"Content-Type": "message/http"}), body.encode())
