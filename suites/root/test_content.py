"""What is written and read over root:// is what was sent and stored, byte for byte."""

from functools import partial

from lakeproof import (
    CRITICAL,
    HIGH,
    MEDIUM,
    MUST,
    SHOULD,
    Bearer,
    Expect,
    OpenRoot,
    PayloadOf,
    RootDoor,
    RootSpeech,
    StorageElement,
    check,
)

MIB = 1024 * 1024


@check(
    req="xrootd/write",
    level=MUST,
    severity=CRITICAL,
    needs={"root", "write"},
    catches={"root-write-garbled", "root-write-short"},
    rows={"ROOT-04", "B7.41"},
)
def test_upload_is_stored_whole(
    se: StorageElement, root: RootDoor, payload: PayloadOf, expect: Expect
) -> None:
    """A file that was written over root:// must be stored as it was sent.

    A file that was damaged on its way in is taken for good until somebody needs it.
    """
    path, data = se.workdir / "f", payload(MIB + 1)

    reply = root.write(path, data)

    expect.success(reply)
    expect.content(se, path, data)


@check(
    req="xrootd/read",
    level=MUST,
    severity=CRITICAL,
    needs={"root", "write"},
    catches={"root-read-garbled", "root-read-short"},
    rows={"ROOT-04", "B7.41"},
)
def test_download_is_what_was_stored(
    se: StorageElement, root: RootDoor, payload: PayloadOf, expect: Expect
) -> None:
    """A file that is read over root:// must be what was stored, to its last byte.

    Jobs read most of their data like this, and compare nothing.
    """
    path, data = se.workdir / "f", payload(MIB + 1)
    expect.control(se.put(path, data))

    expect.read_over_root(root, path, data)


@check(
    req="xrootd/read",
    level=MUST,
    severity=HIGH,
    needs={"root", "write"},
    catches={"root-read-past-end"},
    rows={"ROOT-04"},
)
def test_read_behind_the_end_gives_nothing(
    se: StorageElement, root: RootDoor, expect: Expect
) -> None:
    """A read that begins behind the end of a file must give no bytes.

    Clients find out like this where a file ends; bytes that nobody wrote become data.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, b"five."))

    reply = root.read(path, 100, 10)

    expect.equal(len(reply.body), 0, "bytes behind the end")


@check(
    req="xrootd/copy-program",
    level=MUST,
    severity=HIGH,
    needs={"root", "write"},
    catches={"root-adler32-wrong", "root-write-garbled"},
    rows={"ROOT-04"},
)
def test_xrdcp_uploads_with_its_checksum(
    se: StorageElement, root: RootDoor, payload: PayloadOf, expect: Expect
) -> None:
    """An upload as xrdcp makes it, with adler32 compared at the end, must succeed and be whole.

    It is what Rucio and users type; where the comparison fails, good files are deleted again.
    """
    path, data = se.workdir / "new" / "f", payload(MIB + 1)

    reply = root.upload(path, data)

    expect.success(reply)
    expect.content(se, path, data)


@check(
    req="xrootd/copy-program",
    level=MUST,
    severity=HIGH,
    needs={"root", "write"},
    catches={"root-adler32-wrong", "root-read-garbled"},
    rows={"ROOT-04"},
)
def test_xrdcp_downloads_with_its_checksum(
    se: StorageElement, root: RootDoor, payload: PayloadOf, expect: Expect
) -> None:
    """A download as xrdcp makes it, with adler32 compared at the end, must succeed and be whole.

    It is what Rucio and users type; where the comparison fails, good files look damaged.
    """
    path, data = se.workdir / "f", payload(MIB + 1)
    expect.control(se.put(path, data))

    reply = root.download(path)

    expect.success(reply)
    expect.same_bytes(reply.body, data)


@check(
    req="xrootd/open-new",
    level=MUST,
    severity=CRITICAL,
    needs={"root", "write"},
    catches={"root-new-overwrites"},
    rows={"ROOT-04"},
)
def test_new_file_replaces_none(se: StorageElement, root: RootDoor, expect: Expect) -> None:
    """Opening a new file must be refused where there is one already.

    Two jobs with the same name for their output would destroy each other's results.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, b"the first"))

    reply = root.write(path, b"the second")

    expect.eventually(partial(expect.unchanged, se, path, b"the first"))
    expect.refused(reply)


@check(
    req="xrootd/open-mkpath",
    level=SHOULD,
    severity=MEDIUM,
    needs={"root", "write"},
    catches={"root-parents-refused"},
    rows={"ROOT-03", "ROOT-04"},
)
def test_upload_makes_parents_when_asked(
    se: StorageElement, root: RootDoor, expect: Expect
) -> None:
    """An upload should make the directories above it when the client asks for that.

    xrdcp and gfal always ask; where it is not done, the first upload of each day fails.
    """
    path = se.workdir / "a" / "b" / "f"

    reply = root.write(path, b"deep", parents=True)

    expect.success(reply)
    expect.content(se, path, b"deep")


@check(
    req="xrootd/open-posc",
    level=SHOULD,
    severity=HIGH,
    needs={"root", "write", "tokens"},
    catches={"root-posc-ignored"},
    rows={"ROOT-07", "B7.42"},
)
def test_abandoned_upload_is_not_kept_as_whole(
    se: StorageElement,
    root: RootDoor,
    root_speech: RootSpeech,
    open_root: OpenRoot,
    writing_token: Bearer,
    expect: Expect,
) -> None:
    """An upload with "persist on successful close" that is broken off should leave no whole file.

    The door removes it, or marks it as pending until the client is back. What looks whole is
    taken for the result of a job that died.
    """
    path = se.workdir / "f"
    with open_root(path, write=True, posc=True, auth=writing_token) as file:
        expect.control(root_speech.write(file, 0, b"the first half"))
        file.line.drop()

    left = root.stat(path)

    whole = left.ok and not left.entry.is_pending
    expect.that(not whole, "no file, or one marked as pending", "a file like any other")
