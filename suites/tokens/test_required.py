"""Claims that every token of the profile has: one without them is refused."""

from lakeproof import (
    CRITICAL,
    HIGH,
    LOW,
    MEDIUM,
    MUST,
    SHOULD,
    Expect,
    OddTokenFor,
    StorageElement,
    check,
)


@check(
    req="wlcg-jwt/iss",
    level=MUST,
    severity=CRITICAL,
    needs={"webdav", "write", "odd-tokens"},
    catches={"token-issuer-missing-accepted"},
    rows={"TKN-18", "B1.2"},
)
def test_token_without_issuer_is_refused(
    se: StorageElement, odd_token: OddTokenFor, expect: Expect
) -> None:
    """A token that names no issuer must be refused.

    Nobody can tell by whose key it has to be verified; a storage that takes it verifies it by
    a key that the token's maker may have chosen.
    """
    path = se.workdir / "f"
    scopes = [f"storage.read:{se.workdir}"]
    expect.control(se.put(path, b"secret"))
    expect.control(se.get(path, auth=odd_token(scopes=scopes)))

    expect.refused(se.get(path, auth=odd_token(scopes=scopes, claims={"iss": None})))


@check(
    req="wlcg-jwt/exp-required",
    level=SHOULD,
    severity=HIGH,
    needs={"webdav", "write", "odd-tokens"},
    catches={"token-exp-missing-accepted"},
    rows={"TKN-18", "B1.2"},
)
def test_token_without_expiry_is_refused(
    se: StorageElement, odd_token: OddTokenFor, expect: Expect
) -> None:
    """A token that never expires should be refused.

    Tokens cannot be revoked: one without an end that leaks opens the storage for ever.
    """
    path = se.workdir / "f"
    scopes = [f"storage.read:{se.workdir}"]
    expect.control(se.put(path, b"secret"))
    expect.control(se.get(path, auth=odd_token(scopes=scopes)))

    expect.refused(se.get(path, auth=odd_token(scopes=scopes, claims={"exp": None})))


@check(
    req="wlcg-jwt/sub-required",
    level=SHOULD,
    severity=MEDIUM,
    needs={"webdav", "write", "odd-tokens"},
    catches={"token-sub-missing-accepted"},
    rows={"TKN-18", "B1.2"},
)
def test_token_without_subject_is_refused(
    se: StorageElement, odd_token: OddTokenFor, expect: Expect
) -> None:
    """A token that names nobody should be refused.

    What was done with it can be traced to nobody, and nobody's access can be suspended.
    """
    path = se.workdir / "f"
    scopes = [f"storage.read:{se.workdir}"]
    expect.control(se.put(path, b"secret"))
    expect.control(se.get(path, auth=odd_token(scopes=scopes)))

    expect.refused(se.get(path, auth=odd_token(scopes=scopes, claims={"sub": None})))


@check(
    req="wlcg-jwt/iat-required",
    level=SHOULD,
    severity=LOW,
    needs={"webdav", "write", "odd-tokens"},
    catches={"token-iat-missing-accepted"},
    rows={"TKN-18", "B1.2"},
)
def test_token_without_time_of_issue_is_refused(
    se: StorageElement, odd_token: OddTokenFor, expect: Expect
) -> None:
    """A token that does not say when it was issued should be refused.

    After an incident at the issuer nobody can tell the tokens from before and after it.
    """
    path = se.workdir / "f"
    scopes = [f"storage.read:{se.workdir}"]
    expect.control(se.put(path, b"secret"))
    expect.control(se.get(path, auth=odd_token(scopes=scopes)))

    expect.refused(se.get(path, auth=odd_token(scopes=scopes, claims={"iat": None})))


@check(
    req="wlcg-jwt/jti-required",
    level=SHOULD,
    severity=LOW,
    needs={"webdav", "write", "odd-tokens"},
    catches={"token-jti-missing-accepted"},
    rows={"TKN-18", "B1.2"},
)
def test_token_without_id_is_refused(
    se: StorageElement, odd_token: OddTokenFor, expect: Expect
) -> None:
    """A token without an id of its own should be refused.

    A stolen token is traced through the logs of a lake's storages by its id, and only by it.
    """
    path = se.workdir / "f"
    scopes = [f"storage.read:{se.workdir}"]
    expect.control(se.put(path, b"secret"))
    expect.control(se.get(path, auth=odd_token(scopes=scopes)))

    expect.refused(se.get(path, auth=odd_token(scopes=scopes, claims={"jti": None})))


@check(
    req="wlcg-jwt/version-required",
    level=SHOULD,
    severity=MEDIUM,
    needs={"webdav", "write", "odd-tokens"},
    catches={"token-version-missing-accepted"},
    rows={"TKN-17", "B1.2"},
)
def test_token_without_version_is_refused(
    se: StorageElement, odd_token: OddTokenFor, expect: Expect
) -> None:
    """A token that does not say which version of the profile it follows should be refused.

    Its scopes may mean something else than the storage takes them for.
    """
    path = se.workdir / "f"
    scopes = [f"storage.read:{se.workdir}"]
    expect.control(se.put(path, b"secret"))
    expect.control(se.get(path, auth=odd_token(scopes=scopes)))

    expect.refused(se.get(path, auth=odd_token(scopes=scopes, claims={"wlcg.ver": None})))
