"""A macaroon allows no more than whoever asked for it."""

from lakeproof import (
    CRITICAL,
    MUST,
    Apart,
    Expect,
    MacaroonBy,
    MacaroonFor,
    StorageElement,
    TokenFor,
    check,
)

EVERYTHING = ("DOWNLOAD", "LIST", "UPLOAD", "MANAGE", "DELETE")


@check(
    req="macaroons/requester",
    level=MUST,
    severity=CRITICAL,
    needs={"webdav", "write", "macaroons", "token-scopes"},
    catches={"macaroon-exceeds-requester"},
    rows={"MAC-10"},
)
def test_macaroon_for_reader_cannot_write(
    se: StorageElement,
    macaroon: MacaroonFor,
    macaroon_by: MacaroonBy,
    token: TokenFor,
    apart: Apart,
    expect: Expect,
) -> None:
    """A macaroon that was asked for with a token for reading must not write.

    Everybody with the least right could have it exchanged for all of them.
    """
    old, new = se.workdir / "old", se.workdir / "new"
    expect.control(se.put(old, b"any"))
    expect.control(
        apart().put(se.workdir / "f", b"any", auth=macaroon(se, se.workdir, *EVERYTHING))
    )
    reader = token(f"storage.read:{se.workdir}")
    expect.control(apart().get(old, auth=reader))

    derived = macaroon_by(reader, se.workdir, *EVERYTHING)
    reply = apart().put(new, b"", auth=derived)

    expect.absent(se, new)
    expect.refused(reply)


@check(
    req="macaroons/requester",
    level=MUST,
    severity=CRITICAL,
    needs={"webdav", "write", "macaroons", "token-scopes"},
    catches={"macaroon-exceeds-requester"},
    rows={"MAC-10", "B5.39"},
)
def test_macaroon_for_reader_cannot_read_elsewhere(
    se: StorageElement,
    macaroon: MacaroonFor,
    macaroon_by: MacaroonBy,
    token: TokenFor,
    apart: Apart,
    expect: Expect,
) -> None:
    """A macaroon must not read outside the paths of the token it was asked for with.

    The token of one group would be exchanged for the data of all others.
    """
    inside, outside = se.workdir / "in" / "f", se.workdir / "out" / "f"
    for path in (inside, outside):
        se.make_directory(path.parent)
        expect.control(se.put(path, b"secret"))
    expect.control(apart().get(outside, auth=macaroon(se, se.workdir, *EVERYTHING)))
    reader = token(f"storage.read:{inside.parent}")
    expect.control(apart().get(inside, auth=reader))

    derived = macaroon_by(reader, se.workdir, *EVERYTHING)

    expect.refused(apart().get(outside, auth=derived))
