"""Directories, removal, renaming, truncation, modes and attributes over root://."""

from lakeproof import (
    CRITICAL,
    HIGH,
    LOW,
    MAY,
    MEDIUM,
    MUST,
    SHOULD,
    Expect,
    RootDoor,
    StorageElement,
    check,
)


@check(
    req="xrootd/mkdir",
    level=MUST,
    severity=HIGH,
    needs={"root", "write"},
    catches={"root-mkdir-lost"},
    rows={"ROOT-03"},
)
def test_mkdir_makes_a_directory(se: StorageElement, root: RootDoor, expect: Expect) -> None:
    """A directory that was made over root:// must be there.

    The uploads that follow into it fail, or land somewhere else.
    """
    path = se.workdir / "made"

    reply = root.mkdir(path)

    expect.success(reply)
    expect.multistatus(se.propfind(path, 0))


@check(
    req="xrootd/mkdir-parents",
    level=SHOULD,
    severity=MEDIUM,
    needs={"root", "write"},
    catches={"root-parents-refused"},
    rows={"ROOT-03"},
)
def test_mkdir_makes_parents_when_asked(se: StorageElement, root: RootDoor, expect: Expect) -> None:
    """A directory should be made with those above it when the client asks for that.

    Rucio makes the directories of a replica like this before it renames an upload into place.
    """
    path = se.workdir / "a" / "b" / "c"

    reply = root.mkdir(path, parents=True)

    expect.success(reply)
    expect.multistatus(se.propfind(path, 0))


@check(
    req="xrootd/rm",
    level=MUST,
    severity=CRITICAL,
    needs={"root", "write"},
    catches={"root-rm-lost"},
    rows={"ROOT-03"},
)
def test_rm_removes_the_file(se: StorageElement, root: RootDoor, expect: Expect) -> None:
    """A file that was removed over root:// must be gone.

    Space that Rucio believes to be free stays full, and data that had to go are still there.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, b"to be removed"))

    reply = root.remove(path)

    expect.success(reply)
    expect.absent(se, path)


@check(
    req="xrootd/rmdir",
    level=MUST,
    severity=CRITICAL,
    needs={"root", "write"},
    catches={"root-rmdir-full-ok"},
    rows={"ROOT-03"},
)
def test_rmdir_keeps_what_is_not_empty(se: StorageElement, root: RootDoor, expect: Expect) -> None:
    """rmdir must refuse a directory in which there is something.

    Clean-up that takes away empty directories would take data with them.
    """
    path = se.workdir / "full"
    expect.control(root.mkdir(path))
    expect.control(se.put(path / "f", b"kept"))

    reply = root.rmdir(path)

    expect.unchanged(se, path / "f", b"kept")
    expect.refused(reply)


@check(
    req="xrootd/mv",
    level=MUST,
    severity=HIGH,
    needs={"root", "write"},
    catches={"root-mv-lost"},
    rows={"ROOT-03"},
)
def test_mv_renames(se: StorageElement, root: RootDoor, expect: Expect) -> None:
    """A file that was renamed over root:// must be under its new name, and whole.

    Rucio uploads under another name and renames at the end: what is not renamed is lost to it.
    """
    old, new = se.workdir / "old", se.workdir / "new"
    expect.control(se.put(old, b"renamed"))

    reply = root.move(old, new)

    expect.success(reply)
    expect.content(se, new, b"renamed")
    expect.absent(se, old)


@check(
    req="xrootd/truncate",
    level=SHOULD,
    severity=MEDIUM,
    needs={"root", "write"},
    catches={"root-truncate-lost"},
    rows={"ROOT-03"},
)
def test_truncate_cuts(se: StorageElement, root: RootDoor, expect: Expect) -> None:
    """A file that was truncated over root:// should end there; refusing to do so is as good.

    A client that repeats a broken copy cuts off what is bad, and believes that it is gone.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, b"one two"))

    reply = root.truncate(path, 3)

    expect.given(reply.ok, f"files are not truncated here: {reply.describe()}")
    expect.content(se, path, b"one")


@check(
    req="xrootd/chmod",
    level=MAY,
    severity=LOW,
    needs={"root", "write"},
    catches={"root-chmod-lost"},
    rows={"ROOT-03"},
)
def test_chmod_changes_the_mode(se: StorageElement, root: RootDoor, expect: Expect) -> None:
    """A mode that was changed over root:// may be shown by stat afterwards.

    Whoever makes a file private believes that it is.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, b"x"))
    expect.given(bool(root.stat(path).entry.mode), "stat shows no modes here")
    before = root.stat(path).entry.mode

    reply = root.chmod(path, 0o444 if before != "0444" else 0o644)

    expect.given(reply.ok, f"modes are not changed here: {reply.describe()}")
    expect.that(root.stat(path).entry.mode != before, "another mode", f"still {before}")


@check(
    req="xrootd/fattr",
    level=MAY,
    severity=LOW,
    needs={"root", "write"},
    catches={"root-attribute-lost"},
    rows={"ROOT-03"},
)
def test_attribute_is_kept(se: StorageElement, root: RootDoor, expect: Expect) -> None:
    """An extended attribute that was set may be read back as it was set.

    Experiments note there what a file belongs to.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, b"x"))
    expect.given(
        root.set_attribute(path, "lakeproof", "a value").ok, "there are no attributes here"
    )

    reply = root.attribute(path, "lakeproof")

    expect.success(reply)
    expect.equal(reply.said, "a value", "attribute")
