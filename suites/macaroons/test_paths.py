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
    se: StorageElement, limited: MacaroonFor, apart: Apart, expect: Expect
) -> None:
    """A macaroon asked for at one path must not read at another.

    A link to one file would be a link to the whole storage.
    """
    inside, outside = se.workdir / "in" / "f", se.workdir / "out" / "f"
    for path in (inside, outside):
        se.make_directory(path.parent)
        expect.control(se.put(path, b"any"))
    mine = limited(se, inside.parent, *READING)
    expect.control(apart().get(inside, auth=mine))

    expect.refused(apart().get(outside, auth=mine))


@check(
    req="macaroons/path",
    level=MUST,
    severity=CRITICAL,
    needs={"webdav", "write", "macaroons"},
    catches={"macaroon-path-ignored"},
    rows={"MAC-05"},
)
def test_macaroon_cannot_write_elsewhere(
    se: StorageElement, limited: MacaroonFor, apart: Apart, expect: Expect
) -> None:
    """A macaroon asked for at one path must not write at another.

    One user's upload macaroon would write into the directories of all others.
    """
    inside, outside = se.workdir / "in" / "f", se.workdir / "out" / "f"
    for path in (inside, outside):
        se.make_directory(path.parent)
    mine = limited(se, inside.parent, *WRITING)
    expect.control(apart().put(inside, b"any", auth=mine))

    reply = apart().put(outside, b"", auth=mine)

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
    se: StorageElement, limited: MacaroonFor, apart: Apart, expect: Expect
) -> None:
    """A macaroon for `/a/run1` must not read in `/a/run10`.

    Directories are numbered; the macaroon for one run would open nine others.
    """
    inside, sibling = se.workdir / "run1" / "f", se.workdir / "run10" / "f"
    for path in (inside, sibling):
        se.make_directory(path.parent)
        expect.control(se.put(path, b"any"))
    mine = limited(se, inside.parent, *READING)
    expect.control(apart().get(inside, auth=mine))

    expect.refused(apart().get(sibling, auth=mine))


@check(
    req="macaroons/path",
    level=MUST,
    severity=CRITICAL,
    needs={"webdav", "write", "macaroons"},
    catches={"macaroon-path-prefix"},
    rows={"MAC-05"},
)
def test_path_of_writing_ends_at_segment(
    se: StorageElement, limited: MacaroonFor, apart: Apart, expect: Expect
) -> None:
    """A macaroon for `/a/run1` must not write in `/a/run10`.

    The upload of one user overwrites the files of another whose name begins alike.
    """
    inside, sibling = se.workdir / "run1" / "f", se.workdir / "run10" / "f"
    for path in (inside, sibling):
        se.make_directory(path.parent)
    mine = limited(se, inside.parent, *WRITING)
    expect.control(apart().put(inside, b"any", auth=mine))

    reply = apart().put(sibling, b"", auth=mine)

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
    se: StorageElement, limited: MacaroonFor, narrowed: Narrowed, apart: Apart, expect: Expect
) -> None:
    """A path that the holder of a macaroon has added to it must hold.

    Whoever narrows a macaroon before handing it on trusts that it is narrow.
    """
    inside, outside = se.workdir / "in" / "f", se.workdir / "out" / "f"
    for path in (inside, outside):
        se.make_directory(path.parent)
        expect.control(se.put(path, b"any"))
    wide = limited(se, se.workdir, *READING)
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
