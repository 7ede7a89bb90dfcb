"""Where a macaroon holds: its path and what is below, and nothing beside it."""

from lakeproof import (
    CRITICAL,
    MUST,
    Apart,
    Expect,
    LimitedMacaroonFor,
    MacaroonFor,
    Narrowed,
    StorageElement,
    check,
)

READING = ("DOWNLOAD", "LIST")
WRITING = ("MANAGE", "UPLOAD", "LIST")


@check(
    req="macaroons/path",
    level=MUST,
    severity=CRITICAL,
    needs={"webdav", "write", "macaroons"},
    catches={"macaroon-path-ignored"},
    rows={"MAC-05"},
)
def test_macaroon_cannot_read_elsewhere(
    se: StorageElement, macaroon: MacaroonFor, apart: Apart, expect: Expect
) -> None:
    """A macaroon asked for at one path must not read at another.

    A link to one file would be a link to the whole storage.
    """
    inside, outside = se.workdir / "in" / "f", se.workdir / "out" / "f"
    for path in (inside, outside):
        se.make_directory(path.parent)
        expect.control(se.put(path, b"any"))
    limited = macaroon(se, inside.parent, *READING)
    expect.control(apart().get(inside, auth=limited))

    expect.refused(apart().get(outside, auth=limited))


@check(
    req="macaroons/path",
    level=MUST,
    severity=CRITICAL,
    needs={"webdav", "write", "macaroons"},
    catches={"macaroon-path-ignored"},
    rows={"MAC-05"},
)
def test_macaroon_cannot_write_elsewhere(
    se: StorageElement, macaroon: MacaroonFor, apart: Apart, expect: Expect
) -> None:
    """A macaroon asked for at one path must not write at another.

    One user's upload macaroon would write into the directories of all others.
    """
    inside, outside = se.workdir / "in" / "f", se.workdir / "out" / "f"
    for path in (inside, outside):
        se.make_directory(path.parent)
    limited = macaroon(se, inside.parent, *WRITING)
    expect.control(apart().put(inside, b"any", auth=limited))

    reply = apart().put(outside, b"", auth=limited)

    expect.absent(se, outside)
    expect.refused(reply)


@check(
    req="macaroons/path",
    level=MUST,
    severity=CRITICAL,
    needs={"webdav", "write", "macaroons"},
    catches={"macaroon-path-prefix"},
    rows={"MAC-05"},
)
def test_path_ends_at_segment(
    se: StorageElement, macaroon: MacaroonFor, apart: Apart, expect: Expect
) -> None:
    """A macaroon for `/a/run1` must not read in `/a/run10`.

    Directories are numbered; the macaroon for one run would open nine others.
    """
    inside, sibling = se.workdir / "run1" / "f", se.workdir / "run10" / "f"
    for path in (inside, sibling):
        se.make_directory(path.parent)
        expect.control(se.put(path, b"any"))
    limited = macaroon(se, inside.parent, *READING)
    expect.control(apart().get(inside, auth=limited))

    expect.refused(apart().get(sibling, auth=limited))


@check(
    req="macaroons/path",
    level=MUST,
    severity=CRITICAL,
    needs={"webdav", "write", "macaroons"},
    catches={"macaroon-path-prefix"},
    rows={"MAC-05"},
)
def test_path_of_writing_ends_at_segment(
    se: StorageElement, macaroon: MacaroonFor, apart: Apart, expect: Expect
) -> None:
    """A macaroon for `/a/run1` must not write in `/a/run10`.

    The upload of one user overwrites the files of another whose name begins alike.
    """
    inside, sibling = se.workdir / "run1" / "f", se.workdir / "run10" / "f"
    for path in (inside, sibling):
        se.make_directory(path.parent)
    limited = macaroon(se, inside.parent, *WRITING)
    expect.control(apart().put(inside, b"any", auth=limited))

    reply = apart().put(sibling, b"", auth=limited)

    expect.absent(se, sibling)
    expect.refused(reply)


@check(
    req="macaroons/path",
    level=MUST,
    severity=CRITICAL,
    needs={"webdav", "write", "macaroons"},
    catches={"macaroon-path-ignored", "macaroon-attenuation-ignored"},
    rows={"MAC-05", "MAC-09"},
)
def test_path_added_by_holder_holds(
    se: StorageElement, macaroon: MacaroonFor, narrowed: Narrowed, apart: Apart, expect: Expect
) -> None:
    """A path that the holder of a macaroon has added to it must hold.

    Whoever narrows a macaroon before handing it on trusts that it is narrow.
    """
    inside, outside = se.workdir / "in" / "f", se.workdir / "out" / "f"
    for path in (inside, outside):
        se.make_directory(path.parent)
        expect.control(se.put(path, b"any"))
    wide = macaroon(se, se.workdir, *READING)
    expect.control(apart().get(outside, auth=wide))
    narrow = narrowed(wide, f"path:{inside.parent}")
    expect.control(apart().get(inside, auth=narrow))

    expect.refused(apart().get(outside, auth=narrow))


@check(
    req="macaroons/path",
    level=MUST,
    severity=CRITICAL,
    needs={"webdav", "write", "macaroons", "macaroon-caveats"},
    catches={"macaroon-path-ignored"},
    rows={"MAC-05", "B5.39"},
)
def test_path_asked_for_holds(
    se: StorageElement, limited_macaroon: LimitedMacaroonFor, apart: Apart, expect: Expect
) -> None:
    """A path among the caveats of a macaroon request must hold.

    The requester believes that the storage has written down what it agreed to.
    """
    inside, outside = se.workdir / "in" / "f", se.workdir / "out" / "f"
    for path in (inside, outside):
        se.make_directory(path.parent)
        expect.control(se.put(path, b"any"))
    narrow = limited_macaroon(se.workdir, f"path:{inside.parent}", activities=READING)
    expect.control(apart().get(inside, auth=narrow))

    expect.refused(apart().get(outside, auth=narrow))
