"""What a cache does when the file behind it changes; most of it is for information."""

from lakeproof import CRITICAL, LOW, MAY, MEDIUM, MUST, Expect, Lay, StorageElement, check

SIZE = 2 * 1024 * 1024 + 4097
NEEDS = {"webdav", "cache"}


@check(
    req="rfc9111/combining",
    level=MUST,
    severity=CRITICAL,
    needs=NEEDS,
    catches={"cache-mixes-versions"},
    rows={"CAC-01"},
)
def test_two_versions_are_not_mixed(se: StorageElement, lay: Lay, expect: Expect) -> None:
    """A file that was overwritten while a part of it was kept must not come out half old, half new.

    Either version is something that somebody wrote; the mixture is not, and has no checksum
    that anybody could compare it with.
    """
    old = lay("f", SIZE)
    expect.control(se.part(old.path, "bytes=0-99"))
    new = lay("f", SIZE)

    reply = se.get(old.path, max_body=2 * SIZE)

    versions = [b"".join(each.payload.blocks()) for each in (old, new)]
    expected = "one version of the file, or an answer that is seen to have failed"
    said = f"bytes of both ({reply.describe()}, {reply.length} bytes)"
    expect.that(not reply.ok or reply.body in versions, expected, said)


@check(
    req="rfc9111/freshness",
    level=MAY,
    severity=MEDIUM,
    needs=NEEDS,
    catches={"cache-stale"},
    rows={"CAC-01"},
)
def test_overwritten_file_is_read_anew(se: StorageElement, lay: Lay, expect: Expect) -> None:
    """A file that was overwritten at the origin can be given as it is now.

    For information: many caches of data lakes take it that files never change, and give the old
    content until it is evicted. Whoever overwrites files has to know.
    """
    lay("f", 70_000, warm=True)
    new = lay("f", 71_234)

    expect.content(se, new.path, new.payload)


@check(
    req="rfc9111/freshness",
    level=MAY,
    severity=LOW,
    needs=NEEDS,
    catches={"cache-stale"},
    rows={"CAC-01"},
)
def test_deleted_file_is_not_served_any_more(
    se: StorageElement, origin: StorageElement, lay: Lay, expect: Expect
) -> None:
    """A file that was deleted at the origin can be gone from the cache as well.

    For information: a cache may serve it for as long as it likes. Whoever withdraws data has to
    have it evicted from caches too.
    """
    laid = lay("f", 70_000, warm=True)
    expect.control(origin.delete(laid.behind))

    expect.refused(se.get(laid.path))
