"""GET and HEAD: files whole and in ranges, collections, redirects to the data server."""

from __future__ import annotations

import html
from collections.abc import AsyncGenerator, AsyncIterator
from http import HTTPStatus
from pathlib import Path

from multidict import CIMultiDict

from lakeproof.emulator import conditions, digests, embargo, ranges
from lakeproof.emulator.answer import Answer, Refused, text
from lakeproof.emulator.checksums import CHUNK
from lakeproof.emulator.exchange import Exchange
from lakeproof.emulator.identity import Action
from lakeproof.emulator.misdirected import misdirect
from lakeproof.emulator.namespace import Node
from lakeproof.emulator.paths import encode
from lakeproof.emulator.spoiled import load as spoiled_load
from lakeproof.emulator.spoiled import ranges as spoiled_ranges

PLAIN = "application/octet-stream"


async def get(exchange: Exchange) -> Answer:
    """Answer GET."""
    node = _readable(exchange, Action.READ)
    if node.is_collection:
        return _collection(exchange, node)
    embargo.note_served(exchange.element.served, exchange)
    conditions.check_read(exchange, node)
    _on_disk(exchange, node)
    redirected = _redirected(exchange)
    return redirected or _file(exchange, await spoiled_load.read(exchange, node))


async def head(exchange: Exchange) -> Answer:
    """Answer HEAD: what GET would, without the body; stat rights suffice."""
    faults = exchange.faults
    if faults.has("head-refused"):
        raise Refused(HTTPStatus.METHOD_NOT_ALLOWED, "Method not allowed")
    node = _readable(exchange, Action.STAT)
    if node.is_collection:
        refused = faults.has("head-collection-refused")
        return Answer(HTTPStatus.METHOD_NOT_ALLOWED if refused else HTTPStatus.OK)
    await spoiled_load.look(exchange, node)
    conditions.check_read(exchange, node)
    size = node.size + (1 if faults.has("head-wrong-length") else 0)
    if faults.has("head-range-length"):
        size = spoiled_ranges.length_of(exchange.header("Range"), size)
    announce = None if faults.has("head-no-length") else size
    answer = Answer(HTTPStatus.OK, _headers(exchange, node), announce=announce)
    if faults.has("head-sends-body"):
        answer.body = file_body(node.disk, 0, node.size)
        answer.length = node.size
    return answer


def _readable(exchange: Exchange, action: Action) -> Node:
    """The node at the path, once the client may see it (404 is for those who may)."""
    embargo.before_authorisation(exchange)
    node = exchange.files.find(exchange.path)
    is_collection = node is not None and node.is_collection
    wanted = Action.LIST if is_collection and action is Action.READ else action
    exchange.allow(wanted, collection=is_collection or exchange.slash)
    return exchange.node()


def _headers(exchange: Exchange, node: Node) -> CIMultiDict[str]:
    found: CIMultiDict[str] = CIMultiDict({"Content-Type": PLAIN})
    if not exchange.faults.has("range-accept-missing"):
        found["Accept-Ranges"] = "bytes"
    found.update(conditions.validators(exchange, node))
    found.update(digests.headers(exchange, node))
    return found


def _on_disk(exchange: Exchange, node: Node) -> None:
    if exchange.element.tape.on_disk(node) or exchange.faults.has("tape-nearline-empty"):
        return
    dialect = exchange.dialect
    raise Refused(dialect.status.tape_only, dialect.sentence("tape_only", path=node.path))


def _redirected(exchange: Exchange) -> Answer | None:
    element = exchange.element
    if not exchange.at_door:
        return None
    wrong = misdirect(exchange)
    if wrong is None and not element.redirector.applies("GET", exchange.expects_continue):
        return None
    location = wrong or element.redirector.location("GET", exchange.path, may_replace=False)
    form = element.redirector.form
    status = form.read if form else HTTPStatus.FOUND
    return text(status, "", {"Location": location})


