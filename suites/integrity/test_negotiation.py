"""Which checksum is stated when a client asks for several, oddly, or of a part."""

from lakeproof import HIGH, LOW, MEDIUM, MUST, SHOULD, Expect, Sample, StorageElement, check

LIST = "adler32,md5,sha-256"


@check(
    req="rfc3230/want-digest",
    level=SHOULD,
    severity=MEDIUM,
    needs={"webdav", "sample"},
    catches={"digest-list-ignored", "digest-missing"},
    rows={"CKS-01", "CKS-03"},
)
def test_list_of_algorithms_gets_one(se: StorageElement, sample: Sample, expect: Expect) -> None:
    """Asked for several kinds of checksum, the storage should state one that it has.

    Clients that know many kinds ask for all of them at once; with none in the answer their
    transfer goes on unverified.
    """
    reply = se.digest(sample.path, LIST)
    expect.control(reply)

    found = expect.stated_digests(reply, sample)

    expect.that(bool(found), "Digest with one of them", "none of them is stated")


@check(
    req="rfc3230/want-digest",
    level=SHOULD,
    severity=MEDIUM,
    needs={"webdav", "sample"},
    catches={"digest-list-ignored", "digest-missing"},
    rows={"CKS-03"},
)
def test_unknown_algorithm_hides_no_known_one(
    se: StorageElement, sample: Sample, expect: Expect
) -> None:
    """An unknown kind of checksum before a known one should not keep that from being stated.

    Newer clients name newer kinds first; older storages must not fall silent for that.
    """
    reply = se.digest(sample.path, "x-unheard-of, adler32")
    expect.control(reply)

    found = expect.stated_digests(reply, sample)

    expect.that(bool(found), "Digest: adler32=…", "no checksum that is known")


@check(
    req="rfc3230/want-digest",
    level=SHOULD,
    severity=LOW,
    needs={"webdav", "sample"},
    catches={"digest-list-ignored", "digest-missing"},
    rows={"CKS-03"},
)
def test_weighted_list_gets_one(se: StorageElement, sample: Sample, expect: Expect) -> None:
    """Asked for several kinds of checksum with weights, the storage should state one.

    The weights are part of the standard; a storage that cannot read them looks as if it had
    no checksum at all.
    """
    reply = se.digest(sample.path, "md5;q=0.3, adler32;q=1.0")
    expect.control(reply)

    found = expect.stated_digests(reply, sample)

    expect.that(bool(found), "Digest with one of them", "none of them is stated")


@check(
    req="rfc3230/instance",
    level=MUST,
    severity=HIGH,
    needs={"webdav", "sample"},
    catches={"digest-head-get-differ"},
    rows={"CKS-04"},
)
def test_head_and_get_state_the_same(se: StorageElement, sample: Sample, expect: Expect) -> None:
    """A checksum that comes with a download must be the one that HEAD states.

    One comes from the catalogue, the other from the disk; where they differ one of the two
    copies of the truth is wrong, and transfers fail or pass by chance.
    """
    by_head = se.digest(sample.path, "adler32")
    by_get = se.part(sample.path, "bytes=0-0", headers={"Want-Digest": "adler32"})
    expect.control(by_head)
    expect.control(by_get)

    expect.same_digest(by_head, by_get, "adler32")


@check(
    req="rfc3230/instance",
    level=MUST,
    severity=HIGH,
    needs={"webdav", "sample"},
    catches={"digest-of-range"},
    rows={"CKS-04"},
)
def test_checksum_with_a_range_is_of_the_file(
    se: StorageElement, sample: Sample, expect: Expect
) -> None:
    """A checksum that comes with a part of a file must be that of the whole file.

    Clients that fetch a file in parts compare it at the end; the checksum of a part makes
    every such download fail.
    """
    reply = se.part(sample.path, "bytes=100-199", headers={"Want-Digest": "adler32"})
    expect.control(reply)

    expect.stated_digests(reply, sample)


@check(
    req="rfc3230/sha-256",
    level=MUST,
    severity=HIGH,
    needs={"webdav", "sample"},
    catches={"digest-sha256-wrong"},
    rows={"CKS-05"},
)
def test_sha256_is_right_where_stated(se: StorageElement, sample: Sample, expect: Expect) -> None:
    """A SHA-256 that the storage states must be that of the file.

    It is what communities outside high-energy physics keep; a wrong one makes them throw good
    replicas away. Whether it is offered at all is the storage's choice.
    """
    reply = se.digest(sample.path, "sha-256")
    expect.success(reply)

    expect.stated_digests(reply, sample)


