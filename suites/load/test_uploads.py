"""Many uploads at the same time."""

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
    Reply,
    StorageElement,
    Together,
    check,
)

SIZE = 64 * 1024


def _files(se: StorageElement, count: int) -> dict[PurePosixPath, Payload]:
    """Files of one size, so that no mix-up shows in the length."""
    return {se.workdir / f"f{n:02}": Payload.generated(SIZE, seed=n) for n in range(count)}


def _upload(path: PurePosixPath, data: Payload) -> Callable[[StorageElement], Reply]:
    return lambda one: one.put(path, data)


def _list(path: PurePosixPath) -> Callable[[StorageElement], Reply]:
    return lambda one: one.propfind(path, 1)


def _judge_stored(
    se: StorageElement, together: Together, measure: Measure, expect: Expect, count: int
) -> None:
    files = _files(se, count)

    replies = together(*(_upload(path, data) for path, data in files.items()))

    accepted = [path for path, reply in zip(files, replies, strict=True) if reply.ok]
    measure("uploads", replies, at_a_time=count)
    expect.given(bool(accepted), f"no upload was accepted: {replies[0].describe()}")
    for path in accepted:
        expect.content(se, path, files[path])


@check(
    req="rfc9110/put",
    level=MUST,
    severity=CRITICAL,
    needs={"webdav", "write"},
    catches={"load-put-lost", "load-put-mixed"},
    rows={"B10.49"},
)
def test_accepted_uploads_of_10_are_stored(
    se: StorageElement, together: Together, measure: Measure, expect: Expect
) -> None:
    """Of 10 uploads at the same time, each that was accepted must be stored as it was sent.

    Jobs end together and upload together; what is lost then was reported as stored, and the
    job's own copy is deleted.
    """
    _judge_stored(se, together, measure, expect, 10)


@check(
    req="rfc9110/put",
    level=MUST,
    severity=CRITICAL,
    needs={"webdav", "write", "intrusive"},
    catches={"load-put-lost", "load-put-mixed"},
    rows={"B10.49"},
)
def test_accepted_uploads_of_50_are_stored(
    se: StorageElement, together: Together, measure: Measure, expect: Expect
) -> None:
    """Of 50 uploads at the same time, each that was accepted must be stored as it was sent.

    A farm of that many jobs is a small one; a server that runs out of threads or of file
    descriptors must say so instead of losing files.
    """
    _judge_stored(se, together, measure, expect, 50)


@check(
    req="rfc9110/overload",
    level=SHOULD,
    severity=HIGH,
    needs={"webdav", "write"},
    catches={"load-put-503"},
    rows={"B10.49"},
)
def test_10_uploads_at_a_time_are_accepted(
    se: StorageElement, together: Together, expect: Expect
) -> None:
    """10 uploads at the same time should all be accepted.

    Transfer services keep tens of transfers to one endpoint under way; each that is refused is
    queued again, and the backlog grows while the site looks idle.
    """
    files = _files(se, 10)

    replies = together(*(_upload(path, data) for path, data in files.items()))

    for reply in replies:
        expect.success(reply)


@check(
    req="rfc4918/depth-1",
    level=MUST,
    severity=HIGH,
    needs={"webdav", "write"},
    catches={"load-listing-partial"},
    rows={"B10.49"},
)
def test_listing_during_uploads_names_earlier_files(
    se: StorageElement, together: Together, expect: Expect
) -> None:
    """A listing made while files are uploaded must name all that were there before.

    Consistency checks run while the experiment writes; what they do not see is declared lost,
    although nothing ever happened to it.
    """
    earlier = [se.workdir / f"earlier{n:02}" for n in range(10)]
    for path in earlier:
        expect.control(se.put(path, b"x"))
    uploads = [_upload(path, data) for path, data in _files(se, 6).items()]

    replies = together(*uploads, *(_list(se.workdir) for _ in range(4)))

    for reply in replies[len(uploads) :]:
        expect.control(reply)
        named = {entry.path for entry in expect.multistatus(reply)}
        missing = sorted(path.name for path in earlier if path not in named)
        expect.equal(missing, [], "earlier files that the listing lacks")
