"""What is in the tokens that an issuer gives: signature, claims, lifetime."""

from datetime import UTC, datetime

from lakeproof import CRITICAL, HIGH, LOW, MEDIUM, MUST, SHOULD, Expect, TokenIssuer, check

REQUIRED = ("sub", "exp", "iss", "wlcg.ver", "aud", "iat", "jti")
SHORTEST_S, LONGEST_S = 15 * 60, 6 * 3600
MAX_SKEW_S = 60
RECOMMENDED = ("RS256", "ES256")


@check(
    req="wlcg-jwt/format",
    level=MUST,
    severity=HIGH,
    needs={"issuer"},
    catches={"issuer-token-opaque"},
    rows={"ISS-05"},
)
def test_access_token_is_a_jwt(issuer: TokenIssuer, expect: Expect) -> None:
    """Access tokens must be JSON Web Tokens.

    Storages read scopes and audience from the token itself; text that only the issuer
    understands opens nothing.
    """
    grant = issuer.usual
    expect.that(grant.facts is not None, "a token of three parts (JWT)", "text of another kind")


@check(
    req="wlcg-jwt/signature-algorithm",
    level=MUST,
    severity=CRITICAL,
    needs={"issuer"},
    catches={"issuer-signature-wrong"},
    rows={"ISS-08"},
)
def test_signature_is_that_of_the_published_key(issuer: TokenIssuer, expect: Expect) -> None:
    """The signature must have been made with the published key that the token names.

    Storages refuse every token otherwise, while the issuer goes on giving them out.
    """
    expect.given(issuer.usual.facts is not None, "the token is no JWT, which is its own check")
    header = issuer.usual.facts.header if issuer.usual.facts else {}
    named = [key for key in issuer.keys if key.kid == header.get("kid")]
    expect.given(bool(named), "the token's key id is not published, which is its own check")
    expect.that(
        any(key.verifies(issuer.usual.token) for key in named),
        f"a signature by the key {header.get('kid')}, with an asymmetric algorithm",
        f"a signature ({header.get('alg')}) that this key does not verify",
    )


@check(
    req="wlcg-jwt/kid",
    level=MUST,
    severity=CRITICAL,
    needs={"issuer"},
    catches={"issuer-kid-unknown"},
    rows={"ISS-08"},
)
def test_key_id_is_published(issuer: TokenIssuer, expect: Expect) -> None:
    """The key id of a token must be in the key set.

    After keys were exchanged carelessly all storages refuse all new tokens at once.
    """
    expect.given(issuer.usual.facts is not None, "the token is no JWT, which is its own check")
    kid = issuer.usual.facts.header.get("kid") if issuer.usual.facts else None
    published = [key.kid for key in issuer.keys]
    expect.that(
        kid in published,
        f"one of the published key ids: {', '.join(published)}",
        f"key id {kid}" if kid else "no key id",
    )


@check(
    req="wlcg-jwt/required-claims",
    level=MUST,
    severity=HIGH,
    needs={"issuer"},
    catches={"issuer-claim-missing"},
    rows={"ISS-05"},
)
def test_required_claims_are_there(issuer: TokenIssuer, expect: Expect) -> None:
    """Tokens must have sub, exp, iss, wlcg.ver, aud, iat and jti.

    Storages that follow the profile refuse a token without one of them, and which one is seldom
    said.
    """
    missing = [name for name in REQUIRED if name not in issuer.claims]
    expect.that(not missing, f"the claims {', '.join(REQUIRED)}", f"missing: {', '.join(missing)}")


@check(
    req="wlcg-jwt/version",
    level=MUST,
    severity=HIGH,
    needs={"issuer"},
    catches={"issuer-version-other"},
    rows={"ISS-03"},
)
def test_version_is_1_0(issuer: TokenIssuer, expect: Expect) -> None:
    """Tokens must say wlcg.ver 1.0, whatever version of the profile they follow.

    Storages of the first hour refuse every other version.
    """
    version = issuer.claims.get("wlcg.ver")
    expect.given(version is not None, "there is no wlcg.ver, which is its own check")
    expect.equal(version, "1.0", "wlcg.ver")


@check(
    req="openid-discovery/iss",
    level=MUST,
    severity=HIGH,
    needs={"issuer"},
    catches={"issuer-iss-slash"},
    rows={"ISS-01"},
)
def test_iss_is_the_issuer_of_the_metadata(issuer: TokenIssuer, expect: Expect) -> None:
    """The iss of tokens must be, letter by letter, the issuer that the metadata names.

    A missing or added slash at the end is enough for storages to know nothing of this issuer.
    """
    named = issuer.metadata.get("issuer")
    expect.given(isinstance(named, str), "the metadata names no issuer, which is its own check")
    expect.equal(issuer.claims.get("iss"), named, "iss")


