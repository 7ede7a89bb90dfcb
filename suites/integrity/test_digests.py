"""Checksums that the storage states (RFC 3230), against the truth known here."""

from lakeproof import (
    CRITICAL,
    HIGH,
    LOW,
    MEDIUM,
    MUST,
    SHOULD,
    Expect,
    Payload,
    PayloadOf,
    Sample,
    StorageElement,
    check,
)

MIB = 1024 * 1024


@check(
    req="http-tpc/adler32",
    level=MUST,
    severity=HIGH,
    needs={"webdav", "sample"},
    catches={"digest-wrong", "digest-missing", "digest-byte-swapped", "digest-not-hex"},
    rows={"CKS-01", "CKS-02", "CKS-13", "B4.31"},
)
def test_adler32_is_right(se: StorageElement, sample: Sample, expect: Expect) -> None:
    """The adler32 that the storage states must be that of the file.

    FTS and Rucio compare it after every transfer: a wrong one fails good transfers, a
    missing one lets bad ones pass.
    """
    expect.digest(se.digest(sample.path, "adler32"), "adler32", sample)


@check(
    req="http-tpc/adler32",
    level=MUST,
    severity=HIGH,
    needs={"webdav", "write"},
    catches={"digest-zeros-moved", "digest-wrong"},
    rows={"CKS-02", "B4.31"},
)
def test_adler32_with_leading_zeros_is_right(se: StorageElement, expect: Expect) -> None:
    """An adler32 that begins with zeros must keep its value.

    One file in sixteen has such a checksum; where the zeros are lost on the wrong side,
    one transfer in sixteen fails and nobody sees a pattern.
    """
    path = se.workdir / "f"
    data = Payload.of(b"a")  # adler32 00620062
    expect.control(se.put(path, data))

    expect.digest(se.digest(path, "adler32"), "adler32", data)


@check(
    req="iana-digest/adler32",
    level=SHOULD,
    severity=LOW,
    needs={"webdav", "write"},
    catches={"digest-no-leading-zeros"},
    rows={"CKS-02"},
)
def test_adler32_has_eight_digits(se: StorageElement, expect: Expect) -> None:
    """An adler32 should be written with all eight hexadecimal digits.

    The registry allows fewer, but clients that compare the texts take 620062 and 00620062
    for different files.
    """
    path = se.workdir / "f"
    data = Payload.of(b"a")  # adler32 00620062
    expect.control(se.put(path, data))
    reply = se.digest(path, "adler32")
    expect.control(reply)

    header = reply.headers.get("Digest", "")

    expect.given(bool(header), "no Digest header, which is a check of its own")
    expect.that("00620062" in header, "Digest: adler32=00620062", f"Digest: {header}")


@check(
    req="http-tpc/adler32",
    level=MUST,
    severity=MEDIUM,
    needs={"webdav", "write"},
    catches={"digest-empty-file-wrong"},
    rows={"CKS-15", "B4.31"},
)
def test_adler32_of_empty_file_is_right(se: StorageElement, expect: Expect) -> None:
    """The adler32 of an empty file must be 00000001.

    A storage that says 00000000 or nothing makes every transfer of an empty file fail at
    its very last step.
    """
    path = se.workdir / "empty"
    expect.control(se.put(path, b""))

    expect.digest(se.digest(path, "adler32"), "adler32", Payload.of(b""))


@check(
    req="rfc3230/md5",
    level=MUST,
    severity=HIGH,
    needs={"webdav", "sample", "md5"},
    catches={"digest-md5-wrong", "digest-missing"},
    rows={"CKS-05", "B4.31"},
)
def test_md5_is_right(se: StorageElement, sample: Sample, expect: Expect) -> None:
    """The MD5 that the storage states must be that of the file.

    Communities outside high-energy physics keep MD5 in their catalogues; a wrong one makes
    them throw good replicas away.
    """
    expect.digest(se.digest(sample.path, "md5"), "md5", sample)


