"""Doors that hand clients on to data servers."""

import re
from urllib.parse import unquote

from lakeproof import (
    CRITICAL,
    HIGH,
    MEDIUM,
    MUST,
    SHOULD,
    Expect,
    Probe,
    StorageElement,
    TargetOf,
    TokenFor,
    check,
)

CONTENT = b"kept on a data server"
DENIED = (400, 401, 403)
NEEDS = {"webdav", "write", "redirects"}
URI_REFERENCE = re.compile(r"(?:[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})+")


@check(
    req="rfc9110/redirection",
    level=MUST,
    severity=HIGH,
    needs=NEEDS,
    catches={"redirect-dead", "redirect-foreign-host"},
    rows={"DAV-09"},
)
def test_redirect_target_is_reachable(
    se: StorageElement, target_of: TargetOf, expect: Expect
) -> None:
    """The data server that a read is redirected to must be reachable.

    The door says yes and the client then waits for a server that does not exist or is behind
    the firewall; every read that lands there fails.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, CONTENT))

    target = target_of(se.get(path, follow=False))

    expected = f"the host {target.host} resolves and its port {target.door.port} is open"
    expect.that(target.no_connection is None, expected, target.no_connection or "")


@check(
    req="rfc9110/certificate-identity",
    level=MUST,
    severity=CRITICAL,
    needs=NEEDS,
    catches={"redirect-wrong-certificate"},
    rows={"DAV-09"},
)
def test_redirect_target_certificate_names_it(
    se: StorageElement, target_of: TargetOf, expect: Expect
) -> None:
    """The data server's certificate must name the host that the redirect names.

    Clients that verify break the connection off; whoever switches verification off to get at
    the data gives his credentials to anybody.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, CONTENT))
    target = target_of(se.get(path, follow=False))
    expect.given(target.door.scheme == "https", "the redirect leads to plain http")
    expect.given(target.no_connection is None, "the data server is not reached")

    def named(at: Probe) -> None:
        sound = at.tls.host_ok and at.tls.chain_ok
        expect.that(sound, f"a trusted certificate for {at.host}", at.tls.error)

    expect.every(target.each, named)


@check(
    req="rfc9110/redirection",
    level=MUST,
    severity=HIGH,
    needs=NEEDS,
    catches={"redirect-loop"},
    rows={"DAV-09"},
)
def test_redirected_read_gives_the_content(
    se: StorageElement, target_of: TargetOf, expect: Expect
) -> None:
    """A read that is redirected must end with the file's content.

    A redirect that leads in circles, or to another file, holds every job that wants this one.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, CONTENT))
    target = target_of(se.get(path, follow=False))
    expect.given(target.no_connection is None, "the data server is not reached")
    expect.given(target.door.scheme != "https" or target.tls.host_ok, "its certificate is wrong")

    reply = se.get(path)

    expect.given(reply.status not in DENIED, f"the data server refuses: {reply.describe()}")
    expect.success(reply)
    expect.equal(reply.body, CONTENT, "content")


@check(
    req="lakeproof/redirect-carries-authorisation",
    level=SHOULD,
    severity=HIGH,
    needs=NEEDS,
    catches={"redirect-needs-token"},
    rows={"DAV-09", "TPC-08"},
)
def test_redirect_carries_its_own_authorisation(
    se: StorageElement, target_of: TargetOf, expect: Expect
) -> None:
    """The redirect should authorise the client at the data server by itself.

    Clients send their token to the server they were given it for; the transfer services and
    curl drop it at the next host, and the data server then refuses them.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, CONTENT))
    target = target_of(se.get(path, follow=False))
    expect.given(target.no_connection is None, "the data server is not reached")
    expect.given(target.door.scheme != "https" or target.tls.host_ok, "its certificate is wrong")

    reply = se.get(path)

    expected = "the data server accepts what stands in the URL, without the token"
    expect.that(reply.status not in DENIED, expected, reply.describe())


@check(
    req="rfc9110/location-form",
    level=MUST,
    severity=MEDIUM,
    needs=NEEDS,
    catches={"redirect-unquoted"},
    rows={"DAV-09"},
)
def test_location_is_a_valid_uri(se: StorageElement, target_of: TargetOf, expect: Expect) -> None:
    """The Location of a redirect must be a valid URI, whatever the file is called.

    A file name with a blank or a hash in it works at the door, and is cut short or refused at
    the data server; only some files fail, which takes weeks to see.
    """
    path = se.workdir / "run 7 #1"
    expect.control(se.put(path, CONTENT))

    reply = se.get(path, follow=False)

    target_of(reply)
    location = reply.headers["Location"]
    shown = location.partition("?")[0]
    valid = URI_REFERENCE.fullmatch(location) is not None
    expect.that(valid, "blanks and other special characters percent-encoded", shown)


@check(
    req="lakeproof/redirect-stays-on-https",
    level=SHOULD,
    severity=MEDIUM,
    needs=NEEDS | {"tls"},
    catches={"redirect-plain"},
    rows={"DAV-09"},
)
def test_redirect_stays_on_https(se: StorageElement, target_of: TargetOf, expect: Expect) -> None:
    """A client that came over https should be redirected to https.

    What it reads, and the capability in the URL, travel unencrypted otherwise; clients that
    refuse plain http get nothing.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, CONTENT))

    target = target_of(se.get(path, follow=False))

    expect.equal(target.door.scheme, "https", "scheme of the redirect")


@check(
    req="rfc6750/no-token-in-url",
    level=SHOULD,
    severity=HIGH,
    needs=NEEDS | {"token-scopes"},
    catches={"redirect-leaks-token"},
    rows={"DAV-09", "TPC-08", "TKN-25", "B1.5"},
)
def test_token_is_not_in_location(
    se: StorageElement, token: TokenFor, target_of: TargetOf, expect: Expect
) -> None:
    """A redirect should not carry the client's token in its URL.

    URLs stand in the logs of servers and proxies; whoever reads them can use the token until
    it expires, for all that it allows.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, CONTENT))
    bearer = token(f"storage.read:{se.workdir}")

    reply = se.get(path, auth=bearer, follow=False)

    target_of(reply)
    leaked = bearer.token in unquote(reply.headers["Location"])
    expect.that(not leaked, "a Location without the token", "the token stands in the Location")


@check(
    req="rfc9110/redirection",
    level=MUST,
    severity=HIGH,
    needs=NEEDS,
    catches={"redirect-upload-303"},
    rows={"DAV-09"},
)
def test_redirected_upload_is_stored(se: StorageElement, expect: Expect) -> None:
    """An upload that is redirected must be stored, with and without Expect: 100-continue.

    Transfer services wait for 100 and older clients do not; where only one way works, half of
    the tools cannot write, and some report success all the same.
    """
    expect.control(se.put(se.workdir / "control", CONTENT))
    expect.control(se.get(se.workdir / "control"))  # reading works; otherwise nothing is seen
    for name, headers in (("with", {"Expect": "100-continue"}), ("without", {})):
        path = se.workdir / name

        reply = se.put(path, CONTENT, headers=headers)

        expect.content(se, path, CONTENT)
        expect.success(reply)
