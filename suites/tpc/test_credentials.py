"""Who may copy, and with what: macaroons at either end, and client certificates."""

from lakeproof import (
    CRITICAL,
    HIGH,
    MUST,
    SHOULD,
    ClientCert,
    Expect,
    MacaroonFor,
    Pull,
    Push,
    StorageElement,
    check,
)

READING = ("DOWNLOAD", "LIST", "READ_METADATA")
WRITING = ("UPLOAD", "MANAGE", "DELETE", "LIST", "READ_METADATA")


@check(
    req="http-tpc/transfer-header",
    level=SHOULD,
    severity=HIGH,
    needs={"tpc-pull", "partner"},
    catches={"tpc-transfer-header-dropped"},
    rows={"TPC-03"},
)
def test_pull_works_with_macaroon_of_source(
    se: StorageElement,
    partner: StorageElement,
    pull: Pull,
    macaroon: MacaroonFor,
    expect: Expect,
) -> None:
    """A pull should work with a macaroon of the source in TransferHeaderAuthorization.

    FTS asks the source for one where the two sites share no issuer of tokens.
    """
    source, target = partner.workdir / "source", se.workdir / "copy"
    expect.control(partner.put(source, b"by macaroon"))
    reading = macaroon(partner, source, *READING)
    expect.control(partner.get(source, auth=reading))

    transfer = pull(source, target, remote_auth=reading)

    expect.transferred(transfer)
    expect.content(se, target, b"by macaroon")


@check(
    req="http-tpc/transfer-header",
    level=SHOULD,
    severity=HIGH,
    needs={"tpc-push", "partner"},
    catches={"tpc-transfer-header-dropped"},
    rows={"TPC-04"},
)
def test_push_works_with_macaroon_of_destination(
    se: StorageElement,
    partner: StorageElement,
    push: Push,
    macaroon: MacaroonFor,
    expect: Expect,
) -> None:
    """A push should work with a macaroon of the destination in TransferHeaderAuthorization.

    FTS asks the destination for one where the two sites share no issuer of tokens.
    """
    source, target = se.workdir / "source", partner.workdir / "copy"
    expect.control(se.put(source, b"by macaroon"))
    writing = macaroon(partner, partner.workdir, *WRITING)
    expect.control(partner.put(target.with_name("by-hand"), b"by macaroon", auth=writing))

    transfer = push(source, target, remote_auth=writing)

    expect.transferred(transfer)
    expect.content(partner, target, b"by macaroon")


@check(
    req="http-tpc/client-authentication",
    level=SHOULD,
    severity=HIGH,
    needs={"tpc-pull", "partner", "macaroons"},
    catches={"tpc-macaroon-refused"},
    rows={"TPC-03"},
)
def test_pull_takes_own_macaroon(
    se: StorageElement,
    partner: StorageElement,
    pull: Pull,
    macaroon: MacaroonFor,
    expect: Expect,
) -> None:
    """A pull should be allowed to the bearer of a macaroon that may write there.

    Whoever got a macaroon for an upload may as well let the storage fetch the file itself.
    """
    source, target = partner.workdir / "source", se.workdir / "copy"
    expect.control(partner.put(source, b"by macaroon"))
    writing = macaroon(se, se.workdir, *WRITING)
    expect.control(se.put(target.with_name("by-hand"), b"by macaroon", auth=writing))
    expect.control_transfer(pull.trial())

    transfer = pull(source, target, auth=writing)

    expect.transferred(transfer)
    expect.content(se, target, b"by macaroon")


@check(
    req="http-tpc/authorisation",
    level=MUST,
    severity=CRITICAL,
    needs={"tpc-pull", "partner", "macaroons"},
    catches={"tpc-unauthorised-accepted"},
    rows={"TPE-06"},
)
def test_reading_macaroon_cannot_pull(
    se: StorageElement,
    partner: StorageElement,
    pull: Pull,
    macaroon: MacaroonFor,
    expect: Expect,
) -> None:
    """A macaroon that may only read must not be able to pull a file in.

    Macaroons for reading are handed on freely; COPY is a write under another name.
    """
    source, target = partner.workdir / "source", se.workdir / "copy"
    expect.control(partner.put(source, b"any"))
    expect.control(se.put(target.with_name("f"), b"to be read"))
    reading = macaroon(se, se.workdir, *READING)
    # Over a connection of its own: what came over the other one before must not lend its rights.
    fresh = se.clone()
    written = fresh.put(target.with_name("written"), b"", auth=reading)
    fresh.client.close()
    expect.given(not written.ok, "its macaroons for reading may write: nothing is special to COPY")
    expect.control(se.get(target.with_name("f"), auth=reading))
    expect.control_transfer(pull.trial())

    transfer = pull(source, target, auth=reading)

    expect.absent(se, target)
    expect.not_transferred(transfer)


@check(
    req="http-tpc/client-authentication",
    level=SHOULD,
    severity=HIGH,
    needs={"tpc-pull", "partner", "x509"},
    catches={"tpc-certificate-refused", "tpc-transfer-header-dropped"},
    rows={"TPC-03"},
)
def test_pull_works_with_certificate(
    se: StorageElement,
    partner: StorageElement,
    pull: Pull,
    certificate: ClientCert,
    expect: Expect,
) -> None:
    """A pull should work for a client with a certificate and a token for the source.

    Communities on their way from certificates to tokens have both kinds of site at the same
    time.
    """
    source, target = partner.workdir / "source", se.workdir / "copy"
    expect.control(partner.put(source, b"by certificate"))
    expect.control(se.put(target.with_name("by-hand"), b"by certificate", auth=certificate))

    transfer = pull(source, target, auth=certificate)

    expect.transferred(transfer)
    expect.content(se, target, b"by certificate")


@check(
    req="http-tpc/client-authentication",
    level=SHOULD,
    severity=HIGH,
    needs={"tpc-push", "partner", "x509"},
    catches={"tpc-transfer-header-dropped"},
    rows={"TPC-04"},
)
def test_push_works_with_certificate(
    se: StorageElement,
    partner: StorageElement,
    push: Push,
    certificate: ClientCert,
    expect: Expect,
) -> None:
    """A push should work for a client with a certificate and a token for the destination.

    Communities on their way from certificates to tokens have both kinds of site at the same
    time.
    """
    source, target = se.workdir / "source", partner.workdir / "copy"
    expect.control(se.put(source, b"by certificate", auth=certificate))

    transfer = push(source, target, auth=certificate)

    expect.transferred(transfer)
    expect.content(partner, target, b"by certificate")
