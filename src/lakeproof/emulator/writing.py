"""PUT: streamed aside with running checksums, verified, then made visible in one step."""

from __future__ import annotations

import asyncio
import shutil
from http import HTTPStatus

from lakeproof.emulator import conditions, digests
from lakeproof.emulator.answer import Answer, Refused, text
from lakeproof.emulator.checksums import of_file
from lakeproof.emulator.exchange import BrokenUploadError, Exchange
from lakeproof.emulator.identity import Action
from lakeproof.emulator.namespace import Node
from lakeproof.emulator.paths import ROOT
from lakeproof.emulator.spoiled import load as spoiled_load
from lakeproof.emulator.upload import Upload

EARLY_ANSWER_S = 3.0
RACE_S = 0.3


async def put(exchange: Exchange) -> Answer:
    """Answer PUT."""
    old = exchange.files.find(exchange.path)
    try:
        admit_write(exchange, old)
    except Refused as refusal:
        if exchange.faults.has("scope-denied-yet-written"):
            await _store(exchange, old)
        raise refusal from None
    conditions.check_write(exchange, old)
    if exchange.header("Content-Range") and not exchange.faults.has("put-content-range-replaces"):
        raise Refused(HTTPStatus.BAD_REQUEST, "Content-Range is not supported on PUT")
    redirector = exchange.element.redirector
    see_other = exchange.faults.has("redirect-upload-303") and exchange.expects_continue
    at_once = exchange.faults.has("redirect-upload-at-once")
    handed_on = redirector.applies("PUT", exchange.expects_continue) or see_other or at_once
    if exchange.at_door and handed_on:
        replace = exchange.identity.may(Action.OVERWRITE, exchange.path)
        location = redirector.location("PUT", exchange.path, may_replace=replace)
        form = redirector.form
        status = form.write if form else HTTPStatus.TEMPORARY_REDIRECT
        status = HTTPStatus.SEE_OTHER if see_other else status
        return text(status, "", {"Location": location})
    _broken_preconditions(exchange, old)
    await _store(exchange, old)
    return _created(exchange, old)


def admit_write(exchange: Exchange, old: Node | None) -> None:
    """Raise Refused unless a file may be written at the path: kind, rights, parents."""
    path, faults, dialect = exchange.path, exchange.faults, exchange.dialect
    if old is not None and old.is_collection:
        exchange.allow(Action.CREATE, collection=True)
        if faults.has("put-over-collection-replaces"):
            return
        broken = faults.has("put-over-collection-500")
        status = HTTPStatus.INTERNAL_SERVER_ERROR if broken else dialect.status.put_over_collection
        raise Refused(status, dialect.sentence("put_over_collection", path=path))
    exchange.allow(Action.CREATE if old is None else Action.OVERWRITE)
    if exchange.slash or path == ROOT:
        raise Refused(dialect.status.put_over_collection, "A file's path has no trailing slash")
    if old is None:
        _admit_parent(exchange)


def _admit_parent(exchange: Exchange) -> None:
    """Raise Refused unless the parent is there or may be made."""
    path, faults, dialect = exchange.path, exchange.faults, exchange.dialect
    parent = exchange.files.find(path.parent)
    if parent is not None and parent.is_collection:
        return
    above = [exchange.files.find(p) for p in path.parents]
    if any(node is not None and not node.is_collection for node in above):
        broken = faults.has("put-parent-is-file-500")
        status = HTTPStatus.INTERNAL_SERVER_ERROR if broken else dialect.status.put_parent
        raise Refused(status, dialect.sentence("parent", path=path.parent))
    if faults.has("put-parent-500"):
        raise Refused(HTTPStatus.INTERNAL_SERVER_ERROR, "Internal error")
    if not dialect.put.parents or faults.has("put-parent-409"):
        raise Refused(dialect.status.put_parent, dialect.sentence("parent", path=path.parent))
    may_modify = exchange.identity.may(Action.OVERWRITE, path)
    if faults.has("scope-create-parents-refused") and not may_modify:
        raise Refused(dialect.status.denied, dialect.sentence("denied", path=path.parent))


