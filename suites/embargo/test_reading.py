"""What one group keeps to itself, another group can neither read nor learn anything of."""

from lakeproof import (
    CRITICAL,
    HIGH,
    LOW,
    MAY,
    MEDIUM,
    MUST,
    SHOULD,
    Bearer,
    Embargoed,
    Expect,
    StorageElement,
    check,
)

NEEDS = {"webdav", "write", "other-token"}


@check(
    req="embargo/path",
    level=MUST,
    severity=CRITICAL,
    needs=NEEDS,
    catches={"embargo-read-unchecked"},
    rows={"EMB-01"},
)
def test_other_cannot_read(
    other: StorageElement, embargoed: Embargoed, other_token: Bearer, expect: Expect
) -> None:
    """A member of another group must not read the file.

    Results are out before they are published, and nobody can take them back.
    """
    reply = other.get(embargoed.path, auth=other_token)

    expect.kept(reply, embargoed.payload)


@check(
    req="embargo/path",
    level=MUST,
    severity=CRITICAL,
    needs=NEEDS,
    catches={"embargo-range-unchecked"},
    rows={"EMB-02"},
)
def test_other_cannot_read_a_part(
    other: StorageElement, embargoed: Embargoed, other_token: Bearer, expect: Expect
) -> None:
    """A member of another group must not read a range of the file.

    Ranges go another way through many servers; byte by byte they are the whole file.
    """
    expect.control(other.part(embargoed.others, "bytes=0-1", auth=other_token))

    reply = other.part(embargoed.path, "bytes=100-1099", auth=other_token)

    expect.kept(reply, embargoed.payload)


@check(
    req="embargo/stat",
    level=MUST,
    severity=HIGH,
    needs=NEEDS,
    catches={"embargo-head-unchecked"},
    rows={"EMB-03"},
)
def test_other_cannot_learn_the_size(
    other: StorageElement, embargoed: Embargoed, other_token: Bearer, expect: Expect
) -> None:
    """A member of another group must not learn the file's size by HEAD.

    Sizes and names tell how many events were found, and when the analysis was last run.
    """
    expect.control(other.head(embargoed.others, auth=other_token))

    reply = other.head(embargoed.path, auth=other_token)

    expect.kept(reply, embargoed.payload, embargoed.etag)


@check(
    req="embargo/stat",
    level=MUST,
    severity=HIGH,
    needs=NEEDS,
    catches={"embargo-digest-unchecked"},
    rows={"EMB-04"},
)
def test_other_cannot_learn_the_checksum(
    other: StorageElement, embargoed: Embargoed, other_token: Bearer, expect: Expect
) -> None:
    """A member of another group must not get the file's checksum.

    With it anybody can tell which of his guesses is the content, or that two files are one.
    """
    expect.control(other.digest(embargoed.others, "adler32", auth=other_token))

    reply = other.digest(embargoed.path, "adler32", auth=other_token)

    expect.kept(reply, embargoed.payload, embargoed.etag)


@check(
    req="rfc9110/preconditions-after-authorisation",
    level=MUST,
    severity=MEDIUM,
    needs=NEEDS,
    catches={"embargo-conditions-first"},
    rows={"EMB-05"},
)
def test_other_cannot_compare_versions(
    other: StorageElement, embargoed: Embargoed, other_token: Bearer, expect: Expect
) -> None:
    """If-None-Match must not tell a member of another group whether he has the file's version.

    Whoever may ask again and again sees each time that the embargoed file changes.
    """
    matching = embargoed.etag or "*"  # which every version matches

    same, different = (
        other.get(embargoed.path, auth=other_token, headers={"If-None-Match": tag})
        for tag in (matching, '"of-another-file"')
    )

    expected = "the right version and a wrong one are refused alike"
    said = f"the other identity learned the version: {same.describe()}, {different.describe()}"
    expect.that(same.status == different.status, expected, said)
    for reply in (same, different):
        expect.kept(reply, embargoed.payload, embargoed.etag)


