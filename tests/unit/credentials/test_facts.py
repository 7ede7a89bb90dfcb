"""What a token says, and what is no token."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from pymacaroons import MACAROON_V1, MACAROON_V2, Macaroon

from lakeproof.credentials.errors import CredentialError
from lakeproof.credentials.facts import TokenFacts

Mint = Callable[..., str]


def test_a_jwt_tells_issuer_audience_scopes_and_end(mint: Mint) -> None:
    facts = TokenFacts.of(mint(scope="storage.read:/ storage.create:/x", aud=["a", "b"]), "t")
    assert facts.kind == "jwt"
    assert facts.issuer == "https://issuer.example.org/"
    assert facts.audience == ("a", "b")
    assert facts.scopes == ("storage.read:/", "storage.create:/x")
    assert facts.expires is not None
    assert facts.issued is not None
    assert facts.expires - facts.issued == timedelta(hours=1)
    assert facts.header["kid"] == "one"


def test_odd_claims_are_taken_as_silence(mint: Mint) -> None:
    facts = TokenFacts.of(mint(aud=7, scope=["x"], exp="soon", iss=None, iat=10**30), "t")
    assert (facts.audience, facts.scopes, facts.expires, facts.issuer) == ((), ("x",), None, None)
    assert facts.issued is None


@pytest.mark.parametrize("version", [MACAROON_V1, MACAROON_V2])
def test_a_macaroon_is_a_token_of_which_nothing_is_known(version: int) -> None:
    text = Macaroon(location="se", identifier="id", key="k", version=version).serialize()
    facts = TokenFacts.of(text, "t")
    assert facts == TokenFacts("opaque")
    facts.refuse_if_useless("t")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "empty"),
        ("<!DOCTYPE html><html>login</html>", "an HTML or XML page"),
        ('{"access_token": "x"}', "keep only the value of access_token"),
        ("-----BEGIN CERTIFICATE-----", "give it with --proxy"),
        ("two words", "blanks or line ends inside"),
        ("one.two.three\nfour", "blanks or line ends inside"),
        ("not-a-token-at-all", "three dot-separated parts, this has 1"),
        ("part.part", "three dot-separated parts, this has 2"),
        ("a.b.c.d.e", "three dot-separated parts, this has 5"),
        ("xxxx.yyyy.zzzz", "header is not base64url-coded JSON"),
        ("eyJhbGciOiJSUzI1NiJ9.bm8.c2ln", "payload is not a JSON object"),
        ("tökën.a.b", "characters no token has"),
        ("a" * 300_000, "longer than 256 KiB"),
    ],
)
def test_what_is_no_token_is_told_apart_and_not_repeated(text: str, says: str) -> None:
    with pytest.raises(CredentialError) as caught:
        TokenFacts.of(text, "file:tok")
    assert says in caught.value.sentence
    assert caught.value.sentence.startswith("file:tok: ")
    assert not text or text not in caught.value.sentence


def test_an_expired_token_is_useless_and_says_since_when(mint: Mint) -> None:
    facts = TokenFacts.of(mint(exp=1_700_000_000), "t")
    with pytest.raises(CredentialError, match="expired at 2023-11-14 22:13:20 UTC"):
        facts.refuse_if_useless("t")
    facts.refuse_if_useless("t", datetime(2023, 11, 14, tzinfo=UTC))


def test_a_token_of_the_future_is_useless_yet(mint: Mint) -> None:
    with pytest.raises(CredentialError, match="valid only from 2100"):
        TokenFacts.of(mint(10**10, nbf=4_102_444_800), "t").refuse_if_useless("t")


def test_facts_show_no_claims(mint: Mint) -> None:
    assert "kid" not in repr(TokenFacts.of(mint(), "t"))
