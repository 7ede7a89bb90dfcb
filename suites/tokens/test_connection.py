"""A token is good for the request that carries it, and for no other on the same connection."""

from lakeproof import ANONYMOUS, CRITICAL, MUST, Expect, StorageElement, TokenFor, check


@check(
    req="rfc9110/stateless-authentication",
    level=MUST,
    severity=CRITICAL,
    needs={"webdav", "write", "token-scopes"},
    catches={"token-outlives-request"},
)
def test_token_ends_with_its_request(se: StorageElement, token: TokenFor, expect: Expect) -> None:
    """A request without a credential must be refused after one with a token, too.

    Proxies and transfer services send the requests of many users over one connection; the
    next of them would act as the user before.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, b"secret"))
    alone = se.speak(se.raw("GET", path, auth=ANONYMOUS), enough=1).replies
    expect.given(not any(reply.taken for reply in alone), "anonymous people may read anyway")

    answers = se.speak(
        se.raw("GET", path, auth=token(f"storage.read:{se.workdir}")),
        se.raw("GET", path, auth=ANONYMOUS),
        in_turn=True,
        enough=2,
    ).replies

    expect.given(any(reply.taken for reply in answers[:1]), "the first request was not taken")
    for reply in answers[1:]:  # a server may as well close the connection
        expect.refused(reply)


@check(
    req="rfc9110/stateless-authentication",
    level=MUST,
    severity=CRITICAL,
    needs={"webdav", "write", "token-scopes"},
    catches={"token-first-of-connection"},
)
def test_later_token_counts(se: StorageElement, token: TokenFor, expect: Expect) -> None:
    """A token for reading must not write either after one for writing on the same connection.

    Whoever comes after a powerful user over a shared connection would be as powerful.
    """
    path, new = se.workdir / "f", se.workdir / "new"
    expect.control(se.put(path, b"any"))
    reading = token(f"storage.read:{se.workdir}")
    expect.control(se.get(path, auth=reading))

    answers = se.speak(
        se.raw("MKCOL", se.workdir / "d", auth=token(f"storage.modify:{se.workdir}")),
        se.raw("MKCOL", new, auth=reading),
        in_turn=True,
        enough=2,
    ).replies

    expect.given(any(reply.taken for reply in answers[:1]), "the first request was not taken")
    expect.absent(se, new)
    for reply in answers[1:]:
        expect.refused(reply)
