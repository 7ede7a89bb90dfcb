"""Forgeries: each differs from the genuine token in the one way it says."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable

import pytest
from joserfc import jws, jwt
from joserfc.errors import BadSignatureError
from joserfc.jwk import RSAKey, import_key
from joserfc.util import urlsafe_b64decode, urlsafe_b64encode

from lakeproof.credentials import tamper
from lakeproof.credentials.errors import CredentialError
from lakeproof.credentials.facts import TokenFacts

Mint = Callable[..., str]


def decoded(part: str) -> bytes:
    return urlsafe_b64decode(part.encode())


def header(token: str) -> dict[str, object]:
    return dict(TokenFacts.of(token, "t").header)


def is_genuine(token: str, key: RSAKey) -> bool:
    try:
        jws.deserialize_compact(token, key, registry=jws.JWSRegistry(strict_check_header=False))
    except BadSignatureError:
        return False
    return True


@pytest.fixture
def token(mint: Mint) -> str:
    return mint()


def test_the_genuine_token_is_genuine(token: str, issuer_key: RSAKey) -> None:
    assert is_genuine(token, issuer_key)


def test_flipped_signature_differs_in_one_real_bit(token: str, issuer_key: RSAKey) -> None:
    forged = tamper.flip_signature(token)
    old, new = decoded(token.split(".")[2]), decoded(forged.split(".")[2])
    assert sum((a ^ b).bit_count() for a, b in zip(old, new, strict=True)) == 1
    assert forged.split(".")[:2] == token.split(".")[:2]
    assert not is_genuine(forged, issuer_key)


def test_truncated_and_dropped_signature(token: str) -> None:
    old = decoded(token.split(".")[2])
    assert decoded(tamper.truncate_signature(token).split(".")[2]) == old[:128]
    assert tamper.drop_signature(token) == token.rpartition(".")[0] + "."


def test_widened_payload_keeps_header_and_signature(token: str, issuer_key: RSAKey) -> None:
    forged = tamper.widen_payload(token, {"scope": "storage.modify:/", "sub": None})
    facts = TokenFacts.of(forged, "t")
    assert facts.scopes == ("storage.modify:/",)
    assert facts.subject is None
    assert forged.split(".")[::2] == token.split(".")[::2]
    assert not is_genuine(forged, issuer_key)


@pytest.mark.parametrize("spelling", ["none", "None", "NONE"])
@pytest.mark.parametrize("keep", [True, False])
def test_alg_none_with_and_without_the_old_signature(token: str, spelling: str, keep: bool) -> None:
    forged = tamper.alg_none(token, spelling, keep_signature=keep)
    assert header(forged)["alg"] == spelling
    assert forged.split(".")[1] == token.split(".")[1]
    assert forged.split(".")[2] == (token.split(".")[2] if keep else "")


def test_hs256_verifies_with_the_public_key_as_the_secret(token: str, issuer_key: RSAKey) -> None:
    forged = tamper.hs256_with_public_key(token, issuer_key.as_dict(private=False))
    signed, _, signature = forged.rpartition(".")
    wanted = hmac.digest(issuer_key.as_pem(private=False), signed.encode(), hashlib.sha256)
    assert signature.encode() == urlsafe_b64encode(wanted)
    assert header(forged) == {"alg": "HS256", "typ": "JWT", "kid": "one"}
    assert forged.split(".")[1] == token.split(".")[1]


def test_own_keys_go_by_the_issuers_kid_another_or_none(token: str, issuer_key: RSAKey) -> None:
    same = tamper.new_key_same_kid(token)
    other = tamper.unknown_kid(token)
    without = tamper.kid_removed(token)
    assert header(same)["kid"] == "one"
    assert header(other)["kid"] == tamper.UNKNOWN_KID
    assert "kid" not in header(without)
    for forged in (same, other, without):
        assert forged.split(".")[1] == token.split(".")[1]
        assert len(decoded(forged.split(".")[2])) == 256
        assert not is_genuine(forged, issuer_key)


def test_key_in_the_header_verifies_the_forgery(token: str) -> None:
    forged = tamper.header_jwk(token)
    embedded = header(forged)["jwk"]
    assert isinstance(embedded, dict)
    assert "d" not in embedded
    key = import_key(embedded)
    assert isinstance(key, RSAKey)
    wide = jws.JWSRegistry(algorithms=["RS256"])
    wide.max_header_length = 4096
    assert jwt.decode(forged, key, registry=wide).claims == TokenFacts.of(token, "t").claims


def test_urls_in_the_header(token: str) -> None:
    url = "https://127.0.0.1:1/keys"
    assert header(tamper.header_jku(token, url))["jku"] == url
    assert header(tamper.header_x5u(token, url))["x5u"] == url


def test_what_is_no_jwt_cannot_be_forged() -> None:
    with pytest.raises(CredentialError, match="the genuine token: not a token"):
        tamper.alg_none("opaque")