@check(
    req="rfc3230/md5",
    level=SHOULD,
    severity=LOW,
    needs={"webdav", "write", "md5"},
    catches={"digest-md5-hex"},
    rows={"CKS-05", "B4.31"},
)
def test_md5_is_base64(se: StorageElement, expect: Expect) -> None:
    """An MD5 in a Digest header should be written in base64.

    Clients decode it as the standard says; 32 hexadecimal digits decode as well, into a
    checksum of something else.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, b"abc"))
    reply = se.digest(path, "md5")
    expect.control(reply)

    header = reply.headers.get("Digest", "")

    expect.given("=" in header, "no MD5 is stated, which is a check of its own")
    expect.that(
        "kAFQmDzST7DWlj99KOF/cg==" in header,
        "Digest: md5=kAFQmDzST7DWlj99KOF/cg==",
        f"Digest: {header}",
    )


@check(
    req="http-tpc/adler32",
    level=MUST,
    severity=CRITICAL,
    needs={"webdav", "write"},
    catches={"digest-stale"},
)
def test_digest_follows_overwrite(se: StorageElement, expect: Expect) -> None:
    """After an overwrite the storage must state the checksum of the new content.

    With the stored checksum of the old content a good file is declared corrupt, and the old
    one, should it come back, is declared good.
    """
    old, new = Payload.of(b"old content"), Payload.of(b"new content")
    # Several times and without a pause: storages that tell versions apart by whole seconds
    # go wrong only when both fall into the same one.
    for attempt in range(3):
        path = se.workdir / f"f{attempt}"
        expect.control(se.put(path, old))
        expect.control(se.digest(path, "adler32"))  # what is cached is cached now
        expect.control(se.put(path, new))

        expect.digest(se.digest(path, "adler32"), "adler32", new)


@check(
    req="http-tpc/adler32",
    level=MUST,
    severity=HIGH,
    needs={"webdav", "write"},
    catches={"digest-zeros", "digest-late"},
    rows={"CKS-10", "B4.31"},
)
def test_digest_is_final_at_once(se: StorageElement, payload: PayloadOf, expect: Expect) -> None:
    """A checksum asked for right after the upload must be the final one.

    FTS asks in the same second; a placeholder such as 00000000 fails the transfer, and the
    retry finds a file in its way.
    """
    path = se.workdir / "f"
    data = payload(16 * MIB)
    expect.control(se.put(path, data))

    expect.digest(se.digest(path, "adler32"), "adler32", data)


@check(
    req="rfc3230/want-digest",
    level=SHOULD,
    severity=MEDIUM,
    needs={"webdav", "sample"},
    catches={"digest-get-missing"},
    rows={"CKS-04"},
)
def test_get_states_digest_too(se: StorageElement, sample: Sample, expect: Expect) -> None:
    """A download that asks for a checksum should get it with the data.

    The active party of a third-party copy looks for it there; without one it fails the
    transfer, or leaves it unverified.
    """
    reply = se.get(sample.path, headers={"Want-Digest": "adler32"}, sink=lambda _: None)

    expect.control(reply)
    expect.digest(reply, "adler32", sample)


@check(
    req="rfc9110/status-describes-result",
    level=MUST,
    severity=MEDIUM,
    needs={"webdav"},
    catches={"digest-missing-file-500"},
    rows={"CKS-07", "B4.31"},
)
def test_digest_of_missing_file_is_not_found(se: StorageElement, expect: Expect) -> None:
    """Asking for the checksum of a file that does not exist must be answered 404.

    FTS asks for the checksum first; an internal error there is retried for hours instead of
    being reported as a missing file.
    """
    expect.not_found(se.digest(se.workdir / "missing", "adler32"))


@check(
    req="rfc9110/status-describes-result",
    level=MUST,
    severity=MEDIUM,
    needs={"webdav"},
    catches={"digest-missing-file-500"},
    rows={"CKS-07"},
)
def test_get_with_digest_of_missing_file_is_not_found(se: StorageElement, expect: Expect) -> None:
    """A download that asks for a checksum of a file that does not exist must be answered 404.

    The active party of a third-party copy sends just this request; with an internal error
    the transfer is retried instead of declaring the replica lost.
    """
    expect.not_found(se.get(se.workdir / "missing", headers={"Want-Digest": "adler32"}))


@check(
    req="rfc3230/want-digest",
    level=SHOULD,
    severity=MEDIUM,
    needs={"webdav", "sample"},
    catches={"digest-unknown-500"},
    rows={"CKS-03"},
)
def test_unknown_algorithm_does_no_harm(se: StorageElement, sample: Sample, expect: Expect) -> None:
    """Asking for a checksum the storage does not know should not fail the request.

    Clients offer what they know, newest first; a storage that answers with an error because
    of a name it has never heard cannot be read by them.
    """
    expect.success(se.digest(sample.path, "x-unheard-of"))
