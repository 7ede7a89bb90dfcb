"""How a token gets to the storage: the header, its scheme, the URL."""

from urllib.parse import quote

from lakeproof import (
    ANONYMOUS,
    CRITICAL,
    LOW,
    MAY,
    MEDIUM,
    MUST,
    SHOULD,
    Bearer,
    Expect,
    Sample,
    StorageElement,
    Tampered,
    TokenFor,
    check,
)

ONE_BYTE = "bytes=0-0"


@check(
    req="rfc9110/scheme",
    level=SHOULD,
    severity=MEDIUM,
    needs={"webdav", "sample", "tokens"},
    catches={"token-lowercase-scheme-refused"},
    rows={"TKN-23"},
)
def test_scheme_in_lower_case_is_accepted(
    se: StorageElement, sample: Sample, genuine: Bearer, expect: Expect
) -> None:
    """A token whose scheme is written `bearer` should be accepted as one with `Bearer`.

    Libraries write it as they like; their users get 401 with a token that is good.
    """
    expect.control(se.part(sample.path, ONE_BYTE, auth=genuine))

    header = {"Authorization": f"bearer {genuine.token}"}
    expect.success(se.part(sample.path, ONE_BYTE, auth=genuine, headers=header))


@check(
    req="rfc6750/scheme",
    level=SHOULD,
    severity=LOW,
    needs={"webdav", "sample", "tokens"},
    catches={"token-any-scheme"},
    rows={"TKN-21"},
)
def test_token_under_another_scheme_is_refused(
    se: StorageElement, sample: Sample, genuine: Bearer, expect: Expect
) -> None:
    """A token under the scheme Basic should not be taken for a bearer token.

    Proxies and logs know Bearer for a secret; what comes under another name they write down.
    """
    expect.control(se.part(sample.path, ONE_BYTE, auth=genuine))

    header = {"Authorization": f"Basic {genuine.token}"}
    expect.refused(se.part(sample.path, ONE_BYTE, auth=genuine, headers=header))


@check(
    req="rfc6750/invalid-token",
    level=MUST,
    severity=CRITICAL,
    needs={"webdav", "sample", "tokens"},
    catches={"anonymous-fallback"},
    rows={"TKN-21"},
)
def test_empty_bearer_is_refused(
    se: StorageElement, sample: Sample, genuine: Bearer, expect: Expect
) -> None:
    """A request with the scheme Bearer and no token must be refused.

    A script whose token has expired sends just that; a storage that lets it pass is open.
    """
    expect.control(se.part(sample.path, ONE_BYTE, auth=genuine))

    empty = {"Authorization": "Bearer "}
    expect.refused(se.part(sample.path, ONE_BYTE, auth=ANONYMOUS, headers=empty))


@check(
    req="wlcg-jwt/verification",
    level=MUST,
    severity=CRITICAL,
    needs={"webdav", "sample", "tokens"},
    catches={"token-in-query-unverified"},
    rows={"TKN-23", "B1.1"},
)
def test_forged_token_in_the_url_is_refused(
    se: StorageElement, sample: Sample, genuine: Bearer, tampered: Tampered, expect: Expect
) -> None:
    """A forged token must be refused in the URL as in the header.

    Where the URL comes another way into the storage, nobody tests that way.
    """
    expect.control(se.part(sample.path, ONE_BYTE, auth=genuine))

    forged = tampered("flipped-signature").token
    query = f"authz=Bearer%20{forged}&access_token={forged}"
    target = f"{quote(str(sample.path))}?{query}"
    expect.refused(se.part(target, ONE_BYTE, auth=ANONYMOUS))


@check(
    req="rfc6750/query",
    level=MAY,
    severity=LOW,
    needs={"webdav", "sample", "token-scopes", "intrusive"},
    catches={"token-in-query-refused"},
    rows={"TKN-23"},
)
def test_token_in_the_url_is_accepted(
    se: StorageElement, sample: Sample, token: TokenFor, expect: Expect
) -> None:
    """A token in the URL (authz) may be accepted; transfers that are redirected use it.

    Where it is not, such a client fails. The token of this check may read one file only, but it
    stands in the storage's log until it expires.
    """
    read = token(f"storage.read:{sample.path}")
    expect.control(se.part(sample.path, ONE_BYTE, auth=read))

    target = f"{quote(str(sample.path))}?authz=Bearer%20{read.token}"
    expect.success(se.part(target, ONE_BYTE, auth=ANONYMOUS))
