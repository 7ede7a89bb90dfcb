"""The WLCG Tape REST API v1 in front of the simulated tape system."""

from __future__ import annotations

from http import HTTPStatus
from pathlib import PurePosixPath
from typing import Any

from lakeproof.emulator import paths, tape_shapes
from lakeproof.emulator.answer import Answer, Refused, text
from lakeproof.emulator.authn import challenge
from lakeproof.emulator.desk import as_json
from lakeproof.emulator.exchange import Exchange, Handler
from lakeproof.emulator.identity import Action
from lakeproof.emulator.lopsided import at_second_address
from lakeproof.emulator.tape import StageRequest
from lakeproof.emulator.tape_words import NoJsonError, read_files, read_paths
from lakeproof.emulator.writer import phrase
from lakeproof.emulator.x509 import by_certificate

DISCOVERY = "/.well-known/wlcg-tape-rest-api"
RESOURCES = frozenset({"stage", "archiveinfo", "release"})
LONG_LIST = 500


def route(exchange: Exchange) -> Handler | None:
    """The handler of a tape path, None for every other path or without a tape area."""
    if exchange.element.config.tape_path is None:
        return None
    path, prefix = str(exchange.path), exchange.dialect.tape.path
    if path == DISCOVERY and exchange.at_door:
        return discovery
    if exchange.at_door is exchange.dialect.tape.service or not path.startswith(f"{prefix}/"):
        return None
    parts = path.removeprefix(f"{prefix}/").split("/")
    if parts[0] not in RESOURCES:
        return None
    slash = exchange.slash and exchange.faults.has("tape-slash-refused")
    return _wrapped(None if slash else ROUTES.get((exchange.method, _shape(parts))))


def _shape(parts: list[str]) -> str:
    """The route a path takes, with the request's id left out."""
    return "/".join([parts[0], *("*" for _ in parts[1:2]), *parts[2:]])


async def discovery(exchange: Exchange) -> Answer:
    """/.well-known/wlcg-tape-rest-api."""
    faults = exchange.faults
    elsewhere = at_second_address(exchange.element, exchange.request)
    lacking = elsewhere and faults.has("tape-discovery-one-address")
    if lacking or faults.has("tape-discovery-missing"):
        raise Refused(HTTPStatus.NOT_FOUND, "Not found")
    if faults.has("tape-discovery-html"):
        return text(HTTPStatus.OK, "<html>Tape</html>", {"Content-Type": "text/html"})
    endpoint = {"uri": _base(exchange), "version": "v1"}
    if faults.has("tape-discovery-plain-http"):
        endpoint["uri"] = endpoint["uri"].replace("https:", "http:", 1)
    if faults.has("tape-discovery-no-version"):
        del endpoint["version"]
    endpoints = [endpoint] * 2 if faults.has("tape-discovery-twice") else [endpoint]
    site = {"sitename": exchange.element.config.public_name}
    nameless = faults.has("tape-discovery-no-sitename")
    return as_json({**({} if nameless else site), "endpoints": endpoints})


def _base(exchange: Exchange) -> str:
    """Where the API is: at the door, or a service of its own beside it."""
    tape, element = exchange.dialect.tape, exchange.element
    return (element.redirector.data_server if tape.service else element.url) + tape.path


def _wrapped(handler: Handler | None) -> Handler:
    """`handler` with its refusals as RFC 7807 problems."""

    async def answer(exchange: Exchange) -> Answer:
        try:
            _admit(exchange)
            return await (handler or _nothing)(exchange)
        except Refused as refusal:
            return _problem(exchange, refusal)

    return answer


def _admit(exchange: Exchange) -> None:
    """Under the fault, certificates are nothing to the tape API."""
    by_x509 = exchange.header("Authorization") is None and by_certificate(exchange) is not None
    if by_x509 and exchange.faults.has("tape-x509-refused"):
        raise Refused(HTTPStatus.UNAUTHORIZED, "A token is needed", challenge(exchange))


