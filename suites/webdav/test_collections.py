"""Collections (directories): MKCOL, and what must not happen to them."""

from lakeproof import CRITICAL, HIGH, LOW, MEDIUM, MUST, SHOULD, Expect, StorageElement, check


@check(
    req="rfc4918/mkcol-created",
    level=MUST,
    severity=HIGH,
    needs={"webdav", "write"},
    catches={"mkcol-lies", "mkcol-status-200"},
    rows={"DAV-21"},
)
def test_mkcol_creates_collection(se: StorageElement, expect: Expect) -> None:
    """MKCOL must create a collection and answer 201.

    Every upload into a new directory begins with it; clients that do not see 201 give up or
    make the directory again at every file.
    """
    path = se.workdir / "d"

    reply = se.mkcol(path)

    found = expect.multistatus(se.propfind(path, 0))
    expect.equal([entry.is_collection for entry in found], [True], "is a collection")
    expect.status(reply, 201)


@check(
    req="rfc4918/mkcol-existing",
    level=MUST,
    severity=CRITICAL,
    needs={"webdav", "write"},
    catches={"mkcol-existing-201", "mkcol-existing-wipes"},
    rows={"DAV-22"},
)
def test_mkcol_existing_is_refused(se: StorageElement, expect: Expect) -> None:
    """MKCOL over an existing collection must fail and leave its content alone.

    Two transfers into one new directory race for it; the second one must neither believe
    that it made the directory nor wipe what the first has stored.
    """
    path = se.workdir / "d"
    expect.control(se.mkcol(path))
    expect.control(se.put(path / "child", b"mine"))

    reply = se.mkcol(path)

    expect.unchanged(se, path / "child", b"mine")
    expect.refused(reply)


@check(
    req="rfc4918/mkcol-405",
    level=SHOULD,
    severity=MEDIUM,
    needs={"webdav", "write"},
    catches={"mkcol-existing-500", "mkcol-existing-201"},
    rows={"DAV-22", "B4.29"},
)
def test_mkcol_existing_answers_405(se: StorageElement, expect: Expect) -> None:
    """MKCOL over an existing collection should be answered 405.

    FTS, gfal and Rucio read 405 as "it is there, go on" and every other error as a reason
    to fail the transfer.
    """
    path = se.workdir / "d"
    expect.control(se.mkcol(path))

    expect.status(se.mkcol(path), 405)


@check(
    req="rfc4918/mkcol-409",
    level=SHOULD,
    severity=LOW,
    needs={"webdav", "write"},
    catches={"mkcol-makes-parents"},
    rows={"DAV-22", "B4.29"},
)
def test_mkcol_without_parent_is_refused(se: StorageElement, expect: Expect) -> None:
    """MKCOL below a collection that does not exist should be answered 409.

    A mistyped path otherwise grows a tree of its own, which nobody finds and nobody cleans.
    """
    reply = se.mkcol(se.workdir / "nowhere" / "d")

    expect.absent(se, se.workdir / "nowhere")
    expect.status(reply, 409)


@check(
    req="rfc9110/delete",
    level=MUST,
    severity=MEDIUM,
    needs={"webdav", "write"},
    catches={"delete-collection-lies"},
    rows={"DAV-33"},
)
def test_delete_removes_empty_collection(se: StorageElement, expect: Expect) -> None:
    """A deleted empty collection must be gone.

    Clean-up tools walk the tree from the leaves; directories that stay make every later
    listing slower until nobody can list the area any more.
    """
    path = se.workdir / "d"
    expect.control(se.mkcol(path))

    reply = se.delete(path)

    expect.absent(se, path)
    expect.success(reply)


@check(
    req="rfc4918/put-collection",
    level=SHOULD,
    severity=HIGH,
    needs={"webdav", "write"},
    catches={"put-over-collection-replaces"},
    rows={"DAV-07"},
)
def test_put_over_collection_is_refused(se: StorageElement, expect: Expect) -> None:
    """PUT onto a collection should be refused and must not cost its content.

    One upload with a path that is too short would otherwise replace a whole dataset by a
    single file.
    """
    path = se.workdir / "d"
    expect.control(se.mkcol(path))
    expect.control(se.put(path / "child", b"mine"))

    reply = se.put(path, b"not a directory")

    expect.unchanged(se, path / "child", b"mine")
    expect.refused(reply)
