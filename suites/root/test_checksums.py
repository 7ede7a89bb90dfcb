"""Checksums that the root:// door states, against the truth known here."""

from lakeproof import (
    HIGH,
    LOW,
    MEDIUM,
    MUST,
    SHOULD,
    Expect,
    PayloadOf,
    RootDoor,
    StorageElement,
    check,
)

SIZE = 5000


@check(
    req="xrootd/query-checksum",
    level=SHOULD,
    severity=HIGH,
    needs={"root", "write"},
    catches={"root-adler32-wrong"},
    rows={"ROOT-05", "CKS-11"},
)
def test_adler32_is_right(
    se: StorageElement, root: RootDoor, payload: PayloadOf, expect: Expect
) -> None:
    """The adler32 that the door states should be that of the file.

    Rucio and xrdcp compare it after each transfer: a wrong one fails good ones, none at all
    lets bad ones pass.
    """
    path, data = se.workdir / "f", payload(SIZE)
    expect.control(se.put(path, data))

    expect.root_checksum(root.checksum(path, "adler32"), "adler32", data)


@check(
    req="xrootd/query-checksum-type",
    level=SHOULD,
    severity=LOW,
    needs={"root", "write", "md5"},
    catches={"root-md5-wrong"},
    rows={"ROOT-05"},
)
def test_md5_is_right(
    se: StorageElement, root: RootDoor, payload: PayloadOf, expect: Expect
) -> None:
    """The md5 that the door states should be that of the file, where it knows md5.

    Files that were registered by md5 are compared by nothing else.
    """
    path, data = se.workdir / "f", payload(SIZE)
    expect.control(se.put(path, data))
    expect.given("md5" in root.config("chksum").get("chksum", ""), "md5 is not among its checksums")

    expect.root_checksum(root.checksum(path, "md5"), "md5", data)


@check(
    req="xrootd/query-checksum-type",
    level=SHOULD,
    severity=LOW,
    needs={"root", "write"},
    catches={"root-crc32c-wrong"},
    rows={"ROOT-05"},
)
def test_crc32c_is_right(
    se: StorageElement, root: RootDoor, payload: PayloadOf, expect: Expect
) -> None:
    """The crc32c that the door states should be that of the file, where it knows crc32c.

    It is what page reads are made of, and what newer catalogues keep.
    """
    path, data = se.workdir / "f", payload(SIZE)
    expect.control(se.put(path, data))
    known = root.config("chksum").get("chksum", "")
    expect.given("crc32c" in known, "crc32c is not among its checksums")

    expect.root_checksum(root.checksum(path, "crc32c"), "crc32c", data)


@check(
    req="xrootd/query-checksum",
    level=MUST,
    severity=HIGH,
    needs={"root", "write"},
    catches={"root-checksum-stale"},
    rows={"ROOT-05"},
)
def test_checksum_follows_the_content(se: StorageElement, root: RootDoor, expect: Expect) -> None:
    """A file that was replaced over root:// must not keep the checksum of its earlier content.

    The new file is taken for damaged, or damage for the new file.
    """
    path = se.workdir / "f"
    expect.control(root.write(path, b"the first"))
    before = root.checksum(path, "adler32")
    expect.control(before)
    # of another length and, where times count in seconds, of a later one
    se.settle()
    expect.control(root.write(path, b"the second one", replace=True))

    after = root.checksum(path, "adler32")

    expect.that(not after.ok or after.checksum != before.checksum, "another adler32", "the same")


@check(
    req="xrootd/query-checksum-type",
    level=SHOULD,
    severity=MEDIUM,
    needs={"root", "write"},
    catches={"root-checksum-other-kind"},
    rows={"ROOT-05"},
)
def test_unknown_checksum_is_refused(se: StorageElement, root: RootDoor, expect: Expect) -> None:
    """A query for a checksum that the door does not know should be refused.

    A client that compares what it gets instead finds every file damaged.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, b"x"))
    expect.control(root.checksum(path, "adler32"))

    expect.refused(root.checksum(path, "lakeproof64"))
