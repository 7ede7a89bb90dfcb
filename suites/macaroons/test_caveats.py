"""Caveats of time, address and kind, and those that the holder of a macaroon adds."""

from lakeproof import (
    CRITICAL,
    HIGH,
    MUST,
    SHOULD,
    Apart,
    Expect,
    LimitedMacaroonFor,
    MacaroonFor,
    Narrowed,
    StorageElement,
    check,
)

READING = ("DOWNLOAD", "LIST")
PAST = "before:2020-01-01T00:00:00Z"
EVERYWHERE = "ip:0.0.0.0/0,::/0"
ELSEWHERE = "ip:192.0.2.1"  # RFC 5737: nobody has it
SECONDS_OF_GRACE = 3


@check(
    req="macaroons/before",
    level=MUST,
    severity=CRITICAL,
    needs={"webdav", "write", "macaroons"},
    catches={"macaroon-before-ignored"},
    rows={"MAC-06"},
)
def test_expired_macaroon_is_refused(
    se: StorageElement, limited: MacaroonFor, narrowed: Narrowed, apart: Apart, expect: Expect
) -> None:
    """A macaroon whose end has passed must be refused.

    Their end is all that takes macaroons back; they lie about in logs and histories.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, b"secret"))
    good = limited(se, path, *READING)
    expect.control(apart().get(path, auth=good))

    expect.refused(apart().get(path, auth=narrowed(good, PAST)))


@check(
    req="macaroons/validity",
    level=SHOULD,
    severity=HIGH,
    needs={"webdav", "write", "macaroons"},
    catches={"macaroon-validity-ignored", "macaroon-never-ends"},
    rows={"MAC-06", "B5.39"},
)
def test_macaroon_for_one_second_ends(
    se: StorageElement, limited: MacaroonFor, apart: Apart, expect: Expect
) -> None:
    """A macaroon asked for one second should be refused three seconds later.

    A lifetime that is written down and not kept protects nobody. The check waits until then.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, b"secret"))
    expect.control(apart().get(path, auth=limited(se, path, *READING)))
    grant = se.macaroon(path, activities=READING, validity="PT1S")
    brief = grant.bearer
    expect.given(brief is not None, f"no macaroon for one second: {grant.reply.describe()}")

    expect.eventually(
        lambda: expect.refused(apart().get(path, auth=brief)), within_s=SECONDS_OF_GRACE
    )


@check(
    req="macaroons/caveats-hold",
    level=MUST,
    severity=CRITICAL,
    needs={"webdav", "write", "macaroons"},
    catches={"macaroon-unknown-caveat-accepted"},
    rows={"MAC-07"},
)
def test_unknown_caveat_is_refused(
    se: StorageElement, limited: MacaroonFor, narrowed: Narrowed, apart: Apart, expect: Expect
) -> None:
    """A macaroon with a caveat that the storage does not know must be refused.

    It is a limit that somebody relied on; a server that skips it lifts it.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, b"secret"))
    good = limited(se, path, *READING)
    expect.control(apart().get(path, auth=good))

    expect.refused(apart().get(path, auth=narrowed(good, "lakeproof-moon:full")))


@check(
    req="macaroons/caveats-hold",
    level=MUST,
    severity=CRITICAL,
    needs={"webdav", "write", "macaroons"},
    catches={"macaroon-attenuation-ignored", "macaroon-activity-ignored"},
    rows={"MAC-09"},
)
def test_activity_added_by_holder_holds(
    se: StorageElement, limited: MacaroonFor, narrowed: Narrowed, apart: Apart, expect: Expect
) -> None:
    """Activities to which the holder of a macaroon has limited it must hold.

    Whoever hands on a macaroon for reading has taken writing out of it before.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, b"secret"))
    wide = limited(se, path, *READING)
    expect.control(apart().get(path, auth=wide))
    narrow = narrowed(wide, "activity:LIST")
    expect.control(apart().head(path, auth=narrow))

    expect.refused(apart().get(path, auth=narrow))


@check(
    req="macaroons/caveats-hold",
    level=MUST,
    severity=CRITICAL,
    needs={"webdav", "write", "macaroons"},
    catches={"macaroon-caveats-united", "macaroon-activity-ignored"},
    rows={"MAC-09", "B5.39"},
)
def test_added_activity_widens_nothing(
    se: StorageElement, limited: MacaroonFor, narrowed: Narrowed, apart: Apart, expect: Expect
) -> None:
    """Activities that the holder of a macaroon adds must not allow more than it did before.

    Everybody could turn a macaroon for reading into one for deleting, without any secret.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, b"mine"))
    reading = limited(se, path, *READING)
    expect.control(apart().get(path, auth=reading))

    reply = apart().delete(path, auth=narrowed(reading, "activity:DELETE,UPLOAD,MANAGE"))

    expect.unchanged(se, path, b"mine")
    expect.refused(reply)


@check(
    req="macaroons/ip",
    level=MUST,
    severity=HIGH,
    needs={"webdav", "write", "macaroons", "macaroon-caveats"},
    catches={"macaroon-ip-ignored"},
    rows={"MAC-12"},
)
def test_other_address_is_refused(
    se: StorageElement, limited_macaroon: LimitedMacaroonFor, apart: Apart, expect: Expect
) -> None:
    """A macaroon for another client address must be refused where such caveats are taken.

    It was bound to one machine so that it is of no use to whoever steals it.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, b"secret"))
    ours = limited_macaroon(path, EVERYWHERE, activities=READING, reads=path)
    expect.control(apart().get(path, auth=ours))

    expect.refused(apart().get(path, auth=limited_macaroon(path, ELSEWHERE, activities=READING)))
