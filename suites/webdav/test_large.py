"""Listings of collections with many members."""

from collections.abc import Callable
from pathlib import PurePosixPath

from lakeproof import CRITICAL, MUST, Expect, Reply, StorageElement, Together, check

AT_A_TIME = 10


def _put_every_tenth(
    path: PurePosixPath, first: int, count: int
) -> Callable[[StorageElement], list[Reply]]:
    def put(se: StorageElement) -> list[Reply]:
        return [se.put(path / f"f{n:04}", b"x") for n in range(first, count, AT_A_TIME)]

    return put


def _judge(se: StorageElement, together: Together, expect: Expect, count: int) -> None:
    path = se.workdir / "d"
    expect.control(se.mkcol(path))
    for replies in together(*(_put_every_tenth(path, n, count) for n in range(AT_A_TIME))):
        for reply in replies:
            expect.control(reply)
    reply = se.propfind(path, 1)
    expect.control(reply)

    names = [entry.path.name for entry in expect.multistatus(reply) if entry.path != path]

    expect.equal(len(names), count, "members in the listing")
    expect.equal(len(set(names)), count, "different members in the listing")


@check(
    req="rfc4918/depth-1",
    level=MUST,
    severity=CRITICAL,
    needs={"webdav", "write"},
    catches={"propfind-limited"},
    rows={"B4.37"},
)
def test_listing_of_110_members_is_complete(
    se: StorageElement, together: Together, expect: Expect
) -> None:
    """A listing of 110 members must name all of them.

    A server that stops at a round number, without an error, makes a consistency check
    declare the rest lost, and the rest is deleted from the catalogue.
    """
    _judge(se, together, expect, 110)


@check(
    req="rfc4918/depth-1",
    level=MUST,
    severity=CRITICAL,
    needs={"webdav", "write", "intrusive"},
    catches={"propfind-limited"},
    rows={"B4.37"},
)
def test_listing_of_1000_members_is_complete(
    se: StorageElement, together: Together, expect: Expect
) -> None:
    """A listing of 1,000 members must name all of them.

    Datasets of that size are ordinary, and 1,000 is where many servers turn the page.
    """
    _judge(se, together, expect, 1000)
