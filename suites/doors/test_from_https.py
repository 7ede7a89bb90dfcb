"""What is done over HTTPS is seen over root://: both doors open to the same files."""

from __future__ import annotations

from lakeproof import (
    CRITICAL,
    HIGH,
    LOW,
    MEDIUM,
    SHOULD,
    Expect,
    PayloadOf,
    RootDoor,
    StorageElement,
    check,
)

SIZE = 70_001
# HTTP dates have whole seconds, and doors may stand on servers whose clocks differ a little.
CLOCKS_S = 5


@check(
    req="lakeproof/doors-content",
    level=SHOULD,
    severity=CRITICAL,
    needs={"webdav", "root", "write"},
    catches={"root-read-garbled"},
    rows={"B7.41"},
)
def test_file_written_over_https_reads_the_same_over_root(
    se: StorageElement, root: RootDoor, payload: PayloadOf, expect: Expect
) -> None:
    """A file that was written over HTTPS should read the same over root://, byte for byte.

    Rucio and FTS write over HTTPS what physicists read over root://.
    """
    path, data = se.workdir / "file", payload(SIZE)
    expect.control(se.put(path, data))
    expect.control(se.get(path))

    expect.read_over_root(root, path, data)


@check(
    req="lakeproof/doors-content",
    level=SHOULD,
    severity=HIGH,
    needs={"webdav", "root", "write"},
    catches={"root-checksum-stale"},
    rows={"B7.41"},
)
def test_file_overwritten_over_https_is_the_new_one_over_root(
    se: StorageElement, root: RootDoor, payload: PayloadOf, expect: Expect
) -> None:
    """After an overwrite over HTTPS root:// should give the new bytes and the new checksum.

    A door that goes on with the old file hands out data that was replaced because it was wrong.
    """
    path, new = se.workdir / "file", payload(SIZE)
    expect.control(se.put(path, b"the old content"))
    expect.control(root.checksum(path, "adler32"))
    se.settle()  # some servers tell files of one second apart by their size alone, or not at all
    expect.control(se.put(path, new))

    expect.eventually(lambda: expect.read_over_root(root, path, new), within_s=se.settle_s)
    told = se.digest(path, "adler32").headers.get("Digest", "")
    expect.given(new.adler32 in told.lower(), f"HTTPS itself states the old adler32 ({told})")

    def seen() -> None:
        summed = root.checksum(path, "adler32")
        expect.success(summed)
        expect.equal(summed.checksum[1].rjust(8, "0"), new.adler32, "adler32 over root://")

    expect.eventually(seen, within_s=se.settle_s)


@check(
    req="lakeproof/doors-metadata",
    level=SHOULD,
    severity=HIGH,
    needs={"webdav", "root", "write"},
    catches={"root-stat-size"},
    rows={"B7.41"},
)
def test_size_over_root_is_that_over_https(
    se: StorageElement, root: RootDoor, payload: PayloadOf, expect: Expect
) -> None:
    """The size that root:// states should be the one that HTTPS states.

    Transfers compare it at both ends, by whichever door, and fail where it differs.
    """
    path, data = se.workdir / "file", payload(SIZE)
    expect.control(se.put(path, data))
    stated = expect.multistatus(se.propfind(path, 0))[0].size
    expect.given(stated == SIZE, f"HTTPS itself states {stated} bytes")

    reply = root.stat(path)

    expect.success(reply)
    expect.equal(reply.entry.size, SIZE, "bytes over root://")


@check(
    req="lakeproof/doors-metadata",
    level=SHOULD,
    severity=LOW,
    needs={"webdav", "root", "write"},
    catches={"root-stat-time"},
    rows={"B7.41"},
)
def test_time_over_root_is_that_over_https(
    se: StorageElement, root: RootDoor, expect: Expect
) -> None:
    """The time of the last change that root:// states should be the one that HTTPS states.

    Clean-up by age and synchronisation look at it, by whichever door.
    """
    path = se.workdir / "file"
    expect.control(se.put(path, b"when"))
    stated = expect.multistatus(se.propfind(path, 0))[0].modified
    expect.given(stated is not None, "HTTPS states no time of the last change")
    time = stated.timestamp() if stated else 0

    reply = root.stat(path)

    expect.success(reply)
    apart = abs(reply.entry.modified - time)
    expect.that(
        apart <= CLOCKS_S,
        f"both doors state the same time, give or take {CLOCKS_S} s",
        f"they are {apart:.0f} s apart",
    )