def _problem(exchange: Exchange, refusal: Refused) -> Answer:
    faults = exchange.faults
    if faults.has("tape-error-plain"):
        return text(refusal.status, refusal.sentence, refusal.headers)
    told = HTTPStatus.OK if faults.has("tape-error-other-status") else refusal.status
    problem = {"status": told, "title": phrase(refusal.status), "detail": refusal.sentence}
    found = as_json(problem, refusal.status)
    found.headers.update(refusal.headers)
    if not faults.has("tape-error-content-type"):
        found.headers["Content-Type"] = "application/problem+json"
    return found


async def _nothing(exchange: Exchange) -> Answer:
    raise Refused(HTTPStatus.NOT_FOUND, f"No such resource: {exchange.path}")


async def _stage(exchange: Exchange) -> Answer:
    faults = exchange.faults
    if faults.has("tape-stage-500"):
        raise Refused(HTTPStatus.INTERNAL_SERVER_ERROR, "Internal error")
    if faults.has("tape-staging-off") or not _stages(exchange):
        raise Refused(HTTPStatus.NOT_IMPLEMENTED, "Staging is not switched on")
    try:
        wanted = await read_files(exchange)
    except NoJsonError:
        if not faults.has("tape-garbled-accepted"):
            raise
        return _accepted(exchange, exchange.element.tape.stage({}))
    for path in wanted.files:
        exchange.allow(Action.STAGE, path)
        _refuse(exchange, path, alone=len(wanted.files) == 1)
    return _accepted(exchange, exchange.element.tape.stage(wanted.files, wanted.again))


def _stages(exchange: Exchange) -> bool:
    """Whether staging is switched on: by the operator, else as the technology comes."""
    chosen = exchange.element.config.tape_staging
    return exchange.dialect.tape.staging if chosen is None else chosen


def _accepted(exchange: Exchange, request: StageRequest) -> Answer:
    faults = exchange.faults
    status = HTTPStatus.OK if faults.has("tape-stage-200") else HTTPStatus.CREATED
    answer = as_json({} if faults.has("tape-stage-no-id") else {"requestId": request.id}, status)
    named = "0" if faults.has("tape-stage-wrong-location") else request.id
    if not faults.has("tape-stage-no-location"):
        answer.headers["Location"] = f"{_base(exchange)}/stage/{named}"
    return answer


def _refuse(exchange: Exchange, path: PurePosixPath, *, alone: bool) -> None:
    """What only a faulty server refuses at once: files on disk, and those that cannot be staged."""
    node, faults = tape_shapes.find(exchange, path), exchange.faults
    unfit = node is None or node.is_collection
    if unfit and not alone and faults.has("tape-mixed-refused"):
        raise Refused(HTTPStatus.BAD_REQUEST, f"Cannot be staged: {path}")
    there = node is not None and exchange.element.tape.on_disk(node)
    if there and faults.has("tape-on-disk-rejected"):
        raise Refused(HTTPStatus.BAD_REQUEST, f"File is on disk already: {path}")


async def _status(exchange: Exchange) -> Answer:
    request = _request(exchange)
    exchange.element.tape.advance()
    return as_json(tape_shapes.progress(exchange, request))


async def _cancel(exchange: Exchange) -> Answer:
    faults = exchange.faults
    request = _request(exchange)
    if faults.has("tape-cancel-500"):
        raise Refused(HTTPStatus.INTERNAL_SERVER_ERROR, "Internal error")
    wanted = await read_paths(exchange)
    _allow_staging(exchange, wanted)
    foreign = [path for path in wanted if path not in request.files]
    if foreign and faults.any("tape-cancel-foreign-acts", "tape-cancel-foreign-acts-quietly"):
        wanted = list(request.files)
    if foreign and faults.has("tape-cancel-foreign-acts-quietly"):
        exchange.element.tape.cancel(request, wanted)
    if foreign and not faults.has("tape-cancel-foreign-acts"):
        raise Refused(HTTPStatus.BAD_REQUEST, f"File missing from stage request: {foreign[0]}")
    exchange.element.tape.cancel(request, wanted)
    return _done(exchange)


