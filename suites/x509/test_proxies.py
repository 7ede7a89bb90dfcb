"""Proxies made from the given certificate: which must be let in, and which must not."""

from lakeproof import (
    CRITICAL,
    HIGH,
    LOW,
    MAY,
    MEDIUM,
    MUST,
    SHOULD,
    ClientCert,
    Expect,
    ProxyFor,
    StorageElement,
    check,
)


@check(
    req="rfc3820/proxy",
    level=SHOULD,
    severity=HIGH,
    needs={"webdav", "write", "x509"},
    catches={"x509-proxy-refused"},
    rows={"X5-05"},
)
def test_proxy_is_accepted(
    se: StorageElement, certificate: ClientCert, proxy: ProxyFor, expect: Expect
) -> None:
    """A proxy (RFC 3820) of a member should be let in as the member is.

    Jobs and transfer services never hold the certificate itself, only such a proxy.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, b"any", auth=certificate))

    expect.let_in(lambda: se.get(path, auth=proxy("proxy")))


@check(
    req="rfc3820/proxy",
    level=SHOULD,
    severity=HIGH,
    needs={"webdav", "write", "x509"},
    catches={"x509-long-chain-refused"},
    rows={"X5-05"},
)
def test_proxy_of_proxies_is_accepted(
    se: StorageElement, certificate: ClientCert, proxy: ProxyFor, expect: Expect
) -> None:
    """A proxy of a proxy, four deep, should be let in as well.

    Each service that hands a proxy on puts one more on top.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, b"any", auth=certificate))
    expect.control(se.get(path, auth=proxy("proxy")))

    expect.let_in(lambda: se.get(path, auth=proxy("long-chain")))


@check(
    req="rfc3820/proxy",
    level=MAY,
    severity=LOW,
    needs={"webdav", "write", "x509"},
    catches={"x509-elliptic-refused"},
    rows={"X5-05"},
)
def test_proxy_with_elliptic_key_is_accepted(
    se: StorageElement, certificate: ClientCert, proxy: ProxyFor, expect: Expect
) -> None:
    """A proxy with an elliptic curve key may be let in.

    They are made a hundred times faster than RSA keys, and clients begin to use them.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, b"any", auth=certificate))
    expect.control(se.get(path, auth=proxy("proxy")))

    expect.let_in(lambda: se.get(path, auth=proxy("elliptic")))


@check(
    req="lakeproof/limited-proxy",
    level=MAY,
    severity=MEDIUM,
    needs={"webdav", "write", "x509"},
    catches={"x509-limited-refused"},
    rows={"X5-04"},
)
def test_limited_proxy_is_accepted(
    se: StorageElement, certificate: ClientCert, proxy: ProxyFor, expect: Expect
) -> None:
    """A limited proxy, which may start no jobs, may be let in to data.

    Batch systems give each job such a proxy, and it has to fetch and store its files with it.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, b"any", auth=certificate))
    expect.control(se.get(path, auth=proxy("proxy")))

    expect.let_in(lambda: se.get(path, auth=proxy("limited")))


@check(
    req="rfc3820/independent",
    level=SHOULD,
    severity=MEDIUM,
    needs={"webdav", "write", "x509"},
    catches={"x509-independent-accepted"},
    rows={"X5-04"},
)
def test_independent_proxy_is_refused(
    se: StorageElement, certificate: ClientCert, proxy: ProxyFor, expect: Expect
) -> None:
    """A proxy that says that it inherits no rights should get none of its owner's.

    It was made to prove a name and nothing else, and is handed to services nobody trusts.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, b"secret", auth=certificate))
    expect.control(se.get(path, auth=proxy("proxy")))

    expect.turned_away(lambda: se.get(path, auth=proxy("independent")))


@check(
    req="rfc5280/client-validity",
    level=MUST,
    severity=CRITICAL,
    needs={"webdav", "write", "x509"},
    catches={"x509-expired-accepted"},
    rows={"X5-04", "B6.40"},
)
def test_expired_proxy_is_refused(
    se: StorageElement, certificate: ClientCert, proxy: ProxyFor, expect: Expect
) -> None:
    """A proxy must be refused after its end.

    Old proxies lie about on every worker node; their short life is all that protects them.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, b"secret", auth=certificate))
    expect.control(se.get(path, auth=proxy("proxy")))

    expect.turned_away(lambda: se.get(path, auth=proxy("expired")))


@check(
    req="rfc3820/signature",
    level=MUST,
    severity=CRITICAL,
    needs={"webdav", "write", "x509"},
    catches={"x509-chain-ignored"},
    rows={"X5-04"},
)
def test_proxy_with_foreign_signature_is_refused(
    se: StorageElement, certificate: ClientCert, proxy: ProxyFor, expect: Expect
) -> None:
    """A proxy that its owner has not signed must be refused.

    Certificates are public; everybody could make proxies of everybody's.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, b"secret", auth=certificate))
    expect.control(se.get(path, auth=proxy("proxy")))

    expect.turned_away(lambda: se.get(path, auth=proxy("foreign-signature")))


@check(
    req="rfc3820/path-length",
    level=MUST,
    severity=HIGH,
    needs={"webdav", "write", "x509"},
    catches={"x509-chain-ignored"},
    rows={"X5-04"},
)
def test_proxy_too_deep_is_refused(
    se: StorageElement, certificate: ClientCert, proxy: ProxyFor, expect: Expect
) -> None:
    """A proxy of a proxy that allows no further ones must be refused.

    The limit keeps a service that was handed a proxy from handing it on.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, b"secret", auth=certificate))
    expect.control(se.get(path, auth=proxy("proxy")))

    expect.turned_away(lambda: se.get(path, auth=proxy("too-deep")))


@check(
    req="rfc5280/trust-anchor",
    level=MUST,
    severity=CRITICAL,
    needs={"webdav", "write", "x509"},
    catches={"x509-chain-ignored"},
    rows={"X5-04", "B6.40"},
)
def test_self_signed_certificate_is_refused(
    se: StorageElement, certificate: ClientCert, proxy: ProxyFor, expect: Expect
) -> None:
    """A certificate in a member's name that was signed with its own key must be refused.

    One command makes such a certificate in any name.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, b"secret", auth=certificate))
    expect.control(se.get(path, auth=certificate))

    expect.turned_away(lambda: se.get(path, auth=proxy("self-signed")))


@check(
    req="rfc5280/trust-anchor",
    level=MUST,
    severity=CRITICAL,
    needs={"webdav", "write", "x509"},
    catches={"x509-chain-ignored"},
    rows={"X5-04"},
)
def test_unknown_authority_is_refused(
    se: StorageElement, certificate: ClientCert, proxy: ProxyFor, expect: Expect
) -> None:
    """A certificate of an authority that has the name of a trusted one only must be refused.

    A name is no proof; a server that compares names believes whoever made up an authority.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, b"secret", auth=certificate))
    expect.control(se.get(path, auth=certificate))

    expect.turned_away(lambda: se.get(path, auth=proxy("unknown-authority")))
