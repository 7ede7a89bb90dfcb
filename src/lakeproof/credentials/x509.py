"""X.509 proxies and certificates from PEM files, looked at before they are used."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)

from lakeproof.credentials.errors import CredentialError
from lakeproof.credentials.names import LARGEST_SECRET, refuse_if_shared
from lakeproof.wire.auth import ClientCert

_PROXY_INFO = x509.ObjectIdentifier("1.3.6.1.5.5.7.1.14")  # RFC 3820 §3.8


@dataclass(frozen=True)
class X509Facts:
    """Who a certificate names and until when its whole chain holds (UTC)."""

    subject: str
    issuer: str
    not_before: datetime
    not_after: datetime
    is_proxy: bool


def load_certificate(
    certificate: Path, key: Path | None = None, *, now: datetime | None = None
) -> tuple[ClientCert, X509Facts]:
    """A client certificate from a proxy (certificate and key in one PEM) or from two files.

    Raises CredentialError when a file is missing, the key is open to others, encrypted or
    another certificate's, or the chain is expired.
    """
    key_file = key or certificate
    private = _read(key_file, secret=True)
    public = private if key is None else _read(certificate, secret=False)
    chain = _chain(certificate, public)
    _match(certificate, chain[0], key_file, private)
    facts = _facts(chain)
    _refuse_if_useless(certificate, facts, now or datetime.now(UTC))
    label = f"X.509 {'proxy' if facts.is_proxy else 'certificate'} {facts.subject}"
    return ClientCert(certificate=certificate, key=key_file, label=label), facts


def _read(path: Path, *, secret: bool) -> bytes:
    try:
        with path.open("rb") as stream:
            if secret:
                refuse_if_shared(path, os.fstat(stream.fileno()))
            return stream.read(LARGEST_SECRET)
    except OSError as error:
        raise CredentialError(f"{path}: cannot be read: {error.strerror or error}") from None


def _chain(path: Path, pem: bytes) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(pem)
    except (ValueError, UnsupportedAlgorithm):
        raise CredentialError(f"{path}: holds no PEM certificate") from None


def _match(path: Path, leaf: x509.Certificate, key_file: Path, pem: bytes) -> None:
    try:
        # Its public half is compared; whether the primes are prime is left to whoever made it.
        key = load_pem_private_key(pem, password=None, unsafe_skip_rsa_key_validation=True)
    except TypeError:
        raise CredentialError(
            f"{key_file}: the private key is encrypted; make a proxy, or a copy without passphrase"
        ) from None
    except (ValueError, UnsupportedAlgorithm):
        raise CredentialError(f"{key_file}: holds no usable PEM private key") from None
    form = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if key.public_key().public_bytes(*form) != leaf.public_key().public_bytes(*form):
        raise CredentialError(f"{key_file}: this key does not belong to the certificate in {path}")


def _facts(chain: list[x509.Certificate]) -> X509Facts:
    leaf = chain[0]
    return X509Facts(
        subject=leaf.subject.rfc4514_string(),
        issuer=leaf.issuer.rfc4514_string(),
        not_before=max(c.not_valid_before_utc for c in chain),
        not_after=min(c.not_valid_after_utc for c in chain),
        is_proxy=any(extension.oid == _PROXY_INFO for extension in leaf.extensions),
    )


def _refuse_if_useless(path: Path, facts: X509Facts, now: datetime) -> None:
    if facts.not_after <= now:
        raise CredentialError(
            f"{path}: expired at {facts.not_after:%Y-%m-%d %H:%M:%S} UTC; make a new one"
        )
    if facts.not_before > now:
        raise CredentialError(
            f"{path}: valid only from {facts.not_before:%Y-%m-%d %H:%M:%S} UTC; check the clock"
        )
