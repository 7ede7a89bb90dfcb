"""A path that climbs out of what the token covers, however it is written."""

from pathlib import PurePosixPath

from lakeproof import CRITICAL, HIGH, MUST, Expect, StorageElement, TokenFor, check

# Each leads from the collection that the token covers to the one above, for a server that follows
# it: plain, escaped, with the slash escaped, escaped twice, and with a NUL that may be dropped.
WAYS_UP = (
    "../",
    "%2e%2e/",
    "..%2f",
    "%2e%2e%2f",
    "%252e%252e/",
    "%252e%252e%252f",
    "..%00/",
    "%00/../../",
)
# The collection above itself: here the path ends with what leads up.
ENDS_UP = ("..", "%2e%2e", "..%2f", "%2e%2e%2f", "%252e%252e", "..%00")
FOLLOWED = {
    "path-traversal",
    "path-traversal-slash",
    "path-traversal-double",
    "path-traversal-null",
}


def _tidy(se: StorageElement, parent: PurePosixPath, *names: str) -> None:
    """Remove what a sound server keeps under the names that the double escapes are to it.

    Some list these names unescaped, so that the run's clean-up rightly does not follow them.
    """
    for name in names:
        for way in ("%252e%252e/", "%252e%252e%252f"):
            se.delete(f"{parent}/{way}{name}")
    se.delete(f"{parent}/%252e%252e")


@check(
    req="wlcg-jwt/path-hierarchy",
    level=MUST,
    severity=CRITICAL,
    needs={"webdav", "write", "token-scopes"},
    catches=FOLLOWED,
    rows={"DAV-34"},
)
def test_traversal_reads_nothing_outside(
    se: StorageElement, token: TokenFor, expect: Expect
) -> None:
    """A path that climbs out of the scope's path must not read what lies outside, however written.

    One escape that is undone after the rights were looked at opens all groups' data to anybody
    who may read one directory.
    """
    inside, outside = se.workdir / "a" / "f", se.workdir / "secret"
    expect.control(se.mkcol(inside.parent))
    expect.control(se.put(inside, b"mine"))
    expect.control(se.put(outside, b"what nobody else may see"))
    read = token(f"storage.read:{inside.parent}")
    expect.control(se.get(inside, auth=read))

    replies = {way: se.get(f"{inside.parent}/{way}secret", auth=read) for way in WAYS_UP}

    shown = [way for way, reply in replies.items() if b"nobody else may" in reply.body]
    expect.equal(shown, [], "ways to a file outside the scope's path")


@check(
    req="wlcg-jwt/path-hierarchy",
    level=MUST,
    severity=HIGH,
    needs={"webdav", "write", "token-scopes"},
    catches=FOLLOWED,
    rows={"DAV-34"},
)
def test_traversal_lists_nothing_outside(
    se: StorageElement, token: TokenFor, expect: Expect
) -> None:
    """A path that ends by climbing out of the scope's path must not list what lies outside.

    Names, sizes and dates of what others keep are shown to whoever may read one directory; a
    ".." at the very end is what a look for "../" overlooks.
    """
    inside, outside = se.workdir / "a" / "f", se.workdir / "theirs"
    expect.control(se.mkcol(inside.parent))
    expect.control(se.put(inside, b"mine"))
    expect.control(se.put(outside, b"any"))
    read = token(f"storage.read:{inside.parent}")
    expect.control(se.propfind(inside.parent, 1, auth=read))

    replies = {way: se.propfind(f"{inside.parent}/{way}", 1, auth=read) for way in ENDS_UP}

    shown = [way for way, reply in replies.items() if b"theirs" in reply.body]
    expect.equal(shown, [], "ways to list the collection above the scope's path")


@check(
    req="wlcg-jwt/path-hierarchy",
    level=MUST,
    severity=CRITICAL,
    needs={"webdav", "write", "token-scopes"},
    catches=FOLLOWED,
    rows={"DAV-34"},
)
def test_traversal_overwrites_nothing_outside(
    se: StorageElement, token: TokenFor, expect: Expect
) -> None:
    """A path that climbs out of the scope's path must not overwrite what lies outside.

    Whoever may write one directory could replace the data of all other groups, and nobody
    would look for the cause in a request to that directory.
    """
    inside, outside = se.workdir / "a" / "f", se.workdir / "secret"
    expect.control(se.mkcol(inside.parent))
    expect.control(se.put(outside, b"theirs"))
    write = token(f"storage.read:{inside.parent}", f"storage.modify:{inside.parent}")
    expect.control(se.put(inside, b"mine", auth=write))

    for way in WAYS_UP:
        se.put(f"{inside.parent}/{way}secret", b"changed", auth=write)

    expect.unchanged(se, outside, b"theirs")
    _tidy(se, inside.parent, outside.name)


@check(
    req="wlcg-jwt/path-hierarchy",
    level=MUST,
    severity=CRITICAL,
    needs={"webdav", "write", "token-scopes"},
    catches=FOLLOWED,
    rows={"DAV-34"},
)
def test_traversal_creates_nothing_outside(
    se: StorageElement, token: TokenFor, expect: Expect
) -> None:
    """A path that climbs out of the scope's path must not create files or collections outside.

    Planted where others take their data from, such a file is trusted like their own.
    """
    inside = se.workdir / "a" / "f"
    expect.control(se.mkcol(inside.parent))
    write = token(f"storage.read:{inside.parent}", f"storage.modify:{inside.parent}")
    expect.control(se.put(inside, b"mine", auth=write))

    for way in WAYS_UP:
        se.put(f"{inside.parent}/{way}file", b"planted", auth=write)
        se.mkcol(f"{inside.parent}/{way}collection", auth=write)

    expect.absent(se, se.workdir / "file")
    expect.absent(se, se.workdir / "collection")
    _tidy(se, inside.parent, "file", "collection")


@check(
    req="wlcg-jwt/path-hierarchy",
    level=MUST,
    severity=CRITICAL,
    needs={"webdav", "write", "token-scopes"},
    catches=FOLLOWED,
    rows={"DAV-34"},
)
def test_traversal_deletes_nothing_outside(
    se: StorageElement, token: TokenFor, expect: Expect
) -> None:
    """A path that climbs out of the scope's path must not delete what lies outside.

    A job that may tidy up its own directory could empty the whole storage.
    """
    inside, outside = se.workdir / "a" / "f", se.workdir / "secret"
    expect.control(se.mkcol(inside.parent))
    expect.control(se.put(outside, b"theirs"))
    expect.control(se.put(inside, b"mine"))
    write = token(f"storage.read:{inside.parent}", f"storage.modify:{inside.parent}")
    expect.control(se.delete(inside, auth=write))

    for way in WAYS_UP:
        se.delete(f"{inside.parent}/{way}secret", auth=write)

    expect.unchanged(se, outside, b"theirs")
