"""The hrefs of a listing: whose they are, and how names are written in them."""

from lakeproof import HIGH, MUST, Expect, StorageElement, check


@check(
    req="rfc4918/href-prefix",
    level=MUST,
    severity=HIGH,
    needs={"webdav", "write"},
    catches={"propfind-foreign-href"},
    rows={"DAV-24", "B4.37"},
)
def test_hrefs_lie_below_the_collection(se: StorageElement, expect: Expect) -> None:
    """Every href of a listing must be the collection that was asked for, or a member of it.

    A clean-up tool deletes what a listing names: hrefs of another tree, as behind a wrongly
    set up alias or proxy, make it delete there.
    """
    path = se.workdir / "d"
    expect.control(se.mkcol(path))
    expect.control(se.put(path / "f", b"any"))
    reply = se.propfind(path, 1)
    expect.control(reply)

    found = expect.multistatus(reply)

    foreign = [str(e.path) for e in found if path not in (e.path, e.path.parent)]
    expect.equal(foreign, [], "hrefs that lie elsewhere")


@check(
    req="rfc4918/href-encoding",
    level=MUST,
    severity=HIGH,
    needs={"webdav", "write"},
    catches={"propfind-unescaped"},
    rows={"DAV-08", "B4.35"},
)
def test_hrefs_are_percent_encoded(se: StorageElement, expect: Expect) -> None:
    """A name with a space and a percent sign must come back from a listing as it was stored.

    An href that is not encoded names another file: the one that is read or deleted then is
    not the one that was listed.
    """
    path = se.workdir / "d"
    name = "a b%41c"
    expect.control(se.mkcol(path))
    expect.control(se.put(path / name, b"any"))
    reply = se.propfind(path, 1)
    expect.control(reply)
    # Now and by its true name: the clean-up goes by listings.
    expect.control(se.delete(path / name))

    found = expect.multistatus(reply)

    names = [entry.path.name for entry in found if entry.path != path]
    expect.equal(names, [name], "names in the listing")