def _file(exchange: Exchange, node: Node) -> Answer:
    answer = Answer(HTTPStatus.OK, _headers(exchange, node))
    wanted = exchange.header("Range")
    if wanted is not None and conditions.range_applies(exchange, node):
        partial = _partial(exchange, node, wanted, answer.headers)
        if partial is not None:
            return partial
    disk = node.disk
    if exchange.faults.has("get-stale") and node.path in exchange.files.previous:
        disk = exchange.files.previous[node.path].disk
    size = disk.stat().st_size
    empty = exchange.faults.has("tape-nearline-empty") and not exchange.element.tape.on_disk(node)
    size = 0 if empty else size
    answer.body = file_body(disk, 0, size)
    answer.length = size
    return answer


def _partial(
    exchange: Exchange, node: Node, wanted: str, headers: CIMultiDict[str]
) -> Answer | None:
    """A 206 answer, or None when the Range header is to be ignored."""
    spoiled = spoiled_ranges.before(exchange, node, wanted)
    if spoiled is not None:
        return spoiled.answer
    try:
        found = ranges.parse(wanted, node.size)
    except ranges.NotSatisfiableError:
        return _unsatisfiable(exchange, node)
    if found is None:
        return None
    found = spoiled_ranges.shift(exchange, node, wanted, found)
    if len(found) == 1:
        return _single(exchange, node, found[0], headers)
    body = ranges.multipart(found, node.size, exchange.dialect.get.boundary)
    body = spoiled_ranges.multipart(exchange, body)
    headers["Content-Type"] = f"multipart/byteranges; boundary={body.boundary}"
    stream = _multipart_body(node.disk, body)
    return Answer(HTTPStatus.PARTIAL_CONTENT, headers, stream, length=body.length)


def _single(
    exchange: Exchange, node: Node, wanted: ranges.Range, headers: CIMultiDict[str]
) -> Answer:
    total = node.size + (7 if exchange.faults.has("range-content-range-wrong") else 0)
    headers["Content-Range"] = f"bytes {wanted.first}-{wanted.last}/{total}"
    status = HTTPStatus.PARTIAL_CONTENT
    if exchange.faults.has("range-status-200"):
        status = HTTPStatus.OK
        del headers["Content-Range"]
    body = file_body(node.disk, wanted.first, wanted.length)
    return Answer(status, headers, body, length=wanted.length)


def _unsatisfiable(exchange: Exchange, node: Node) -> Answer | None:
    faults = exchange.faults
    if faults.has("range-unsatisfiable-200"):
        return None
    if faults.has("range-unsatisfiable-500"):
        raise Refused(HTTPStatus.INTERNAL_SERVER_ERROR, "Internal error")
    named = {"Content-Range": f"bytes */{node.size}"}
    told = {} if faults.has("range-unsatisfiable-no-length") else named
    raise Refused(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, "Range not satisfiable", told)


def _collection(exchange: Exchange, node: Node) -> Answer:
    if exchange.faults.has("get-collection-500"):
        raise Refused(HTTPStatus.INTERNAL_SERVER_ERROR, "Internal error")
    dialect = exchange.dialect
    if dialect.status.get_collection != HTTPStatus.OK:
        raise Refused(dialect.status.get_collection, dialect.sentence("get_collection"))
    links = (
        f'<li><a href="{html.escape(encode(child.path, directory=child.is_collection))}">'
        f"{html.escape(child.path.name)}</a></li>"
        for child in exchange.files.children(node.path)
    )
    page = f"<!doctype html><title>{html.escape(str(node.path))}</title><ul>{''.join(links)}</ul>"
    return text(HTTPStatus.OK, page, {"Content-Type": "text/html; charset=utf-8"})


async def file_body(disk: Path, first: int, length: int) -> AsyncGenerator[bytes]:
    """`length` bytes of a file from `first` on, in chunks."""
    with disk.open("rb") as stream:
        stream.seek(first)
        left = length
        while left > 0 and (chunk := stream.read(min(CHUNK, left))):
            left -= len(chunk)
            yield chunk


async def _multipart_body(disk: Path, body: ranges.Multipart) -> AsyncIterator[bytes]:
    for part in body.parts:
        yield part.head
        async for chunk in file_body(disk, part.range.first, part.range.length):
            yield chunk
    yield body.tail
