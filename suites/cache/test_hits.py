"""What a cache tells about itself: that an answer was kept, and that one is not."""

import re

from lakeproof import LOW, MEDIUM, SHOULD, Expect, Lay, Reply, StorageElement, check

NEEDS = {"webdav", "cache"}
HIT = re.compile(r"(?i)\bhit\b(?!=\?0)")
ONLY_IF_CACHED = {"Cache-Control": "only-if-cached"}
GATEWAY_TIMEOUT = 504


def _told(reply: Reply) -> list[str]:
    """What the answer says about caches on its way, in any of the headers for that."""
    names = ("Cache-Status", "X-Cache")
    return [reply.headers[name] for name in names if name in reply.headers]


@check(
    req="rfc9111/age",
    level=SHOULD,
    severity=LOW,
    needs=NEEDS,
    catches={"cache-no-age"},
    rows={"CAC-02", "CAC-07"},
)
def test_second_read_tells_that_it_was_kept(se: StorageElement, lay: Lay, expect: Expect) -> None:
    """An answer out of the cache should say so, by Age, Cache-Status or X-Cache.

    Without it nobody outside can tell whether the cache is used at all, or how old a copy is.
    """
    laid = lay("f", 70_000, warm=True)

    reply = se.get(laid.path)

    expect.success(reply)
    hit = reply.headers.get("Age", "").isdigit() or any(map(HIT.search, _told(reply)))
    expect.that(hit, "Age, or a hit in Cache-Status or X-Cache", "none of them on a second read")


@check(
    req="rfc9211/hit",
    level=SHOULD,
    severity=LOW,
    needs=NEEDS,
    catches={"cache-claims-hits"},
    rows={"CAC-02", "CAC-07"},
)
def test_first_read_claims_no_hit(se: StorageElement, lay: Lay, expect: Expect) -> None:
    """An answer that had to be fetched should not say, by Cache-Status or X-Cache, it was kept.

    Hit rates are added up from these headers; where every answer is a hit, nobody sees that
    the cache keeps nothing.
    """
    laid = lay("f", 70_000)

    reply = se.get(laid.path)

    expect.success(reply)
    claimed = [said for said in _told(reply) if HIT.search(said)]
    expect.that(not claimed, "no hit: nobody has read the file before", " ".join(claimed))


@check(
    req="rfc9111/only-if-cached",
    level=SHOULD,
    severity=LOW,
    needs=NEEDS,
    catches={"cache-only-if-cached-ignored"},
    rows={"CAC-07"},
)
def test_only_if_cached_does_not_fetch(se: StorageElement, lay: Lay, expect: Expect) -> None:
    """A read of a file that is not kept, with only-if-cached, should be answered 504.

    Schedulers ask like this where a file is near; with an answer it is fetched everywhere.
    """
    expect.control(se.get(lay("before", 10, warm=True).path))
    laid = lay("f", 70_000)

    reply = se.get(laid.path, headers=ONLY_IF_CACHED)

    expect.status(reply, GATEWAY_TIMEOUT)


@check(
    req="rfc9111/only-if-cached",
    level=SHOULD,
    severity=MEDIUM,
    needs=NEEDS,
    catches={"cache-only-if-cached-refused"},
    rows={"CAC-02"},
)
def test_only_if_cached_gives_what_is_kept(se: StorageElement, lay: Lay, expect: Expect) -> None:
    """A read of a file that was read before, with only-if-cached, should be answered with it.

    That is a hit, seen from outside: a cache that answers 504 here keeps nothing, and each
    read goes the long way.
    """
    laid = lay("f", 70_000, warm=True)

    reply = se.get(laid.path, headers=ONLY_IF_CACHED)

    expect.success(reply)
    expect.that(reply.body == b"".join(laid.payload.blocks()), "the file", "other bytes")
