"""MOVE where it is easily got wrong: onto something, onto itself, nowhere, and of collections."""

from lakeproof import CRITICAL, HIGH, LOW, MEDIUM, MUST, SHOULD, Expect, StorageElement, check


@check(
    req="rfc4918/move",
    level=MUST,
    severity=CRITICAL,
    needs={"webdav", "write"},
    catches={"move-self-deletes"},
    rows={"DAV-28"},
)
def test_move_onto_itself_keeps_the_file(se: StorageElement, expect: Expect) -> None:
    """MOVE of a file onto itself must not cost the file.

    A rename that is tried again after a lost answer looks like this; servers have removed
    the destination first, which was the source.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, b"the only copy"))
    expect.control(se.put(se.workdir / "g", b"any"))
    expect.control(se.move(se.workdir / "g", se.workdir / "h"))

    reply = se.move(path, path)

    expect.answered(reply)
    expect.unchanged(se, path, b"the only copy")


@check(
    req="rfc4918/move-same",
    level=SHOULD,
    severity=LOW,
    needs={"webdav", "write"},
    catches={"move-self-succeeds"},
    rows={"DAV-28", "B4.29"},
)
def test_move_onto_itself_answers_403(se: StorageElement, expect: Expect) -> None:
    """MOVE of a file onto itself should be answered 403.

    Whoever mistyped one of two paths learns of it only from this answer.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, b"the only copy"))

    expect.status(se.move(path, path), 403)


@check(
    req="rfc4918/move",
    level=MUST,
    severity=CRITICAL,
    needs={"webdav", "write"},
    catches={"move-overwrite-lies"},
    rows={"DAV-28"},
)
def test_move_over_file_replaces_or_refuses(se: StorageElement, expect: Expect) -> None:
    """MOVE over a file must replace it by the source, or leave both files alone.

    An answer of success with the old content below it is a lost update that no status tells;
    the new data are gone with the source.
    """
    old, new = se.workdir / "f.upload", se.workdir / "f"
    expect.control(se.put(old, b"the new version"))
    expect.control(se.put(new, b"the old one"))

    reply = se.move(old, new, overwrite=True)

    if reply.ok:
        expect.content(se, new, b"the new version")
        expect.absent(se, old)
    else:
        expect.unchanged(se, new, b"the old one")
        expect.unchanged(se, old, b"the new version")


@check(
    req="rfc4918/overwrite-t",
    level=SHOULD,
    severity=MEDIUM,
    needs={"webdav", "write"},
    catches={"move-overwrite-t-refused"},
    rows={"DAV-28"},
)
def test_move_with_overwrite_t_is_possible(se: StorageElement, expect: Expect) -> None:
    """MOVE with Overwrite: T over a file should succeed for a client that may modify it.

    An upload that is repeated renames over the remains of the first one; refused, it needs a
    person.
    """
    old, new = se.workdir / "f.upload", se.workdir / "f"
    expect.control(se.put(old, b"the new version"))
    expect.control(se.put(new, b"the old one"))

    expect.success(se.move(old, new, overwrite=True))


@check(
    req="rfc4918/overwrite-f",
    level=MUST,
    severity=CRITICAL,
    needs={"webdav", "write"},
    catches={"move-overwrite-f-ignored"},
    rows={"DAV-28"},
)
def test_move_overwrite_f_keeps_collection(se: StorageElement, expect: Expect) -> None:
    """MOVE with Overwrite: F onto a collection must be refused and cost it nothing.

    One path that is a level too short would replace a whole dataset by a file.
    """
    old, new = se.workdir / "f", se.workdir / "d"
    expect.control(se.put(old, b"a file"))
    expect.control(se.mkcol(new))
    expect.control(se.put(new / "child", b"a member"))

    reply = se.move(old, new, overwrite=False)

    expect.unchanged(se, new / "child", b"a member")
    expect.unchanged(se, old, b"a file")
    expect.refused(reply)


@check(
    req="rfc4918/move",
    level=MUST,
    severity=CRITICAL,
    needs={"webdav", "write"},
    catches={"move-parent-loses"},
    rows={"DAV-28"},
)
def test_move_to_missing_parent_loses_nothing(se: StorageElement, expect: Expect) -> None:
    """MOVE below a collection that does not exist must keep the file, there or here.

    The last step of an upload; a server that takes the file away before it looks for the
    new place has lost it.
    """
    old, new = se.workdir / "f", se.workdir / "nowhere" / "f"
    expect.control(se.put(old, b"the only copy"))

    reply = se.move(old, new)

    expect.answered(reply)
    expect.unchanged(se, new if reply.ok else old, b"the only copy")


@check(
    req="rfc4918/move-409",
    level=SHOULD,
    severity=LOW,
    needs={"webdav", "write"},
    catches={"move-parent-500"},
    rows={"DAV-28", "B4.29"},
)
def test_move_to_missing_parent_answers_409(se: StorageElement, expect: Expect) -> None:
    """MOVE below a collection that does not exist should be answered 409, or make it.

    Clients make the directory after a 409 (or 404) and try again; with a server error they
    give the upload up.
    """
    old = se.workdir / "f"
    expect.control(se.put(old, b"the only copy"))

    expect.status(se.move(old, se.workdir / "nowhere" / "f"), 409, 404, 201)


@check(
    req="rfc4918/move-collection",
    level=MUST,
    severity=CRITICAL,
    needs={"webdav", "write"},
    catches={"move-collection-empties"},
    rows={"DAV-29"},
)
def test_moved_collection_keeps_its_members(se: StorageElement, expect: Expect) -> None:
    """After MOVE of a collection its members must be at the new place, or still at the old one.

    Renaming a dataset is one request; whatever is lost on the way is lost without an error.
    """
    old, new = se.workdir / "d", se.workdir / "e"
    expect.control(se.mkcol(old))
    expect.control(se.put(old / "child", b"a member"))

    reply = se.move(old, new)

    expect.answered(reply)
    expect.unchanged(se, (new if reply.ok else old) / "child", b"a member")


@check(
    req="rfc4918/move-collection",
    level=SHOULD,
    severity=MEDIUM,
    needs={"webdav", "write"},
    catches={"move-collection-refused"},
    rows={"DAV-29"},
)
def test_collection_can_be_moved(se: StorageElement, expect: Expect) -> None:
    """MOVE of a collection should work, and leave nothing at the old place.

    Without it a dataset is renamed file by file, for hours, and readers see half of it.
    """
    old, new = se.workdir / "d", se.workdir / "e"
    expect.control(se.mkcol(old))
    expect.control(se.put(old / "child", b"a member"))

    reply = se.move(old, new)

    expect.success(reply)
    expect.absent(se, old)


@check(
    req="rfc4918/destination",
    level=MUST,
    severity=HIGH,
    needs={"webdav", "write"},
    catches={"move-destination-not-decoded"},
    rows={"DAV-27"},
)
def test_move_decodes_the_destination(se: StorageElement, expect: Expect) -> None:
    """MOVE to a name with a space must bring the file to that name.

    The Destination is a URL like any other: a server that takes it literally stores the file
    under "a%20b", and it is lost to whoever looks for "a b".
    """
    old, new = se.workdir / "f", se.workdir / "a b"
    expect.control(se.put(old, b"on the move"))
    expect.control(se.put(se.workdir / "c d", b"such a name is possible"))

    reply = se.move(old, new)

    expect.control(reply)
    # Where a literal server has put it; a listing of that name would mislead the clean-up.
    se.delete(se.workdir / "a%20b")
    expect.content(se, new, b"on the move")
