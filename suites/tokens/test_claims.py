"""Well signed tokens: when, by whom, for whom and with which algorithm they were issued."""

from lakeproof import (
    CRITICAL,
    HIGH,
    MEDIUM,
    MUST,
    SHOULD,
    Bearer,
    Expect,
    ExpiredToken,
    OddTokenFor,
    StorageElement,
    TokenFor,
    check,
)

ANY_AUDIENCE = "https://wlcg.cern.ch/jwt/v1/any"
FOREIGN_AUDIENCE = "https://another-storage.example.org"


@check(
    req="wlcg-jwt/exp",
    level=MUST,
    severity=CRITICAL,
    needs={"webdav", "write", "tokens"},
    catches={"token-expired-accepted"},
    rows={"TKN-09", "B1.2"},
)
def test_expired_is_refused(
    se: StorageElement, genuine: Bearer, expired_token: ExpiredToken, expect: Expect
) -> None:
    """A token must be refused after its expiry.

    Short lifetimes are the only protection of a token that leaked; without them it is a
    password for ever.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, b"secret"))
    expect.control(se.get(path, auth=genuine))

    expect.refused(se.get(path, auth=expired_token()))


@check(
    req="wlcg-jwt/nbf",
    level=MUST,
    severity=MEDIUM,
    needs={"webdav", "write", "odd-tokens"},
    catches={"token-nbf-ignored"},
    rows={"TKN-10", "B1.2"},
)
def test_not_yet_valid_is_refused(
    se: StorageElement, odd_token: OddTokenFor, expect: Expect
) -> None:
    """A token must be refused before the time from which it is valid.

    Tokens are issued ahead for an embargo that ends tomorrow; read today, they break it.
    """
    path = se.workdir / "f"
    scopes = [f"storage.read:{se.workdir}"]
    expect.control(se.put(path, b"secret"))
    expect.control(se.get(path, auth=odd_token(scopes=scopes)))

    early = odd_token(scopes=scopes, claims={"nbf": 4102444800, "exp": 4102448400})  # in 2100
    expect.refused(se.get(path, auth=early))


@check(
    req="wlcg-jwt/iss",
    level=MUST,
    severity=CRITICAL,
    needs={"webdav", "write", "odd-tokens"},
    catches={"token-issuer-ignored"},
    rows={"TKN-14"},
)
def test_unknown_issuer_is_refused(
    se: StorageElement, odd_token: OddTokenFor, expect: Expect
) -> None:
    """A token of an issuer that the storage does not know must be refused.

    Anybody can run an issuer; its tokens are well signed too.
    """
    path = se.workdir / "f"
    scopes = [f"storage.read:{se.workdir}"]
    expect.control(se.put(path, b"secret"))
    expect.control(se.get(path, auth=odd_token(scopes=scopes)))

    foreign = odd_token(scopes=scopes, claims={"iss": "https://issuer.invalid/"})
    expect.refused(se.get(path, auth=foreign))


@check(
    req="wlcg-jwt/aud",
    level=MUST,
    severity=CRITICAL,
    needs={"webdav", "write", "token-audience"},
    catches={"token-audience-ignored"},
    rows={"TKN-02"},
)
def test_other_audience_is_refused(se: StorageElement, token: TokenFor, expect: Expect) -> None:
    """A token issued for another service must be refused.

    A service that was given a token for itself could use it here; one broken service would
    open all storages of the lake.
    """
    path = se.workdir / "f"
    scope = f"storage.read:{se.workdir}"
    expect.control(se.put(path, b"secret"))
    expect.control(se.get(path, auth=token(scope)))

    expect.refused(se.get(path, auth=token(scope, audience=FOREIGN_AUDIENCE)))


@check(
    req="wlcg-jwt/aud-required",
    level=MUST,
    severity=HIGH,
    needs={"webdav", "write", "odd-tokens"},
    catches={"token-audience-missing-accepted"},
    rows={"TKN-08", "B1.2"},
)
def test_missing_audience_is_refused(
    se: StorageElement, odd_token: OddTokenFor, expect: Expect
) -> None:
    """A token without an audience must be refused.

    The profile has a value of its own for "everywhere", so that no token becomes valid
    everywhere by omission.
    """
    path = se.workdir / "f"
    scopes = [f"storage.read:{se.workdir}"]
    expect.control(se.put(path, b"secret"))
    expect.control(se.get(path, auth=odd_token(scopes=scopes)))

    expect.refused(se.get(path, auth=odd_token(scopes=scopes, claims={"aud": None})))


@check(
    req="wlcg-jwt/any-audience",
    level=MUST,
    severity=HIGH,
    needs={"webdav", "write", "token-audience"},
    catches={"token-audience-any-refused"},
    rows={"TKN-05"},
)
def test_any_audience_is_accepted(se: StorageElement, token: TokenFor, expect: Expect) -> None:
    """A token for the audience "any" must be accepted.

    Jobs that do not know yet where they will read or write carry such tokens; here they
    would fail.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, b"any"))

    expect.success(se.get(path, auth=token(f"storage.read:{se.workdir}", audience=ANY_AUDIENCE)))


@check(
    req="wlcg-jwt/algorithms",
    level=MUST,
    severity=HIGH,
    needs={"webdav", "write", "odd-tokens"},
    catches={"token-rs256-refused"},
    rows={"TKN-15"},
)
def test_rs256_is_accepted(se: StorageElement, odd_token: OddTokenFor, expect: Expect) -> None:
    """A token signed with RS256 must be accepted.

    Most issuers sign like this; their communities could not use the storage.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, b"any"))
    read = [f"storage.read:{se.workdir}"]
    expect.control(se.get(path, auth=odd_token(scopes=read, algorithm="ES256")))

    expect.success(se.get(path, auth=odd_token(scopes=read, algorithm="RS256")))


@check(
    req="wlcg-jwt/algorithms",
    level=MUST,
    severity=HIGH,
    needs={"webdav", "write", "odd-tokens"},
    catches={"token-es256-refused"},
    rows={"TKN-15"},
)
def test_es256_is_accepted(se: StorageElement, odd_token: OddTokenFor, expect: Expect) -> None:
    """A token signed with ES256 must be accepted.

    Issuers change to it because its tokens are short; on the day of the change the storage
    would refuse everybody.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, b"any"))
    read = [f"storage.read:{se.workdir}"]
    expect.control(se.get(path, auth=odd_token(scopes=read, algorithm="RS256")))

    expect.success(se.get(path, auth=odd_token(scopes=read, algorithm="ES256")))


@check(
    req="wlcg-jwt/unknown-claims",
    level=SHOULD,
    severity=MEDIUM,
    needs={"webdav", "write", "odd-tokens"},
    catches={"token-extra-claim-refused"},
    rows={"TKN-19"},
)
def test_unknown_claims_are_ignored(
    se: StorageElement, odd_token: OddTokenFor, expect: Expect
) -> None:
    """A token with claims that the storage does not know should be accepted.

    Issuers add claims with every release; a storage that refuses them fails on the day of
    an upgrade somewhere else.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, b"any"))

    token = odd_token(
        scopes=[f"storage.read:{se.workdir}"], claims={"x_unheard_of": {"nested": [1, "two"]}}
    )
    expect.success(se.get(path, auth=token))
