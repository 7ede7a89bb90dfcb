"""POST: macaroon requests, and the OAuth form of them; everything else is refused."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs

from multidict import CIMultiDict

from lakeproof.emulator import paths, reading
from lakeproof.emulator.answer import Answer, Refused, text
from lakeproof.emulator.exchange import Exchange, Handler
from lakeproof.emulator.identity import Member
from lakeproof.emulator.macaroons import ACTIVITIES, BadMacaroonRequestError, lifetime
from lakeproof.emulator.scopes import TokenIdentity

MACAROON_REQUEST = "application/macaroon-request"
METADATA_PATH = "/.well-known/oauth-authorization-server"
TOKEN_PATH = "/.oauth2/token"  # noqa: S105  a path
DEFAULT_LIFETIME_S = 3600
LONGEST_REQUEST = 4096


def route(exchange: Exchange) -> Handler | None:
    """The handler for the OAuth paths, None for others or where the dialect has none."""
    if not exchange.dialect.macaroon.oauth:
        return None
    return {METADATA_PATH: metadata, TOKEN_PATH: oauth_token}.get(str(exchange.path))


async def metadata(exchange: Exchange) -> Answer:
    """The authorisation server's metadata (RFC 8414)."""
    endpoint = f"{exchange.element.url}{TOKEN_PATH}"
    return as_json({"issuer": exchange.element.url, "token_endpoint": endpoint})


async def oauth_token(exchange: Exchange) -> Answer:
    """A macaroon by form: grant_type=client_credentials, expire_in, scope=ACTIVITY:/path."""
    _authenticated(exchange)
    if exchange.faults.has("macaroon-oauth-500"):
        raise Refused(HTTPStatus.INTERNAL_SERVER_ERROR, "Internal error")
    form = parse_qs((await exchange.small_body()).decode("utf-8", "replace"))
    if form.get("grant_type") != ["client_credentials"]:
        raise Refused(HTTPStatus.BAD_REQUEST, "grant_type must be client_credentials")
    caveats = []
    for scope in form.get("scope", [""])[0].split():
        activities, _, path = scope.partition(":")
        if not exchange.faults.has("macaroon-oauth-scope-ignored"):
            caveats += [f"activity:{activities}"] + ([f"path:{path}"] if path else [])
    seconds = form.get("expire_in", [str(DEFAULT_LIFETIME_S)])[0]
    if not seconds.isdigit():
        raise Refused(HTTPStatus.BAD_REQUEST, "expire_in is no number")
    granted = _bounded(exchange, int(seconds))
    macaroon = _issued(exchange, caveats, granted)
    return as_json({"access_token": macaroon, "expires_in": granted, "token_type": "bearer"})


async def post(exchange: Exchange) -> Answer:
    """Answer POST."""
    content_type = (exchange.header("Content-Type") or "").partition(";")[0].strip().lower()
    if content_type == MACAROON_REQUEST:
        return await _macaroon(exchange)
    if exchange.faults.has("method-post-as-get"):
        return await reading.get(exchange)
    allow = {"Allow": ", ".join(exchange.dialect.methods.allow)}
    status = exchange.dialect.status.wrong_method
    raise Refused(status, "POST takes macaroon requests only", allow)


