"""By whom a token was issued: a name that only looks like the trusted issuer's."""

from urllib.parse import urlsplit

from lakeproof import LOW, MEDIUM, MUST, Expect, OddTokenFor, StorageElement, check


@check(
    req="wlcg-jwt/iss-comparison",
    level=MUST,
    severity=MEDIUM,
    needs={"webdav", "write", "odd-tokens"},
    catches={"token-issuer-slash"},
    rows={"TKN-14", "B1.2"},
)
def test_issuer_with_another_slash_is_refused(
    se: StorageElement, odd_token: OddTokenFor, issuer_url: str, expect: Expect
) -> None:
    """A token whose issuer differs from the trusted one by a slash at the end must be refused.

    Names that are compared loosely are two names: with some hosts the one without the slash
    belongs to somebody else.
    """
    path = se.workdir / "f"
    scopes = [f"storage.read:{se.workdir}"]
    expect.control(se.put(path, b"secret"))
    expect.control(se.get(path, auth=odd_token(scopes=scopes)))

    other = issuer_url.rstrip("/") if issuer_url.endswith("/") else f"{issuer_url}/"
    expect.refused(se.get(path, auth=odd_token(scopes=scopes, claims={"iss": other})))


@check(
    req="wlcg-jwt/iss-comparison",
    level=MUST,
    severity=LOW,
    needs={"webdav", "write", "odd-tokens"},
    catches={"token-issuer-case"},
    rows={"TKN-14", "B1.2"},
)
def test_issuer_in_another_case_is_refused(
    se: StorageElement, odd_token: OddTokenFor, issuer_url: str, expect: Expect
) -> None:
    """A token whose issuer differs from the trusted one in upper and lower case must be refused.

    Paths that differ in case are different places, and may belong to different people.
    """
    path = se.workdir / "f"
    scopes = [f"storage.read:{se.workdir}"]
    expect.control(se.put(path, b"secret"))
    expect.control(se.get(path, auth=odd_token(scopes=scopes)))

    host = urlsplit(issuer_url).netloc
    other = issuer_url.replace(host, host.upper(), 1)
    expect.refused(se.get(path, auth=odd_token(scopes=scopes, claims={"iss": other})))
