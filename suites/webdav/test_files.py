"""Single files: PUT, GET, HEAD and DELETE."""

from collections.abc import Iterator

from lakeproof import (
    CRITICAL,
    HIGH,
    LOW,
    MEDIUM,
    MUST,
    SHOULD,
    Expect,
    PayloadOf,
    StorageElement,
    check,
)

MIB = 1024 * 1024


@check(
    req="rfc9110/put",
    level=MUST,
    severity=CRITICAL,
    needs={"webdav", "write"},
    catches={"put-lies", "put-truncates", "put-corrupts"},
    rows={"DAV-01", "DAV-03"},
)
def test_put_stores_new_file(se: StorageElement, expect: Expect) -> None:
    """An accepted upload must be readable afterwards, byte for byte.

    A job that deletes its local output after a 2xx answer has lost it when the storage kept
    nothing, or kept something else.
    """
    path = se.workdir / "new"

    reply = se.put(path, b"first light")

    expect.success(reply)
    expect.content(se, path, b"first light")


@check(
    req="rfc9110/put-created",
    level=MUST,
    severity=LOW,
    needs={"webdav", "write"},
    catches={"put-status-200"},
    rows={"DAV-01"},
)
def test_put_new_answers_created(se: StorageElement, expect: Expect) -> None:
    """An upload that creates a file must be answered 201 Created.

    Clients tell a new file from an overwritten one by this code; with 200 they count a
    replica twice or warn about data that was never there.
    """
    reply = se.put(se.workdir / "new", b"first light")

    expect.control(reply)
    expect.status(reply, 201)


@check(
    req="rfc9110/put",
    level=MUST,
    severity=CRITICAL,
    needs={"webdav", "write"},
    catches={
        "put-overwrite-ignored",
        "put-overwrite-keeps-tail",
        "put-overwrite-appends",
        "get-stale",
    },
    rows={"DAV-04"},
)
def test_overwrite_replaces_or_refuses(se: StorageElement, expect: Expect) -> None:
    """An upload over a file must either replace all of it or leave all of it.

    Whoever is told "done" reads the old data as if it were new; whoever is told "no" finds a
    mixture of both, which no checksum in any catalogue matches.
    """
    path = se.workdir / "f"
    old, new = b"the older and longer content", b"the new one"
    expect.control(se.put(path, old))

    reply = se.put(path, new)

    if reply.ok:
        expect.content(se, path, new)
    else:
        expect.unchanged(se, path, old)


