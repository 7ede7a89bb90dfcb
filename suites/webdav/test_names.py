"""Names of files: what is written under a name is found under it, and under no other."""

from urllib.parse import quote

from lakeproof import HIGH, LOW, MEDIUM, MUST, SHOULD, Expect, StorageElement, check


def _round_trip(se: StorageElement, name: str, mistaken: str, expect: Expect) -> None:
    """What is written under `name` is read under it, and nothing is there under `mistaken`.

    Whether a listing escapes the name is a check of its own.
    """
    path, data = se.workdir / name, name.encode()
    expect.control(se.put(se.workdir / "plain", b"uploads work"))
    expect.success(se.put(path, data))
    expect.content(se, path, data)
    expect.absent(se, se.workdir / mistaken)


@check(
    req="rfc3986/reserved",
    level=MUST,
    severity=HIGH,
    needs={"webdav", "write"},
    catches={"put-name-plus-as-space"},
    rows={"DAV-08", "B4.35"},
)
def test_plus_is_no_space(se: StorageElement, expect: Expect) -> None:
    """A plus sign in a path must be a plus sign, escaped or not.

    Only web forms write a space as a plus; a server that takes one for the other stores the
    file under a name that no catalogue has, and it is lost.
    """
    expect.control(se.put(se.workdir / "ab", b"uploads work"))

    expect.success(se.put(f"{quote(str(se.workdir))}/a+b", b"plus"))

    expect.content(se, se.workdir / "a+b", b"plus")  # asked for as a%2Bb
    expect.absent(se, se.workdir / "a b")


@check(
    req="rfc3986/decode-once",
    level=MUST,
    severity=HIGH,
    needs={"webdav", "write"},
    catches={"put-name-decoded-twice"},
    rows={"DAV-08", "B4.35"},
)
def test_path_is_decoded_once(se: StorageElement, expect: Expect) -> None:
    """A path must be percent-decoded exactly once.

    Decoded twice, a harmless name turns into another one, which may lie in a directory that
    the client has no right to; authorisation saw the first name and the disk the second.
    """
    _round_trip(se, "100%25", "100%", expect)

    # A listing that does not escape the name hides the file from the clean-up.
    se.delete(se.workdir / "100%25")


@check(
    req="rfc3986/reserved",
    level=SHOULD,
    severity=MEDIUM,
    needs={"webdav", "write"},
    catches={"put-name-hash-500"},
    rows={"DAV-08", "B4.35"},
)
def test_hash_and_question_mark_are_letters(se: StorageElement, expect: Expect) -> None:
    """A name with an escaped # or ? should be stored and found under that name.

    Cut off at that character, all files of a numbered series are one file, and the last one
    that was written wins.
    """
    _round_trip(se, "run#7?a&b=c", "run", expect)


@check(
    req="rfc3986/reserved",
    level=SHOULD,
    severity=MEDIUM,
    needs={"webdav", "write"},
    catches={"put-name-semicolon-cut"},
    rows={"DAV-08", "B4.35"},
)
def test_semicolon_is_a_letter(se: StorageElement, expect: Expect) -> None:
    """A name with an escaped semicolon should be stored and found under that name.

    Some servers drop what follows it as a parameter: versions of one file overwrite each other.
    """
    _round_trip(se, "f;1", "f", expect)


@check(
    req="rfc3986/decode-once",
    level=SHOULD,
    severity=MEDIUM,
    needs={"webdav", "write"},
    catches={"put-name-space-kept-escaped"},
    rows={"DAV-08", "B4.35"},
)
def test_space_is_a_letter(se: StorageElement, expect: Expect) -> None:
    """A name with spaces should be stored and found under that name.

    Users do call their files like this; stored as %20, they are found over one protocol and
    missing over the next.
    """
    _round_trip(se, "two words", "two%20words", expect)


@check(
    req="rfc4918/utf-8",
    level=SHOULD,
    severity=MEDIUM,
    needs={"webdav", "write"},
    catches={"put-name-utf8-refused"},
    rows={"DAV-08", "B4.35"},
)
def test_names_beyond_ascii_are_kept(se: StorageElement, expect: Expect) -> None:
    """A name beyond ASCII should be stored and found letter for letter.

    One such name among thousands stops the transfer of a whole dataset, or comes back in
    another form and counts as lost and as dark data at the same time.
    """
    name = "Größe-測定-é"

    _round_trip(se, name, "Gr", expect)

    listing = se.propfind(se.workdir, 1)
    expect.control(listing)  # whether a client may list at all is a check of its own
    found = [entry.path.name for entry in expect.multistatus(listing)]
    expect.that(name in found, f"{name} in the listing", f"names in the listing: {found}")


@check(
    req="rfc3986/case",
    level=MUST,
    severity=HIGH,
    needs={"webdav", "write"},
    catches={"put-name-case-folded"},
    rows={"B4.35"},
)
def test_case_makes_another_file(se: StorageElement, expect: Expect) -> None:
    """Names that differ in upper and lower case must be different files.

    Catalogues tell them apart; a storage that does not overwrites one by the other.
    """
    upper, lower = se.workdir / "Muon", se.workdir / "muon"

    expect.success(se.put(upper, b"upper case"))
    expect.success(se.put(lower, b"lower"))

    expect.content(se, upper, b"upper case")
    expect.content(se, lower, b"lower")


@check(
    req="rfc9110/put",
    level=MUST,
    severity=HIGH,
    needs={"webdav", "write"},
    catches={"put-name-long-cut"},
    rows={"B4.35"},
)
def test_long_names_are_kept_or_refused(se: StorageElement, expect: Expect) -> None:
    """A name of 250 bytes must be stored as it is, or be refused.

    Names that are cut off make one file of many: the last one that was written wins.
    """
    first, second = se.workdir / f"{'n' * 249}1", se.workdir / f"{'n' * 249}2"
    expect.control(se.put(se.workdir / "n1", b"uploads work"))

    replies = [se.put(first, b"the first"), se.put(second, b"the second")]

    for reply, path, data in zip(
        replies, (first, second), (b"the first", b"the second"), strict=True
    ):
        if reply.ok:
            expect.content(se, path, data)
        else:
            expect.refused(reply)


@check(
    req="lakeproof/double-slash",
    level=SHOULD,
    severity=LOW,
    needs={"webdav", "write"},
    catches={"path-double-slash-404"},
    rows={"B4.35"},
)
def test_double_slash_is_one(se: StorageElement, expect: Expect) -> None:
    """A path with a doubled slash should lead to the same file.

    Paths are put together from a prefix and a name, and one of the two has a slash too many at
    most sites; the transfers then fail there and nowhere else.
    """
    expect.control(se.put(se.workdir / "f", b"content"))

    reply = se.get(f"{quote(str(se.workdir))}//f")

    expect.success(reply)
    expect.equal(reply.body, b"content", "content")
