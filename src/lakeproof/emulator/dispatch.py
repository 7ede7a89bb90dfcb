"""Which handler answers a request."""

from __future__ import annotations

from http import HTTPStatus

from lakeproof.emulator import desk, propfind, reading, srr, tape_api, tpc, webdav, writing
from lakeproof.emulator.answer import Answer, Refused
from lakeproof.emulator.authn import identify
from lakeproof.emulator.cache import caching
from lakeproof.emulator.exchange import Exchange, Handler
from lakeproof.emulator.spoiled import answers as spoiled_answers
from lakeproof.emulator.spoiled import load as spoiled_load

METHODS: dict[str, Handler] = {
    "GET": reading.get,
    "HEAD": reading.head,
    "PUT": writing.put,
    "DELETE": webdav.delete,
    "MKCOL": webdav.mkcol,
    "MOVE": webdav.move,
    "COPY": tpc.copy,
    "PROPFIND": propfind.propfind,
    "POST": desk.post,
}
# Documents that need no credential.
PUBLIC: frozenset[Handler] = frozenset({srr.report, tape_api.discovery, desk.metadata})


async def answer_request(exchange: Exchange) -> Answer:
    """The answer to one request; raises Refused."""
    spoiled_answers.refuse_client(exchange)
    if exchange.method == "OPTIONS":
        return await webdav.options(exchange)
    if exchange.element.config.origin:
        return await caching.answer_request(exchange)
    tape = tape_api.route(exchange)
    special = _special(exchange) or tape
    if special is None and exchange.method not in METHODS:
        return await _unknown(exchange)
    if special is not None and special in PUBLIC:
        return await special(exchange)
    exchange.identity = await identify(exchange, tape=tape is not None)
    if special is not None:
        return await special(exchange)
    spoiled_load.tire(exchange)
    answer = await METHODS[exchange.method](exchange)
    whole_file = exchange.method == "GET" and answer.status == HTTPStatus.OK
    if whole_file and not exchange.dialect.get.length:
        answer.chunked = True
    return answer


def _special(exchange: Exchange) -> Handler | None:
    if not exchange.at_door:
        return None
    return srr.route(exchange) or desk.route(exchange)


async def _unknown(exchange: Exchange) -> Answer:
    faults = exchange.faults
    if exchange.method == "TRACE" and faults.has("method-trace"):
        return spoiled_answers.echo(exchange)
    broken = spoiled_answers.unexpected(faults)
    if broken is not None:
        raise broken
    if faults.has("method-unknown-200"):
        exchange.identity = await identify(exchange)
        return await reading.get(exchange)
    allow = {"Allow": ", ".join(exchange.dialect.methods.allow)}
    status = exchange.dialect.status.unknown_method
    raise Refused(status, "This method is not supported", allow)
