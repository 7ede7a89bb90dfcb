"""gfal2 (Grid File Access Library) works with the endpoint: Rucio and FTS copy with it."""

from __future__ import annotations

from lakeproof import (
    HIGH,
    MAY,
    MEDIUM,
    SHOULD,
    ClientCert,
    Expect,
    Gfal,
    PayloadOf,
    Pull,
    Push,
    StorageElement,
    check,
)

SIZE = 70_001


@check(
    req="gfal2/copy",
    level=SHOULD,
    severity=HIGH,
    needs={"webdav", "write"},
    catches={"propfind-no-body-400"},
    rows={"CLI-01"},
)
def test_gfal_copies_a_file_up(
    se: StorageElement, gfal: Gfal, payload: PayloadOf, expect: Expect
) -> None:
    """gfal2 should copy a local file to the endpoint, byte for byte.

    It is how Rucio uploads, so a community cannot put data where this fails.
    """
    path, data = se.workdir / "by-gfal", payload(SIZE)
    raw = se.put(se.workdir / "plain", data)
    expect.control(raw)

    ran = gfal.upload(data, (se, path))

    expect.managed(ran, raw)
    expect.content(se, path, data)


@check(
    req="gfal2/copy",
    level=SHOULD,
    severity=HIGH,
    needs={"webdav", "write"},
    catches={"propfind-no-body-400"},
    rows={"CLI-01"},
)
def test_gfal_copies_a_file_down(
    se: StorageElement, gfal: Gfal, payload: PayloadOf, expect: Expect
) -> None:
    """gfal2 should copy a file of the endpoint to the local disk, byte for byte.

    Jobs and users read like this; where it fails, data is there and nobody gets it.
    """
    path, data = se.workdir / "file", payload(SIZE)
    expect.control(se.put(path, data))
    raw = se.get(path)
    expect.control(raw)

    ran = gfal.download((se, path))

    expect.managed(ran, raw)
    expect.received(ran, data)


@check(
    req="gfal2/credentials",
    level=SHOULD,
    severity=HIGH,
    needs={"webdav", "write", "x509"},
    catches={"header-te-refused"},
    rows={"CLI-02"},
)
def test_gfal_copies_up_and_down_with_proxy(
    se: StorageElement, gfal: Gfal, user_proxy: ClientCert, payload: PayloadOf, expect: Expect
) -> None:
    """gfal2 should copy up and down with an X.509 proxy and no token.

    Communities that have no tokens yet reach their data in no other way.
    """
    path, data = se.workdir / "by-gfal", payload(SIZE)
    raw = se.put(se.workdir / "plain", data, auth=user_proxy)
    expect.control(raw)

    up = gfal.upload(data, (se, path), user_proxy)
    expect.managed(up, raw)
    down = gfal.download((se, path), user_proxy)

    expect.managed(down, raw)
    expect.received(down, data)


@check(
    req="gfal2/third-party",
    level=SHOULD,
    severity=HIGH,
    needs={"tpc-pull", "partner", "token-scopes"},
    catches={"tpc-streams-500"},
    rows={"TPC-16"},
)
def test_gfal_has_the_endpoint_pull(
    se: StorageElement,
    partner: StorageElement,
    pull: Pull,
    gfal: Gfal,
    payload: PayloadOf,
    expect: Expect,
) -> None:
    """gfal2 should have the endpoint fetch a file from another one, byte for byte.

    FTS copies with it: where it fails, every transfer to this site fails.
    """
    source, target, data = partner.workdir / "source", se.workdir / "by-gfal", payload(SIZE)
    expect.control(partner.put(source, data))
    raw = pull(source, se.workdir / "plain")
    expect.control_transfer(raw)

    ran = gfal.copy((partner, source), (se, target), "3rd pull")

    expect.managed(ran, raw.reply)
    expect.content(se, target, data)