async def _delete(exchange: Exchange) -> Answer:
    faults, tape = exchange.faults, exchange.element.tape
    request = _request(exchange)
    if faults.has("tape-denied-yet-deleted"):
        del tape.requests[request.id]
    _allow_staging(exchange, list(request.files))
    tape.cancel(request, list(request.files))
    if faults.has("tape-delete-takes-others"):
        tape.forget_all_of(request)
    if not faults.has("tape-deleted-visible"):
        tape.requests.pop(request.id, None)
    if faults.has("tape-delete-removes-file"):
        _remove(exchange, list(request.files))
    return _done(exchange)


async def _release(exchange: Exchange) -> Answer:
    request = _request(exchange)
    if exchange.faults.has("tape-release-500"):
        raise Refused(HTTPStatus.INTERNAL_SERVER_ERROR, "Internal error")
    wanted = await read_paths(exchange)
    _allow_staging(exchange, wanted)
    foreign = [path for path in wanted if path not in request.files]
    if foreign:
        raise Refused(HTTPStatus.BAD_REQUEST, f"File missing from stage request: {foreign[0]}")
    exchange.element.tape.release(wanted, evict=exchange.dialect.tape.release == "evict")
    if exchange.faults.has("tape-release-removes-file"):
        _remove(exchange, wanted)
    return _done(exchange)


def _done(exchange: Exchange) -> Answer:
    after = HTTPStatus.NO_CONTENT if exchange.faults.has("tape-end-204") else HTTPStatus.OK
    return Answer(after)


def _remove(exchange: Exchange, wanted: list[PurePosixPath]) -> None:
    """Remove files that have no copy on tape, as only a faulty server does."""
    for path in wanted:
        node = exchange.files.find(path)
        if node is not None and exchange.element.tape.locality(node) == "DISK":
            exchange.files.remove(node)


async def _archiveinfo(exchange: Exchange) -> Answer:
    faults = exchange.faults
    asked = await read_paths(exchange)
    if len(asked) > LONG_LIST and faults.has("tape-long-list-refused"):
        raise Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "Too many paths")
    for path in asked:
        # Where a file is belongs to what whoever may stat sees (WLCG JWT 1.3 §2.2.1).
        sees = exchange.identity.may(Action.STAT, path)
        exchange.allow(Action.STAT if sees else Action.POLL, path)
    found: list[dict[str, Any]] = [tape_shapes.where(exchange, path) for path in asked]
    if faults.has("tape-list-fails-whole") and len(found) > 1 and any("error" in e for e in found):
        raise Refused(HTTPStatus.NOT_FOUND, "A file of the list does not exist")
    return as_json(found[:1] if faults.has("tape-list-first-only") else found)


def _request(exchange: Exchange) -> StageRequest:
    """The stage request whose id the path holds; raises Refused 404, or 403 for a stranger."""
    faults = exchange.faults
    tail = exchange.path.relative_to(exchange.dialect.tape.path).parts
    request = exchange.element.tape.requests.get(tail[1])
    if exchange.identity.anonymous and not faults.has("tape-anonymous"):
        exchange.allow(Action.POLL, paths.ROOT)
    if request is None and faults.has("tape-unknown-request-200"):
        return StageRequest({}, id=tail[1])
    if request is None:
        raise Refused(HTTPStatus.NOT_FOUND, "No such stage request")
    if not faults.has("tape-request-id-is-enough"):
        for path in request.files:
            exchange.allow(Action.POLL, path)
    return request


def _allow_staging(exchange: Exchange, wanted: list[PurePosixPath]) -> None:
    if not exchange.faults.has("tape-request-id-is-enough"):
        for path in wanted:
            exchange.allow(Action.STAGE, path)


ROUTES: dict[tuple[str, str], Handler] = {
    ("POST", "stage"): _stage,
    ("GET", "stage/*"): _status,
    ("DELETE", "stage/*"): _delete,
    ("POST", "stage/*/cancel"): _cancel,
    ("POST", "release/*"): _release,
    ("POST", "archiveinfo"): _archiveinfo,
}
