"""Reachability, step by step: name, address, TLS, certificate. It judges nothing."""

from __future__ import annotations

import ipaddress
import socket
import ssl
import struct
import threading
import time
import warnings
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, Literal

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
RESOLVE_S = 10.0
UNASKED_S = 1.0
XROOT_GREETING = 16
WEAK_CIPHERS = "eNULL:aNULL:RC4:3DES:DES:EXPORT"
_DEMANDS = ("CERTIFICATE_REQUIRED", "HANDSHAKE_FAILURE", "BAD_CERTIFICATE")
_OWN_LIMITS = ("NO_PROTOCOLS_AVAILABLE", "NO_CIPHERS_AVAILABLE", "UNSUPPORTED_PROTOCOL_VERSION")


@dataclass(frozen=True)
class Address:
    """One address a host name resolves to."""

    text: str
    version: Literal[4, 6]

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True)
class Place:
    """A port of a host, at one of its addresses or (None) at whichever the system takes."""

    host: str
    port: int
    address: str | None = None

    @property
    def target(self) -> str:
        """What is connected to."""
        return self.address or self.host

    @property
    def url(self) -> str:
        """For messages."""
        return _url(self.target, self.port)


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


def resolve(host: str, timeout_s: float = RESOLVE_S) -> list[Address]:
    """Every address of `host`, in the system's order; raises NotReached (dns).

    The system's look-up has no time-out of its own, so it gets a thread; when it outlasts
    `timeout_s` the thread is left to end by itself.
    """
    answer: SimpleQueue[list[Any] | OSError | UnicodeError] = SimpleQueue()

    def look_up() -> None:
        try:
            answer.put(list(socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)))
        except (OSError, UnicodeError) as error:
            answer.put(error)

    threading.Thread(target=look_up, name=f"resolve {host}", daemon=True).start()
    try:
        found = answer.get(timeout=timeout_s)
    except Empty:
        sentence = f"the host name {host} was not resolved within {timeout_s:g} s"
        raise NotReached("dns", sentence, _url(host, 443)) from None
    if isinstance(found, Exception):
        raise not_reached(found, _url(host, 443), 0) from found
    addresses: dict[str, Address] = {}
    for family, _, _, _, place in found:
        if family in (socket.AF_INET, socket.AF_INET6):
            text = str(place[0])
            addresses[text] = Address(text, 4 if family == socket.AF_INET else 6)
    return list(addresses.values())


