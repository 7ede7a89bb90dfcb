"""A key of our own: what it signs verifies with what it publishes, and with nothing else."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable

import pytest
from cryptography import x509
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeySet, RSAKey, import_key

from lakeproof.credentials.errors import CredentialError
from lakeproof.credentials.facts import TokenFacts
from lakeproof.credentials.own_key import OwnKey

Mint = Callable[..., str]


def verifies(token: str, key: ECKey | RSAKey) -> bool:
    rules = jws.JWSRegistry(algorithms=["ES256", "RS256"], strict_check_header=False)
    try:
        jws.deserialize_compact(token, key, registry=rules)
    except JoseError:
        return False
    return True


def test_signature_fits_everything_that_the_key_publishes(mint: Mint) -> None:
    own = OwnKey()
    signed = own.sign(mint())
    published = KeySet.import_key_set(json.loads(own.key_set)).keys[0]
    der = base64.b64decode(own.chain[0])
    pem = x509.load_pem_x509_certificate(own.certificate)
    assert x509.load_der_x509_certificate(der).public_key() == pem.public_key()
    for key in (import_key(own.jwk), published, ECKey.import_key(own.certificate)):
        assert isinstance(key, ECKey)
        assert verifies(signed, key)
        assert not key.is_private


def test_signature_fits_neither_the_issuers_key_nor_another_own_one(
    mint: Mint, issuer_key: RSAKey
) -> None:
    signed = OwnKey().sign(mint())
    assert not verifies(signed, issuer_key)
    assert not verifies(signed, ECKey.import_key(OwnKey().jwk))


def test_payload_is_the_genuine_one_under_the_header_asked_for(mint: Mint) -> None:
    genuine = mint()
    signed = OwnKey().sign(genuine, jku="https://keys.example.org/x")
    assert signed.split(".")[1] == genuine.split(".")[1]
    header = TokenFacts.of(signed, "t").header
    assert (header["jku"], header["alg"]) == ("https://keys.example.org/x", "ES256")


def test_what_is_no_jwt_is_not_signed() -> None:
    with pytest.raises(CredentialError, match="not a JWT"):
        OwnKey().sign("a.b.c")
