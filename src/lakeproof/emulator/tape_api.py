"""The WLCG Tape REST API v1 in front of the simulated tape system."""

from __future__ import annotations

import json
from http import HTTPStatus
from pathlib import PurePosixPath
from typing import Any

from lakeproof.emulator import paths
from lakeproof.emulator.answer import Answer, Refused, text
from lakeproof.emulator.desk import as_json
from lakeproof.emulator.exchange import Exchange, Handler
from lakeproof.emulator.identity import Action
from lakeproof.emulator.macaroons import BadMacaroonRequestError, lifetime
from lakeproof.emulator.tape import StageFile, StageRequest
from lakeproof.emulator.writer import phrase

DISCOVERY = "/.well-known/wlcg-tape-rest-api"
DEFAULT_PIN_S = 86_400
STAGE_KEYS = frozenset({"files"})


def route(exchange: Exchange) -> Handler | None:
    """The handler of a tape path, None for every other path or without a tape area."""
    if exchange.element.config.tape_path is None:
        return None
    path, prefix = str(exchange.path), exchange.dialect.tape.path
    if path == DISCOVERY:
        return discovery
    if not path.startswith(f"{prefix}/"):
        return None
    parts = path.removeprefix(f"{prefix}/").split("/")
    handler = ROUTES.get((exchange.method, _shape(parts)))
    return None if parts[0] not in {"stage", "archiveinfo", "release"} else _wrapped(handler)


def _shape(parts: list[str]) -> str:
    """The route a path takes, with the request's id left out."""
    return "/".join([parts[0], *("*" for _ in parts[1:2]), *parts[2:]])


async def discovery(exchange: Exchange) -> Answer:
    """/.well-known/wlcg-tape-rest-api."""
    if exchange.faults.has("tape-discovery-missing"):
        raise Refused(HTTPStatus.NOT_FOUND, "Not found")
    endpoint = {"uri": exchange.element.url + exchange.dialect.tape.path, "version": "v1"}
    if exchange.faults.has("tape-discovery-no-version"):
        del endpoint["version"]
    return as_json({"sitename": exchange.element.config.public_name, "endpoints": [endpoint]})


def _wrapped(handler: Handler | None) -> Handler:
    """`handler` with its refusals as RFC 7807 problems."""

    async def answer(exchange: Exchange) -> Answer:
        try:
            return await (handler or _nothing)(exchange)
        except Refused as refusal:
            if exchange.faults.has("tape-error-plain"):
                return text(refusal.status, refusal.sentence, refusal.headers)
            problem = {
                "status": refusal.status,
                "title": phrase(refusal.status),
                "detail": refusal.sentence,
            }
            found = as_json(problem, refusal.status)
            found.headers.update(refusal.headers)
            found.headers["Content-Type"] = "application/problem+json"
            return found

    return answer


async def _nothing(exchange: Exchange) -> Answer:
    raise Refused(HTTPStatus.NOT_FOUND, f"No such resource: {exchange.path}")


async def _stage(exchange: Exchange) -> Answer:
    faults = exchange.faults
    if faults.has("tape-stage-500"):
        raise Refused(HTTPStatus.INTERNAL_SERVER_ERROR, "Internal error")
    body = await _json(exchange)
    files = body.get("files")
    if not isinstance(files, list) or not files:
        raise Refused(HTTPStatus.BAD_REQUEST, "files is missing or empty")
    if faults.has("tape-extra-key-refused") and body.keys() - STAGE_KEYS:
        raise Refused(HTTPStatus.BAD_REQUEST, "unrecognized payload element(s)")
    wanted = {_path(exchange, file): _pin(file) for file in files}
    for path in wanted:
        exchange.allow(Action.STAGE, path)
        _refuse_on_disk(exchange, path)
    request = exchange.element.tape.stage(wanted)
    answer = as_json({"requestId": request.id}, HTTPStatus.CREATED)
    if not faults.has("tape-stage-no-location"):
        location = f"{exchange.element.url}{exchange.dialect.tape.path}/stage/{request.id}"
        answer.headers["Location"] = location
    return answer


def _refuse_on_disk(exchange: Exchange, path: PurePosixPath) -> None:
    node = exchange.files.find(path)
    there = node is not None and exchange.element.tape.on_disk(node)
    if there and exchange.faults.has("tape-on-disk-rejected"):
        raise Refused(HTTPStatus.BAD_REQUEST, f"File is on disk already: {path}")


async def _status(exchange: Exchange) -> Answer:
    request = _request(exchange)
    exchange.element.tape.advance()
    unit = 1000 if exchange.faults.has("tape-milliseconds") else exchange.dialect.tape.unit_s
    first = min((f.started for f in request.files.values()), default=request.created)
    shown: dict[str, Any] = {
        "id": request.id,
        "createdAt": int(request.created * unit),
        "startedAt": int(first * unit),
        "files": [_file(exchange, file, unit) for file in request.files.values()],
    }
    if request.completed is not None:
        shown["completedAt"] = int(request.completed * unit)
    return as_json(shown)


