"""MKCOL where it cannot work: over a file, with a body."""

from lakeproof import CRITICAL, LOW, MEDIUM, MUST, SHOULD, Expect, StorageElement, check


@check(
    req="rfc4918/mkcol-existing",
    level=MUST,
    severity=CRITICAL,
    needs={"webdav", "write"},
    catches={"mkcol-over-file-201", "mkcol-over-file-replaces"},
    rows={"DAV-22"},
)
def test_mkcol_over_file_is_refused(se: StorageElement, expect: Expect) -> None:
    """MKCOL over a file must fail and leave the file alone.

    A dataset and a file of one name exist in every large namespace; the transfer of the one
    must not destroy the other, nor go on as if there were a directory.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, b"a file"))

    reply = se.mkcol(path)

    expect.unchanged(se, path, b"a file")
    expect.refused(reply)


@check(
    req="rfc4918/mkcol-405",
    level=SHOULD,
    severity=LOW,
    needs={"webdav", "write"},
    catches={"mkcol-over-file-500", "mkcol-over-file-201"},
    rows={"DAV-22", "B4.29"},
)
def test_mkcol_over_file_answers_405(se: StorageElement, expect: Expect) -> None:
    """MKCOL over a file should be answered 405 (or 409).

    With a server error clients try again for hours what can never work.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, b"a file"))

    expect.status(se.mkcol(path), 405, 409)


@check(
    req="rfc4918/mkcol-415",
    level=SHOULD,
    severity=LOW,
    needs={"webdav", "write"},
    catches={"mkcol-body-ignored"},
    rows={"DAV-22", "B4.29"},
)
def test_mkcol_with_unknown_body_answers_415(se: StorageElement, expect: Expect) -> None:
    """MKCOL with a body of unknown type should be refused with 415.

    The body says what is to be made; a server that ignores it makes something else than was
    asked for and says that all is well.
    """
    path = se.workdir / "d"
    # A body that is not taken in must not meet the next check's request.
    kind = {"Content-Type": "application/x-lakeproof-unknown", "Connection": "close"}
    expect.control(se.mkcol(se.workdir / "plain"))

    reply = se.mkcol(path, headers=kind, body=b"nobody knows this")

    expect.status(reply, 415)
    expect.absent(se, path)


@check(
    req="rfc9110/refusal-is-4xx",
    level=SHOULD,
    severity=MEDIUM,
    needs={"webdav", "write"},
    catches={"mkcol-parent-500"},
    rows={"DAV-22", "B4.29"},
)
def test_mkcol_without_parent_is_no_server_error(se: StorageElement, expect: Expect) -> None:
    """MKCOL below a collection that does not exist should not be answered with a server error.

    Clients make missing parents after a 409; a 500 they take for an outage, and the
    transfer ends there.
    """
    expect.control(se.mkcol(se.workdir / "there"))

    reply = se.mkcol(se.workdir / "nowhere" / "d")

    expect.status(reply, 409, 404, 403, 201)
