"""Ranges that cannot be served, that are none, and what belongs around them (RFC 9110 §14)."""

from lakeproof import HIGH, LOW, MAY, MEDIUM, MUST, SHOULD, Expect, Sample, StorageElement, check

SERVER_ERROR = 500


@check(
    req="rfc9110/accept-ranges",
    level=MAY,
    severity=LOW,
    needs={"webdav", "sample"},
    catches={"range-accept-missing"},
    rows={"RNG-01"},
)
def test_ranges_are_announced(se: StorageElement, sample: Sample, expect: Expect) -> None:
    """A file's answers may say Accept-Ranges: bytes.

    Some readers look for it before they dare to ask for a part, and fetch the whole file
    otherwise.
    """
    reply = se.head(sample.path)
    expect.control(reply)

    said = reply.headers.get("Accept-Ranges", "none at all")

    expect.equal(said.strip().lower(), "bytes", "Accept-Ranges")


@check(
    req="rfc9110/not-satisfiable",
    level=SHOULD,
    severity=MEDIUM,
    needs={"webdav", "sample"},
    catches={"range-unsatisfiable-200", "range-unsatisfiable-500"},
    rows={"RNG-03", "B4.30"},
)
def test_range_beyond_the_end_answers_416(
    se: StorageElement, sample: Sample, expect: Expect
) -> None:
    """A range that lies wholly beyond the end should be answered 416.

    A reader that follows a growing file, or has an outdated size, learns it by this code;
    the whole file instead is taken for what lies there.
    """
    reply = se.part(sample.path, f"bytes={sample.size + 1000}-{sample.size + 1999}")

    expect.status(reply, 416)


@check(
    req="rfc9110/client-error",
    level=MUST,
    severity=MEDIUM,
    needs={"webdav", "sample"},
    catches={"range-unsatisfiable-500"},
    rows={"RNG-03"},
)
def test_range_beyond_the_end_is_no_server_error(
    se: StorageElement, sample: Sample, expect: Expect
) -> None:
    """A range that lies wholly beyond the end must not be answered as a fault of the server.

    Clients retry a 5xx, here or at every other replica, though nothing is wrong with the
    file.
    """
    reply = se.part(sample.path, f"bytes={sample.size + 1000}-{sample.size + 1999}")

    expect.answered(reply)
    expect.that(reply.status < SERVER_ERROR, "416 (or 200 with the whole file)", reply.describe())


@check(
    req="rfc9110/not-satisfiable-length",
    level=SHOULD,
    severity=LOW,
    needs={"webdav", "sample"},
    catches={"range-unsatisfiable-no-length"},
    rows={"RNG-03", "B4.30"},
)
def test_416_names_the_size(se: StorageElement, sample: Sample, expect: Expect) -> None:
    """A 416 should name the file's size in Content-Range: bytes */N.

    The client could correct itself at once; without it, it has to ask again.
    """
    reply = se.part(sample.path, f"bytes={sample.size + 1000}-{sample.size + 1999}")
    expect.given(reply.status == 416, "a range beyond the end is not answered 416")  # noqa: PLR2004

    said = reply.headers.get("Content-Range")

    named = f"bytes */{sample.size}"
    expect.that(said == named, f"Content-Range: {named}", f"Content-Range: {said}")


@check(
    req="rfc9110/client-error",
    level=MUST,
    severity=LOW,
    needs={"webdav", "sample"},
    catches={"range-invalid-500"},
    rows={"RNG-07", "B4.30"},
)
def test_invalid_range_is_no_server_error(
    se: StorageElement, sample: Sample, expect: Expect
) -> None:
    """A Range header that makes no sense must be ignored or refused, not end in a server error.

    What a client can provoke with one header is no fault of the storage, and should not look
    like one in its alarms.
    """
    reply = se.part(sample.path, "bytes=x-y")

    expect.answered(reply)
    if reply.ok:
        expect.whole(reply, sample)
    expect.that(reply.status < SERVER_ERROR, "200 with the whole file, or 4xx", reply.describe())


@check(
    req="rfc9110/range-unit",
    level=MUST,
    severity=MEDIUM,
    needs={"webdav", "sample"},
    catches={"range-unknown-unit-refused"},
    rows={"RNG-07"},
)
def test_unknown_range_unit_is_ignored(se: StorageElement, sample: Sample, expect: Expect) -> None:
    """A range in a unit that the storage does not know must be ignored.

    New units are defined in this way; a storage that counts them as bytes sends something
    that nobody asked for.
    """
    expect.whole(se.part(sample.path, "lines=0-9"), sample)


@check(
    req="rfc9110/range-get-only",
    level=MUST,
    severity=MEDIUM,
    needs={"webdav", "sample"},
    catches={"head-range-length"},
    rows={"RNG-02"},
)
def test_head_with_range_states_the_size(
    se: StorageElement, sample: Sample, expect: Expect
) -> None:
    """A HEAD with a Range must not take the part's length for the file's size.

    Some clients send their Range with every request; they would believe the file to be as
    short as the part.
    """
    reply = se.head(sample.path, headers={"Range": "bytes=0-99"})
    expect.answered(reply)

    said = reply.headers.get("Content-Length")
    total = reply.headers.get("Content-Range", "").rpartition("/")[2]
    stated = said if reply.status != 206 else total  # noqa: PLR2004

    expect.that(
        stated in (None, str(sample.size)), f"{sample.size} bytes", f"{stated} bytes stated"
    )


@check(
    req="rfc9110/if-range",
    level=MUST,
    severity=HIGH,
    needs={"webdav", "sample"},
    catches={"if-range-ignored"},
    rows={"RNG-02"},
)
def test_if_range_of_another_version_gives_the_whole_file(
    se: StorageElement, sample: Sample, expect: Expect
) -> None:
    """With an If-Range that does not fit, the Range must be ignored and the whole file sent.

    A download that is resumed after the file was replaced is glued together from two
    versions otherwise.
    """
    other = {"If-Range": '"lakeproof-no-such-version"'}

    reply = se.part(sample.path, "bytes=0-99", headers=other)

    expect.whole(reply, sample)
