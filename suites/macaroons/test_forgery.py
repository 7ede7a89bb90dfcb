"""Macaroons that were tampered with by somebody who does not know the storage's secret."""

from lakeproof import (
    CRITICAL,
    LOW,
    MUST,
    SHOULD,
    Apart,
    Bearer,
    Expect,
    ForgedMacaroon,
    MacaroonFor,
    StorageElement,
    check,
)

READING = ("DOWNLOAD", "LIST")


@check(
    req="macaroons/signature",
    level=MUST,
    severity=CRITICAL,
    needs={"webdav", "write", "macaroons"},
    catches={"macaroon-signature-ignored"},
    rows={"MAC-09"},
)
def test_altered_signature_is_refused(
    se: StorageElement,
    limited: MacaroonFor,
    forged_macaroon: ForgedMacaroon,
    apart: Apart,
    expect: Expect,
) -> None:
    """A macaroon whose signature does not fit must be refused.

    Everybody could write a macaroon, and everything in the storage would be public.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, b"secret"))
    good = limited(se, path, *READING)
    expect.control(apart().get(path, auth=good))

    expect.refused(apart().get(path, auth=forged_macaroon(good, "altered-signature")))


@check(
    req="macaroons/signature",
    level=MUST,
    severity=CRITICAL,
    needs={"webdav", "write", "macaroons"},
    catches={"macaroon-signature-ignored"},
    rows={"MAC-09"},
)
def test_foreign_key_is_refused(
    se: StorageElement,
    limited: MacaroonFor,
    forged_macaroon: ForgedMacaroon,
    apart: Apart,
    expect: Expect,
) -> None:
    """A macaroon that was signed with another secret must be refused.

    Macaroons of any other storage, or of a test installation, would open this one.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, b"secret"))
    good = limited(se, path, *READING)
    expect.control(apart().get(path, auth=good))

    expect.refused(apart().get(path, auth=forged_macaroon(good, "foreign-key")))


@check(
    req="macaroons/signature",
    level=MUST,
    severity=CRITICAL,
    needs={"webdav", "write", "macaroons"},
    catches={"macaroon-signature-ignored"},
    rows={"MAC-09"},
)
def test_dropped_caveat_is_refused(
    se: StorageElement,
    limited: MacaroonFor,
    forged_macaroon: ForgedMacaroon,
    apart: Apart,
    expect: Expect,
) -> None:
    """A macaroon from which a caveat was taken away must be refused.

    Everybody who is handed a macaroon for reading could make one for deleting of it.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, b"mine"))
    reading = limited(se, path, *READING)
    expect.control(apart().get(path, auth=reading))

    reply = apart().delete(path, auth=forged_macaroon(reading, "dropped-activity"))

    expect.unchanged(se, path, b"mine")
    expect.refused(reply)


@check(
    req="macaroons/signature",
    level=MUST,
    severity=CRITICAL,
    needs={"webdav", "write", "macaroons"},
    catches={"macaroon-signature-ignored"},
    rows={"MAC-09", "B5.39"},
)
def test_altered_caveat_is_refused(
    se: StorageElement,
    limited: MacaroonFor,
    forged_macaroon: ForgedMacaroon,
    apart: Apart,
    expect: Expect,
) -> None:
    """A macaroon in which a caveat was rewritten must be refused.

    The list of what it allows can be read and edited by everybody who holds it.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, b"mine"))
    reading = limited(se, path, *READING)
    expect.control(apart().get(path, auth=reading))

    reply = apart().delete(path, auth=forged_macaroon(reading, "widened-activity"))

    expect.unchanged(se, path, b"mine")
    expect.refused(reply)


@check(
    req="macaroons/damaged",
    level=SHOULD,
    severity=LOW,
    needs={"webdav", "write", "macaroons"},
    catches={"macaroon-damaged-500"},
    rows={"MAC-09", "B5.39"},
)
def test_damaged_macaroon_is_client_error(
    se: StorageElement, limited: MacaroonFor, apart: Apart, expect: Expect
) -> None:
    """A macaroon that was cut off should be answered with a client error (4xx).

    It happens on every copy and paste; on a 5xx clients blame the storage and try again.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, b"any"))
    good = limited(se, path, *READING)
    expect.control(apart().get(path, auth=good))

    reply = apart().get(path, auth=Bearer(good.token[:60], label="a macaroon cut off"))

    expect.status(reply, *range(400, 500))
