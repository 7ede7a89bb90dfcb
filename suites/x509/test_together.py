"""A certificate with a token or a macaroon beside it: which of the two counts."""

from lakeproof import (
    HIGH,
    MEDIUM,
    SHOULD,
    ClientCert,
    Expect,
    MacaroonFor,
    StorageElement,
    Tampered,
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