@check(
    req="iana-digest/crc32c",
    level=MUST,
    severity=MEDIUM,
    needs={"webdav", "sample"},
    catches={"digest-crc32c-base64"},
    rows={"CKS-05"},
)
def test_crc32c_is_right_where_stated(se: StorageElement, sample: Sample, expect: Expect) -> None:
    """A CRC32C that the storage states must be that of the file, in hexadecimal digits.

    Whether it is offered at all is the storage's choice; in another form it is taken for the
    checksum of another file.
    """
    expect.given(sample.is_kept, "the sample file is too long for a CRC32C to be computed here")
    reply = se.digest(sample.path, "crc32c")
    expect.success(reply)

    expect.stated_digests(reply, sample)


@check(
    req="rfc3230/malformed",
    level=SHOULD,
    severity=MEDIUM,
    needs={"webdav", "sample"},
    catches={"digest-malformed-500"},
    rows={"CKS-03", "CKS-06"},
)
def test_malformed_want_digest_does_no_harm(
    se: StorageElement, sample: Sample, expect: Expect
) -> None:
    """A Want-Digest that makes no sense should be ignored.

    It is a wish; a storage that fails a request for a wish it cannot read fails clients of
    the next generation.
    """
    expect.success(se.digest(sample.path, ";q=x,,=,adler32;q"))


@check(
    req="rfc9530/repr-digest",
    level=MUST,
    severity=HIGH,
    needs={"webdav", "sample"},
    catches={"repr-digest-wrong"},
    rows={"CKS-06", "B4.31"},
)
def test_repr_digest_is_right_where_stated(
    se: StorageElement, sample: Sample, expect: Expect
) -> None:
    """A checksum in Repr-Digest must be that of the file.

    It replaces Digest in new clients; whether it is offered is the storage's choice, a wrong
    one fails good transfers.
    """
    reply = se.head(sample.path, headers={"Want-Repr-Digest": "sha-256=5, adler=9"})
    expect.success(reply)

    expect.stated_repr_digests(reply, sample)


@check(
    req="rfc9530/structured",
    level=MUST,
    severity=MEDIUM,
    needs={"webdav", "sample"},
    catches={"repr-digest-not-structured"},
    rows={"CKS-06"},
)
def test_repr_digest_is_structured_where_stated(
    se: StorageElement, sample: Sample, expect: Expect
) -> None:
    """A Repr-Digest must be a structured field: name=:base64:.

    Parsers of structured fields drop the whole field for one wrong letter, and the transfer
    goes on unverified.
    """
    reply = se.head(sample.path, headers={"Want-Repr-Digest": "sha-256=9"})
    expect.success(reply)

    expect.repr_digest_form(reply)


@check(
    req="rfc9530/want-malformed",
    level=SHOULD,
    severity=LOW,
    needs={"webdav", "sample"},
    catches={"repr-digest-malformed-500"},
    rows={"CKS-06"},
)
def test_malformed_want_repr_digest_does_no_harm(
    se: StorageElement, sample: Sample, expect: Expect
) -> None:
    """A Want-Repr-Digest that makes no sense should be ignored.

    It is a wish; a field that cannot be parsed counts as not sent.
    """
    expect.success(se.head(sample.path, headers={"Want-Repr-Digest": "sha-256=:x, ,9"}))


@check(
    req="rfc9530/repr-digest",
    level=MUST,
    severity=MEDIUM,
    needs={"webdav", "sample"},
    catches={"repr-digest-wrong"},
    rows={"CKS-06"},
)
def test_old_and_new_wish_together_get_right_checksums(
    se: StorageElement, sample: Sample, expect: Expect
) -> None:
    """Asked in the old and in the new way at once, whatever is stated must be right.

    Clients ask both ways while storages change over; either header may answer, but none may
    mislead.
    """
    both = {"Want-Digest": "adler32", "Want-Repr-Digest": "sha-256=5, adler=9"}
    reply = se.head(sample.path, headers=both)
    expect.success(reply)

    expect.stated_digests(reply, sample)
    expect.stated_repr_digests(reply, sample)