@check(
    req="embargo/stat",
    level=MUST,
    severity=HIGH,
    needs=NEEDS,
    catches={"embargo-stat-unchecked"},
    rows={"EMB-06"},
)
def test_other_cannot_see_the_properties(
    other: StorageElement, embargoed: Embargoed, other_token: Bearer, expect: Expect
) -> None:
    """PROPFIND must not show a member of another group the file's properties.

    Size, date and checksum stand in them, for whole directories in one request.
    """
    expect.control(other.propfind(embargoed.others, 0, auth=other_token))

    reply = other.propfind(embargoed.path, 0, auth=other_token)

    expect.kept(reply, embargoed.payload, embargoed.etag)


@check(
    req="embargo/path",
    level=MUST,
    severity=HIGH,
    needs=NEEDS,
    catches={"embargo-list-unchecked"},
    rows={"EMB-07"},
)
def test_other_cannot_list(
    se: StorageElement,
    other: StorageElement,
    embargoed: Embargoed,
    other_token: Bearer,
    expect: Expect,
) -> None:
    """PROPFIND must not list a group's directory for a member of another group.

    The names alone say what is being worked on.
    """
    expect.control(se.propfind(se.workdir, 1))
    expect.control(other.propfind(other.workdir, 1, auth=other_token))

    for directory in (se.workdir, se.directory):
        reply = other.propfind(directory, 1, auth=other_token)

        expect.nothing_listed(reply, embargoed.path)
        expect.kept(reply, embargoed.payload)


@check(
    req="embargo/path",
    level=MUST,
    severity=HIGH,
    needs=NEEDS,
    catches={"embargo-browse-unchecked"},
    rows={"EMB-07"},
)
def test_other_cannot_browse(
    se: StorageElement,
    other: StorageElement,
    embargoed: Embargoed,
    other_token: Bearer,
    expect: Expect,
) -> None:
    """GET of a group's directory must not show its content to a member of another group.

    The page for browsers is often made by another part of the server than the listing.
    """
    own = se.get(se.workdir)
    expect.given(own.status < 500, f"the first identity gets {own.describe()}")  # noqa: PLR2004

    reply = other.get(se.workdir, auth=other_token)

    expect.nothing_listed(reply, embargoed.path)
    expect.kept(reply, embargoed.payload)


@check(
    req="embargo/refusal",
    level=SHOULD,
    severity=MEDIUM,
    needs=NEEDS,
    catches={"embargo-refusal-tells"},
    rows={"EMB-16"},
)
def test_refusal_tells_nothing(
    other: StorageElement, embargoed: Embargoed, other_token: Bearer, expect: Expect
) -> None:
    """The refusal of a read should hold neither size, nor checksum, nor version of the file.

    The door is closed and a window beside it open; nobody looks at error pages.
    """
    reply = other.get(
        embargoed.path, auth=other_token, headers={"Want-Digest": "adler32,md5;q=0.5"}
    )

    expect.given(not reply.ok, f"the read is not refused: {reply.describe()}")
    expect.nothing_learned(reply, embargoed.payload, embargoed.etag)


@check(
    req="rfc9110/hidden-existence",
    level=MAY,
    severity=LOW,
    needs=NEEDS,
    catches={"embargo-existence-told"},
    rows={"EMB-17"},
)
def test_existence_is_not_told(
    se: StorageElement,
    other: StorageElement,
    embargoed: Embargoed,
    other_token: Bearer,
    expect: Expect,
) -> None:
    """A member of another group can be answered alike for files that exist and files that do not.

    Where the answers differ, names can be guessed; for the information of the group.
    """
    there = other.get(embargoed.path, auth=other_token)
    missing = other.get(se.workdir / "not-there", auth=other_token)

    expect.given(not there.ok, f"the read is not refused: {there.describe()}")
    expected = "one answer for a file that exists and one that does not"
    said = f"existing: {there.describe()}; missing: {missing.describe()}"
    expect.that(there.status == missing.status, expected, said)