@check(
    req="gfal2/third-party",
    level=SHOULD,
    severity=MEDIUM,
    needs={"tpc-push", "partner", "token-scopes"},
    catches={"tpc-streams-500"},
    rows={"TPC-16"},
)
def test_gfal_has_the_endpoint_push(
    se: StorageElement,
    partner: StorageElement,
    push: Push,
    gfal: Gfal,
    payload: PayloadOf,
    expect: Expect,
) -> None:
    """gfal2 should have the endpoint send a file to another one, byte for byte.

    FTS tries this where the other site cannot fetch.
    """
    source, target, data = se.workdir / "source", partner.workdir / "by-gfal", payload(SIZE)
    expect.control(se.put(source, data))
    raw = push(source, partner.workdir / "plain")
    expect.control_transfer(raw)

    ran = gfal.copy((se, source), (partner, target), "3rd push")

    expect.managed(ran, raw.reply)
    expect.content(partner, target, data)


@check(
    req="gfal2/third-party",
    level=MAY,
    severity=MEDIUM,
    needs={"webdav", "write", "partner", "token-scopes"},
    catches={"header-te-refused"},
    rows={"TPC-16"},
)
def test_gfal_streams_a_copy_through_itself(
    se: StorageElement, partner: StorageElement, gfal: Gfal, payload: PayloadOf, expect: Expect
) -> None:
    """gfal2 may copy from another endpoint through itself, byte for byte.

    It is the last way out where neither of two sites does third-party copies.
    """
    source, target, data = partner.workdir / "source", se.workdir / "by-gfal", payload(SIZE)
    expect.control(partner.put(source, data))
    raw = se.put(se.workdir / "plain", data)
    expect.control(raw)

    ran = gfal.copy((partner, source), (se, target), "streamed")

    expect.managed(ran, raw)
    expect.content(se, target, data)


@check(
    req="gfal2/credentials",
    level=SHOULD,
    severity=HIGH,
    needs={"tpc-pull", "partner", "x509", "macaroons"},
    catches={"tpc-macaroon-refused"},
    rows={"TPC-16", "CLI-02"},
)
def test_gfal_has_the_endpoint_pull_with_proxy(
    se: StorageElement,
    partner: StorageElement,
    gfal: Gfal,
    user_proxy: ClientCert,
    payload: PayloadOf,
    expect: Expect,
) -> None:
    """gfal2 should have the endpoint fetch a file for a user with a proxy alone.

    It asks both sites for macaroons then, as FTS does for communities without tokens.
    """
    source, target, data = partner.workdir / "source", se.workdir / "by-gfal", payload(SIZE)
    expect.control(partner.put(source, data, auth=user_proxy))
    lent = partner.macaroon(source, activities=["DOWNLOAD", "LIST"], auth=user_proxy)
    expect.given(lent.bearer is not None, f"the source gives no macaroon: {lent.reply.describe()}")
    raw = se.put(se.workdir / "plain", data, auth=user_proxy)
    expect.control(raw)

    ran = gfal.copy((partner, source), (se, target), "3rd pull", user_proxy)

    expect.managed(ran, raw)
    expect.content(se, target, data)


@check(
    req="gfal2/checksum",
    level=SHOULD,
    severity=HIGH,
    needs={"webdav", "write"},
    catches={"digest-name-in-capitals", "digest-list-spaced"},
    rows={"CLI-03"},
)
def test_gfal_gets_the_checksum(
    se: StorageElement, gfal: Gfal, payload: PayloadOf, expect: Expect
) -> None:
    """gfal2 should get the adler32 checksum of a file.

    Rucio and FTS compare it after each transfer, and take a copy for broken without it.
    """
    path, data = se.workdir / "file", payload(SIZE)
    expect.control(se.put(path, data))
    raw = se.digest(path, "adler32")
    expect.control(raw)
    expect.given("adler32=" in raw.headers.get("Digest", "").lower(), "a plain HEAD tells none")

    ran = gfal.checksum((se, path), "ADLER32")

    expect.managed(ran, raw)
    expect.said(ran, data.adler32)


