"""What a member of the community may do with a certificate, and nobody without one."""

from lakeproof import (
    ANONYMOUS,
    CRITICAL,
    HIGH,
    MUST,
    SHOULD,
    ClientCert,
    Expect,
    StorageElement,
    check,
)


@check(
    req="lakeproof/certificate-login",
    level=SHOULD,
    severity=HIGH,
    needs={"webdav", "write", "x509"},
    catches={"x509-member-refused"},
    rows={"X5-01"},
)
def test_member_can_write_and_read(
    se: StorageElement, certificate: ClientCert, expect: Expect
) -> None:
    """A member's certificate or proxy should upload a file and read it again.

    Communities that have no tokens yet could not use the storage at all.
    """
    path = se.workdir / "f"

    expect.success(se.put(path, b"by certificate", auth=certificate))

    expect.content(se, path, b"by certificate", auth=certificate)


@check(
    req="lakeproof/certificate-login",
    level=SHOULD,
    severity=HIGH,
    needs={"webdav", "write", "x509"},
    catches={"x509-member-refused"},
    rows={"X5-01"},
)
def test_member_can_list_and_delete(
    se: StorageElement, certificate: ClientCert, expect: Expect
) -> None:
    """A member's certificate or proxy should list a collection and delete a file in it.

    Rucio cleans up with the certificate that it writes with; the storage would fill up.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, b"any"))

    listed = expect.multistatus(se.propfind(se.workdir, 1, auth=certificate))
    deleted = se.delete(path, auth=certificate)

    expect.absent(se, path)
    expect.success(deleted)
    names = {entry.path.name for entry in listed}
    expect.that("f" in names, "the listing names the file", f"it names {sorted(names)}")


@check(
    req="lakeproof/certificate-login",
    level=MUST,
    severity=CRITICAL,
    needs={"webdav", "write", "x509"},
    catches={"anonymous-read", "anonymous-write", "anonymous-delete", "anonymous-list"},
    rows={"X5-03"},
)
def test_without_certificate_nothing_is_allowed(
    se: StorageElement, certificate: ClientCert, expect: Expect
) -> None:
    """Without certificate and token no method may do what the certificate is needed for.

    A storage that is open to one method is open: whoever may write may replace, whoever may
    list knows what to fetch.
    """
    path, new, collection = se.workdir / "f", se.workdir / "new", se.workdir / "d"
    expect.control(se.put(path, b"mine", auth=certificate))
    expect.control(se.get(path, auth=certificate))

    replies = [
        se.get(path, auth=ANONYMOUS),
        se.propfind(se.workdir, 1, auth=ANONYMOUS),
        se.put(new, b"", auth=ANONYMOUS),
        se.mkcol(collection, auth=ANONYMOUS),
        se.move(path, se.workdir / "elsewhere", auth=ANONYMOUS),
        se.delete(path, auth=ANONYMOUS),
    ]

    expect.unchanged(se, path, b"mine")
    expect.absent(se, new)
    expect.absent(se, collection)
    for reply in replies:
        expect.refused(reply)
