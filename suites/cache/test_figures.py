"""What a cache gains: the same files through it for the first time, once more, and without it."""

from collections.abc import Sequence

from lakeproof import (
    CRITICAL,
    MUST,
    Expect,
    Laid,
    Lay,
    Measure,
    Reply,
    StorageElement,
    check,
)

SMALL, FEW = 1024, 10
LARGE, PAIR = 16 * 1024 * 1024, 2
NEEDS = {"webdav", "cache"}


def _read(
    se: StorageElement, files: Sequence[Laid], expect: Expect, *, direct: bool = False
) -> list[Reply]:
    """Each file in turn, its bytes compared on the way."""
    replies = []
    for laid in files:
        comparer = laid.payload.compare()
        reply = se.get(laid.behind if direct else laid.path, sink=comparer.feed)
        expect.success(reply)
        wrong = comparer.difference()
        expect.that(wrong is None, f"{laid.payload.size} bytes of the file", f"content {wrong}")
        replies.append(reply)
    return replies


def _compare(
    se: StorageElement, origin: StorageElement, files: Sequence[Laid], expect: Expect, kind: str
) -> dict[str, list[Reply]]:
    se.options(files[0].path)  # connected before anything is measured
    return {
        f"direct_{kind}": _read(origin, files, expect, direct=True),
        f"cold_{kind}": _read(se, files, expect),
        f"warm_{kind}": _read(se, files, expect),
    }


@check(
    req="rfc9110/get",
    level=MUST,
    severity=CRITICAL,
    needs=NEEDS,
    catches={"cache-warm-corrupt"},
    rows={"CAC-02"},
)
def test_small_files_are_the_same_cold_warm_and_direct(
    se: StorageElement, origin: StorageElement, lay: Lay, measure: Measure, expect: Expect
) -> None:
    """Ten small files must be the same without the cache, on the first read and on the second.

    How long each takes is recorded: for small files a cache helps only where the origin is far.
    """
    files = [lay(f"small{number}", SMALL) for number in range(FEW)]

    for what, replies in _compare(se, origin, files, expect, "small").items():
        measure(what, replies)


@check(
    req="rfc9110/get",
    level=MUST,
    severity=CRITICAL,
    needs=NEEDS,
    catches={"cache-warm-corrupt"},
    rows={"CAC-02"},
)
def test_large_files_are_the_same_cold_warm_and_direct(
    se: StorageElement, origin: StorageElement, lay: Lay, measure: Measure, expect: Expect
) -> None:
    """Large files must be the same without the cache, on the first read and on the second.

    How fast each comes is recorded, so that an operator sees whether the cache adds anything.
    """
    files = [lay(f"large{number}", LARGE) for number in range(PAIR)]

    for what, replies in _compare(se, origin, files, expect, "large").items():
        measure(what, replies)
