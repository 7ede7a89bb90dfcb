"""DELETE of collections, and what is left of what was deleted."""

from lakeproof import CRITICAL, HIGH, LOW, MEDIUM, MUST, SHOULD, Expect, StorageElement, check


@check(
    req="rfc4918/delete-unmapped",
    level=MUST,
    severity=HIGH,
    needs={"webdav", "write"},
    catches={"delete-still-listed"},
    rows={"DAV-31", "B4.37"},
)
def test_deleted_file_leaves_the_listing(se: StorageElement, expect: Expect) -> None:
    """A deleted file must no longer stand in the listing of its collection.

    Consistency checks take such a ghost for a file: it is declared dark data, deleted again
    every day, and counted as used space.
    """
    gone, stays = se.workdir / "gone", se.workdir / "stays"
    expect.control(se.put(gone, b"gone soon"))
    expect.control(se.put(stays, b"stays"))
    expect.control(se.propfind(se.workdir, 1))
    expect.control(se.delete(gone))

    found = expect.multistatus(se.propfind(se.workdir, 1))

    names = [entry.path.name for entry in found if entry.path != se.workdir]
    expect.equal(names, ["stays"], "names in the listing")


@check(
    req="rfc4918/delete-collection",
    level=MUST,
    severity=CRITICAL,
    needs={"webdav", "write"},
    catches={"delete-nonempty-lies", "delete-nonempty-half"},
    rows={"DAV-33"},
)
def test_delete_of_full_collection_is_all_or_nothing(se: StorageElement, expect: Expect) -> None:
    """DELETE of a collection with members must do what it answers: all gone, or all there.

    Both ways are in use. One that refuses and has removed half of it loses data without a
    trace; one that answers success and keeps them fills the storage.
    """
    path = se.workdir / "d"
    expect.control(se.mkcol(path))
    expect.control(se.put(path / "child", b"a member"))

    reply = se.delete(path)

    expect.answered(reply)
    if reply.status in (200, 202, 204):
        expect.absent(se, path / "child")
        expect.absent(se, path)
    else:
        expect.unchanged(se, path / "child", b"a member")


@check(
    req="rfc9110/refusal-is-4xx",
    level=SHOULD,
    severity=MEDIUM,
    needs={"webdav", "write"},
    catches={"delete-nonempty-500"},
    rows={"DAV-33", "B4.29"},
)
def test_delete_of_full_collection_is_no_server_error(se: StorageElement, expect: Expect) -> None:
    """DELETE of a collection with members should succeed or be refused with 4xx, never with 5xx.

    Rucio's reaper and FTS remove directories in passing and expect "not empty" at times; a
    server error they retry and report.
    """
    path = se.workdir / "d"
    expect.control(se.mkcol(path))
    expect.control(se.put(path / "child", b"a member"))

    reply = se.delete(path)

    expect.status(reply, 200, 202, 204, 207, 400, 403, 405, 409, 412, 422, 423, 424)


@check(
    req="rfc4918/collection-slash",
    level=SHOULD,
    severity=LOW,
    needs={"webdav", "write"},
    catches={"delete-slash-refused"},
    rows={"DAV-33"},
)
def test_delete_takes_collection_with_slash(se: StorageElement, expect: Expect) -> None:
    """DELETE of an empty collection should work with a slash at the end of its path.

    That is the form in which listings name collections, so clean-up tools send it back as it
    came.
    """
    path = se.workdir / "d"
    expect.control(se.mkcol(path))

    reply = se.delete(f"{se.url_of(path).removeprefix(se.url)}/")

    expect.success(reply)
    expect.absent(se, path)
