"""Client certificates: the handshake verified them, here they become an identity."""

from __future__ import annotations

from lakeproof.emulator.exchange import Exchange
from lakeproof.emulator.identity import EVERYTHING, Identity, Member

SHORT_NAMES = {
    "commonName": "CN",
    "organizationName": "O",
    "organizationalUnitName": "OU",
    "countryName": "C",
    "domainComponent": "DC",
    "localityName": "L",
    "stateOrProvinceName": "ST",
}


def by_certificate(exchange: Exchange) -> Identity | None:
    """The identity of a verified client certificate, None without one.

    With `members` configured, a subject must begin with one of them (a proxy's subject begins
    with that of its owner); everybody else is known but may do nothing.
    """
    transport = exchange.request.transport
    certificate = transport.get_extra_info("peercert") if transport is not None else None
    if not certificate:
        return None
    config = exchange.element.config
    subject = subject_name(certificate.get("subject", ()))
    listed = any(subject == m or subject.startswith(f"{m}/") for m in config.members)
    if listed or not config.members or exchange.faults.has("x509-unlisted-accepted"):
        return Member(config.base_path, EVERYTHING)
    return Member(config.base_path, frozenset())


def subject_name(parts: tuple[tuple[tuple[str, str], ...], ...]) -> str:
    """A subject as grid software writes it: /DC=org/DC=example/CN=Somebody."""
    pairs = [pair for relative in parts for pair in relative]
    return "".join(f"/{SHORT_NAMES.get(name, name)}={value}" for name, value in pairs)
