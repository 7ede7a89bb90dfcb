"""davix works with the endpoint: the HTTP client below gfal2 and ROOT, as its own programs."""

from __future__ import annotations

from lakeproof import (
    MEDIUM,
    SHOULD,
    ClientCert,
    Davix,
    Expect,
    PayloadOf,
    StorageElement,
    check,
)

SIZE = 70_001


@check(
    req="davix/files",
    level=SHOULD,
    severity=MEDIUM,
    needs={"webdav", "write"},
    catches={"header-te-refused"},
    rows={"CLI-05"},
)
def test_davix_uploads_a_file(
    se: StorageElement, davix: Davix, payload: PayloadOf, expect: Expect
) -> None:
    """davix-put should upload a file, byte for byte.

    Analysis programs write through this library.
    """
    path, data = se.workdir / "by-davix", payload(SIZE)
    raw = se.put(se.workdir / "plain", data)
    expect.control(raw)

    ran = davix.upload(data, (se, path))

    expect.managed(ran, raw)
    expect.content(se, path, data)


@check(
    req="davix/files",
    level=SHOULD,
    severity=MEDIUM,
    needs={"webdav", "write"},
    catches={"propfind-no-body-400"},
    rows={"CLI-05"},
)
def test_davix_downloads_a_file(
    se: StorageElement, davix: Davix, payload: PayloadOf, expect: Expect
) -> None:
    """davix-get should download a file, byte for byte.

    ROOT reads remote files through this library.
    """
    path, data = se.workdir / "file", payload(SIZE)
    expect.control(se.put(path, data))
    raw = se.get(path)
    expect.control(raw)

    ran = davix.download((se, path))

    expect.managed(ran, raw)
    expect.received(ran, data)


@check(
    req="davix/files",
    level=SHOULD,
    severity=MEDIUM,
    needs={"webdav", "write", "x509"},
    catches={"header-te-refused"},
    rows={"CLI-02"},
)
def test_davix_uploads_and_downloads_with_proxy(
    se: StorageElement, davix: Davix, user_proxy: ClientCert, payload: PayloadOf, expect: Expect
) -> None:
    """davix should upload and download with an X.509 proxy and no token.

    Communities that have no tokens yet reach their data in no other way.
    """
    path, data = se.workdir / "by-davix", payload(SIZE)
    raw = se.put(se.workdir / "plain", data, auth=user_proxy)
    expect.control(raw)

    up = davix.upload(data, (se, path), user_proxy)
    expect.managed(up, raw)
    down = davix.download((se, path), user_proxy)

    expect.managed(down, raw)
    expect.received(down, data)


@check(
    req="davix/namespace",
    level=SHOULD,
    severity=MEDIUM,
    needs={"webdav", "write"},
    catches={"propfind-named-empty"},
    rows={"CLI-05"},
)
def test_davix_lists_a_directory(se: StorageElement, davix: Davix, expect: Expect) -> None:
    """davix-ls should list the members of a directory, all of them and nothing else.

    Users who miss one take it for lost and produce it again.
    """
    expect.control(se.put(se.workdir / "one", b"1"))
    expect.control(se.mkcol(se.workdir / "two"))
    raw = se.propfind(se.workdir, 1)
    expect.control(raw)

    ran = davix.listing((se, se.workdir))

    expect.managed(ran, raw)
    expect.said(ran, "one", "two")


@check(
    req="davix/namespace",
    level=SHOULD,
    severity=MEDIUM,
    needs={"webdav", "write"},
    catches={"header-te-refused"},
    rows={"CLI-05"},
)
def test_davix_makes_a_directory(se: StorageElement, davix: Davix, expect: Expect) -> None:
    """davix-mkdir should make a directory.

    Users and scripts lay out their areas with it.
    """
    path = se.workdir / "by-davix"
    raw = se.mkcol(se.workdir / "plain")
    expect.control(raw)

    ran = davix.make_directory((se, path))

    expect.managed(ran, raw)
    expect.multistatus(se.propfind(path, 0))


@check(
    req="davix/namespace",
    level=SHOULD,
    severity=MEDIUM,
    needs={"webdav", "write"},
    catches={"header-te-refused"},
    rows={"CLI-05"},
)
def test_davix_renames_a_file(
    se: StorageElement, davix: Davix, payload: PayloadOf, expect: Expect
) -> None:
    """davix-mv should rename a file, whose bytes stay the same.

    A rename that loses the file loses data.
    """
    old, new, data = se.workdir / "old", se.workdir / "new", payload(SIZE)
    expect.control(se.put(se.workdir / "plain", data))
    raw = se.move(se.workdir / "plain", old)
    expect.control(raw)

    ran = davix.rename(se, old, new)

    expect.managed(ran, raw)
    expect.content(se, new, data)
    expect.absent(se, old)


@check(
    req="davix/namespace",
    level=SHOULD,
    severity=MEDIUM,
    needs={"webdav", "write"},
    catches={"header-te-refused"},
    rows={"CLI-05"},
)
def test_davix_removes_a_file(se: StorageElement, davix: Davix, expect: Expect) -> None:
    """davix-rm should remove a file.

    What users cannot remove fills their quota.
    """
    path = se.workdir / "file"
    expect.control(se.put(path, b"to be removed"))
    expect.control(se.put(se.workdir / "plain", b"to be removed"))
    raw = se.delete(se.workdir / "plain")
    expect.control(raw)

    ran = davix.remove((se, path))

    expect.managed(ran, raw)
    expect.absent(se, path)
