"""What is read is what was written: bytes against the locally generated truth."""

from lakeproof import (
    CRITICAL,
    MUST,
    Expect,
    PayloadOf,
    Sample,
    ServedSample,
    StorageElement,
    check,
)

KIB = 1024
MIB = 1024 * KIB


@check(
    req="rfc9110/put",
    level=MUST,
    severity=CRITICAL,
    needs={"webdav", "write"},
    catches={"get-wrong-bytes", "get-truncated", "get-short"},
    rows={"CKS-12"},
)
def test_download_equals_upload(se: StorageElement, payload: PayloadOf, expect: Expect) -> None:
    """A file must be read back exactly as it was uploaded, at any size.

    One changed byte makes a physics file unreadable or, worse, readable and wrong; sizes
    beside the powers of two are where buffers go wrong.
    """
    path = se.workdir / "odd-size"
    data = payload(5 * MIB + 4097)
    expect.control(se.put(path, data))

    expect.truth(se, path, data)


@check(
    req="rfc9110/put",
    level=MUST,
    severity=CRITICAL,
    needs={"webdav", "write"},
    catches={"delete-prefix"},
)
def test_neighbours_stay_intact(se: StorageElement, payload: PayloadOf, expect: Expect) -> None:
    """Writing and deleting files must leave their neighbours as they are.

    Names that share a beginning, or files written on one connection, must not be taken for
    each other: the damage is found years later, in someone else's data.
    """
    first, second, third = (se.workdir / name for name in ("f", "f.1", "f.10"))
    kept, gone, changed = payload(64 * KIB + 1), payload(64 * KIB + 2), payload(64 * KIB + 3)
    for path, data in ((first, kept), (second, gone), (third, gone)):
        expect.control(se.put(path, data))

    expect.control(se.delete(second))
    expect.control(se.put(third, changed))

    expect.content(se, first, kept)
    expect.content(se, third, changed)
    expect.absent(se, second)


@check(
    req="rfc9110/get-idempotent",
    level=MUST,
    severity=CRITICAL,
    needs={"webdav", "sample"},
    catches={"get-second-differs"},
    rows={"CKS-12"},
)
def test_second_download_equals_first(se: StorageElement, sample: Sample, expect: Expect) -> None:
    """A file must read the same the second time.

    The second read comes from a cache or from another replica inside the storage; jobs that
    share an input must not compute on different data.
    """
    expect.same(se, sample)
    expect.same(se, sample)


@check(
    req="rfc9110/put",
    level=MUST,
    severity=CRITICAL,
    needs={"webdav", "sample"},
    catches={"get-wrong-bytes", "get-truncated", "get-short"},
    rows={"CKS-12", "B4.38"},
)
def test_sample_file_is_what_it_should_be(served_sample: ServedSample, expect: Expect) -> None:
    """The sample file must have the size and the adler32 that are stated for it.

    It is the run's own upload, or the file of --sample-file: if it reads differently, then
    either the storage has changed it or the statement is wrong, and nothing else that is read
    from it can be judged.
    """
    stated = served_sample

    expect.that(
        stated.problem is None,
        f"{stated.path} has {stated.size} bytes, adler32 {stated.adler32}",
        str(stated.problem),
    )
