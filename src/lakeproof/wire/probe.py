"""Reachability, step by step: name, address, TLS, certificate. It judges nothing."""

from __future__ import annotations

import ipaddress
import socket
import ssl
import time
import warnings
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Literal

from cryptography import x509
from cryptography.x509.oid import ExtensionOID

from lakeproof.wire.connection import TlsConfig, tls_context
from lakeproof.wire.faults import not_reached, tls_sentence
from lakeproof.wire.reply import NotReached

TlsVersion = Literal["TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"]

_VERSIONS: dict[str, ssl.TLSVersion] = {
    "TLSv1": ssl.TLSVersion.TLSv1,
    "TLSv1.1": ssl.TLSVersion.TLSv1_1,
    "TLSv1.2": ssl.TLSVersion.TLSv1_2,
    "TLSv1.3": ssl.TLSVersion.TLSv1_3,
}
_OWN_LIMITS = ("NO_PROTOCOLS_AVAILABLE", "NO_CIPHERS_AVAILABLE", "UNSUPPORTED_PROTOCOL_VERSION")


@dataclass(frozen=True)
class Address:
    """One address a host name resolves to."""

    text: str
    version: Literal[4, 6]

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True)
class TlsFacts:
    """What a TLS handshake showed.

    `san` holds DNS names and IP addresses, times are UTC. `chain_ok` says whether the chain
    is trusted, `host_ok` whether the certificate names the host; `error` says why not.
    """

    version: str
    cipher: str
    subject: str
    san: tuple[str, ...]
    issuer: str
    not_before: datetime
    not_after: datetime
    chain_ok: bool = True
    host_ok: bool = True
    error: str = ""


def resolve(host: str) -> list[Address]:
    """Every address of `host`, in the system's order; raises NotReached (dns)."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise not_reached(error, _url(host, 443), 0) from error
    addresses: dict[str, Address] = {}
    for family, _, _, _, place in found:
        if family in (socket.AF_INET, socket.AF_INET6):
            text = str(place[0])
            addresses[text] = Address(text, 4 if family == socket.AF_INET else 6)
    return list(addresses.values())


def connect(address: Address | str, port: int, timeout_s: float) -> float:
    """Seconds a TCP connection to one address took; raises NotReached."""
    started = time.monotonic()
    with _connected(str(address), port, timeout_s):
        return time.monotonic() - started


def tls_facts(host: str, port: int, ca: Path | None, timeout_s: float) -> TlsFacts:
    """What the TLS door shows, trusted or not; raises NotReached when no handshake succeeds."""
    try:
        context = tls_context(TlsConfig(ca), None)
    except OSError as error:
        raise NotReached("tls", f"cannot use {ca} for TLS: {error}", _url(host, port)) from error
    # The name is compared below: a wrong one must not hide what else there is to see.
    context.check_hostname = False
    try:
        facts = _handshake(context, host, port, timeout_s)
    except ssl.SSLCertVerificationError as error:
        untrusted = _handshake(_blind(), host, port, timeout_s)
        facts = replace(untrusted, chain_ok=False, error=tls_sentence(error))
    if _names_host(facts.san, host):
        return facts
    wrong = f"the certificate is for {', '.join(facts.san) or 'no name at all'}, not for {host}"
    return replace(facts, host_ok=False, error="; ".join(filter(None, (facts.error, wrong))))


def tls_version_offered(host: str, port: int, version: TlsVersion, timeout_s: float) -> bool | None:
    """True when the door completes a handshake of exactly this version.

    None when our own OpenSSL cannot try it. Raises NotReached when there is no connection.
    """
    context = _blind()
    try:
        with warnings.catch_warnings():
            # Asking for an old version is the point here.
            warnings.simplefilter("ignore", DeprecationWarning)
            context.minimum_version = context.maximum_version = _VERSIONS[version]
            # Old versions need SHA-1 signatures, which security level 1 and up refuse.
            context.set_ciphers("ALL:@SECLEVEL=0")
    except (ValueError, ssl.SSLError):
        return None
    with _connected(host, port, timeout_s) as plain:
        try:
            with context.wrap_socket(plain, server_hostname=host) as secure:
                return secure.version() == version
        except ssl.SSLError as error:
            return None if (error.reason or "") in _OWN_LIMITS else False
        except OSError:
            return False


def _blind() -> ssl.SSLContext:
    # Only to look at a handshake: nothing is ever sent over such a connection.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _handshake(context: ssl.SSLContext, host: str, port: int, timeout_s: float) -> TlsFacts:
    with _connected(host, port, timeout_s) as plain:
        try:
            with context.wrap_socket(plain, server_hostname=host) as secure:
                cipher = secure.cipher()
                der = secure.getpeercert(binary_form=True) or b""
                return _facts(der, secure.version() or "", cipher[0] if cipher else "")
        except ssl.SSLCertVerificationError:
            raise
        except (OSError, ValueError) as error:
            raise not_reached(error, _url(host, port), timeout_s) from error


def _facts(der: bytes, version: str, cipher: str) -> TlsFacts:
    certificate = x509.load_der_x509_certificate(der)
    return TlsFacts(
        version=version,
        cipher=cipher,
        subject=certificate.subject.rfc4514_string(),
        san=_names(certificate),
        issuer=certificate.issuer.rfc4514_string(),
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
    )


def _names_host(san: tuple[str, ...], host: str) -> bool:
    """RFC 6125: an exact name, or a wildcard for the whole leftmost label."""
    wanted = host.lower().rstrip(".")
    names = {name.lower() for name in san}
    try:
        return str(ipaddress.ip_address(wanted)) in names
    except ValueError:
        return wanted in names or f"*.{wanted.partition('.')[2]}" in names


def _names(certificate: x509.Certificate) -> tuple[str, ...]:
    try:
        extension = certificate.extensions.get_extension_for_oid(
            ExtensionOID.SUBJECT_ALTERNATIVE_NAME
        )
    except x509.ExtensionNotFound:
        return ()
    names = extension.value
    if not isinstance(names, x509.SubjectAlternativeName):
        return ()
    addresses = names.get_values_for_type(x509.IPAddress)
    return (*names.get_values_for_type(x509.DNSName), *(str(a) for a in addresses))


def _connected(host: str, port: int, timeout_s: float) -> socket.socket:
    try:
        return socket.create_connection((host, port), timeout=timeout_s)
    except (OSError, UnicodeError) as error:
        raise not_reached(error, _url(host, port), timeout_s) from error


def _url(host: str, port: int) -> str:
    try:
        is_v6 = ipaddress.ip_address(host.partition("%")[0]).version == 6  # noqa: PLR2004
    except ValueError:
        is_v6 = False
    return f"https://[{host}]:{port}" if is_v6 else f"https://{host}:{port}"
