"""Several ranges in one request: what vector reads of ROOT and davix need (RFC 9110 §14.6)."""

from collections.abc import Iterable

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

Span = tuple[int, int]
REFUSALS = range(400, 500)


def _spread(sample: Sample, count: int, length: int) -> list[Span]:
    """Ranges in ascending order with gaps between them, in the first MiB of the file."""
    step = max(2, min(sample.size, 1_000_000) // count)
    length = min(length, step - 1)
    starts = (number * step for number in range(count))
    return [(first, first + length - 1) for first in starts if first + length <= sample.size]


def _header(spans: Iterable[Span]) -> str:
    return "bytes=" + ",".join(f"{first}-{last}" for first, last in spans)


@check(
    req="rfc9110/range-parts",
    level=MUST,
    severity=CRITICAL,
    needs={"webdav", "sample"},
    catches={"multirange-wrong-part", "multirange-500"},
    rows={"RNG-05"},
)
def test_several_ranges_carry_right_bytes(
    se: StorageElement, sample: Sample, expect: Expect
) -> None:
    """Whatever answers a request for several ranges must carry the bytes that it names.

    A vector read that mixes up its pieces fills histograms with other events' numbers, and
    nothing complains.
    """
    reply = se.part(sample.path, _header(_spread(sample, 3, 1000)))

    expect.parts(reply, sample)


@check(
    req="rfc9110/range-should-206",
    level=SHOULD,
    severity=MEDIUM,
    needs={"webdav", "sample"},
    catches={"multirange-first-only", "multirange-500"},
    rows={"RNG-05", "B4.30"},
)
def test_several_ranges_come_in_one_answer(
    se: StorageElement, sample: Sample, expect: Expect
) -> None:
    """A request for several ranges should be answered by all of them in one answer.

    Otherwise each of the hundreds of pieces that an analysis reads costs a round trip, or
    the whole file is sent for each request.
    """
    spans = _spread(sample, 3, 1000)
    reply = se.part(sample.path, _header(spans))
    found = expect.parts(reply, sample)

    expect.equal(sorted(found.spans) if found else "the whole file", spans, "bytes sent")


@check(
    req="rfc2046/closing-boundary",
    level=MUST,
    severity=MEDIUM,
    needs={"webdav", "sample"},
    catches={"multirange-no-boundary-end"},
    rows={"RNG-05"},
)
def test_multipart_answer_has_an_end(se: StorageElement, sample: Sample, expect: Expect) -> None:
    """An answer of several parts must end with its closing boundary.

    Parsers wait for it; without it the last part seems to be cut off, and the read fails or
    hangs.
    """
    reply = se.part(sample.path, _header(_spread(sample, 3, 1000)))
    found = expect.parts(reply, sample)

    closed = found is None or found.closed
    expect.that(closed, "the multipart body ends with --boundary--", "it ends without")


@check(
    req="rfc9110/range-parts",
    level=MUST,
    severity=CRITICAL,
    needs={"webdav", "sample"},
    catches={"multirange-wrong-part", "multirange-500"},
    rows={"RNG-08", "B4.30"},
)
def test_unordered_ranges_carry_right_bytes(
    se: StorageElement, sample: Sample, expect: Expect
) -> None:
    """Ranges that are asked for out of order must carry the bytes that they name.

    Readers ask in the order of their branches, not of the file; a storage may sort or ignore
    such a request, but not mix it up.
    """
    first, second, third = _spread(sample, 3, 1000)
    reply = se.part(sample.path, _header([third, first, second]))

    if reply.status != 416:  # noqa: PLR2004  a server may reject what is out of order
        expect.parts(reply, sample)


@check(
    req="rfc9110/range-parts",
    level=MUST,
    severity=CRITICAL,
    needs={"webdav", "sample"},
    catches={"multirange-wrong-part", "multirange-500"},
    rows={"RNG-08", "B4.30"},
)
def test_overlapping_ranges_carry_right_bytes(
    se: StorageElement, sample: Sample, expect: Expect
) -> None:
    """Ranges that overlap must carry the bytes that they name.

    Pieces of neighbouring branches share bytes; a storage may join or ignore such a request,
    but not mix it up.
    """
    third = sample.size // 3
    middle = [(third, third + 999), (third + 500, third + 1499)]
    spans = [(first, min(last, sample.size - 1)) for first, last in middle]
    reply = se.part(sample.path, _header(spans))

    if reply.status != 416:  # noqa: PLR2004  a server may reject what overlaps
        expect.parts(reply, sample)


@check(
    req="rfc9110/range-satisfiable",
    level=SHOULD,
    severity=MEDIUM,
    needs={"webdav", "sample"},
    catches={"multirange-one-beyond-refused", "multirange-one-beyond-hangs", "multirange-500"},
    rows={"RNG-03"},
)
def test_one_range_beyond_the_end_spoils_no_other(
    se: StorageElement, sample: Sample, expect: Expect
) -> None:
    """Of several ranges one beyond the end should not keep the others from being sent.

    A reader that prefetches a little too far loses the whole vector read otherwise.
    """
    beyond = (sample.size + 1000, sample.size + 1999)
    reply = se.part(sample.path, _header([(0, 99), beyond]), timeout_s=10)

    expect.no_hang(reply, se.part(sample.path, _header([(0, 99)])))
    expect.parts(reply, sample)


@check(
    req="rfc9110/egregious-ranges",
    level=SHOULD,
    severity=HIGH,
    needs={"webdav", "sample"},
    catches={"multirange-reset", "multirange-500"},
    rows={"RNG-06", "B4.30"},
)
def test_hundred_ranges_are_answered(se: StorageElement, sample: Sample, expect: Expect) -> None:
    """A request for 128 ranges should be served, or refused with an answer (4xx).

    An analysis reads that many pieces at a time; a connection that is cut instead looks like
    a network fault and is retried for ever.
    """
    reply = se.part(sample.path, _header(_spread(sample, 128, 100)))

    expect.answered(reply)
    if reply.status not in REFUSALS:
        expect.parts(reply, sample)


@check(
    req="rfc9110/egregious-ranges",
    level=SHOULD,
    severity=MEDIUM,
    needs={"webdav", "sample", "intrusive"},
    catches={"multirange-reset", "multirange-500"},
    rows={"RNG-06", "B4.30"},
)
def test_thousand_ranges_are_answered(se: StorageElement, sample: Sample, expect: Expect) -> None:
    """A request for 1024 ranges should be served, or refused with an answer (4xx).

    ROOT asks so for wide trees; a server that falls over such a header takes its other
    clients down with it.
    """
    reply = se.part(sample.path, _header(_spread(sample, 1024, 10)))

    expect.answered(reply)
    if reply.status not in REFUSALS:
        expect.parts(reply, sample)