@check(
    req="wlcg-jwt/lifetime",
    level=SHOULD,
    severity=HIGH,
    needs={"issuer"},
    catches={"issuer-lifetime-day", "issuer-lifetime-minute"},
    rows={"ISS-05"},
)
def test_lifetime_is_within_the_profile(issuer: TokenIssuer, expect: Expect) -> None:
    """Access tokens should live from 15 minutes to 6 hours.

    A longer one that leaks is good for as long, as nobody can take it back; a shorter one ends
    while a transfer waits in its queue.
    """
    start, end = issuer.claims.get("iat"), issuer.claims.get("exp")
    known = isinstance(start, int | float) and isinstance(end, int | float)
    expect.given(known, "iat or exp is missing, which is its own check")
    life_s = float(end or 0) - float(start or 0)
    expect.that(
        SHORTEST_S <= life_s <= LONGEST_S,
        "a lifetime from 900 s to 21600 s",
        f"a lifetime of {life_s:.0f} s",
    )


@check(
    req="rfc6749/expires-in",
    level=SHOULD,
    severity=MEDIUM,
    needs={"issuer"},
    catches={"issuer-expires-in-wrong"},
)
def test_stated_lifetime_is_the_tokens(issuer: TokenIssuer, expect: Expect) -> None:
    """The expires_in beside a token should agree with the token's own end.

    Clients renew by the one, storages refuse by the other: transfers fail in between.
    """
    start, end = issuer.claims.get("iat"), issuer.claims.get("exp")
    known = isinstance(start, int | float) and isinstance(end, int | float)
    expect.given(known, "iat or exp is missing, which is its own check")
    stated = issuer.usual.answer.get("expires_in")
    expect.that(isinstance(stated, int), "expires_in, in seconds", "none in the answer")
    life_s = float(end or 0) - float(start or 0)
    expect.that(
        abs(life_s - float(stated or 0)) <= MAX_SKEW_S,
        f"about {life_s:.0f} s, as exp and iat of the token say",
        f"expires_in: {stated}",
    )


@check(
    req="wlcg-jwt/clock-skew",
    level=SHOULD,
    severity=HIGH,
    needs={"issuer"},
    catches={"issuer-nbf-ahead"},
    rows={"ISS-05"},
)
def test_token_is_valid_at_once(issuer: TokenIssuer, expect: Expect) -> None:
    """A token should be valid from the moment it is given.

    Jobs and transfers use it within a second; storages refuse it until its nbf has come.
    """
    since = issuer.claims.get("nbf", 0)
    now = datetime.now(UTC).timestamp()
    ahead_s = since - now if isinstance(since, int | float) else 0
    expect.that(ahead_s <= MAX_SKEW_S, "nbf in the past", f"nbf in {ahead_s:.0f} s")


@check(
    req="wlcg-jwt/clock-skew",
    level=SHOULD,
    severity=HIGH,
    needs={"issuer"},
    catches={"issuer-iat-ahead"},
)
def test_issue_time_is_now(issuer: TokenIssuer, expect: Expect) -> None:
    """The iat of a fresh token should be now.

    Storages refuse tokens that were issued in the future, and those dated back end too early.
    """
    fresh = issuer.grant(f"storage.read:{issuer.area or '/'}", issuer.audience)
    issued = fresh.says("iat")
    expect.given(isinstance(issued, int | float), "iat is missing, which is its own check")
    apart_s = float(issued or 0) - datetime.now(UTC).timestamp()
    expect.that(
        abs(apart_s) <= MAX_SKEW_S,
        f"iat within {MAX_SKEW_S} s of our clock",
        f"iat {abs(apart_s):.0f} s {'ahead of' if apart_s > 0 else 'behind'} our clock",
    )


@check(
    req="wlcg-jwt/jti",
    level=MUST,
    severity=LOW,
    needs={"issuer"},
    catches={"issuer-jti-same"},
    rows={"ISS-05"},
)
def test_each_token_has_a_jti_of_its_own(issuer: TokenIssuer, expect: Expect) -> None:
    """No two tokens of an issuer must have the same jti.

    After an incident a token is traced through logs by its jti; a shared one leads to everybody.
    """
    scope = f"storage.read:{issuer.area or '/'}"
    first, second = (issuer.grant(scope, issuer.audience).says("jti") for _ in range(2))
    expect.given(bool(first and second), "there is no jti, which is its own check")
    expect.that(first != second, "a jti of its own in each token", "two tokens with the same jti")
