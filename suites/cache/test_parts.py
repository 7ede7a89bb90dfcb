"""Parts of files through a cache, which keeps files in blocks."""

from lakeproof import (
    CRITICAL,
    HIGH,
    MUST,
    Expect,
    Lay,
    Payload,
    Reply,
    StorageElement,
    Together,
    check,
)

MIB = 1024 * 1024
SIZE = 2 * MIB + 4097
READERS = 8
NEEDS = {"webdav", "cache"}


def _bytes(payload: Payload, first: int, last: int) -> bytes:
    return b"".join(payload.blocks())[first : last + 1]


def _judge_part(expect: Expect, reply: Reply, payload: Payload, first: int, last: int) -> None:
    """The right bytes; a server that ignores ranges gives all of them, with 200."""
    expect.success(reply)
    whole = reply.status != 206  # noqa: PLR2004  Partial Content
    wanted = _bytes(payload, 0, payload.size - 1) if whole else _bytes(payload, first, last)
    expected = f"bytes {first}-{last} of the file"
    expect.that(reply.body == wanted, expected, f"other bytes ({reply.describe()})")


@check(
    req="rfc9110/range-parts",
    level=MUST,
    severity=CRITICAL,
    needs=NEEDS,
    catches={"cache-block-edge"},
    rows={"CAC-05"},
)
def test_part_over_an_edge_of_blocks_is_right(se: StorageElement, lay: Lay, expect: Expect) -> None:
    """A part of a file that is not kept yet must be right where two blocks of the cache meet.

    Baskets of events lie anywhere; one that is put together from the wrong ends is not
    noticed until it is decoded.
    """
    laid = lay("f", SIZE)
    first, last = MIB - 1000, MIB + 999  # an edge of blocks of any power of two

    reply = se.part(laid.path, f"bytes={first}-{last}")

    _judge_part(expect, reply, laid.payload, first, last)


@check(
    req="rfc9111/incomplete",
    level=MUST,
    severity=CRITICAL,
    needs=NEEDS,
    catches={"cache-part-is-whole"},
    rows={"CAC-05"},
)
def test_whole_file_after_a_part_is_whole(se: StorageElement, lay: Lay, expect: Expect) -> None:
    """A file of which the cache keeps a part must be given whole to who asks for all of it.

    The first job reads a header, the second all of it; zeros in the gaps look like data.
    """
    laid = lay("f", SIZE)
    expect.control(se.part(laid.path, "bytes=100-199"))

    expect.content(se, laid.path, laid.payload)


@check(
    req="rfc9110/range-parts",
    level=MUST,
    severity=CRITICAL,
    needs=NEEDS,
    catches={"cache-warm-range-shifted"},
    rows={"CAC-05"},
)
def test_part_of_a_kept_file_is_right(se: StorageElement, lay: Lay, expect: Expect) -> None:
    """A part of a file that the cache keeps must carry the bytes of that place.

    What is served from a cache's disk goes another way through the server than what is fetched.
    """
    laid = lay("f", SIZE, warm=True)
    first, last = SIZE - 70_000, SIZE - 2

    reply = se.part(laid.path, f"bytes={first}-{last}")

    _judge_part(expect, reply, laid.payload, first, last)


@check(
    req="rfc9110/get",
    level=MUST,
    severity=CRITICAL,
    needs=NEEDS,
    catches={"cache-crowd-gets-holes"},
    rows={"CAC-04"},
)
def test_readers_of_a_cold_file_get_it_whole(
    se: StorageElement, lay: Lay, together: Together, expect: Expect
) -> None:
    """Eight readers of one file that is not kept yet must each get all of its bytes.

    A task starts its jobs together and all read the same file first, while it is still coming.
    """
    laid = lay("f", SIZE)

    together(*[lambda one: expect.content(one, laid.path, laid.payload)] * READERS)


@check(
    req="rfc9110/range-parts",
    level=MUST,
    severity=CRITICAL,
    needs=NEEDS,
    catches={"cache-crowd-mixes-ranges"},
    rows={"CAC-04"},
)
def test_parts_asked_for_together_are_not_mixed_up(
    se: StorageElement, lay: Lay, together: Together, expect: Expect
) -> None:
    """Parts of one cold file that are asked for at the same time must each be the right one.

    Jobs on many cores read one file in pieces; a piece of another place decodes into nonsense.
    """
    laid = lay("f", SIZE)
    starts = [number * 200_000 for number in range(READERS)]

    replies = together(
        *(lambda one, at=at: one.part(laid.path, f"bytes={at}-{at + 99_999}") for at in starts)
    )

    for at, reply in zip(starts, replies, strict=True):
        _judge_part(expect, reply, laid.payload, at, at + 99_999)


@check(
    req="rfc9111/incomplete",
    level=MUST,
    severity=HIGH,
    needs=NEEDS,
    catches={"cache-lost-blocks-zero", "cache-lost-blocks-cut"},
    rows={"CAC-05"},
)
def test_file_lost_half_way_is_no_success(
    se: StorageElement, origin: StorageElement, lay: Lay, expect: Expect
) -> None:
    """When the rest of a file cannot be had from the origin, no answer may look complete.

    An error is tried again elsewhere; half a file with the mark of a whole one is analysed.
    """
    laid = lay("f", SIZE)
    expect.control(se.part(laid.path, "bytes=0-99"))
    expect.control(origin.delete(laid.behind))

    reply = se.get(laid.path, max_body=2 * SIZE)

    complete = reply.body == _bytes(laid.payload, 0, SIZE - 1)  # all of it was kept
    expected = "the whole file, or an answer that is seen to have failed"
    expect.that(complete or not reply.ok, expected, f"{reply.describe()}, {reply.length} bytes")
