"""Many downloads at the same time."""

from collections.abc import Callable
from pathlib import PurePosixPath

from lakeproof import (
    CRITICAL,
    HIGH,
    MUST,
    SHOULD,
    Expect,
    Measure,
    Payload,
    PayloadOf,
    Reply,
    StorageElement,
    Together,
    check,
)

SIZE = 64 * 1024


def _read(path: PurePosixPath) -> Callable[[StorageElement], Reply]:
    return lambda one: one.get(path)


def _judge(
    se: StorageElement,
    together: Together,
    expect: Expect,
    files: dict[PurePosixPath, Payload],
    wanted: list[PurePosixPath],
) -> list[Reply]:
    """Store `files`, read `wanted` at the same time, compare what was answered with success."""
    for path, data in files.items():
        expect.control(se.put(path, data))

    replies = together(*(_read(path) for path in wanted))

    given = [(path, reply) for path, reply in zip(wanted, replies, strict=True) if reply.ok]
    expect.given(bool(given), f"no download succeeded: {replies[0].describe()}")
    wrong = [path.name for path, reply in given if Payload.of(reply.body).md5 != files[path].md5]
    expect.equal(wrong, [], f"downloads, of {len(given)}, with other bytes than the file's")
    return replies


@check(
    req="rfc9110/get",
    level=MUST,
    severity=CRITICAL,
    needs={"webdav", "write"},
    catches={"load-read-shifted"},
    rows={"B10.49"},
)
def test_10_reads_of_one_file_give_its_content(
    se: StorageElement, together: Together, payload: PayloadOf, expect: Expect
) -> None:
    """10 downloads of one file at the same time must each give the file's content.

    The jobs of one task all begin with the same file; readers that share a position in it get
    each other's pieces, with the right length.
    """
    path = se.workdir / "f"

    _judge(se, together, expect, {path: payload(SIZE)}, [path] * 10)


@check(
    req="rfc9110/get",
    level=MUST,
    severity=CRITICAL,
    needs={"webdav", "write"},
    catches={"load-read-mixed", "load-read-shifted"},
    rows={"B10.49"},
)
def test_10_reads_of_different_files_are_not_mixed_up(
    se: StorageElement, together: Together, measure: Measure, expect: Expect
) -> None:
    """Downloads of 10 files at the same time must each give that file's content.

    Buffers that two requests share hand one user's data to another, and an analysis runs on a
    file it never asked for.
    """
    files = {se.workdir / f"f{n:02}": Payload.generated(SIZE, seed=n) for n in range(10)}

    replies = _judge(se, together, expect, files, list(files))
    measure("reads", replies, at_a_time=len(replies))


@check(
    req="rfc9110/get",
    level=MUST,
    severity=CRITICAL,
    needs={"webdav", "write", "intrusive"},
    catches={"load-read-mixed", "load-read-shifted"},
    rows={"B10.49"},
)
def test_50_reads_give_each_its_content(
    se: StorageElement, together: Together, measure: Measure, expect: Expect
) -> None:
    """50 downloads of 10 files at the same time must each give that file's content.

    It is the beginning of an ordinary batch of jobs, and where caches and pools of threads are
    used for the first time.
    """
    files = {se.workdir / f"f{n:02}": Payload.generated(SIZE, seed=n) for n in range(10)}

    replies = _judge(se, together, expect, files, list(files) * 5)
    measure("reads", replies, at_a_time=len(replies))


@check(
    req="rfc9110/overload",
    level=SHOULD,
    severity=HIGH,
    needs={"webdav", "write"},
    catches={"load-read-503"},
    rows={"B10.49"},
)
def test_10_reads_at_a_time_are_answered(
    se: StorageElement, together: Together, payload: PayloadOf, expect: Expect
) -> None:
    """10 downloads of one file at the same time should all succeed.

    A job whose input is refused fails, or waits with its slot of the batch system occupied.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, payload(SIZE)))
    expect.control(se.get(path))

    replies = together(*[_read(path)] * 10)

    for reply in replies:
        expect.success(reply)
