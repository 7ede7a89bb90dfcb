"""What comes out of a cache is what lies behind it, on the first read and on those after it."""

from lakeproof import CRITICAL, HIGH, MEDIUM, MUST, SHOULD, Expect, Lay, StorageElement, check

SIZE = 2 * 1024 * 1024 + 4097  # several blocks of any cache, and no whole number of them
NEEDS = {"webdav", "cache"}


@check(
    req="rfc9110/get",
    level=MUST,
    severity=CRITICAL,
    needs=NEEDS,
    catches={"cache-cold-corrupt"},
    rows={"CAC-01"},
)
def test_first_read_gives_the_bytes(se: StorageElement, lay: Lay, expect: Expect) -> None:
    """The first read of a file through the cache must give exactly the origin's bytes.

    Jobs near the cache compute with what they get here, and nobody compares it again.
    """
    laid = lay("f", SIZE)

    expect.content(se, laid.path, laid.payload)


@check(
    req="rfc9110/get",
    level=MUST,
    severity=CRITICAL,
    needs=NEEDS,
    catches={"cache-warm-corrupt"},
    rows={"CAC-01"},
)
def test_second_read_gives_the_same_bytes(se: StorageElement, lay: Lay, expect: Expect) -> None:
    """A file that the cache keeps must be given byte for byte as it came from the origin.

    One bad copy in a cache spoils every job that reads it, at a site whose storage is sound.
    """
    laid = lay("f", SIZE, warm=True)

    expect.content(se, laid.path, laid.payload)


@check(
    req="rfc9110/get",
    level=MUST,
    severity=MEDIUM,
    needs=NEEDS,
    catches={"cache-empty-refused"},
    rows={"CAC-01"},
)
def test_empty_file_is_served(se: StorageElement, lay: Lay, expect: Expect) -> None:
    """A file without content must be served as one, on the first read and on the second.

    Nothing came from the origin, which is right here; jobs with such logs and flags would fail.
    """
    laid = lay("empty", 0)

    expect.content(se, laid.path, laid.payload)
    expect.content(se, laid.path, laid.payload)


@check(
    req="rfc9110/head-content-length",
    level=MUST,
    severity=HIGH,
    needs=NEEDS,
    catches={"cache-head-kept-size"},
    rows={"CAC-01"},
)
def test_head_tells_the_size_of_the_whole_file(
    se: StorageElement, lay: Lay, expect: Expect
) -> None:
    """HEAD through the cache must tell the file's size, whatever of it is kept so far.

    Clients ask for the size first and read as much; with less they analyse half a file.
    """
    laid = lay("f", SIZE)

    before = se.head(laid.path)
    expect.control(se.part(laid.path, "bytes=0-9"))
    after = se.head(laid.path)

    for reply in (before, after):
        expect.success(reply)
        length = reply.headers.get("Content-Length", str(SIZE))  # HEAD may leave it out
        expect.equal(length, str(SIZE), "Content-Length")


@check(
    req="rfc9110/status-describes-result",
    level=SHOULD,
    severity=MEDIUM,
    needs=NEEDS,
    catches={"cache-missing-504"},
    rows={"CAC-01"},
)
def test_missing_file_is_not_found(se: StorageElement, lay: Lay, expect: Expect) -> None:
    """A file that is not at the origin should be answered 404.

    404 lets a client look elsewhere at once; after a time-out or 5xx it tries again for hours.
    """
    laid = lay("f", 10, warm=True)

    reply = se.get(laid.path.with_name("not-there"))

    expect.not_found(reply)


@check(
    req="rfc9111/negative",
    level=SHOULD,
    severity=HIGH,
    needs=NEEDS,
    catches={"cache-remembers-absence"},
    rows={"CAC-01"},
)
def test_file_that_was_missing_is_served_once_it_is_there(
    se: StorageElement, lay: Lay, expect: Expect
) -> None:
    """A file that was asked for too early should be served as soon as it is at the origin.

    Workflows wait for a file by asking for it; a cache that remembers the no lets them wait on.
    """
    first = lay("first", 10)
    early = se.get(first.path.with_name("f"))
    expect.given(not early.ok, "the file was there before it was written")

    laid = lay("f", 1000)

    expect.content(se, laid.path, laid.payload)
