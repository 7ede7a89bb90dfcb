"""A certificate with a token or a macaroon beside it: which of the two counts."""

from lakeproof import (
    CRITICAL,
    HIGH,
    MEDIUM,
    MUST,
    SHOULD,
    Apart,
    ClientCert,
    Expect,
    MacaroonFor,
    StorageElement,
    Tampered,
    TokenFor,
    check,
)

READING = ("DOWNLOAD", "LIST")


@check(
    req="rfc6750/invalid-token",
    level=SHOULD,
    severity=MEDIUM,
    needs={"webdav", "write", "x509", "tokens"},
    catches={"x509-beats-token"},
    rows={"B6.40"},
)
def test_bad_token_beside_certificate_is_refused(
    se: StorageElement, certificate: ClientCert, tampered: Tampered, expect: Expect
) -> None:
    """A token that does not hold should be refused although a certificate came with it.

    Whoever limits a job by its token gives it all rights of the certificate underneath.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, b"any", auth=certificate))
    expect.control(se.get(path, auth=certificate))
    header = {"Authorization": f"Bearer {tampered('flipped-signature').token}"}

    expect.refused(se.get(path, auth=certificate, headers=header))


@check(
    req="lakeproof/certificate-beside-bearer",
    level=SHOULD,
    severity=HIGH,
    needs={"webdav", "write", "x509", "macaroons"},
    catches={"x509-beside-bearer-refused"},
    rows={"B6.40"},
)
def test_macaroon_beside_certificate_is_accepted(
    se: StorageElement, certificate: ClientCert, macaroon: MacaroonFor, expect: Expect
) -> None:
    """A macaroon should be accepted over a connection with a client certificate, too.

    gfal2 keeps the connection over which it asked for the macaroon, its certificate and all.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, b"any"))
    reading = macaroon(se, path, *READING)
    expect.control(se.get(path, auth=reading))
    header = {"Authorization": f"Bearer {reading.token}"}

    expect.success(se.get(path, auth=certificate, headers=header))


@check(
    req="rfc9110/stateless-authentication",
    level=MUST,
    severity=CRITICAL,
    needs={"webdav", "write", "other-x509", "token-scopes"},
    catches={"token-outlives-request"},
    rows={"B6.40"},
)
def test_token_lends_certificate_nothing(
    se: StorageElement, stranger: ClientCert, token: TokenFor, apart: Apart, expect: Expect
) -> None:
    """A stranger's certificate must get nowhere after a token came over its connection, either.

    Transfer services keep the connection under their own certificate for tokens of all users.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, b"secret"))
    expect.given(not apart().get(path, auth=stranger).ok, "the stranger may read anyway")

    answers = se.speak(
        se.raw("GET", path, auth=token(f"storage.read:{se.workdir}")),
        se.raw("GET", path, auth=stranger),
        in_turn=True,
        enough=2,
    ).replies

    expect.given(any(reply.taken for reply in answers[:1]), "the first request was not taken")
    for reply in answers[1:]:  # a server may as well hang up
        expect.refused(reply)


@check(
    req="rfc9110/stateless-authentication",
    level=MUST,
    severity=CRITICAL,
    needs={"webdav", "write", "other-x509", "macaroons"},
    catches={"macaroon-outlives-request"},
    rows={"B6.40"},
)
def test_macaroon_lends_certificate_nothing(
    se: StorageElement, stranger: ClientCert, macaroon: MacaroonFor, apart: Apart, expect: Expect
) -> None:
    """A stranger's certificate must get nowhere after a macaroon came over its connection, either.

    Everybody with a certificate who is handed one link would have all rights of who made it.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, b"secret"))
    expect.given(not apart().get(path, auth=stranger).ok, "the stranger may read anyway")

    answers = se.speak(
        se.raw("GET", path, auth=macaroon(se, path, *READING)),
        se.raw("GET", path, auth=stranger),
        in_turn=True,
        enough=2,
    ).replies

    expect.given(any(reply.taken for reply in answers[:1]), "the first request was not taken")
    for reply in answers[1:]:
        expect.refused(reply)
