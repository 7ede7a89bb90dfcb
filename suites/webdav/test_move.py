"""MOVE: uploads arrive under a temporary name and are renamed."""

from lakeproof import CRITICAL, HIGH, MEDIUM, MUST, SHOULD, Expect, StorageElement, check


@check(
    req="rfc4918/move",
    level=MUST,
    severity=CRITICAL,
    needs={"webdav", "write"},
    catches={"move-loses", "move-truncates", "move-copies"},
    rows={"DAV-27"},
)
def test_move_takes_content_along(se: StorageElement, expect: Expect) -> None:
    """After MOVE the content must be at the new path and nothing at the old one.

    Rucio uploads under a temporary name and renames: a file lost on the way is lost data,
    one that stays behind takes the space twice.
    """
    old, new = se.workdir / "f.upload", se.workdir / "f"
    expect.control(se.put(old, b"on the move"))

    reply = se.move(old, new)

    expect.success(reply)
    expect.content(se, new, b"on the move")
    expect.absent(se, old)


@check(
    req="rfc4918/move-created",
    level=SHOULD,
    severity=MEDIUM,
    needs={"webdav", "write"},
    catches={"move-status-200"},
    rows={"DAV-27"},
)
def test_move_to_new_name_answers_created(se: StorageElement, expect: Expect) -> None:
    """MOVE to a name that did not exist should be answered 201.

    Rucio's WebDAV client takes any other code, 204 included, for a failed rename and
    abandons the upload although the file is in place.
    """
    old, new = se.workdir / "f.upload", se.workdir / "f"
    expect.control(se.put(old, b"on the move"))

    reply = se.move(old, new)

    expect.control(reply)
    expect.status(reply, 201)


@check(
    req="rfc4918/overwrite-f",
    level=MUST,
    severity=CRITICAL,
    needs={"webdav", "write"},
    catches={"move-overwrite-f-ignored"},
    rows={"DAV-28"},
)
def test_move_overwrite_f_keeps_existing_file(se: StorageElement, expect: Expect) -> None:
    """MOVE with Overwrite: F must not replace an existing file.

    A client asks for exactly this to publish a file only if nobody else has; a server that
    ignores it destroys the other's data and says that all went well.
    """
    old, new = se.workdir / "mine", se.workdir / "theirs"
    expect.control(se.put(old, b"my version"))
    expect.control(se.put(new, b"their version"))

    reply = se.move(old, new, overwrite=False)

    expect.unchanged(se, new, b"their version")
    expect.unchanged(se, old, b"my version")
    expect.refused(reply)


@check(
    req="rfc9110/status-describes-result",
    level=MUST,
    severity=MEDIUM,
    needs={"webdav", "write"},
    catches={"move-missing-500"},
    rows={"DAV-28", "B4.29"},
)
def test_move_of_missing_file_is_not_found(se: StorageElement, expect: Expect) -> None:
    """MOVE of a file that does not exist must be answered 404 and create nothing.

    A rename that claims to have worked ends with a replica in the catalogue and no file in
    the storage.
    """
    new = se.workdir / "f"

    reply = se.move(se.workdir / "missing", new)

    expect.absent(se, new)
    expect.not_found(reply)


@check(
    req="rfc4918/move",
    level=MUST,
    severity=HIGH,
    needs={"webdav", "write"},
    catches={"move-across-collections-refused"},
    rows={"DAV-27"},
)
def test_move_works_between_collections(se: StorageElement, expect: Expect) -> None:
    """MOVE must work from one collection of an area into another.

    Staging areas and final datasets are different directories; without a rename between
    them every file is copied through the client.
    """
    old, new = se.workdir / "incoming" / "f", se.workdir / "final" / "f"
    expect.control(se.mkcol(old.parent))
    expect.control(se.mkcol(new.parent))
    expect.control(se.put(old, b"on the move"))

    reply = se.move(old, new)

    expect.success(reply)
    expect.content(se, new, b"on the move")
    expect.absent(se, old)
