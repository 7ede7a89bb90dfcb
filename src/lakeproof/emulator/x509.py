"""Client certificates: the handshake verified them, here they become an identity."""

from __future__ import annotations

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

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
PROXY_INFO = x509.ObjectIdentifier("1.3.6.1.5.5.7.1.14")  # RFC 3820 §3.8
# The OIDs of policy languages, DER: id-ppl-independent, and Globus' limited proxy.
INDEPENDENT = bytes.fromhex("06082b06010505071502")
LIMITED = bytes.fromhex("060b2b060104019b5001010109")
# A proxy of a proxy of a proxy: what a job's proxy is after a batch system and a transfer service.
LONG = 3


def by_certificate(exchange: Exchange) -> Identity | None:
    """The identity of a verified client certificate, None without one.

    With `members` configured, a subject must begin with one of them (a proxy's subject begins
    with that of its owner); everybody else is known but may do nothing.
    """
    transport = exchange.request.transport
    tls = transport.get_extra_info("ssl_object") if transport is not None else None
    if tls is None:
        return None
    certificate = tls.getpeercert()
    if not certificate:
        return None
    config, faults = exchange.element.config, exchange.faults
    subject = subject_name(certificate.get("subject", ()))
    owner = next((m for m in config.members if subject == m or subject.startswith(f"{m}/")), None)
    nobody = Member(config.base_path, frozenset())
    if faults.has("x509-member-refused"):
        return nobody
    if owner is None and config.members and not faults.has("x509-unlisted-accepted"):
        return nobody
    levels = subject.removeprefix(owner or subject).count("/CN=")
    leaf = x509.load_der_x509_certificate(tls.getpeercert(binary_form=True))
    if _is_unwelcome(exchange, leaf, levels):
        return nobody
    return Member(config.base_path, EVERYTHING)


def _is_unwelcome(exchange: Exchange, leaf: x509.Certificate, levels: int) -> bool:
    """Whether a proxy inherits nothing, or is of a kind that a fault keeps out."""
    faults, information = exchange.faults, _proxy_information(leaf)
    if INDEPENDENT in information:
        return not faults.has("x509-independent-accepted")
    return (
        (faults.has("x509-limited-refused") and LIMITED in information)
        or (faults.has("x509-long-chain-refused") and levels >= LONG)
        or (
            faults.has("x509-elliptic-refused")
            and isinstance(leaf.public_key(), ec.EllipticCurvePublicKey)
        )
    )


def _proxy_information(leaf: x509.Certificate) -> bytes:
    """The extension that makes a certificate a proxy, DER; nothing for any other."""
    for extension in leaf.extensions:
        if extension.oid == PROXY_INFO and isinstance(extension.value, x509.UnrecognizedExtension):
            return extension.value.value
    return b""


def subject_name(parts: tuple[tuple[tuple[str, str], ...], ...]) -> str:
    """A subject as grid software writes it: /DC=org/DC=example/CN=Somebody."""
    pairs = [pair for relative in parts for pair in relative]
    return "".join(f"/{SHORT_NAMES.get(name, name)}={value}" for name, value in pairs)