@check(
    req="lakeproof/doors-checksum",
    level=SHOULD,
    severity=HIGH,
    needs={"webdav", "root", "write"},
    catches={"root-adler32-wrong"},
    rows={"B7.41", "CKS-11"},
)
def test_checksum_over_root_is_that_over_https(
    se: StorageElement, root: RootDoor, payload: PayloadOf, expect: Expect
) -> None:
    """The adler32 that root:// states should be the one that HTTPS states.

    A rule whose replica was checked by the one door is found corrupt by the other.
    """
    path, data = se.workdir / "file", payload(SIZE)
    expect.control(se.put(path, data))
    told = se.digest(path, "adler32").headers.get("Digest", "")
    expect.given(data.adler32 in told.lower(), f"HTTPS itself states no right adler32 ({told})")

    reply = root.checksum(path, "adler32")

    expect.success(reply)
    expect.equal(reply.checksum[1].rjust(8, "0"), data.adler32, "adler32 over root://")


@check(
    req="lakeproof/doors-namespace",
    level=SHOULD,
    severity=MEDIUM,
    needs={"webdav", "root", "write"},
    catches={"root-listing-drops"},
    rows={"B7.41"},
)
def test_listing_over_root_is_that_over_https(
    se: StorageElement, root: RootDoor, expect: Expect
) -> None:
    """A directory should have the same members over root:// as over HTTPS.

    Dumps for consistency checks are made by the one door, deletions by the other.
    """
    for name in ("one", "two"):
        expect.control(se.put(se.workdir / name, b"a member"))
    expect.control(se.mkcol(se.workdir / "three"))
    seen = {entry.path.name for entry in se.listing(se.workdir)}
    expect.given(seen == {"one", "two", "three"}, f"HTTPS itself lists {sorted(seen)}")

    reply = root.listing(se.workdir)

    expect.success(reply)
    expect.equal(sorted(entry.name for entry in reply.entries), sorted(seen), "members")


@check(
    req="lakeproof/doors-namespace",
    level=SHOULD,
    severity=HIGH,
    needs={"webdav", "root", "write"},
    catches={"root-missing-exists"},
    rows={"B7.41"},
)
def test_file_deleted_over_https_is_gone_over_root(
    se: StorageElement, root: RootDoor, expect: Expect
) -> None:
    """A file that was deleted over HTTPS should soon be gone over root:// too.

    Rucio deletes by the one door what users go on finding by the other, and cannot read.
    """
    path = se.workdir / "file"
    expect.control(se.put(path, b"to be deleted"))
    expect.control(root.stat(path))
    expect.control(se.delete(path))

    expect.eventually(lambda: expect.not_found(root.stat(path)), within_s=se.settle_s)


@check(
    req="lakeproof/doors-namespace",
    level=SHOULD,
    severity=HIGH,
    needs={"webdav", "root", "write"},
    catches={"root-missing-exists"},
    rows={"B7.41"},
)
def test_file_renamed_over_https_has_its_new_name_over_root(
    se: StorageElement, root: RootDoor, payload: PayloadOf, expect: Expect
) -> None:
    """A file that was renamed over HTTPS should soon have its new name over root://, and no other.

    Uploads end with a rename; readers at the other door would find none, or half of one.
    """
    old, new, data = se.workdir / "old", se.workdir / "new", payload(SIZE)
    expect.control(se.put(old, data))
    expect.control(root.stat(old))
    expect.control(se.move(old, new))

    def seen() -> None:
        expect.read_over_root(root, new, data)
        expect.not_found(root.stat(old))

    expect.eventually(seen, within_s=se.settle_s)
