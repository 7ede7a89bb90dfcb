"""What is done over root:// is seen over HTTPS: both doors open to the same files."""

from __future__ import annotations

from lakeproof import (
    CRITICAL,
    HIGH,
    MEDIUM,
    SHOULD,
    Expect,
    PayloadOf,
    RootDoor,
    StorageElement,
    check,
)

SIZE = 70_001


@check(
    req="lakeproof/doors-content",
    level=SHOULD,
    severity=CRITICAL,
    needs={"webdav", "root", "write"},
    catches={"get-wrong-bytes", "get-short"},
    rows={"B7.41"},
)
def test_file_written_over_root_reads_the_same_over_https(
    se: StorageElement, root: RootDoor, payload: PayloadOf, expect: Expect
) -> None:
    """A file that was written over root:// should read the same over HTTPS, byte for byte.

    Jobs write over root:// what FTS moves on over HTTPS.
    """
    path, data = se.workdir / "file", payload(SIZE)
    expect.control(root.write(path, data))
    expect.control(root.read(path))

    expect.content(se, path, data)


@check(
    req="lakeproof/doors-checksum",
    level=SHOULD,
    severity=HIGH,
    needs={"webdav", "root", "write"},
    catches={"digest-wrong", "digest-missing"},
    rows={"B7.41", "CKS-11"},
)
def test_checksum_over_https_is_that_over_root(
    se: StorageElement, root: RootDoor, payload: PayloadOf, expect: Expect
) -> None:
    """The adler32 that HTTPS states of a file written over root:// should be the one stated there.

    FTS asks for it over HTTPS, whichever door the file came in by.
    """
    path, data = se.workdir / "file", payload(SIZE)
    expect.control(root.write(path, data))
    told = root.checksum(path, "adler32")
    expect.control(told)
    right = told.checksum[1].rjust(8, "0") == data.adler32
    expect.given(right, f"root:// itself states {told.said}")

    expect.eventually(
        lambda: expect.digest(se.digest(path, "adler32"), "adler32", data), within_s=se.settle_s
    )


@check(
    req="lakeproof/doors-metadata",
    level=SHOULD,
    severity=MEDIUM,
    needs={"webdav", "root", "write"},
    catches={"propfind-wrong-size", "propfind-incomplete"},
    rows={"B7.41"},
)
def test_listing_over_https_has_files_written_over_root(
    se: StorageElement, root: RootDoor, payload: PayloadOf, expect: Expect
) -> None:
    """A listing over HTTPS should have the files that were written over root://, with their sizes.

    Dumps for consistency checks made by the one door would name files of the other as lost.
    """
    path, data = se.workdir / "file", payload(SIZE)
    expect.control(root.write(path, data))
    expect.control(root.stat(path))

    def seen() -> None:
        entries = expect.multistatus(se.propfind(se.workdir, 1))
        sizes = {entry.path.name: entry.size for entry in entries if entry.path != se.workdir}
        expect.equal(sizes, {"file": SIZE}, "files and sizes")

    expect.eventually(seen, within_s=se.settle_s)


@check(
    req="lakeproof/doors-namespace",
    level=SHOULD,
    severity=HIGH,
    needs={"webdav", "root", "write"},
    catches={"head-missing-200"},
    rows={"B7.41"},
)
def test_file_deleted_over_root_is_gone_over_https(
    se: StorageElement, root: RootDoor, expect: Expect
) -> None:
    """A file that was deleted over root:// should soon be gone over HTTPS too.

    Transfers would go on choosing it as a source, and fail.
    """
    path = se.workdir / "file"
    expect.control(root.write(path, b"to be deleted"))
    expect.control(se.head(path))
    expect.control(root.remove(path))

    expect.eventually(lambda: expect.not_found(se.head(path)), within_s=se.settle_s)
