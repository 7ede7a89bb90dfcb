"""Certificates of people who may do nothing here, also when they borrow a member's name."""

from lakeproof import (
    CRITICAL,
    MUST,
    ClientCert,
    Expect,
    Impersonating,
    StorageElement,
    check,
)


@check(
    req="lakeproof/certificate-login",
    level=MUST,
    severity=CRITICAL,
    needs={"webdav", "write", "x509", "other-x509"},
    catches={"x509-unlisted-accepted"},
    rows={"X5-02"},
)
def test_stranger_cannot_read(
    se: StorageElement, certificate: ClientCert, stranger: ClientCert, expect: Expect
) -> None:
    """A certificate of somebody outside the community must not read.

    Every scientist of the world has a certificate of a trusted authority.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, b"secret"))
    expect.control(se.get(path, auth=certificate))

    expect.turned_away(lambda: se.get(path, auth=stranger))


@check(
    req="lakeproof/certificate-login",
    level=MUST,
    severity=CRITICAL,
    needs={"webdav", "write", "x509", "other-x509"},
    catches={"x509-unlisted-accepted"},
    rows={"X5-02"},
)
def test_stranger_cannot_write(
    se: StorageElement, certificate: ClientCert, stranger: ClientCert, expect: Expect
) -> None:
    """A certificate of somebody outside the community must not write.

    The site answers for whatever people leave there.
    """
    new = se.workdir / "new"
    expect.control(se.put(se.workdir / "f", b"any", auth=certificate))

    expect.turned_away(lambda: se.put(new, b"", auth=stranger))

    expect.absent(se, new)


@check(
    req="rfc3820/subject",
    level=MUST,
    severity=CRITICAL,
    needs={"webdav", "write", "x509", "other-x509"},
    catches={"x509-chain-ignored"},
    rows={"B6.40"},
)
def test_proxy_in_anothers_name_is_refused(
    se: StorageElement, certificate: ClientCert, impersonating: Impersonating, expect: Expect
) -> None:
    """A proxy must be refused when its name is not that of whoever signed it.

    Everybody with a certificate could make a proxy in everybody else's name.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, b"secret"))
    expect.control(se.get(path, auth=certificate))

    expect.turned_away(lambda: se.get(path, auth=impersonating("proxy")))


@check(
    req="rfc5280/authority",
    level=MUST,
    severity=CRITICAL,
    needs={"webdav", "write", "x509", "other-x509"},
    catches={"x509-chain-ignored"},
    rows={"B6.40"},
)
def test_certificate_signed_by_person_is_refused(
    se: StorageElement, certificate: ClientCert, impersonating: Impersonating, expect: Expect
) -> None:
    """A certificate that was signed by a person instead of an authority must be refused.

    Everybody with a certificate would be an authority, and could issue one in any name.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, b"secret"))
    expect.control(se.get(path, auth=certificate))

    expect.turned_away(lambda: se.get(path, auth=impersonating("person")))
