"""A key that nobody trusts, and every way in which a token's own header can offer it."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from joserfc.jwk import ECKey
from joserfc.jws import serialize_compact

from lakeproof.credentials.facts import WideRegistry, parse_jwt

ALGORITHM = "ES256"
KID = "lakeproof-own-key"
LIFE = timedelta(days=1)
ORIGIN = "the genuine token"


class OwnKey:
    """One EC key (P-256) made for the occasion; what it publishes is what its headers point to."""

    def __init__(self) -> None:
        self._private = ec.generate_private_key(ec.SECP256R1())
        self._key = ECKey.import_key(self._private, {"kid": KID, "alg": ALGORITHM, "use": "sig"})

    @property
    def jwk(self) -> dict[str, Any]:
        """The public key as a header's `jwk` has it (RFC 7515 §4.1.3)."""
        return dict(self._key.as_dict(private=False))

    @property
    def key_set(self) -> bytes:
        """The key set that a header's `jku` points to (§4.1.2)."""
        return json.dumps({"keys": [self.jwk]}).encode()

    @property
    def certificate(self) -> bytes:
        """A self-signed certificate in PEM, which a header's `x5u` points to (§4.1.5)."""
        return self._certificate().public_bytes(Encoding.PEM)

    @property
    def chain(self) -> list[str]:
        """The same certificate as a header's `x5c` has it (§4.1.6)."""
        return [base64.b64encode(self._certificate().public_bytes(Encoding.DER)).decode()]

    def sign(self, token: str, **header: object) -> str:
        """The payload of `token` under a signature of this key; CredentialError if it is no JWT."""
        rules = WideRegistry(algorithms=[ALGORITHM], strict_check_header=False)
        payload = parse_jwt(token, ORIGIN).payload
        head = {"alg": ALGORITHM, "typ": "JWT", "kid": KID, **header}
        return serialize_compact(head, payload, self._key, registry=rules)

    def _certificate(self) -> x509.Certificate:
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, KID)])
        now = datetime.now(UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(self._private.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - LIFE)
            .not_valid_after(now + LIFE)
            .sign(self._private, hashes.SHA256())
        )
