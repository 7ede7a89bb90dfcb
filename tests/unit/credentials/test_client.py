"""Client credentials against a real issuer on loopback, over TLS."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import PurePosixPath
from typing import Any

import pytest

from lakeproof.credentials.client import ClientCredentials, Oddity
from lakeproof.credentials.errors import CannotNarrow, CredentialError
from lakeproof.credentials.facts import TokenFacts
from lakeproof.credentials.granted import TokenCache
from lakeproof.credentials.names import SecretName
from lakeproof.credentials.sources import StaticToken, parse_source
from lakeproof.credentials.wallet import EndpointWallet
from lakeproof.wire.connection import TlsConfig
from lakeproof.wire.redact import redactor
from tests.unit.credentials.tiny_issuer import TinyIssuer

READ = ["storage.read:/x"]
AUDIENCE = "https://se.example.org"
SECRET = "correct-horse-battery"


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def client(issuer: TinyIssuer, clock: Clock) -> ClientCredentials:
    return ClientCredentials(
        issuer.url,
        "probe",
        SecretName(f"file:{issuer.secret_file}"),
        tls=TlsConfig(issuer.ca),
        trusted_odd_tokens=True,
        clock=clock,
    )


def refusal(act: Callable[[], object]) -> str:
    with pytest.raises(CredentialError) as caught:
        act()
    assert SECRET not in caught.value.sentence
    return caught.value.sentence


def test_token_has_just_the_scope_and_audience_asked_for(
    issuer: TinyIssuer, client: ClientCredentials
) -> None:
    token = client.token(READ, AUDIENCE)
    facts = TokenFacts.of(token, "t")
    assert facts.scopes == ("storage.read:/x",)
    assert facts.audience == (AUDIENCE,)
    assert issuer.forms == [
        {"grant_type": "client_credentials", "scope": "storage.read:/x", "audience": AUDIENCE}
    ]
    assert token not in redactor.text(f"got {token}")
    assert SECRET not in repr(client) + repr(vars(client))


def test_source_text_gives_the_same_client(issuer: TinyIssuer) -> None:
    source = parse_source(
        f"client:{issuer.url}",
        client_id="probe",
        client_secret_file=issuer.secret_file,
        tls=TlsConfig(issuer.ca),
    )
    assert source.narrows
    assert TokenFacts.of(source.token(READ, AUDIENCE), "t").scopes == ("storage.read:/x",)


def test_tokens_are_kept_by_scopes_and_audience(
    issuer: TinyIssuer, client: ClientCredentials
) -> None:
    first = client.token(["storage.read:/a", "storage.modify:/a"], AUDIENCE)
    assert client.token(["storage.modify:/a", "storage.read:/a"], AUDIENCE) == first
    client.token(["storage.read:/a"], AUDIENCE)
    client.token(["storage.read:/a"], "https://other.example.org")
    assert len(issuer.forms) == 3
    assert issuer.metadata_asked == 1


@pytest.mark.parametrize(("life", "kept_until"), [(3600, 2880), (100, 40), (30, 0)])
def test_tokens_are_renewed_before_they_end(
    issuer: TinyIssuer, client: ClientCredentials, clock: Clock, life: int, kept_until: float
) -> None:
    issuer.lifetime_s = life
    client.token(READ, AUDIENCE)
    if kept_until:
        clock.now += kept_until - 0.5
        client.token(READ, AUDIENCE)
        assert len(issuer.forms) == 1
        clock.now += 1
    client.token(READ, AUDIENCE)
    assert len(issuer.forms) == 2


def test_life_is_read_from_the_token_where_nobody_tells_it(mint: Callable[..., str]) -> None:
    clock, asked = Clock(), []
    cache = TokenCache(clock)

    def ask() -> tuple[str, None]:
        asked.append(clock.now)
        return mint(1000), None

    for step in (0.0, 799.0, 2.0):
        clock.now += step
        cache.get((), "", ask)
    assert asked == [1000.0, 1801.0]


def test_wider_scope_than_asked_is_an_error_with_both_lists(
    issuer: TinyIssuer, client: ClientCredentials
) -> None:
    issuer.claims = {"scope": "storage.read:/ openid"}
    said = refusal(lambda: client.token(READ, AUDIENCE))
    assert 'asked for scope "storage.read:/x", granted "openid storage.read:/"' in said
    assert "does not narrow" in said


def test_harmless_additions_and_trailing_slashes_are_no_other_scope(
    issuer: TinyIssuer, client: ClientCredentials
) -> None:
    issuer.claims = {"scope": "storage.read:/x/ openid wlcg"}
    client.token(READ, AUDIENCE)


def test_other_audience_than_asked_is_an_error(
    issuer: TinyIssuer, client: ClientCredentials
) -> None:
    issuer.claims = {"aud": "https://wlcg.cern.ch/jwt/v1/any"}
    assert "asked for audience https://se" in refusal(lambda: client.token(READ, AUDIENCE))
    issuer.claims = {}
    client.token(READ, "")
    assert "audience" not in issuer.forms[-1]


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("invalid_scope", "does not grant scope storage.read:/x to client probe"),
        ("unauthorized_client", "enable that grant"),
        ("invalid_target", f"for audience {AUDIENCE}"),
        ("never_heard", 'gave no token: error "never_heard"'),
    ],
)
def test_refusals_become_sentences(
    issuer: TinyIssuer, client: ClientCredentials, code: str, says: str
) -> None:
    issuer.refusal = 400, {"error": code, "error_description": f"because {SECRET}"}
    assert says in refusal(lambda: client.token(READ, AUDIENCE))


def test_wrong_secret_names_the_client_and_where_the_secret_is(
    issuer: TinyIssuer, client: ClientCredentials
) -> None:
    issuer.secret_file.write_text("another-secret-altogether")
    said = refusal(lambda: client.token(READ, AUDIENCE))
    assert "does not accept client probe with this secret" in said
    assert f"check the client id and file:{issuer.secret_file}" in said
    assert "another-secret" not in said


def test_answers_that_are_none(issuer: TinyIssuer, client: ClientCredentials) -> None:
    issuer.raw = b"<html>login</html>"
    assert "gave no token: (HTTP 200, text/html)" in refusal(lambda: client.token(READ, AUDIENCE))
    issuer.raw = None
    issuer.refusal = 503, {}
    assert "cannot issue tokens now" in refusal(lambda: client.token(READ, AUDIENCE))


@pytest.mark.parametrize(
    ("metadata", "says"),
    [
        ({"issuer": "https://evil.example.org"}, 'names the issuer "https://evil.example.org"'),
        ({"token_endpoint": "http://127.0.0.1/token"}, "must start with https://"),
        ({"token_endpoint": None}, "names no token_endpoint"),
    ],
)
def test_metadata_that_cannot_be_trusted(
    issuer: TinyIssuer, client: ClientCredentials, metadata: dict[str, Any], says: str
) -> None:
    issuer.metadata = metadata
    assert says in refusal(lambda: client.token(READ, AUDIENCE))
    assert issuer.forms == []


def test_trailing_slash_of_the_issuer_is_no_difference(
    issuer: TinyIssuer, client: ClientCredentials
) -> None:
    issuer.metadata = {"issuer": f"{issuer.url}/"}
    client.token(READ, AUDIENCE)


def test_issuer_elsewhere_and_issuer_that_is_down(issuer: TinyIssuer, clock: Clock) -> None:
    secret = SecretName(f"file:{issuer.secret_file}")
    wrong = ClientCredentials(f"{issuer.url}/realm", "probe", secret, tls=TlsConfig(issuer.ca))
    assert "check the issuer's URL" in refusal(lambda: wrong.token(READ, AUDIENCE))
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"https://127.0.0.1:{closed.getsockname()[1]}"
    down = ClientCredentials(url, "probe", secret, tls=TlsConfig(issuer.ca), clock=clock)
    first = refusal(lambda: down.token(READ, AUDIENCE))
    assert "the issuer is not reached" in first
    assert refusal(lambda: down.token(["other"], AUDIENCE)) == first


def test_issuer_of_an_unknown_authority_is_not_told_the_secret(issuer: TinyIssuer) -> None:
    secret = SecretName(f"file:{issuer.secret_file}")
    client = ClientCredentials(issuer.url, "probe", secret)
    assert "the issuer is not reached" in refusal(lambda: client.token(READ, AUDIENCE))
    assert issuer.forms == []


def test_keys_are_the_issuers(issuer: TinyIssuer, client: ClientCredentials) -> None:
    (key,) = client.issuer.public_keys()
    assert (key["kty"], key["kid"]) == ("RSA", "one")
    assert "d" not in key


def test_key_of_a_token_is_found_by_its_id(client: ClientCredentials) -> None:
    wallet = EndpointWallet(AUDIENCE, PurePosixPath("/x"), client, scope_root=PurePosixPath("/"))
    assert wallet.public_key_of(wallet.genuine())["kid"] == "one"


def test_key_of_any_token_is_fetched_from_its_own_issuer_once(
    issuer: TinyIssuer, client: ClientCredentials
) -> None:
    token = client.token(READ, AUDIENCE)
    single = StaticToken("env:TOKEN", lambda: token)
    wallet = EndpointWallet(AUDIENCE, PurePosixPath("/x"), single, tls=TlsConfig(issuer.ca))
    before = issuer.metadata_asked
    assert wallet.public_key_of(wallet.genuine())["kid"] == "one"
    assert wallet.public_key_of(wallet.genuine())["kid"] == "one"
    assert issuer.metadata_asked == before + 1


@pytest.mark.parametrize(
    ("claims", "sentence"),
    [
        ({"iss": None}, "names no issuer"),
        ({"iss": "http://issuer.example.org"}, "must start with https://"),
    ],
)
def test_key_of_a_token_is_not_looked_for_where_it_cannot_be(
    mint: Callable[..., str], claims: dict[str, object], sentence: str
) -> None:
    token = mint(**claims)
    wallet = EndpointWallet(AUDIENCE, PurePosixPath("/x"), StaticToken("env:TOKEN", lambda: token))
    with pytest.raises((CannotNarrow, CredentialError), match=sentence):
        wallet.public_key_of(wallet.genuine())


def test_odd_tokens_are_odd_as_asked(issuer: TinyIssuer, client: ClientCredentials) -> None:
    oddity = Oddity(claims={"wlcg.ver": "1.9", "sub": None}, lifetime_s=-60)
    facts = TokenFacts.of(client.odd(READ, AUDIENCE, oddity), "t")
    assert facts.claims["wlcg.ver"] == "1.9"
    assert facts.expires is not None
    assert facts.subject is None
    assert issuer.forms[0]["lifetime"] == "-60"


def test_issuer_that_ignores_the_oddity_is_not_believed(
    issuer: TinyIssuer, client: ClientCredentials
) -> None:
    issuer.odd = False
    oddity = Oddity({"wlcg.ver": "1.9"}, {"kid": "two"}, -60, "ES256")
    said = refusal(lambda: client.odd(READ, AUDIENCE, oddity))
    assert said.endswith("but ignored claim wlcg.ver, header kid, alg, lifetime")


def test_ordinary_issuers_mint_nothing_odd(issuer: TinyIssuer) -> None:
    secret = SecretName(f"file:{issuer.secret_file}")
    client = ClientCredentials(issuer.url, "probe", secret, tls=TlsConfig(issuer.ca))
    with pytest.raises(CannotNarrow, match="does not mint odd tokens"):
        client.odd(READ, AUDIENCE, Oddity(lifetime_s=-1))
    assert issuer.forms == []
