"""The other way to ask for a macaroon: the token endpoint of OAuth (RFC 6749 §4.4)."""

from lakeproof import (
    CRITICAL,
    MEDIUM,
    MUST,
    SHOULD,
    Apart,
    Expect,
    OAuthMacaroonFor,
    StorageElement,
    check,
)


@check(
    req="macaroons/oauth",
    level=SHOULD,
    severity=MEDIUM,
    needs={"webdav", "write", "macaroons", "macaroon-form"},
    catches={"macaroon-oauth-500"},
    rows={"MAC-11"},
)
def test_published_token_endpoint_gives_macaroon(
    se: StorageElement, oauth_macaroon: OAuthMacaroonFor, apart: Apart, expect: Expect
) -> None:
    """A token endpoint that the storage publishes should give a macaroon that reads.

    Clients follow what is published first, and fail there instead of asking the other way.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, b"any"))

    reply, bearer = oauth_macaroon(f"DOWNLOAD,LIST:{se.workdir}")

    expect.success(reply)
    expect.that(bearer is not None, "an answer with an access_token", reply.text[:60])
    expect.success(apart().get(path, auth=bearer))


@check(
    req="macaroons/oauth-scope",
    level=MUST,
    severity=CRITICAL,
    needs={"webdav", "write", "macaroons", "macaroon-form"},
    catches={"macaroon-oauth-scope-ignored"},
    rows={"MAC-11"},
)
def test_scope_of_request_limits_macaroon(
    se: StorageElement, oauth_macaroon: OAuthMacaroonFor, apart: Apart, expect: Expect
) -> None:
    """A macaroon from the token endpoint must not allow more than the scope asked for.

    A client that asks for reading hands the result on as one for reading.
    """
    path, new = se.workdir / "f", se.workdir / "new"
    expect.control(se.put(path, b"any"))
    reply, bearer = oauth_macaroon(f"DOWNLOAD,LIST:{se.workdir}")
    expect.given(bearer is not None, f"the token endpoint gave none: {reply.describe()}")
    expect.control(apart().get(path, auth=bearer))

    written = apart().put(new, b"", auth=bearer)

    expect.absent(se, new)
    expect.refused(written)
