"""How much space there is (RFC 4331)."""

from lakeproof import LOW, MAY, MEDIUM, MUST, SHOULD, Expect, StorageElement, check

QUOTA = ("{DAV:}quota-available-bytes", "{DAV:}quota-used-bytes")


@check(
    req="rfc4331/on-collections",
    level=SHOULD,
    severity=MEDIUM,
    needs={"webdav", "write", "quota"},
    catches={"quota-missing"},
    rows={"DAV-26", "B4.34"},
)
def test_collection_states_its_quota(se: StorageElement, expect: Expect) -> None:
    """A collection should state its used and its available bytes when asked.

    Rucio, gfal and monitoring see a storage fill up only by these two numbers; without them
    the first sign is that uploads fail.
    """
    found = expect.multistatus(se.quota(se.workdir))

    missing = [name for entry in found for name in QUOTA if name not in entry.properties]
    expect.equal(missing, [], "properties that are missing")


@check(
    req="rfc4331/octets",
    level=MUST,
    severity=MEDIUM,
    needs={"webdav", "write", "quota"},
    catches={"quota-negative"},
    rows={"DAV-26", "B4.34"},
)
def test_quota_is_a_number_of_bytes(se: StorageElement, expect: Expect) -> None:
    """The quota of a collection must be stated in bytes, as numbers of at least 0.

    A negative number or a unit is read as "full", or as an error, and the endpoint gets no
    more data.
    """
    found = expect.multistatus(se.quota(se.workdir))
    stated = [entry.properties.get(name) for entry in found for name in QUOTA]
    expect.given(None not in stated, "the collection does not state its quota")

    odd = [text for text in stated if text is not None and not text.isdecimal()]

    expect.equal(odd, [], "values that are no number of bytes")


@check(
    req="lakeproof/quota-on-files",
    level=MAY,
    severity=LOW,
    needs={"webdav", "write", "quota"},
    catches={"quota-on-files"},
    rows={"DAV-26", "B4.34"},
)
def test_file_states_no_quota(se: StorageElement, expect: Expect) -> None:
    """A file need not state a quota, and better does not.

    gfal takes whatever has these properties for a directory with a quota, and says so of
    the file.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, b"any"))
    expect.control(se.quota(se.workdir))

    found = expect.multistatus(se.quota(path))

    stated = [name for entry in found for name in QUOTA if name in entry.properties]
    expect.equal(stated, [], "quota properties of a file")
