"""Without a token: nothing is readable, nothing can be changed."""

from lakeproof import ANONYMOUS, CRITICAL, MUST, Expect, StorageElement, check


@check(
    req="wlcg-jwt/authorisation",
    level=MUST,
    severity=CRITICAL,
    needs={"webdav", "write", "tokens"},
    catches={"anonymous-read"},
    rows={"TKN-29"},
)
def test_anonymous_cannot_read(se: StorageElement, expect: Expect) -> None:
    """A request without credentials must not read a file.

    Embargoed data is open to the whole network, and nobody notices because everything
    works.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, b"not for everybody"))
    expect.control(se.get(path))

    expect.refused(se.get(path, auth=ANONYMOUS))


@check(
    req="wlcg-jwt/authorisation",
    level=MUST,
    severity=CRITICAL,
    needs={"webdav", "write", "tokens"},
    catches={"anonymous-write"},
    rows={"TKN-29"},
)
def test_anonymous_cannot_write(se: StorageElement, expect: Expect) -> None:
    """A request without credentials must not create a file.

    An open storage is full of other people's data within days, and its site answers for
    what is in it.
    """
    expect.control(se.put(se.workdir / "allowed", b"any"))
    path = se.workdir / "f"

    reply = se.put(path, b"anybody's", auth=ANONYMOUS)

    expect.absent(se, path)
    expect.refused(reply)


@check(
    req="wlcg-jwt/authorisation",
    level=MUST,
    severity=CRITICAL,
    needs={"webdav", "write", "tokens"},
    catches={"anonymous-write"},
    rows={"TKN-29"},
)
def test_anonymous_cannot_overwrite(se: StorageElement, expect: Expect) -> None:
    """A request without credentials must not replace a file.

    Data that anybody may change is lost data, even if nobody has changed it yet.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, b"mine"))

    reply = se.put(path, b"anybody's", auth=ANONYMOUS)

    expect.unchanged(se, path, b"mine")
    expect.refused(reply)


@check(
    req="wlcg-jwt/authorisation",
    level=MUST,
    severity=CRITICAL,
    needs={"webdav", "write", "tokens"},
    catches={"anonymous-delete"},
    rows={"TKN-29"},
)
def test_anonymous_cannot_delete(se: StorageElement, expect: Expect) -> None:
    """A request without credentials must not delete a file.

    One script that walks the tree empties the storage.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, b"mine"))

    reply = se.delete(path, auth=ANONYMOUS)

    expect.unchanged(se, path, b"mine")
    expect.refused(reply)


@check(
    req="wlcg-jwt/authorisation",
    level=MUST,
    severity=CRITICAL,
    needs={"webdav", "write", "tokens"},
    catches={"anonymous-list"},
    rows={"TKN-29"},
)
def test_anonymous_cannot_list(se: StorageElement, expect: Expect) -> None:
    """A request without credentials must not list a collection.

    Names tell what an experiment is working on, and where to try the next request.
    """
    expect.control(se.put(se.workdir / "f", b"any"))
    expect.control(se.propfind(se.workdir, 1))

    expect.refused(se.propfind(se.workdir, 1, auth=ANONYMOUS))


@check(
    req="wlcg-jwt/authorisation",
    level=MUST,
    severity=CRITICAL,
    needs={"webdav", "write", "tokens"},
    catches={"anonymous-write"},
    rows={"TKN-29"},
)
def test_anonymous_cannot_make_collection(se: StorageElement, expect: Expect) -> None:
    """A request without credentials must not create a collection.

    A name server dies of a million empty directories as it does of a million files.
    """
    expect.control(se.mkcol(se.workdir / "allowed"))
    path = se.workdir / "d"

    reply = se.mkcol(path, auth=ANONYMOUS)

    expect.absent(se, path)
    expect.refused(reply)


@check(
    req="wlcg-jwt/authorisation",
    level=MUST,
    severity=CRITICAL,
    needs={"webdav", "write", "tokens"},
    catches={"anonymous-write"},
    rows={"TKN-29"},
)
def test_anonymous_cannot_rename(se: StorageElement, expect: Expect) -> None:
    """A request without credentials must not rename a file.

    A renamed file is a lost file to every catalogue that knew it by its name.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, b"mine"))

    reply = se.move(path, se.workdir / "elsewhere", auth=ANONYMOUS)

    expect.unchanged(se, path, b"mine")
    expect.refused(reply)