async def _macaroon(exchange: Exchange) -> Answer:
    if exchange.faults.has("macaroon-request-500"):
        raise Refused(HTTPStatus.INTERNAL_SERVER_ERROR, "Internal error")
    _authenticated(exchange)
    request = _parsed(exchange, await exchange.small_body())
    form = exchange.dialect.macaroon
    if form.validity_required and "validity" not in request:
        raise Refused(HTTPStatus.BAD_REQUEST, "JSON request does not include a `validity`")
    try:
        wanted = lifetime(str(request.get("validity", f"PT{DEFAULT_LIFETIME_S}S")))
        caveats = _caveats(exchange, request)
        granted = _bounded(exchange, wanted)
        macaroon = _issued(exchange, caveats, granted)
    except BadMacaroonRequestError as why:
        raise Refused(HTTPStatus.BAD_REQUEST, str(why)) from why
    if exchange.faults.has("macaroon-not-json"):
        return text(HTTPStatus.OK, macaroon)
    target = exchange.element.url + paths.encode(exchange.path)
    parts: dict[str, Any] = {
        "macaroon": macaroon,
        "expires_in": granted,
        "uri": {
            "target": target,
            "targetWithMacaroon": f"{target}?authz={macaroon}",
            "base": f"{exchange.element.url}/",
            "baseWithMacaroon": f"{exchange.element.url}/?authz={macaroon}",
        },
    }
    return as_json({name: parts[name] for name in form.response})


def _issued(exchange: Exchange, caveats: list[str], lifetime_s: int) -> str:
    identity = exchange.identity
    if isinstance(identity, TokenIdentity) and exchange.faults.has("macaroon-of-token-useless"):
        identity = Member(exchange.element.config.base_path, frozenset())
    return exchange.element.macaroons.issue(identity, caveats, lifetime_s)


def _authenticated(exchange: Exchange) -> None:
    """Raise Refused unless the client is somebody whose rights can go into a macaroon."""
    identity, dialect = exchange.identity, exchange.dialect
    if identity.anonymous and exchange.faults.has("macaroon-anonymous"):
        return
    if identity.anonymous:
        raise Refused(dialect.status.unauthenticated, "Authentication required")
    by_token = isinstance(identity, TokenIdentity)
    usable = by_token or isinstance(identity, Member)
    if not usable or (by_token and "token" not in dialect.macaroon.credentials):
        raise Refused(dialect.status.denied, dialect.sentence("denied", path=exchange.path))


def _parsed(exchange: Exchange, body: bytes) -> dict[str, Any]:
    if len(body) > LONGEST_REQUEST:
        raise Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "Request is too long")
    try:
        request = json.loads(body or b"{}")
    except ValueError:
        if exchange.faults.has("macaroon-request-garbage-500"):
            raise Refused(HTTPStatus.INTERNAL_SERVER_ERROR, "Internal error") from None
        raise Refused(HTTPStatus.BAD_REQUEST, "Request is no JSON") from None
    if not isinstance(request, dict) or not isinstance(request.get("caveats", []), list):
        raise Refused(HTTPStatus.BAD_REQUEST, "Request is no macaroon request")
    return request


def _caveats(exchange: Exchange, request: dict[str, Any]) -> list[str]:
    """The caveats of a request, and the path of its URL; raises BadMacaroonRequestError."""
    taken = exchange.dialect.macaroon.caveats
    lax = exchange.faults.has("macaroon-unknown-caveat-accepted")
    caveats = [str(caveat) for caveat in request.get("caveats", [])]
    for caveat in caveats:
        kind, _, value = caveat.partition(":")
        if kind not in taken and not lax and taken:
            raise BadMacaroonRequestError("Cannot accept caveat of unsupported type")
        unknown = [n for n in value.split(",") if n not in ACTIVITIES]
        if kind == "activity" and unknown and not lax:
            raise BadMacaroonRequestError("Unknown activity")
    return [*(caveats if taken else []), f"path:{exchange.path}"]


def _bounded(exchange: Exchange, wanted_s: int) -> int:
    if exchange.faults.has("macaroon-lifetime-unbounded"):
        return wanted_s
    if exchange.faults.has("macaroon-validity-ignored"):
        return exchange.dialect.macaroon.maximum_s
    return min(wanted_s, exchange.dialect.macaroon.maximum_s)


def as_json(content: object, status: int = HTTPStatus.OK) -> Answer:
    """A JSON answer."""
    headers = CIMultiDict({"Content-Type": "application/json"})
    return Answer(status, headers, json.dumps(content).encode())