@check(
    req="rfc9110/put",
    level=SHOULD,
    severity=MEDIUM,
    needs={"webdav", "write"},
    catches={"put-overwrite-refused"},
    rows={"DAV-04"},
)
def test_overwrite_is_possible(se: StorageElement, expect: Expect) -> None:
    """An upload over an existing file should be accepted from a client that may modify it.

    Transfers that are retried meet the remains of the attempt before; where they cannot be
    overwritten, each failed transfer needs a manual clean-up.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, b"old"))

    expect.success(se.put(path, b"new"))


@check(
    req="rfc9110/put",
    level=MUST,
    severity=HIGH,
    needs={"webdav", "write"},
    catches={"put-empty-refused", "put-empty-lost"},
    rows={"DAV-05", "B4.32"},
)
def test_put_stores_empty_file(se: StorageElement, expect: Expect) -> None:
    """A file of no bytes must be stored and read back as such.

    Log and marker files are empty as often as not; a storage that drops them leaves
    datasets that never become complete.
    """
    path = se.workdir / "empty"

    reply = se.put(path, b"")

    expect.success(reply)
    expect.content(se, path, b"")


@check(
    req="rfc9110/put",
    level=MUST,
    severity=CRITICAL,
    needs={"webdav", "write"},
    catches={"put-truncates", "get-wrong-bytes"},
    rows={"DAV-03", "DAV-14"},
)
def test_put_stores_large_file(se: StorageElement, payload: PayloadOf, expect: Expect) -> None:
    """A file of 64 MiB, sent and read as a stream, must arrive complete.

    Body size limits of a proxy in front, buffers and redirects show only beyond the first
    megabytes; real data files are all larger than that.
    """
    path = se.workdir / "large"
    data = payload(64 * MIB)

    reply = se.put(path, data)

    expect.success(reply)
    expect.content(se, path, data)


@check(
    req="rfc9112/chunked",
    level=MUST,
    severity=HIGH,
    needs={"webdav", "write"},
    catches={"put-chunked-empty", "put-chunked-refused"},
    rows={"DAV-02"},
)
def test_put_accepts_chunked_body(se: StorageElement, payload: PayloadOf, expect: Expect) -> None:
    """An upload in chunks, without Content-Length, must be stored complete.

    Programs that stream data whose size they do not know yet can only upload like this;
    servers have answered 2xx and stored an empty file.
    """
    path = se.workdir / "chunked"
    data = payload(3 * MIB + 17)

    reply = se.put(path, _without_length(data.chunks()))

    expect.success(reply)
    expect.content(se, path, data)


def _without_length(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """A generator has no length, so the client must send it chunked."""
    yield from chunks


@check(
    req="rfc9110/status-describes-result",
    level=MUST,
    severity=HIGH,
    needs={"webdav"},
    catches={"get-missing-500", "get-missing-200", "get-missing-403"},
    rows={"DAV-15", "B4.29"},
)
def test_get_missing_is_not_found(se: StorageElement, expect: Expect) -> None:
    """Reading a file that does not exist must be answered 404.

    Rucio and FTS declare a replica lost, or go on, by this code; any other makes them retry
    for days or, worse, store an error page as data.
    """
    expect.not_found(se.get(se.workdir / "missing"))


@check(
    req="rfc9110/status-describes-result",
    level=MUST,
    severity=HIGH,
    needs={"webdav"},
    catches={"head-missing-500", "head-missing-200"},
    rows={"DAV-18", "B4.29"},
)
def test_head_missing_is_not_found(se: StorageElement, expect: Expect) -> None:
    """Asking with HEAD for a file that does not exist must be answered 404.

    Upload tools ask first whether a file is there already: with any other answer they
    refuse to upload, or believe that the data is safe.
    """
    expect.not_found(se.head(se.workdir / "missing"))


@check(
    req="rfc9110/head-content-length",
    level=MUST,
    severity=HIGH,
    needs={"webdav", "write"},
    catches={"head-wrong-length"},
    rows={"DAV-17"},
)
def test_head_never_lies_about_length(se: StorageElement, expect: Expect) -> None:
    """A Content-Length in the answer to HEAD must be the size of the file.

    The active party of a third-party copy and every catalogue take the size from here; a
    wrong one fails each transfer, or cuts files off unnoticed.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, b"thirteen byte"))

    reply = se.head(path)

    expect.control(reply)
    expect.equal(reply.headers.get("Content-Length", "13"), "13", "Content-Length")


@check(
    req="rfc9110/head-same-fields",
    level=SHOULD,
    severity=MEDIUM,
    needs={"webdav", "write"},
    catches={"head-no-length", "head-refused"},
    rows={"DAV-17"},
)
def test_head_states_the_length(se: StorageElement, expect: Expect) -> None:
    """The answer to HEAD should state the size of the file in Content-Length.

    Tools that need the size must otherwise download the file or list the whole directory.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, b"thirteen byte"))

    reply = se.head(path)

    expect.success(reply)
    expect.that("Content-Length" in reply.headers, "a Content-Length header", "there is none")


@check(
    req="rfc9110/delete",
    level=MUST,
    severity=CRITICAL,
    needs={"webdav", "write"},
    catches={"delete-lies", "delete-refused"},
)
def test_delete_removes_file(se: StorageElement, expect: Expect) -> None:
    """A deleted file must be gone.

    Deletion is how space is freed and how embargoed data is withdrawn; a file that stays
    fills the storage with data no catalogue knows, or remains readable.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, b"gone soon"))

    reply = se.delete(path)

    expect.absent(se, path)
    expect.not_found(se.get(path))
    expect.success(reply)


@check(
    req="rfc9110/status-describes-result",
    level=MUST,
    severity=MEDIUM,
    needs={"webdav", "write"},
    catches={"delete-missing-204", "delete-missing-500"},
    rows={"DAV-32"},
)
def test_delete_missing_is_not_found(se: StorageElement, expect: Expect) -> None:
    """Deleting a file that does not exist must be answered 404.

    Rucio's reaper takes 404 as "already gone" and finishes; with an error it retries for
    ever, with a success a wrong path in the catalogue is never noticed.
    """
    expect.not_found(se.delete(se.workdir / "missing"))
