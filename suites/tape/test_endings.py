"""Cancel, release and deletion of stage requests for files that are on disk."""

from lakeproof import (
    CRITICAL,
    HIGH,
    LOW,
    MEDIUM,
    MUST,
    SHOULD,
    Expect,
    StorageElement,
    TapeDesk,
    check,
)

CONTENT = b"precious"
ON_TAPE = ("TAPE", "DISK_AND_TAPE")
NEVER_MADE = "00000000-0000-4000-8000-000000000000"


@check(
    req="tape/cancel",
    level=MUST,
    severity=HIGH,
    needs={"webdav", "tape", "write"},
    catches={"tape-cancel-500"},
    rows={"TAP-05"},
)
def test_file_of_a_request_can_be_cancelled(
    se: StorageElement, desk: TapeDesk, expect: Expect
) -> None:
    """Cancelling a file of one's own request must succeed, whatever the file's state is.

    A transfer that was given up would go on occupying a tape drive.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, CONTENT))
    request = desk.request(path)

    expect.success(desk.cancel(request, path))


@check(
    req="tape/cancel-foreign",
    level=MUST,
    severity=HIGH,
    needs={"webdav", "tape", "write"},
    catches={"tape-cancel-foreign-acts"},
    rows={"TAP-05"},
)
def test_cancel_with_a_foreign_path_is_refused(
    se: StorageElement, desk: TapeDesk, expect: Expect
) -> None:
    """Cancelling must be refused, and do nothing, when a path is not of the request.

    A client that mixes two requests up would otherwise cancel files that others wait for.
    """
    path, other = se.workdir / "f", se.workdir / "other"
    expect.control(se.put(path, CONTENT))
    expect.control(se.put(other, CONTENT))
    request = desk.request(path)
    before = desk.settled(request, path).state(path)

    reply = desk.cancel(request, path, other)

    expect.equal(desk.shown(request).state(path), before, "state of the file")
    expect.refused(reply)


@check(
    req="tape/release",
    level=MUST,
    severity=HIGH,
    needs={"webdav", "tape", "write"},
    catches={"tape-release-500"},
    rows={"TAP-06"},
)
def test_file_of_a_request_can_be_released(
    se: StorageElement, desk: TapeDesk, expect: Expect
) -> None:
    """Releasing a file of one's own request must succeed.

    What is never released fills the disks before the tapes, and everybody's recalls wait.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, CONTENT))
    request = desk.request(path)

    expect.success(desk.release(request, path))


@check(
    req="tape/deleted",
    level=MUST,
    severity=MEDIUM,
    needs={"webdav", "tape", "write"},
    catches={"tape-deleted-visible"},
    rows={"TAP-07"},
)
def test_deleted_request_is_gone(se: StorageElement, desk: TapeDesk, expect: Expect) -> None:
    """A stage request that was deleted must be found no longer.

    Whoever deletes a request wants to be rid of it; one that is still there goes on holding
    its files on disk.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, CONTENT))
    request = desk.request(path)
    expect.control(desk.progress(request).reply)

    reply = desk.drop(request)

    expect.success(reply)
    expect.not_found(desk.progress(request).reply)


@check(
    req="tape/release-keeps",
    level=MUST,
    severity=CRITICAL,
    needs={"webdav", "tape", "write"},
    catches={"tape-release-removes-file"},
    rows={"TAP-06"},
)
def test_release_keeps_the_only_copy(se: StorageElement, desk: TapeDesk, expect: Expect) -> None:
    """Releasing a file that is on disk only must not remove it.

    Release gives a copy on disk up because there is one on tape. Where there is none, the
    file is lost, and every transfer service releases what it has read.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, CONTENT))
    request = desk.request(path)
    expect.given(desk.info(path).locality(path) == "DISK", "the file is not on disk only")

    reply = desk.release(request, path)

    expect.answered(reply)
    if desk.info(path).locality(path) not in ON_TAPE:
        expect.unchanged(se, path, CONTENT)


@check(
    req="tape/delete-keeps",
    level=MUST,
    severity=CRITICAL,
    needs={"webdav", "tape", "write"},
    catches={"tape-delete-removes-file"},
    rows={"TAP-07"},
)
def test_deleting_a_request_keeps_its_files(
    se: StorageElement, desk: TapeDesk, expect: Expect
) -> None:
    """Deleting a stage request must not delete the files that it is about.

    Only the order ends. A server that takes DELETE for the files loses them.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, CONTENT))
    request = desk.request(path)

    reply = desk.drop(request)

    expect.answered(reply)
    if desk.info(path).locality(path) not in ON_TAPE:
        expect.unchanged(se, path, CONTENT)


@check(
    req="tape/codes",
    level=SHOULD,
    severity=MEDIUM,
    needs={"webdav", "tape", "write"},
    catches={"tape-stage-200", "tape-end-204"},
    rows={"TAP-03", "TAP-05", "TAP-06", "TAP-07"},
)
def test_answers_have_the_codes_that_clients_expect(
    se: StorageElement, desk: TapeDesk, expect: Expect
) -> None:
    """Stage should be answered 201; cancel, release and deletion 200.

    gfal2 takes every other code for a failure, even one of success, and tries again.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, CONTENT))
    staged = desk.stage(path)
    request = desk.id_of(staged)
    ends = [desk.cancel(request, path), desk.release(request, path), desk.drop(request)]
    expect.given(all(reply.ok for reply in ends), "a request is refused, a check of its own")

    expect.status(staged, 201)
    for reply in ends:
        expect.status(reply, 200)


@check(
    req="tape/unknown-request",
    level=SHOULD,
    severity=LOW,
    needs={"webdav", "tape", "write"},
    catches={"tape-unknown-request-200"},
    rows={"TAP-07"},
)
def test_unknown_request_is_not_found(se: StorageElement, desk: TapeDesk, expect: Expect) -> None:
    """A stage request that never was should be answered 404.

    A client that lost its request then knows, and asks anew.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, CONTENT))
    expect.control(desk.progress(desk.request(path)).reply)

    expect.not_found(desk.progress(NEVER_MADE).reply)