async def _store(exchange: Exchange, old: Node | None) -> None:
    """Take the body in and make it visible; nothing stays of a body that breaks off."""
    faults = exchange.faults
    if old is not None and old.is_collection:
        shutil.rmtree(old.disk)
    upload = Upload(exchange.files, exchange.path, faults)
    upload.chunked = _is_chunked(exchange)
    try:
        await _receive(exchange, upload)
        _verify(exchange, upload)
        if faults.has("put-early-201"):
            upload.release()
            exchange.element.later(EARLY_ANSWER_S, upload.commit)
            return
        if faults.has("put-if-none-match-racy"):
            await asyncio.sleep(RACE_S)
        if await spoiled_load.upload(exchange, upload):
            upload.discard()
            return
        exclusive = conditions.wants_new_only(exchange) or (
            old is None and not exchange.identity.may(Action.OVERWRITE, exchange.path)
        )
        await upload.commit(exclusive=exclusive)
    except FileExistsError:
        upload.discard()
        raise Refused(HTTPStatus.PRECONDITION_FAILED, "File exists") from None
    except BaseException:
        upload.discard()
        raise


async def _receive(exchange: Exchange, upload: Upload) -> None:
    faults = exchange.faults
    chunked_lost = faults.has("put-chunked-empty") and _is_chunked(exchange)
    announced = exchange.request.content_length
    try:
        async for chunk in exchange.body():
            if not chunked_lost:
                upload.write(chunk)
    except Refused as refusal:
        if refusal.status != HTTPStatus.INSUFFICIENT_STORAGE or not faults.has("put-full-500"):
            raise
        raise Refused(HTTPStatus.INTERNAL_SERVER_ERROR, "Internal error") from None
    if announced is not None and announced != upload.received and not chunked_lost:
        raise BrokenUploadError(f"{upload.received} of {announced} bytes arrived")
    await asyncio.sleep(0)


def _verify(exchange: Exchange, upload: Upload) -> None:
    """Compare what came with the checksums the client stated."""
    faults = exchange.faults
    if faults.has("put-bad-digest-accepted"):
        return
    upload.flush()
    for stated in digests.claimed(exchange):
        known = upload.checksums.values()
        value = known.get(stated.algorithm)
        if value is None:
            value = of_file(upload.written_at, [stated.algorithm])[stated.algorithm]
        if value == stated.value and not faults.has("put-good-digest-refused"):
            continue
        if faults.has("put-bad-digest-kept"):
            upload.make_parents()
            exchange.files.adopt(upload.release(), exchange.path)
        raise Refused(
            exchange.dialect.status.bad_digest, f"{stated.header} does not match the data"
        )


def _broken_preconditions(exchange: Exchange, old: Node | None) -> None:
    faults = exchange.faults
    if faults.has("put-chunked-refused") and _is_chunked(exchange):
        raise Refused(HTTPStatus.LENGTH_REQUIRED, "Length required")
    if faults.has("put-empty-refused") and exchange.request.content_length == 0:
        raise Refused(HTTPStatus.BAD_REQUEST, "Empty body")
    if faults.has("put-overwrite-refused") and old is not None:
        raise Refused(HTTPStatus.CONFLICT, "File exists")


def _created(exchange: Exchange, old: Node | None) -> Answer:
    dialect = exchange.dialect
    status = dialect.status.put_new if old is None else dialect.status.put_replaced
    if exchange.faults.has("put-status-200") and old is None:
        status = HTTPStatus.OK
    body = "" if status == HTTPStatus.NO_CONTENT else dialect.sentence("done")
    node = exchange.files.find(exchange.path)
    headers = {} if node is None else conditions.validators(exchange, node)
    headers.pop("Last-Modified", None)
    return text(status, body, headers)


def _is_chunked(exchange: Exchange) -> bool:
    return "chunked" in (exchange.header("Transfer-Encoding") or "").lower()
