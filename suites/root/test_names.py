"""What the root:// door says about files and directories that are there, or are not."""

from datetime import UTC, datetime

from lakeproof import (
    HIGH,
    MEDIUM,
    MUST,
    SHOULD,
    Expect,
    Payload,
    RootDoor,
    StorageElement,
    check,
)

DAY_S = 86400
DATA = Payload.of(b"twenty bytes of data")


@check(
    req="xrootd/stat",
    level=MUST,
    severity=HIGH,
    needs={"root", "write"},
    catches={"root-stat-size"},
    rows={"ROOT-02"},
)
def test_stat_states_the_size(se: StorageElement, root: RootDoor, expect: Expect) -> None:
    """stat must state the size of a file.

    Every transfer is compared by it; a wrong one fails good copies and hides short ones.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, DATA))

    reply = root.stat(path)

    expect.success(reply)
    expect.equal(reply.entry.size, DATA.size, "size")


@check(
    req="xrootd/stat",
    level=MUST,
    severity=HIGH,
    needs={"root", "write"},
    catches={"root-stat-kind"},
    rows={"ROOT-02"},
)
def test_stat_tells_files_from_directories(
    se: StorageElement, root: RootDoor, expect: Expect
) -> None:
    """stat must tell a file from a directory.

    Programs that clean up or copy trees go by it, and remove or copy the wrong thing.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, DATA))

    file, directory = root.stat(path), root.stat(se.workdir)

    expect.success(file)
    expect.success(directory)
    kinds = (file.entry.is_directory, directory.entry.is_directory)
    expect.equal(kinds, (False, True), "is a directory (the file, its directory)")


@check(
    req="xrootd/stat",
    level=SHOULD,
    severity=MEDIUM,
    needs={"root", "write"},
    catches={"root-stat-time"},
    rows={"ROOT-02"},
)
def test_stat_states_when_it_was_written(
    se: StorageElement, root: RootDoor, expect: Expect
) -> None:
    """stat should state when a file was written, to within a day.

    Clean-up of what nobody registered goes by age: what looks old is deleted while it is being
    used.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, DATA))

    reply = root.stat(path)

    expect.success(reply)
    age_s = abs(datetime.now(UTC).timestamp() - reply.entry.modified)
    expect.that(age_s < DAY_S, "a time within a day of now", f"{age_s:.0f} s from now")


@check(
    req="xrootd/not-found",
    level=SHOULD,
    severity=MEDIUM,
    needs={"root"},
    catches={"root-missing-as-failure"},
    rows={"ROOT-02"},
)
def test_missing_file_is_not_found(se: StorageElement, root: RootDoor, expect: Expect) -> None:
    """A file that is not there should be answered as not found, and not as a failure.

    Rucio declares a replica lost when it is not found; a failure it tries again and again.
    """
    expect.control(root.stat(se.workdir))

    expect.not_found(root.stat(se.workdir / "missing"))


@check(
    req="xrootd/stat",
    level=MUST,
    severity=HIGH,
    needs={"root"},
    catches={"root-missing-exists"},
    rows={"ROOT-02"},
)
def test_missing_file_has_no_facts(se: StorageElement, root: RootDoor, expect: Expect) -> None:
    """stat must not find a file that is not there.

    Lost files look as if they were safe, and nobody makes another copy in time.
    """
    path = se.workdir / "missing"
    expect.control(root.stat(se.workdir))
    expect.given(not se.head(path).ok, "the WebDAV door has the file")

    expect.refused(root.stat(path))


@check(
    req="xrootd/dirlist",
    level=MUST,
    severity=HIGH,
    needs={"root", "write"},
    catches={"root-listing-drops"},
    rows={"ROOT-02"},
)
def test_listing_is_complete(se: StorageElement, root: RootDoor, expect: Expect) -> None:
    """A listing must name every file and directory, and nothing else.

    Comparisons of a site with its catalogue take what a listing does not name for lost.
    """
    names = {"one", "two", "with space"}
    for name in names:
        expect.control(se.put(se.workdir / name, DATA))

    reply = root.listing(se.workdir)

    expect.success(reply)
    found = {entry.name for entry in reply.entries}
    expect.equal(sorted(found), sorted(names), "names")


@check(
    req="xrootd/dirlist-stat",
    level=SHOULD,
    severity=MEDIUM,
    needs={"root", "write"},
    catches={"root-listing-size"},
    rows={"ROOT-02"},
)
def test_listing_states_sizes(se: StorageElement, root: RootDoor, expect: Expect) -> None:
    """A listing with facts should state the size of each file.

    Accounting and comparisons with catalogues list millions of files and cannot ask for each.
    """
    expect.control(se.put(se.workdir / "f", DATA))

    reply = root.listing(se.workdir)

    expect.success(reply)
    sizes = {entry.name: entry.size for entry in reply.entries}
    expect.equal(sizes.get("f"), DATA.size, "size of f")


@check(
    req="xrootd/locate",
    level=SHOULD,
    severity=MEDIUM,
    needs={"root", "write"},
    catches={"root-locate-empty"},
    rows={"ROOT-02", "ROOT-10"},
)
def test_locate_names_a_server(se: StorageElement, root: RootDoor, expect: Expect) -> None:
    """locate should name a server that has the file.

    Redirectors and clients with several sources choose by it; a file that nobody has is not
    read from here.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, DATA))

    reply = root.locate(path)

    expect.success(reply)
    expect.that(bool(reply.value), "at least one server", "none")


@check(
    req="xrootd/redirect",
    level=MUST,
    severity=HIGH,
    needs={"root", "write"},
    catches={"root-endless-redirect"},
    rows={"ROOT-10", "B7.42"},
)
def test_redirects_end_at_the_file(se: StorageElement, root: RootDoor, expect: Expect) -> None:
    """Whoever opens a file must get to a server that has it, and not from one to the next for ever.

    Managers that send clients back and forth look up, and serve nothing.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, DATA))
    expect.control(root.stat(path))

    expect.read_over_root(root, path, DATA)
