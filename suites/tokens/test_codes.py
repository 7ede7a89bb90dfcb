"""How a refusal is worded: the codes that tell a client what to do next."""

from lakeproof import (
    ANONYMOUS,
    LOW,
    MEDIUM,
    MUST,
    SHOULD,
    Expect,
    ExpiredToken,
    Sample,
    StorageElement,
    Tampered,
    TokenFor,
    check,
)

ONE_BYTE = "bytes=0-0"
UNAUTHORIZED, FORBIDDEN = 401, 403


@check(
    req="rfc6750/invalid-token",
    level=SHOULD,
    severity=MEDIUM,
    needs={"webdav", "sample", "tokens"},
    catches={"token-refused-500"},
    rows={"B1.4"},
)
def test_bad_token_answers_401_or_403(
    se: StorageElement, sample: Sample, tampered: Tampered, expect: Expect
) -> None:
    """A token that is not accepted should be answered 401 or 403.

    FTS retries server errors for hours and gives up on these two at once; with 500 a wrong
    token looks like a broken storage.
    """
    expect.control(se.part(sample.path, ONE_BYTE))
    reply = se.part(sample.path, ONE_BYTE, auth=tampered("flipped-signature"))
    expect.given(not reply.ok, "the token was accepted, which is a check of its own")

    expect.status(reply, UNAUTHORIZED, FORBIDDEN)


@check(
    req="rfc6750/no-credentials",
    level=SHOULD,
    severity=LOW,
    needs={"webdav", "sample", "tokens"},
    catches={"anonymous-403"},
    rows={"TKN-22", "B1.4"},
)
def test_anonymous_answers_401(se: StorageElement, sample: Sample, expect: Expect) -> None:
    """A request without credentials should be answered 401, not 403.

    Clients that can fetch a token do so on 401; 403 tells them that no token would help.
    """
    expect.control(se.part(sample.path, ONE_BYTE))
    reply = se.part(sample.path, ONE_BYTE, auth=ANONYMOUS)
    expect.given(not reply.ok, "anybody may read, which is a check of its own")

    expect.status(reply, UNAUTHORIZED)


@check(
    req="rfc9110/challenge",
    level=MUST,
    severity=LOW,
    needs={"webdav", "sample", "tokens"},
    catches={"challenge-missing"},
    rows={"TKN-22", "B1.4"},
)
def test_401_carries_a_challenge(se: StorageElement, sample: Sample, expect: Expect) -> None:
    """An answer 401 must say in WWW-Authenticate which credentials would do.

    Clients that speak several kinds of credentials choose by it; without one they stop.
    """
    expect.control(se.part(sample.path, ONE_BYTE))
    reply = se.part(sample.path, ONE_BYTE, auth=ANONYMOUS)
    expect.given(not reply.ok, "anybody may read, which is a check of its own")

    expect.that(
        reply.status != UNAUTHORIZED or "WWW-Authenticate" in reply.headers,
        "a WWW-Authenticate header with 401",
        f"none; {reply.describe()}",
    )


@check(
    req="rfc6750/insufficient-scope",
    level=SHOULD,
    severity=LOW,
    needs={"webdav", "write", "token-scopes"},
    catches={"scope-denied-401"},
    rows={"TKN-22", "B1.4"},
)
def test_insufficient_scope_answers_403(
    se: StorageElement, token: TokenFor, expect: Expect
) -> None:
    """A good token without the right for the request should be answered 403.

    On 401 clients fetch a new token and ask again, and again: it will not help, and some
    storages lock them out for it.
    """
    reply = se.put(se.workdir / "f", b"any", auth=token(f"storage.read:{se.workdir}"))
    expect.given(not reply.ok, "the request was accepted, which is a check of its own")

    expect.status(reply, FORBIDDEN)


@check(
    req="rfc6750/invalid-token",
    level=SHOULD,
    severity=LOW,
    needs={"webdav", "write", "tokens"},
    catches={"token-refused-403"},
    rows={"TKN-09"},
)
def test_expired_token_answers_401(
    se: StorageElement, expired_token: ExpiredToken, expect: Expect
) -> None:
    """An expired token should be answered 401, not 403.

    Long transfers outlive their tokens; on 401 a client fetches a new one and goes on, on
    403 it gives up.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, b"secret"))
    reply = se.get(path, auth=expired_token())
    expect.given(not reply.ok, "the token was accepted, which is a check of its own")

    expect.status(reply, UNAUTHORIZED)


@check(
    req="rfc6750/insufficient-scope",
    level=SHOULD,
    severity=MEDIUM,
    needs={"webdav", "write", "token-scopes"},
    catches={"scope-denied-500"},
)
def test_refused_overwrite_is_a_client_error(
    se: StorageElement, token: TokenFor, expect: Expect
) -> None:
    """An overwrite that storage.create does not allow should be answered 403, 409 or 412.

    With 500 the uploading tool tries again and again, and the storage's operators look for
    a fault that is none.
    """
    path = se.workdir / "f"
    create = token(f"storage.create:{se.workdir}")
    expect.control(se.put(path, b"one", auth=create))
    reply = se.put(path, b"two", auth=create)
    expect.given(not reply.ok, "the overwrite was accepted, which is a check of its own")

    expect.status(reply, UNAUTHORIZED, FORBIDDEN, 409, 412)
