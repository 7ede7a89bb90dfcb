"""From a request to an identity: bearer token, macaroon, client certificate, or nobody."""

from __future__ import annotations

from http import HTTPStatus

from lakeproof.emulator.answer import Refused
from lakeproof.emulator.embargo import at_data_server
from lakeproof.emulator.exchange import Exchange
from lakeproof.emulator.identity import (
    EVERYTHING,
    READING,
    WRITES,
    Action,
    Identity,
    Member,
    Nobody,
)
from lakeproof.emulator.macaroons import MacaroonIdentity, looks_like_macaroon
from lakeproof.emulator.tokens import BadTokenError, anonymous
from lakeproof.emulator.x509 import by_certificate

OPENED_BY: dict[str, frozenset[Action]] = {
    "anonymous-read": frozenset({Action.READ, Action.STAT}),
    "anonymous-write": WRITES - {Action.DELETE},
    "anonymous-list": frozenset({Action.LIST, Action.STAT}),
    "anonymous-delete": frozenset({Action.DELETE}),
    "tape-anonymous": frozenset({Action.STAGE, Action.POLL}),
}

OUTLIVING = ("macaroon-outlives-request", "token-outlives-request")


async def identify(exchange: Exchange, *, tape: bool = False) -> Identity:
    """Who sends this request; raises Refused for a credential that does not hold.

    `tape`: it is to the tape API, which looks at credentials wherever it is.
    """
    if not exchange.at_door and not tape:
        by_fault = at_data_server(exchange)
        return by_fault or exchange.element.redirector.holder(exchange.query)
    by_x509 = by_certificate(exchange)
    if by_x509 is not None and _prefers_certificate(exchange):
        return by_x509
    text = _bearer(exchange)
    if text and by_x509 is not None and exchange.faults.has("x509-beside-bearer-refused"):
        raise refuse_token(exchange, "there is a certificate as well")
    trusting = tape and exchange.faults.has("tape-token-unverified")
    if text is not None and (trusting or _unverified_query(exchange)):
        return Member(exchange.element.config.base_path, EVERYTHING)
    if text is None:
        return _left_behind(exchange) or by_x509 or _nobody(exchange)
    try:
        return _leave_behind(exchange, text, await _verify(exchange, text))
    except BadTokenError as why:
        if exchange.faults.has("anonymous-fallback"):
            return Nobody(open_to=READING)
        raise refuse_token(exchange, str(why), text) from why


def _prefers_certificate(exchange: Exchange) -> bool:
    """Whether a fault makes the certificate count although there is a token."""
    by_turns = exchange.faults.has("x509-and-token-by-turns")
    if by_turns and exchange.header("Authorization") is not None:
        exchange.element.turns += 1
        return exchange.element.turns % 2 == 0
    return exchange.faults.has("x509-beats-token")


def _unverified_query(exchange: Exchange) -> bool:
    in_query = any(name in exchange.query for name in exchange.dialect.token.query)
    return in_query and exchange.faults.has("token-in-query-unverified")


def _leave_behind(exchange: Exchange, text: str, identity: Identity) -> Identity:
    """Under the faults, what a bearer was allowed stays with the connection it came over."""
    transport, faults = exchange.request.transport, exchange.faults
    if transport is None:
        return identity
    kind = "macaroon" if isinstance(identity, MacaroonIdentity) else "token"
    if faults.has(f"{kind}-outlives-request"):
        exchange.element.left_behind[transport] = identity
    if isinstance(identity, MacaroonIdentity) and faults.has("macaroon-requester-stays"):
        before = exchange.element.left_behind.get(transport)
        exchange.element.left_behind[transport] = identity.requester
        return before or identity
    if faults.has("token-first-of-connection"):
        return exchange.element.left_behind.setdefault(transport, identity)
    return identity


def _left_behind(exchange: Exchange) -> Identity | None:
    """Whom the connection of a request without a bearer belongs to under such a fault."""
    transport = exchange.request.transport
    if transport is None or not exchange.faults.any(*OUTLIVING):
        return None
    return exchange.element.left_behind.get(transport)


def refuse_token(exchange: Exchange, reason: str, text: str = "") -> Refused:
    """The dialect's answer to a token that does not hold."""
    faults = exchange.faults
    garbage = text.count(".") != 2  # noqa: PLR2004  a JWT's two dots
    damaged = faults.has("macaroon-damaged-500") and looks_like_macaroon(text)
    if damaged or faults.has("token-refused-500") or (faults.has("token-garbage-500") and garbage):
        return Refused(HTTPStatus.INTERNAL_SERVER_ERROR, "Internal error")
    sentence = exchange.dialect.sentence("bad_token", reason=reason)
    if faults.has("token-echoed"):
        sentence += f"\n{text}"
    status = exchange.dialect.status.bad_token
    if faults.has("token-refused-403"):
        status = HTTPStatus.FORBIDDEN
    error = "" if faults.has("challenge-without-error") else "invalid_token"
    return Refused(status, sentence, challenge(exchange, error=error))


def challenge(exchange: Exchange, error: str = "") -> dict[str, str]:
    """The WWW-Authenticate header of RFC 6750 §3."""
    if exchange.faults.has("challenge-missing"):
        return {}
    if exchange.faults.has("challenge-not-bearer"):
        return {"WWW-Authenticate": f'Basic realm="{exchange.dialect.realm}"'}
    value = f'Bearer realm="{exchange.dialect.realm}"'
    return {"WWW-Authenticate": f'{value}, error="{error}"' if error else value}


async def _verify(exchange: Exchange, text: str) -> Identity:
    element = exchange.element
    if looks_like_macaroon(text):
        return element.macaroons.identify(text, exchange.client)
    return await element.verifier.identify(text)


def _nobody(exchange: Exchange) -> Identity:
    opened = [actions for fault, actions in OPENED_BY.items() if exchange.faults.has(fault)]
    open_to = frozenset[Action]().union(*opened)
    return Nobody(anonymous(exchange.element.config).public, open_to)


def _bearer(exchange: Exchange) -> str | None:
    """The bearer text of the header or of the query; None when there is none."""
    scheme, _, text = (exchange.header("Authorization") or "").partition(" ")
    known = "Bearer" if exchange.faults.has("token-lowercase-scheme-refused") else scheme
    bearer = scheme.lower() == "bearer" and scheme == known
    if scheme.lower() == "basic" and exchange.faults.has("token-any-scheme"):
        bearer = True
    in_header = text.strip() if bearer else None
    names = () if exchange.faults.has("token-in-query-refused") else exchange.dialect.token.query
    in_query = next((exchange.query[n] for n in names if n in exchange.query), None)
    if in_query is not None:
        in_query = in_query.removeprefix("Bearer ").removeprefix("Bearer%20").strip()
    if in_header is not None and in_query is not None and exchange.dialect.token.conflict:
        raise Refused(HTTPStatus.BAD_REQUEST, exchange.dialect.token.conflict)
    return in_header if in_header is not None else in_query
