"""Forgeries made from one genuine JWT: what a storage must refuse, however it is dressed up.

Each function takes the genuine token and gives the forged one; all raise CredentialError when
the genuine token is no JWT. Whatever is signed is signed with a key made for the occasion.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Mapping
from typing import Any

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey, import_key
from joserfc.jws import serialize_compact
from joserfc.util import urlsafe_b64decode, urlsafe_b64encode

from lakeproof.credentials.errors import CredentialError
from lakeproof.credentials.facts import TokenFacts, WideRegistry, parse_jwt

ORIGIN = "the genuine token"
UNKNOWN_KID = "lakeproof-no-such-key"
UNKNOWN_ALGORITHM = "XS256"
RSA_BITS = 2048


def flip_signature(token: str) -> str:
    """The same token with one bit of its signature's middle byte changed."""
    head, payload, signature = _parts(token)
    raw = bytearray(_decode(signature))
    if not raw:
        raise CredentialError(f"{ORIGIN} has no signature to change")
    raw[len(raw) // 2] ^= 0x01
    return f"{head}.{payload}.{_encode(bytes(raw))}"


def truncate_signature(token: str) -> str:
    """The same token with the second half of its signature missing."""
    head, payload, signature = _parts(token)
    raw = _decode(signature)
    return f"{head}.{payload}.{_encode(raw[: len(raw) // 2])}"


def drop_signature(token: str) -> str:
    """The same token with an empty signature, the last dot kept."""
    head, payload, _ = _parts(token)
    return f"{head}.{payload}."


def widen_payload(token: str, claims: Mapping[str, Any]) -> str:
    """Other claims under the old signature; a claim of None is removed."""
    head, _, signature = _parts(token)
    merged = {**TokenFacts.of(token, ORIGIN).claims, **claims}
    widened = {name: value for name, value in merged.items() if value is not None}
    return f"{head}.{_encode_json(widened)}.{signature}"


def alg_none(token: str, spelling: str = "none", *, keep_signature: bool = False) -> str:
    """The header's alg set to `none` in some spelling, without or with the old signature."""
    _, payload, signature = _parts(token)
    header = _encode_json({**_header(token), "alg": spelling})
    return f"{header}.{payload}.{signature if keep_signature else ''}"


def unknown_algorithm(token: str) -> str:
    """The header's alg set to one that nobody has, with the old signature."""
    _, payload, signature = _parts(token)
    return f"{_encode_json({**_header(token), 'alg': UNKNOWN_ALGORITHM})}.{payload}.{signature}"


def hs256_with_public_key(token: str, jwk: Mapping[str, Any]) -> str:
    """Signed as HS256 with the issuer's public key (PEM of a JWKS key) as the secret.

    A verifier that lets the token choose between RSA and HMAC takes it for the issuer's own.
    """
    try:
        key = import_key(dict(jwk))
        if not isinstance(key, RSAKey | ECKey):
            raise CredentialError("the issuer's key is neither RSA nor EC")
        pem = key.as_pem(private=False)
    except (JoseError, ValueError) as error:
        raise CredentialError(f"the issuer's key cannot be read: {type(error).__name__}") from None
    # joserfc rightly refuses a public key as an HMAC secret, so that the forgery is made by hand
    payload = _parts(token)[1]
    signed = f"{_encode_json({**_header(token), 'alg': 'HS256'})}.{payload}"
    return f"{signed}.{_encode(hmac.digest(pem, signed.encode(), 'sha256'))}"


def new_key_same_kid(token: str) -> str:
    """Signed with a key of our own under the kid of the issuer's."""
    return _sign_with_own(token, {})


def unknown_kid(token: str) -> str:
    """Signed with a key of our own under a kid that the issuer never published."""
    return _sign_with_own(token, {"kid": UNKNOWN_KID})


def kid_removed(token: str) -> str:
    """Signed with a key of our own and no kid at all."""
    return _sign_with_own(token, {"kid": None})


def header_jwk(token: str) -> str:
    """Signed with a key of our own that the header carries (RFC 7515 §4.1.3)."""
    key = RSAKey.generate_key(RSA_BITS)
    public = key.as_dict(private=False)
    return _sign(token, {**_header(token), "alg": "RS256", "jwk": public}, key)


def header_jku(token: str, url: str) -> str:
    """Signed with a key of our own; the header points to a key set at `url` (§4.1.2)."""
    return _sign_with_own(token, {"jku": url})


def header_x5u(token: str, url: str) -> str:
    """Signed with a key of our own; the header points to a certificate at `url` (§4.1.5)."""
    return _sign_with_own(token, {"x5u": url})


def _sign_with_own(token: str, changes: Mapping[str, Any]) -> str:
    merged = {**_header(token), "alg": "RS256", **changes}
    header = {name: value for name, value in merged.items() if value is not None}
    return _sign(token, header, RSAKey.generate_key(RSA_BITS))


def _sign(token: str, header: dict[str, Any], key: RSAKey) -> str:
    rules = WideRegistry(algorithms=[header["alg"]], strict_check_header=False)
    return serialize_compact(header, parse_jwt(token, ORIGIN).payload, key, registry=rules)


def _parts(token: str) -> tuple[str, str, str]:
    _header(token)
    head, payload, signature = token.split(".")
    return head, payload, signature


def _header(token: str) -> dict[str, Any]:
    facts = TokenFacts.of(token, ORIGIN)
    if facts.kind != "jwt":
        raise CredentialError(f"{ORIGIN} is a macaroon, which cannot be forged like a JWT")
    return dict(facts.header)


def _decode(part: str) -> bytes:
    return urlsafe_b64decode(part.encode())


def _encode(raw: bytes) -> str:
    return urlsafe_b64encode(raw).decode()


def _encode_json(value: Mapping[str, Any]) -> str:
    return _encode(json.dumps(dict(value), separators=(",", ":")).encode())
