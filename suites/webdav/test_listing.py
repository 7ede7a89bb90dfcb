"""PROPFIND: what a storage says about files and collections."""

from lakeproof import HIGH, MEDIUM, MUST, SHOULD, Expect, StorageElement, check


@check(
    req="rfc4918/propfind-length",
    level=MUST,
    severity=HIGH,
    needs={"webdav", "write"},
    catches={"propfind-wrong-size", "propfind-no-size"},
    rows={"DAV-23"},
)
def test_propfind_states_file_size(se: StorageElement, expect: Expect) -> None:
    """PROPFIND with Depth 0 on a file must state its size.

    This is how davix, gfal and Rucio ask for the size of a file; after an upload they
    compare it and delete what they take for broken.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, b"thirteen byte"))

    found = expect.multistatus(se.propfind(path, 0))

    expect.equal([entry.path for entry in found], [path], "resources in the answer")
    expect.equal(found[0].size, 13, "getcontentlength")


@check(
    req="rfc4918/resourcetype",
    level=MUST,
    severity=HIGH,
    needs={"webdav", "write"},
    catches={"propfind-no-type"},
    rows={"DAV-23"},
)
def test_propfind_tells_files_from_collections(se: StorageElement, expect: Expect) -> None:
    """PROPFIND must say which resource is a collection and which is not.

    Clean-up tools descend into collections and delete files: with the type wrong they
    delete a directory as if it were one file, or never delete anything.
    """
    path = se.workdir / "d"
    expect.control(se.mkcol(path))
    expect.control(se.put(path / "f", b"file"))

    collection = expect.multistatus(se.propfind(path, 0))[0]
    file = expect.multistatus(se.propfind(path / "f", 0))[0]

    expect.equal(collection.is_collection, True, "the directory is a collection")
    expect.equal(file.is_collection, False, "the file is a collection")


@check(
    req="rfc4918/depth-0",
    level=MUST,
    severity=MEDIUM,
    needs={"webdav", "write"},
    catches={"propfind-depth-0-lists"},
    rows={"DAV-23"},
)
def test_depth_0_is_the_resource_alone(se: StorageElement, expect: Expect) -> None:
    """PROPFIND with Depth 0 must describe the collection alone, not its members.

    Each existence test of a directory would otherwise list it; on directories with a
    million files that brings the name server down.
    """
    path = se.workdir / "d"
    expect.control(se.mkcol(path))
    expect.control(se.put(path / "f", b"file"))

    found = expect.multistatus(se.propfind(path, 0))

    expect.equal([entry.path for entry in found], [path], "resources in the answer")


@check(
    req="rfc4918/depth-1",
    level=SHOULD,
    severity=MEDIUM,
    needs={"webdav", "write"},
    catches={"propfind-status-200", "propfind-malformed"},
    rows={"DAV-24"},
)
def test_collection_can_be_listed(se: StorageElement, expect: Expect) -> None:
    """A client that may read and write a collection should be able to list it.

    Consistency checks, dark-data searches and clean-up start from listings; token profiles
    do not say which scope allows one, so this is no MUST.
    """
    expect.multistatus(se.propfind(se.workdir, 1))


@check(
    req="rfc4918/depth-1",
    level=MUST,
    severity=HIGH,
    needs={"webdav", "write"},
    catches={"propfind-incomplete", "propfind-wrong-size"},
    rows={"DAV-24", "B4.37"},
)
def test_listing_is_complete(se: StorageElement, expect: Expect) -> None:
    """A listing must name every member of the collection once, with its size.

    What a listing leaves out is declared lost and deleted from the catalogue; what it
    reports in the wrong size is declared corrupt.
    """
    path = se.workdir / "d"
    expect.control(se.mkcol(path))
    sizes: dict[str, int | None] = {f"f{size:02}": size for size in range(1, 13)}
    for name, size in sizes.items():
        expect.control(se.put(path / name, b"x" * (size or 0)))
    reply = se.propfind(path, 1)
    expect.control(reply)  # whether a client may list at all is a check of its own

    members = [entry for entry in expect.multistatus(reply) if entry.path != path]

    expect.equal(sorted(e.path.name for e in members), sorted(sizes), "names in the listing")
    expect.equal({e.path.name: e.size for e in members}, sizes, "sizes in the listing")


@check(
    req="rfc9110/status-describes-result",
    level=MUST,
    severity=HIGH,
    needs={"webdav", "write"},
    catches={"propfind-missing-207", "propfind-missing-500"},
    rows={"DAV-25", "B4.29"},
)
def test_propfind_missing_is_not_found(se: StorageElement, expect: Expect) -> None:
    """PROPFIND of a path that does not exist must be answered 404.

    davix and gfal ask like this whether a file exists; any other code stops a transfer
    before it begins.
    """
    expect.not_found(se.propfind(se.workdir / "missing", 0))
