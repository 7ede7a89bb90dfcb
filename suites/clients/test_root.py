"""Clients work with the root:// door: xrdcp and xrdfs, and gfal2 with its XRootD plugin."""

from __future__ import annotations

from lakeproof import (
    HIGH,
    MEDIUM,
    SHOULD,
    ClientCert,
    Expect,
    Gfal,
    PayloadOf,
    RootDoor,
    StorageElement,
    Xrdcp,
    check,
)

SIZE = 70_001


@check(
    req="xrootd/xrdcp",
    level=SHOULD,
    severity=HIGH,
    needs={"webdav", "root", "write"},
    catches={"root-hint-refused"},
    rows={"CLI-07"},
)
def test_xrdcp_uploads_a_file(
    se: StorageElement, root: RootDoor, xrdcp: Xrdcp, payload: PayloadOf, expect: Expect
) -> None:
    """xrdcp should upload a file, byte for byte.

    Jobs bring their results home with it.
    """
    path, data = se.workdir / "by-xrdcp", payload(SIZE)
    raw = root.write(se.workdir / "plain", data)
    expect.control(raw)

    ran = xrdcp.upload(data, (se, path))

    expect.managed(ran, raw)
    expect.read_over_root(root, path, data)


@check(
    req="xrootd/xrdcp",
    level=SHOULD,
    severity=HIGH,
    needs={"webdav", "root", "write"},
    catches={"root-read-full-short"},
    rows={"CLI-07"},
)
def test_xrdcp_downloads_a_file(
    se: StorageElement, root: RootDoor, xrdcp: Xrdcp, payload: PayloadOf, expect: Expect
) -> None:
    """xrdcp should download a file, byte for byte.

    Physicists fetch their data with it.
    """
    path, data = se.workdir / "file", payload(SIZE)
    expect.control(root.write(path, data))
    raw = root.read(path)
    expect.control(raw)

    ran = xrdcp.download((se, path))

    expect.managed(ran, raw)
    expect.received(ran, data)


@check(
    req="xrootd/xrdcp",
    level=SHOULD,
    severity=HIGH,
    needs={"webdav", "root", "write", "x509"},
    catches={"root-hint-refused"},
    rows={"CLI-02", "CLI-07"},
)
def test_xrdcp_uploads_and_downloads_with_proxy(
    se: StorageElement,
    root: RootDoor,
    xrdcp: Xrdcp,
    user_proxy: ClientCert,
    payload: PayloadOf,
    expect: Expect,
) -> None:
    """xrdcp should upload and download with an X.509 proxy and no token.

    Most of the grid's jobs still have nothing else.
    """
    path, data = se.workdir / "by-xrdcp", payload(SIZE)
    raw = root.write(se.workdir / "plain", data, auth=user_proxy)
    expect.control(raw)

    up = xrdcp.upload(data, (se, path), user_proxy)
    expect.managed(up, raw)
    down = xrdcp.download((se, path), user_proxy)

    expect.managed(down, raw)
    expect.received(down, data)


@check(
    req="xrootd/xrdfs-checksum",
    level=SHOULD,
    severity=HIGH,
    needs={"webdav", "root", "write"},
    catches={"root-checksum-first-is-md5"},
    rows={"CLI-07"},
)
def test_xrdfs_gets_adler32_without_asking_for_it(
    se: StorageElement, root: RootDoor, xrdcp: Xrdcp, payload: PayloadOf, expect: Expect
) -> None:
    """xrdfs query checksum should give adler32 when it does not say which one.

    Rucio asks like this, and takes an upload for failed when another one comes first.
    """
    path, data = se.workdir / "file", payload(SIZE)
    expect.control(root.write(path, data))
    raw = root.checksum(path, "adler32")
    expect.control(raw)

    ran = xrdcp.checksum((se, path))

    expect.managed(ran, raw)
    expect.said(ran, f"adler32 {data.adler32}")


@check(
    req="gfal2/copy",
    level=SHOULD,
    severity=MEDIUM,
    needs={"webdav", "root", "write"},
    catches={"root-hint-refused"},
    rows={"CLI-01", "CLI-07"},
)
def test_gfal_copies_a_file_up_over_root(
    se: StorageElement, root: RootDoor, gfal: Gfal, payload: PayloadOf, expect: Expect
) -> None:
    """gfal2 should copy a local file up over root://, byte for byte.

    Rucio uploads like this where the storage is known to it by root:// alone.
    """
    path, data = se.workdir / "by-gfal", payload(SIZE)
    raw = root.write(se.workdir / "plain", data)
    expect.control(raw)

    ran = gfal.upload(data, (se, path), over=root)

    expect.managed(ran, raw)
    expect.read_over_root(root, path, data)


@check(
    req="gfal2/copy",
    level=SHOULD,
    severity=MEDIUM,
    needs={"webdav", "root", "write"},
    catches={"root-read-full-short"},
    rows={"CLI-01", "CLI-07"},
)
def test_gfal_copies_a_file_down_over_root(
    se: StorageElement, root: RootDoor, gfal: Gfal, payload: PayloadOf, expect: Expect
) -> None:
    """gfal2 should copy a file down over root://, byte for byte.

    Rucio downloads like this where the storage is known to it by root:// alone.
    """
    path, data = se.workdir / "file", payload(SIZE)
    expect.control(root.write(path, data))
    raw = root.read(path)
    expect.control(raw)

    ran = gfal.download((se, path), over=root)

    expect.managed(ran, raw)
    expect.received(ran, data)
