"""Vector reads and page reads: many ranges in one request, and pages with their checksums."""

from lakeproof import (
    CRITICAL,
    HIGH,
    MEDIUM,
    MUST,
    Bearer,
    Expect,
    OpenRoot,
    Payload,
    ReadPages,
    RootDoor,
    RootSpeech,
    StorageElement,
    check,
)

DATA = Payload.generated(20000, 11)
BYTES = b"".join(DATA.chunks())
UNORDERED = ((15000, 64), (0, 64), (19936, 64), (4090, 64))
MANY = tuple((place * 150, 16) for place in range(128))
BEGIN, LENGTH = 100, 9000


@check(
    req="xrootd/readv",
    level=MUST,
    severity=CRITICAL,
    needs={"root", "write"},
    catches={"root-readv-order"},
    rows={"ROOT-06", "RNG-09", "B7.42"},
)
def test_ranges_in_any_order_are_right(se: StorageElement, root: RootDoor, expect: Expect) -> None:
    """A vector read must give each range its own bytes, in whatever order they are asked for.

    Analysis programs read most of their data like this; ranges that change places are wrong
    physics, not an error.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, DATA))

    reply = root.vector_read(path, UNORDERED)

    expect.ranges(reply, BYTES, UNORDERED)


@check(
    req="xrootd/readv",
    level=MUST,
    severity=HIGH,
    needs={"root", "write"},
    catches={"root-readv-few", "root-readv-order"},
    rows={"ROOT-06", "RNG-09"},
)
def test_vector_read_of_128_ranges_works(
    se: StorageElement, root: RootDoor, expect: Expect
) -> None:
    """A vector read of 128 ranges must give all of them.

    ROOT reads the columns of an event like this; a door that takes few makes jobs many times
    slower, or fail.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, DATA))

    reply = root.vector_read(path, MANY)

    expect.ranges(reply, BYTES, MANY)


@check(
    req="xrootd/readv-end",
    level=MUST,
    severity=HIGH,
    needs={"root", "write"},
    catches={"root-readv-past-end"},
    rows={"ROOT-06", "RNG-09"},
)
def test_vector_read_behind_the_end_is_refused(
    se: StorageElement, root: RootDoor, expect: Expect
) -> None:
    """A vector read of which a range ends behind the file must give no bytes that nobody wrote.

    An error tells a program that its file is short; zeros in place of data do not.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, DATA))
    expect.control(root.vector_read(path, [(0, 64)]))

    reply = root.vector_read(path, [(0, 64), (DATA.size - 10, 64)])

    beyond = [chunk for chunk in reply.chunks if len(chunk.data) > 0 and chunk.offset > 0]
    made_up = any(len(chunk.data) > DATA.size - chunk.offset for chunk in beyond)
    expect.that(not made_up, "an error, or the bytes that there are", "bytes behind the end")


@check(
    req="xrootd/readv-limit",
    level=MUST,
    severity=MEDIUM,
    needs={"root", "write", "tokens"},
    catches={"root-readv-few"},
    rows={"ROOT-06", "B7.42"},
)
def test_vector_read_of_as_many_ranges_as_stated_works(
    se: StorageElement,
    root: RootDoor,
    root_speech: RootSpeech,
    open_root: OpenRoot,
    writing_token: Bearer,
    expect: Expect,
) -> None:
    """A vector read of as many ranges as the door says that it takes must be answered.

    Clients split their reads by that number: where it is too high, every large read fails.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, DATA))
    stated = root.config("readv_iov_max").get("readv_iov_max", "")
    expect.given(stated.isdigit(), "the door states no limit")
    ranges = [(place % DATA.size, 1) for place in range(int(stated))]

    with open_root(path, auth=writing_token) as file:
        reply = root_speech.vector_read(file, ranges)

    expect.success(reply)


@check(
    req="xrootd/pgread",
    level=MUST,
    severity=HIGH,
    needs={"root", "write", "tokens"},
    catches={"root-page-garbled"},
    rows={"RNG-10"},
)
def test_page_read_gives_the_bytes(
    se: StorageElement,
    read_pages: ReadPages,
    open_root: OpenRoot,
    writing_token: Bearer,
    expect: Expect,
) -> None:
    """A page read must give the bytes of the file, wherever it begins.

    xrdcp reads like this, and trusts what comes because it brings checksums along.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, DATA))

    with open_root(path, auth=writing_token) as file:
        reply, pages = read_pages(file, BEGIN, LENGTH)

    expect.success(reply)
    got = b"".join(page.data for page in pages)
    expect.same_bytes(got, Payload.of(BYTES[BEGIN : BEGIN + LENGTH]))


@check(
    req="xrootd/pgread-crc",
    level=MUST,
    severity=HIGH,
    needs={"root", "write", "tokens"},
    catches={"root-page-checksum"},
    rows={"RNG-10"},
)
def test_pages_bring_their_checksums(
    se: StorageElement,
    read_pages: ReadPages,
    open_root: OpenRoot,
    writing_token: Bearer,
    expect: Expect,
) -> None:
    """Each page of a page read must come with the CRC-32C of its bytes.

    A client asks for each page again whose checksum does not fit, for ever when none does.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, DATA))

    with open_root(path, auth=writing_token) as file:
        reply, pages = read_pages(file, BEGIN, LENGTH)

    expect.given(bool(pages), f"no pages came: {reply.describe()}")
    wrong = [page for page in pages if Payload.of(page.data).crc32c != f"{page.crc32c:08x}"]
    expect.equal(len(wrong), 0, "pages whose checksum does not fit")