@check(
    req="gfal2/namespace",
    level=SHOULD,
    severity=MEDIUM,
    needs={"webdav", "write"},
    catches={"propfind-named-empty"},
    rows={"CLI-04"},
)
def test_gfal_lists_a_directory(se: StorageElement, gfal: Gfal, expect: Expect) -> None:
    """gfal2 should list the members of a directory, all of them and nothing else.

    Dumps, clean-up and users look into directories with it.
    """
    expect.control(se.put(se.workdir / "one", b"1"))
    expect.control(se.put(se.workdir / "two", b"22"))
    expect.control(se.mkcol(se.workdir / "three"))
    raw = se.propfind(se.workdir, 1)
    expect.control(raw)

    ran = gfal.listing((se, se.workdir))

    expect.managed(ran, raw)
    expect.said(ran, "one", "two", "three")


@check(
    req="gfal2/namespace",
    level=SHOULD,
    severity=MEDIUM,
    needs={"webdav", "write"},
    catches={"propfind-no-body-400"},
    rows={"CLI-04"},
)
def test_gfal_gets_the_size(
    se: StorageElement, gfal: Gfal, payload: PayloadOf, expect: Expect
) -> None:
    """gfal2 should get the size of a file.

    FTS compares it before and after a copy, and calls the transfer failed where it differs.
    """
    path, data = se.workdir / "file", payload(SIZE)
    expect.control(se.put(path, data))
    raw = se.propfind(path, 0)
    expect.control(raw)

    ran = gfal.size((se, path))

    expect.managed(ran, raw)
    expect.said(ran, str(data.size))


@check(
    req="gfal2/namespace",
    level=SHOULD,
    severity=MEDIUM,
    needs={"webdav", "write"},
    catches={"header-te-refused"},
    rows={"CLI-04"},
)
def test_gfal_makes_a_directory(se: StorageElement, gfal: Gfal, expect: Expect) -> None:
    """gfal2 should make a directory.

    FTS and Rucio make the directory of each new file with it before they copy.
    """
    path = se.workdir / "by-gfal"
    raw = se.mkcol(se.workdir / "plain")
    expect.control(raw)

    ran = gfal.make_directory((se, path))

    expect.managed(ran, raw)
    expect.multistatus(se.propfind(path, 0))


@check(
    req="gfal2/namespace",
    level=SHOULD,
    severity=HIGH,
    needs={"webdav", "write"},
    catches={"header-te-refused"},
    rows={"CLI-04"},
)
def test_gfal_renames_a_file(
    se: StorageElement, gfal: Gfal, payload: PayloadOf, expect: Expect
) -> None:
    """gfal2 should rename a file, whose bytes stay the same.

    Rucio uploads under a temporary name and renames, so no upload is ever finished without.
    """
    old, new, data = se.workdir / "old", se.workdir / "new", payload(SIZE)
    expect.control(se.put(se.workdir / "plain", data))
    raw = se.move(se.workdir / "plain", old)
    expect.control(raw)

    ran = gfal.rename(se, old, new)

    expect.managed(ran, raw)
    expect.content(se, new, data)
    expect.absent(se, old)


@check(
    req="gfal2/namespace",
    level=SHOULD,
    severity=HIGH,
    needs={"webdav", "write"},
    catches={"propfind-no-body-400"},
    rows={"CLI-04"},
)
def test_gfal_removes_a_file(se: StorageElement, gfal: Gfal, expect: Expect) -> None:
    """gfal2 should remove a file.

    Rucio and FTS clean up with it; where it fails the storage fills up.
    """
    path = se.workdir / "file"
    expect.control(se.put(path, b"to be removed"))
    expect.control(se.put(se.workdir / "plain", b"to be removed"))
    raw = se.delete(se.workdir / "plain")
    expect.control(raw)

    ran = gfal.remove((se, path))

    expect.managed(ran, raw)
    expect.absent(se, path)
