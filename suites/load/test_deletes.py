"""Many deletions at the same time, of one file and of different ones."""

from collections.abc import Callable
from pathlib import PurePosixPath

from lakeproof import (
    HIGH,
    MEDIUM,
    MUST,
    SHOULD,
    Expect,
    Measure,
    Reply,
    StorageElement,
    Together,
    check,
)

FIRST_SERVER_ERROR = 500


def _delete(path: PurePosixPath) -> Callable[[StorageElement], Reply]:
    return lambda one: one.delete(path)


def _judge_gone(
    se: StorageElement, together: Together, measure: Measure, expect: Expect, count: int
) -> None:
    paths = [se.workdir / f"f{n:02}" for n in range(count)]
    for path in paths:
        expect.control(se.put(path, b"x"))

    replies = together(*(_delete(path) for path in paths))

    deleted = [path for path, reply in zip(paths, replies, strict=True) if reply.ok]
    measure("deletions", replies, at_a_time=count)
    expect.given(bool(deleted), f"no deletion was accepted: {replies[0].describe()}")
    for path in deleted:
        expect.absent(se, path)


@check(
    req="rfc9110/delete",
    level=MUST,
    severity=HIGH,
    needs={"webdav", "write"},
    catches={"load-delete-lost"},
    rows={"B10.49"},
)
def test_accepted_deletions_of_10_are_done(
    se: StorageElement, together: Together, measure: Measure, expect: Expect
) -> None:
    """Of 10 deletions at the same time, each that succeeded must have removed its file.

    Reapers delete in parallel; what stays behind is in no catalogue and fills the storage.
    """
    _judge_gone(se, together, measure, expect, 10)


@check(
    req="rfc9110/delete",
    level=MUST,
    severity=HIGH,
    needs={"webdav", "write", "intrusive"},
    catches={"load-delete-lost"},
    rows={"B10.49"},
)
def test_accepted_deletions_of_50_are_done(
    se: StorageElement, together: Together, measure: Measure, expect: Expect
) -> None:
    """Of 50 deletions at the same time, each that succeeded must have removed its file.

    That is what a reaper with a backlog does all day.
    """
    _judge_gone(se, together, measure, expect, 50)


@check(
    req="rfc9110/idempotent",
    level=MUST,
    severity=HIGH,
    needs={"webdav", "write"},
    catches={"load-delete-kept"},
    rows={"B10.49"},
)
def test_file_deleted_by_10_is_gone(se: StorageElement, together: Together, expect: Expect) -> None:
    """When 10 deletions of one file come at the same time, the file must be gone afterwards.

    A deletion that is retried while the first is still under way must not bring the file back.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, b"x"))

    replies = together(*[_delete(path)] * 10)

    expect.given(any(r.ok for r in replies), f"none succeeded: {replies[0].describe()}")
    expect.absent(se, path)


@check(
    req="rfc9110/server-error",
    level=SHOULD,
    severity=MEDIUM,
    needs={"webdav", "write"},
    catches={"load-delete-500"},
    rows={"B10.49"},
)
def test_file_deleted_by_10_is_no_server_error(
    se: StorageElement, together: Together, expect: Expect
) -> None:
    """10 deletions of one file at the same time should each succeed or be told it is not there.

    A reaper counts a server error as a failed deletion, and tries the file again for days.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, b"x"))

    replies = together(*[_delete(path)] * 10)

    for reply in replies:
        expect.answered(reply)
        expect.that(reply.status < FIRST_SERVER_ERROR, "no server error", reply.describe())
