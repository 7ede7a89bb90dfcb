"""A listing and HEAD speak of the same file."""

from email.utils import mktime_tz, parsedate_tz

from lakeproof import HIGH, MEDIUM, MUST, SHOULD, Expect, StorageElement, check


@check(
    req="rfc4918/propfind-length",
    level=MUST,
    severity=HIGH,
    needs={"webdav", "write"},
    catches={"propfind-wrong-size"},
    rows={"B4.37"},
)
def test_listed_size_is_that_of_head(se: StorageElement, expect: Expect) -> None:
    """The size of a file in a listing must be the one that HEAD states.

    Consistency checks compare listings with a catalogue that was filled by HEAD; where the
    two disagree, good files are declared lost.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, b"thirteen byte"))
    head, reply = se.head(path), se.propfind(se.workdir, 1)
    expect.control(head)
    expect.control(reply)
    stated = head.headers.get("Content-Length")
    expect.given(stated is not None, "HEAD states no size")

    found = {entry.path: entry.size for entry in expect.multistatus(reply)}

    expect.equal(str(found.get(path)), stated, "size in the listing")


@check(
    req="rfc4918/getlastmodified",
    level=SHOULD,
    severity=MEDIUM,
    needs={"webdav", "write"},
    catches={"propfind-wrong-date"},
    rows={"B4.37", "DAV-23"},
)
def test_listed_time_is_that_of_head(se: StorageElement, expect: Expect) -> None:
    """The modification time in a listing should be the Last-Modified of HEAD.

    Incremental backups and dark-data searches go by it: a file that seems older than it is
    is skipped, or deleted as a left-over.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, b"any"))
    head, reply = se.head(path), se.propfind(path, 0)
    expect.control(head)
    stated = parsedate_tz(head.headers.get("Last-Modified", ""))
    if stated is None:
        expect.given(False, "HEAD states no Last-Modified")
        return

    found = [entry.modified for entry in expect.multistatus(reply)]

    times = [int(moment.timestamp()) for moment in found if moment is not None]
    expect.equal(times, [mktime_tz(stated)], "getlastmodified, in seconds since 1970")


@check(
    req="rfc4918/resourcetype",
    level=MUST,
    severity=HIGH,
    needs={"webdav", "write"},
    catches={"propfind-no-type"},
    rows={"B4.37"},
)
def test_listing_tells_files_from_collections(se: StorageElement, expect: Expect) -> None:
    """A listing must say of each member whether it is a collection.

    A tool that walks a tree goes down into what is called a collection: with the type wrong
    it never sees half of the files.
    """
    expect.control(se.put(se.workdir / "f", b"any"))
    expect.control(se.mkcol(se.workdir / "d"))
    reply = se.propfind(se.workdir, 1)
    expect.control(reply)

    found = expect.multistatus(reply)

    kinds = {entry.path.name: entry.is_collection for entry in found if entry.path != se.workdir}
    expect.equal(kinds, {"d": True, "f": False}, "collections in the listing")
