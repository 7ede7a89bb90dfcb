"""The faults that only one of a door's addresses has."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from aiohttp import web

from lakeproof.emulator.answer import Answer, text
from lakeproof.emulator.faults import Faults

if TYPE_CHECKING:
    from lakeproof.emulator.element import Element
    from lakeproof.emulator.exchange import Exchange

OLD_VERSION = "0.9.1"
WRITES = frozenset({"PUT", "DELETE", "MKCOL", "MOVE", "COPY"})


def faults_at(element: Element, address: str) -> Faults:
    """The faults of connections to `address`: those of the handshake may be its own."""
    faults = element.faults
    if faults.has("one-address-wrong-certificate") and _is_second(element, address):
        return Faults({*faults.names, "tls-wrong-host"})
    return faults


def before(element: Element, request: web.BaseRequest) -> Answer | None:
    """What a request to a broken address is answered, or None."""
    faults, address = element.faults, _address(request)
    if request.method == "OPTIONS":
        return None
    if faults.has("ipv6-broken") and ":" in address:
        return text(HTTPStatus.SERVICE_UNAVAILABLE, "The data servers cannot be reached")
    if not _is_second(element, address):
        return None
    if faults.has("one-address-serves-nothing"):
        return text(HTTPStatus.NOT_FOUND, "No such file or directory")
    if faults.has("one-address-refuses-writes") and request.method in WRITES:
        return text(HTTPStatus.FORBIDDEN, "This server is read-only")
    return None


def spoil(exchange: Exchange, answer: Answer) -> Answer:
    """The answer as a server gives it that was forgotten in the last upgrade."""
    second = _is_second(exchange.element, _address(exchange.request))
    if second and exchange.faults.has("one-address-old-version"):
        answer.headers["Server"] = f"{exchange.dialect.title}/{OLD_VERSION}"
    return answer


def at_second_address(element: Element, request: web.BaseRequest) -> bool:
    """Whether a request came to the second address of the door."""
    return _is_second(element, _address(request))


def _is_second(element: Element, address: str) -> bool:
    return address in element.config.also_at[:1]


def _address(request: web.BaseRequest) -> str:
    name = request.transport.get_extra_info("sockname") if request.transport else None
    return str(name[0]) if name else ""
