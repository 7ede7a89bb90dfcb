"""One range of a file: the right bytes, and only those (RFC 9110 §14)."""

from lakeproof import (
    CRITICAL,
    HIGH,
    MEDIUM,
    MUST,
    SHOULD,
    Expect,
    Sample,
    StorageElement,
    check,
)


@check(
    req="rfc9110/range-parts",
    level=MUST,
    severity=CRITICAL,
    needs={"webdav", "sample"},
    catches={"range-off-by-one", "range-one-byte-more", "range-status-200"},
    rows={"RNG-02", "B4.30"},
)
def test_first_bytes_are_right(se: StorageElement, sample: Sample, expect: Expect) -> None:
    """A range at the beginning of a file must carry the file's first bytes and no others.

    Clients read a file's header this way; with other bytes the file seems to be of another
    kind, or broken.
    """
    reply = se.part(sample.path, "bytes=0-99")

    expect.part(reply, sample, 0, 99)


@check(
    req="rfc9110/range-parts",
    level=MUST,
    severity=CRITICAL,
    needs={"webdav", "sample"},
    catches={"range-off-by-one", "range-one-byte-more", "range-status-200"},
    rows={"RNG-02", "B4.30"},
)
def test_middle_bytes_are_right(se: StorageElement, sample: Sample, expect: Expect) -> None:
    """A range inside a file must carry the bytes of that place and no others.

    Physics jobs read almost nothing but such pieces; shifted by one byte they decode into
    wrong numbers without any error.
    """
    first = sample.size // 3
    last = min(first + 70_000, sample.size - 1)

    reply = se.part(sample.path, f"bytes={first}-{last}")

    expect.part(reply, sample, first, last)


@check(
    req="rfc9110/range-parts",
    level=MUST,
    severity=HIGH,
    needs={"webdav", "sample"},
    catches={"range-one-byte-more"},
    rows={"RNG-02"},
)
def test_single_byte_is_right(se: StorageElement, sample: Sample, expect: Expect) -> None:
    """A range of one byte must carry that byte.

    Both ends of a range are included; a storage that takes the last one for excluded gives
    nothing here, and one byte too few everywhere else.
    """
    at = min(4096, sample.size - 1)

    reply = se.part(sample.path, f"bytes={at}-{at}")

    expect.part(reply, sample, at, at)


@check(
    req="rfc9110/suffix-range",
    level=MUST,
    severity=CRITICAL,
    needs={"webdav", "sample"},
    catches={"range-suffix-as-prefix", "range-off-by-one"},
    rows={"RNG-02", "B4.30"},
)
def test_last_bytes_are_right(se: StorageElement, sample: Sample, expect: Expect) -> None:
    """A range that asks for the last N bytes must carry the end of the file.

    Zip and Parquet files have their directory there; with the file's beginning instead they
    cannot be opened.
    """
    wanted = min(500, sample.size)

    reply = se.part(sample.path, f"bytes=-{wanted}")

    expect.part(reply, sample, sample.size - wanted, sample.size - 1)


@check(
    req="rfc9110/suffix-range",
    level=MUST,
    severity=MEDIUM,
    needs={"webdav", "sample"},
    catches={"range-long-suffix-refused"},
    rows={"RNG-02"},
)
def test_suffix_longer_than_file_is_whole_file(
    se: StorageElement, sample: Sample, expect: Expect
) -> None:
    """A range that asks for more last bytes than the file has must carry all of the file.

    Readers ask for the last 64 KiB of whatever there is; small files must not become
    unreadable by that.
    """
    reply = se.part(sample.path, f"bytes=-{sample.size + 1000}")

    expect.answered(reply)
    if sample.is_kept:
        expect.part(reply, sample, 0, sample.size - 1)
    else:
        expect.status(reply, 200, 206)


@check(
    req="rfc9110/open-range",
    level=SHOULD,
    severity=HIGH,
    needs={"webdav", "sample"},
    catches={"range-open-ended-short"},
    rows={"RNG-02", "B4.30"},
)
def test_open_range_reaches_the_end(se: StorageElement, sample: Sample, expect: Expect) -> None:
    """A range without an end should reach to the end of the file.

    Broken downloads are resumed with it; when the last byte is missing the file is taken for
    complete and is not.
    """
    first = sample.size - min(1000, sample.size)

    reply = se.part(sample.path, f"bytes={first}-")

    expect.part(reply, sample, first, sample.size - 1)


@check(
    req="rfc9110/range-clipped",
    level=MUST,
    severity=HIGH,
    needs={"webdav", "sample"},
    catches={"range-clipped-refused"},
    rows={"RNG-04"},
)
def test_range_beyond_the_end_is_clipped(
    se: StorageElement, sample: Sample, expect: Expect
) -> None:
    """A range that begins inside the file and ends beyond it must carry what there is.

    Readers with blocks of a fixed size ask so for the last block of every file.
    """
    first = sample.size - min(100, sample.size)

    reply = se.part(sample.path, f"bytes={first}-{sample.size + 899}")

    expect.part(reply, sample, first, sample.size - 1)


@check(
    req="rfc9110/content-range",
    level=MUST,
    severity=HIGH,
    needs={"webdav", "sample"},
    catches={"range-content-range-wrong"},
    rows={"RNG-02"},
)
def test_content_range_names_the_size(se: StorageElement, sample: Sample, expect: Expect) -> None:
    """The Content-Range of a partial answer must name the size of the whole file, or "*".

    Clients learn the size from it and plan all further reads; with a wrong one they stop
    early or ask beyond the end.
    """
    reply = se.part(sample.path, "bytes=0-99")
    found = expect.parts(reply, sample)

    totals = {part.total for part in found.parts} if found else set()

    expect.that(
        totals <= {None, sample.size},
        f"Content-Range: bytes 0-99/{sample.size}",
        f"Content-Range: {reply.headers.get('Content-Range')}",
    )


@check(
    req="rfc9110/range-should-206",
    level=SHOULD,
    severity=HIGH,
    needs={"webdav", "sample"},
    catches={"range-ignored", "range-status-200"},
    rows={"RNG-02"},
)
def test_single_range_is_honoured(se: StorageElement, sample: Sample, expect: Expect) -> None:
    """A single range should be answered 206 with that part, not with the whole file.

    A job that needs 1 MB of a 10 GB file gets all of it otherwise; no wide-area read is
    possible.
    """
    expect.status(se.part(sample.path, "bytes=0-99"), 206)