def has_route(address: str) -> bool:
    """Whether this machine has any way to send to `address`; nothing is sent to find out."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as datagrams:
            datagrams.connect((address, 9))
    except OSError:
        return False
    return True


def connect(address: Address | str, port: int, timeout_s: float) -> float:
    """Seconds a TCP connection to one address took; raises NotReached."""
    started = time.monotonic()
    with _connected(Place(str(address), port), timeout_s):
        return time.monotonic() - started


def tls_facts(
    host: str, port: int, ca: Path | None, timeout_s: float, address: str | None = None
) -> TlsFacts:
    """What the TLS door shows, trusted or not; raises NotReached when no handshake succeeds.

    With `address`, at that address of the host.
    """
    try:
        context = tls_context(TlsConfig(ca), None)
    except OSError as error:
        raise NotReached("tls", f"cannot use {ca} for TLS: {error}", _url(host, port)) from error
    # The name is compared below: a wrong one must not hide what else there is to see.
    context.check_hostname = False
    place = Place(host, port, address)
    try:
        facts = _handshake(context, place, timeout_s)
    except ssl.SSLCertVerificationError as error:
        untrusted = _handshake(_blind(), place, timeout_s)
        facts = replace(untrusted, chain_ok=False, error=tls_sentence(error))
    if _names_host(facts.san, host):
        return facts
    wrong = f"the certificate is for {', '.join(facts.san) or 'no name at all'}, not for {host}"
    return replace(facts, host_ok=False, error="; ".join(filter(None, (facts.error, wrong))))


def tls_version_offered(
    host: str, port: int, version: TlsVersion, timeout_s: float, address: str | None = None
) -> bool | None:
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
    found = _tried(context, Place(host, port, address), timeout_s)
    return None if found is None else found[:1] == (version,)


def weak_cipher_accepted(
    host: str, port: int, timeout_s: float, address: str | None = None
) -> str | None:
    """The cipher suite without encryption or authentication that the door agrees to, or "".

    None when our own OpenSSL has none left to offer. Raises NotReached when there is no connection.
    """
    context = _blind()
    try:
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers(f"{WEAK_CIPHERS}:@SECLEVEL=0")
    except (ValueError, ssl.SSLError):
        return None
    found = _tried(context, Place(host, port, address), timeout_s)
    return None if found is None else "".join(found[1:])


def demands_certificate(
    host: str, port: int, timeout_s: float, address: str | None = None
) -> str | None:
    """What the door says when a client without a certificate comes, None when it lets it in.

    Servers of TLS 1.3 refuse only after our side has finished, so an anonymous OPTIONS is sent.
    One that closes without a word is asked again: does it close before anything was asked?
    """
    request = f"OPTIONS * HTTP/1.1\r\nHost: {_url(host, port)[8:]}\r\nConnection: close\r\n\r\n"
    place = Place(host, port, address)
    said = _said_to_stranger(place, timeout_s, request.encode())
    if said == "":
        said = _said_to_stranger(place, min(timeout_s, UNASKED_S), b"")
    return "it closes the connection as soon as the handshake is over" if said == "" else said


def greets_as_xroot(place: Place, timeout_s: float) -> bool:
    """Whether what listens there answers the handshake of the root protocol; raises NotReached.

    Source: XRootD protocol 5.0, initial handshake: five numbers, answered by an empty header of
    eight bytes, the length 8, and version and kind of the server.
    """
    with _connected(place, timeout_s) as plain:
        try:
            plain.sendall(struct.pack("!5i", 0, 0, 0, 4, 2012))
            answer = b""
            while len(answer) < XROOT_GREETING and (part := plain.recv(XROOT_GREETING)):
                answer += part
        except OSError:
            return False
    return answer[:8] == struct.pack("!2Hi", 0, 0, 8)


def _said_to_stranger(place: Place, timeout_s: float, request: bytes) -> str | None:
    """The alert that a client without a certificate gets, "" for a mere end, None for neither."""
    with _connected(place, timeout_s) as plain:
        try:
            with _blind().wrap_socket(plain, server_hostname=place.host) as secure:
                secure.sendall(request)
                return None if secure.recv(1) else ""
        except TimeoutError:
            return None
        except ssl.SSLEOFError:
            return ""
        except ssl.SSLError as error:
            said = (error.reason or str(error)).upper()
            return tls_sentence(error) if any(word in said for word in _DEMANDS) else None
        except OSError:
            return ""


def _tried(
    context: ssl.SSLContext, place: Place, timeout_s: float
) -> tuple[str, str] | tuple[()] | None:
    """Version and cipher a handshake ended with; empty when refused, None for our own limits."""
    with _connected(place, timeout_s) as plain:
        try:
            with context.wrap_socket(plain, server_hostname=place.host) as secure:
                cipher = secure.cipher()
                return secure.version() or "", cipher[0] if cipher else ""
        except ssl.SSLError as error:
            return None if (error.reason or "") in _OWN_LIMITS else ()
        except OSError:
            return ()


def _blind() -> ssl.SSLContext:
    # Only to look at a handshake: nothing but an anonymous OPTIONS is sent over such a connection.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _handshake(context: ssl.SSLContext, place: Place, timeout_s: float) -> TlsFacts:
    with _connected(place, timeout_s) as plain:
        try:
            with context.wrap_socket(plain, server_hostname=place.host) as secure:
                cipher = secure.cipher()
                der = secure.getpeercert(binary_form=True) or b""
                return _facts(der, secure.version() or "", cipher[0] if cipher else "")
        except ssl.SSLCertVerificationError:
            raise
        except (OSError, ValueError) as error:
            raise not_reached(error, place.url, timeout_s) from error


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


def _connected(place: Place, timeout_s: float) -> socket.socket:
    try:
        return socket.create_connection((place.target, place.port), timeout=timeout_s)
    except (OSError, UnicodeError) as error:
        raise not_reached(error, place.url, timeout_s) from error


def _url(host: str, port: int) -> str:
    try:
        is_v6 = ipaddress.ip_address(host.partition("%")[0]).version == 6  # noqa: PLR2004
    except ValueError:
        is_v6 = False
    return f"https://[{host}]:{port}" if is_v6 else f"https://{host}:{port}"
