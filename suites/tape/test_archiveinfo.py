"""Where files are: what archiveinfo says of files that are there, and of those that are not."""

from lakeproof import HIGH, LOW, MEDIUM, MUST, SHOULD, Expect, StorageElement, TapeDesk, check

THERE = ("DISK", "TAPE", "DISK_AND_TAPE")
NOT_ON_TAPE = (None, "DISK", "DISK_AND_TAPE", "NONE")
MANY = 1000


@check(
    req="tape/webdav-path",
    level=MUST,
    severity=HIGH,
    needs={"webdav", "tape", "write"},
    catches={"tape-root-prefix"},
    rows={"TAP-02", "TAP-13"},
)
def test_files_have_their_webdav_paths(se: StorageElement, desk: TapeDesk, expect: Expect) -> None:
    """The tape API must know a file by the path that it has in WebDAV.

    Transfer services have one path of a file. Where the tape API wants another one, every
    file is missing: nothing is staged, and no archiving is ever confirmed.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, b"data"))

    found = desk.info(path)

    expect.success(found.reply)
    expect.that(found.locality(path) is not None, "a locality", found.reply.text[:160])


@check(
    req="tape/locality",
    level=MUST,
    severity=HIGH,
    needs={"webdav", "tape", "write"},
    catches={"tape-locality-unknown", "tape-locality-lost"},
    rows={"TAP-02"},
)
def test_readable_file_is_on_disk_or_on_tape(
    se: StorageElement, desk: TapeDesk, expect: Expect
) -> None:
    """A file that can be read must be DISK, TAPE or DISK_AND_TAPE.

    Of a file that is LOST a new copy is ordered, and a word that no client knows fails the
    transfer.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, b"data"))
    expect.control(se.get(path))
    locality = desk.info(path).locality(path)
    expect.given(locality is not None, "no locality is told, which is a check of its own")

    expect.that(locality in THERE, " or ".join(THERE), f"locality: {locality}")


@check(
    req="tape/missing",
    level=MUST,
    severity=HIGH,
    needs={"webdav", "tape", "write"},
    catches={"tape-locality-of-missing"},
    rows={"TAP-02"},
)
def test_missing_file_has_no_locality(se: StorageElement, desk: TapeDesk, expect: Expect) -> None:
    """A file that does not exist must have no locality.

    A transfer service that waits for the archiving of a file which was never stored takes it
    for safe, and the source is deleted.
    """
    path = se.workdir / "missing"
    expect.control(se.put(se.workdir / "f", b"data"))
    expect.control(desk.info(se.workdir / "f").reply)

    found = desk.info(path)

    expect.equal(found.locality(path), None, "locality of a missing file")


@check(
    req="tape/archive-error",
    level=SHOULD,
    severity=MEDIUM,
    needs={"webdav", "tape", "write"},
    catches={"tape-missing-without-error"},
    rows={"TAP-02"},
)
def test_missing_file_has_an_error(se: StorageElement, desk: TapeDesk, expect: Expect) -> None:
    """archiveinfo should state an error for a file that does not exist.

    Whoever waits for its archiving then gives up at once, and not after a day.
    """
    path = se.workdir / "missing"
    expect.control(se.put(se.workdir / "f", b"data"))
    found = desk.info(path)
    expect.control(found.reply)

    expect.that(bool(found.of(path).get("error")), "an error", found.reply.text[:160])


@check(
    req="tape/not-for-tape",
    level=SHOULD,
    severity=MEDIUM,
    needs={"webdav", "tape", "write"},
    catches={"tape-collection-on-tape"},
    rows={"TAP-02"},
)
def test_collection_is_not_on_tape(se: StorageElement, desk: TapeDesk, expect: Expect) -> None:
    """A collection should not be said to be on tape.

    Staging it fails or, worse, recalls everything in it.
    """
    path = se.workdir / "collection"
    expect.control(se.mkcol(path))

    locality = desk.info(path).locality(path)

    expect.that(locality in (None, "NONE"), "an error, or NONE", f"locality: {locality}")


@check(
    req="tape/not-for-tape",
    level=SHOULD,
    severity=LOW,
    needs={"webdav", "tape", "write"},
    catches={"tape-empty-on-tape"},
    rows={"TAP-02"},
)
def test_empty_file_is_not_on_tape_only(se: StorageElement, desk: TapeDesk, expect: Expect) -> None:
    """An empty file should never be said to be on tape only.

    Tapes hold no empty files, so it would wait for a recall that never comes.
    """
    path = se.workdir / "empty"
    expect.control(se.put(path, b""))

    locality = desk.info(path).locality(path)

    expect.that(locality in NOT_ON_TAPE, "DISK or NONE", f"locality: {locality}")


@check(
    req="tape/archiveinfo",
    level=MUST,
    severity=HIGH,
    needs={"webdav", "tape", "write"},
    catches={"tape-list-fails-whole", "tape-list-first-only"},
    rows={"TAP-02"},
)
def test_each_file_of_a_list_has_its_own_answer(
    se: StorageElement, desk: TapeDesk, expect: Expect
) -> None:
    """archiveinfo must answer for each file of a list, whatever the others are.

    Transfer services ask for hundreds of files at once: one that is missing must not hide
    the rest.
    """
    first, last, missing = (se.workdir / name for name in ("first", "last", "missing"))
    expect.control(se.put(first, b"data"))
    expect.control(se.put(last, b"data"))
    expect.given(desk.info(first).locality(first) is not None, "no locality is told")

    found = desk.info(first, missing, last)

    expect.success(found.reply)
    for path in (first, last):
        expect.that(found.locality(path) is not None, f"a locality of {path.name}", "none")


@check(
    req="tape/many-files",
    level=MUST,
    severity=MEDIUM,
    needs={"webdav", "tape", "write"},
    catches={"tape-long-list-refused"},
    rows={"TAP-02"},
)
def test_long_list_is_no_error(se: StorageElement, desk: TapeDesk, expect: Expect) -> None:
    """archiveinfo must answer a long list, if only for the files that it gets to.

    FTS asks for as many files as it has; an error for all of them delays every one.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, b"data"))
    expect.control(desk.info(path).reply)

    missing = (se.workdir / f"missing-{number}" for number in range(1, MANY))
    found = desk.info_apart(path, *missing)

    expect.success(found.reply)
    expect.that(len(found.entries) > 0, "an answer for some of the files", "an empty list")


@check(
    req="tape/gfal2-slash",
    level=SHOULD,
    severity=MEDIUM,
    needs={"webdav", "tape", "write"},
    catches={"tape-slash-refused"},
    rows={"TAP-02"},
)
def test_slash_at_the_end_makes_no_difference(
    se: StorageElement, desk: TapeDesk, expect: Expect
) -> None:
    """The resources of the API should answer with a slash at the end of their URL, too.

    gfal2, and FTS with it, writes `/archiveinfo/` and `/stage/`; a server that wants it without
    the slash has no tape for them.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, b"data"))
    expect.control(desk.info(path).reply)

    expect.success(desk.info_apart(path, slash="/").reply)