def _file(exchange: Exchange, file: StageFile, unit: float) -> dict[str, Any]:
    shown: dict[str, Any] = {"path": str(file.path)}
    node = exchange.files.find(file.path)
    on_disk = node is not None and exchange.element.tape.on_disk(node)
    both = exchange.faults.has("tape-state-and-on-disk")
    if exchange.dialect.tape.progress == "on_disk" or both:
        shown["onDisk"] = on_disk
    if exchange.dialect.tape.progress == "state" or both:
        shown["state"] = str(file.state)
        shown["startedAt"] = int(file.started * unit)
        if file.finished is not None:
            shown["finishedAt"] = int(file.finished * unit)
    if file.error:
        shown["error"] = file.error
    return shown


async def _cancel(exchange: Exchange) -> Answer:
    request = _request(exchange)
    wanted = await _paths(exchange)
    for path in wanted:
        exchange.allow(Action.STAGE, path)
    foreign = [path for path in wanted if path not in request.files]
    if foreign and exchange.faults.has("tape-cancel-foreign-acts"):
        wanted = list(request.files)
    elif foreign:
        raise Refused(HTTPStatus.BAD_REQUEST, f"File missing from stage request: {foreign[0]}")
    exchange.element.tape.cancel(request, wanted)
    return Answer(HTTPStatus.OK)


async def _delete(exchange: Exchange) -> Answer:
    request = _request(exchange)
    if exchange.faults.has("tape-denied-yet-deleted"):
        del exchange.element.tape.requests[request.id]
    for path in request.files:
        exchange.allow(Action.STAGE, path)
    exchange.element.tape.cancel(request, list(request.files))
    if not exchange.faults.has("tape-deleted-visible"):
        exchange.element.tape.requests.pop(request.id, None)
    return Answer(HTTPStatus.OK)


async def _release(exchange: Exchange) -> Answer:
    request = _request(exchange)
    wanted = await _paths(exchange)
    for path in wanted:
        exchange.allow(Action.STAGE, path)
    foreign = [path for path in wanted if path not in request.files]
    if foreign:
        raise Refused(HTTPStatus.BAD_REQUEST, f"File missing from stage request: {foreign[0]}")
    exchange.element.tape.release(wanted)
    return Answer(HTTPStatus.OK)


async def _archiveinfo(exchange: Exchange) -> Answer:
    found = []
    for path in await _paths(exchange):
        # Where a file is belongs to what whoever may stat sees (WLCG JWT 1.3 §2.2.1).
        sees = exchange.identity.may(Action.STAT, path)
        exchange.allow(Action.STAT if sees else Action.POLL, path)
        node = exchange.files.find(path)
        entry = {"path": str(path)}
        if node is None and exchange.faults.has("tape-locality-of-missing"):
            entry["locality"] = "NONE"
        elif node is None:
            entry["error"] = "No such file"
        elif node.is_collection:
            entry["error"] = "Not a file"
        else:
            entry["locality"] = exchange.element.tape.locality(node)
        found.append(entry)
    return as_json(found)


def _request(exchange: Exchange) -> StageRequest:
    """The stage request whose id the path holds; raises Refused 404, or 403 for a stranger."""
    tail = exchange.path.relative_to(exchange.dialect.tape.path).parts
    request = exchange.element.tape.requests.get(tail[1])
    if exchange.identity.anonymous and not exchange.faults.has("tape-anonymous"):
        exchange.allow(Action.POLL, paths.ROOT)
    if request is None:
        raise Refused(HTTPStatus.NOT_FOUND, "No such stage request")
    for path in request.files:
        exchange.allow(Action.POLL, path)
    return request


async def _json(exchange: Exchange) -> dict[str, Any]:
    try:
        body = json.loads(await exchange.small_body() or b"null")
    except ValueError:
        raise Refused(HTTPStatus.BAD_REQUEST, "The request is no JSON") from None
    if not isinstance(body, dict):
        raise Refused(HTTPStatus.BAD_REQUEST, "The request is no JSON object")
    return body


async def _paths(exchange: Exchange) -> list[PurePosixPath]:
    listed = (await _json(exchange)).get("paths")
    if not isinstance(listed, list) or not listed:
        raise Refused(HTTPStatus.BAD_REQUEST, "paths is missing or empty")
    return [_path(exchange, {"path": path}) for path in listed]


def _path(exchange: Exchange, file: object) -> PurePosixPath:
    raw = file.get("path") if isinstance(file, dict) else None
    if not isinstance(raw, str) or not raw.startswith("/") or "\0" in raw:
        raise Refused(HTTPStatus.BAD_REQUEST, "path must be absolute")
    parts = [part for part in raw.split("/") if part not in {"", "."}]
    if ".." in parts and not exchange.faults.has("tape-traversal"):
        raise Refused(HTTPStatus.BAD_REQUEST, "path must not contain '..'")
    return paths.ROOT.joinpath(*parts)


def _pin(file: object) -> float:
    """The disk lifetime a stage request asks for, in seconds."""
    wanted = file.get("diskLifetime") if isinstance(file, dict) else None
    if wanted is None:
        return DEFAULT_PIN_S
    try:
        return lifetime(str(wanted))
    except BadMacaroonRequestError:
        raise Refused(HTTPStatus.BAD_REQUEST, "diskLifetime is no ISO 8601 duration") from None


ROUTES: dict[tuple[str, str], Handler] = {
    ("POST", "stage"): _stage,
    ("GET", "stage/*"): _status,
    ("DELETE", "stage/*"): _delete,
    ("POST", "stage/*/cancel"): _cancel,
    ("POST", "release/*"): _release,
    ("POST", "archiveinfo"): _archiveinfo,
}
