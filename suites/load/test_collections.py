"""Many collections made at the same time, of one name and of different ones."""

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


def _make(path: PurePosixPath) -> Callable[[StorageElement], Reply]:
    return lambda one: one.mkcol(path)


def _judge_made(
    se: StorageElement, together: Together, measure: Measure, expect: Expect, count: int
) -> None:
    paths = [se.workdir / f"d{n:02}" for n in range(count)]

    replies = together(*(_make(path) for path in paths))

    made = [path for path, reply in zip(paths, replies, strict=True) if reply.ok]
    measure("collections", replies, at_a_time=count)
    expect.given(bool(made), f"no collection was made: {replies[0].describe()}")
    for path in made:
        expect.multistatus(se.propfind(path, 0))


@check(
    req="rfc4918/mkcol",
    level=MUST,
    severity=HIGH,
    needs={"webdav", "write"},
    catches={"load-mkcol-lost"},
    rows={"B10.49"},
)
def test_accepted_collections_of_10_are_there(
    se: StorageElement, together: Together, measure: Measure, expect: Expect
) -> None:
    """Of 10 MKCOL at the same time, each that succeeded must have made its collection.

    The uploads that follow fail one by one, at another time and in another log.
    """
    _judge_made(se, together, measure, expect, 10)


@check(
    req="rfc4918/mkcol",
    level=MUST,
    severity=HIGH,
    needs={"webdav", "write", "intrusive"},
    catches={"load-mkcol-lost"},
    rows={"B10.49"},
)
def test_accepted_collections_of_50_are_there(
    se: StorageElement, together: Together, measure: Measure, expect: Expect
) -> None:
    """Of 50 MKCOL at the same time, each that succeeded must have made its collection.

    Jobs make their own directories when they start, and they start by the hundred.
    """
    _judge_made(se, together, measure, expect, 50)


@check(
    req="rfc4918/mkcol",
    level=MUST,
    severity=HIGH,
    needs={"webdav", "write"},
    catches={"load-mkcol-rollback"},
    rows={"B10.49"},
)
def test_collection_wanted_by_10_is_there(
    se: StorageElement, together: Together, expect: Expect
) -> None:
    """When 10 MKCOL of one name come at the same time, the collection must be there afterwards.

    Every uploader makes the day's directory first; if those that come second undo what the
    first one did, none of them can write.
    """
    path = se.workdir / "d"

    replies = together(*[_make(path)] * 10)

    expect.given(any(r.ok for r in replies), f"none succeeded: {replies[0].describe()}")
    expect.multistatus(se.propfind(path, 0))


@check(
    req="rfc9110/server-error",
    level=SHOULD,
    severity=MEDIUM,
    needs={"webdav", "write"},
    catches={"load-mkcol-500"},
    rows={"B10.49"},
)
def test_collection_wanted_by_10_is_no_server_error(
    se: StorageElement, together: Together, expect: Expect
) -> None:
    """10 MKCOL of one name at the same time should each succeed or be told that it exists.

    Uploaders take 405 for what it is and go on; a server error makes them give up the file.
    """
    path = se.workdir / "d"

    replies = together(*[_make(path)] * 10)

    for reply in replies:
        expect.answered(reply)
        expect.that(reply.status < FIRST_SERVER_ERROR, "no server error", reply.describe())
