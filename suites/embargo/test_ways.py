"""Every way to the same file asks whose it is: connections, caches, addresses, data servers."""

from lakeproof import (
    CRITICAL,
    HIGH,
    MUST,
    Apart,
    Bearer,
    DataServerOf,
    Embargoed,
    Expect,
    MacaroonBy,
    MacaroonFor,
    StorageElement,
    check,
)

NEEDS = {"webdav", "write", "other-token"}


@check(
    req="rfc9110/stateless-authentication",
    level=MUST,
    severity=CRITICAL,
    needs=NEEDS,
    catches={"token-first-of-connection"},
    rows={"EMB-12"},
)
def test_connection_keeps_no_rights(
    se: StorageElement, embargoed: Embargoed, other_token: Bearer, expect: Expect
) -> None:
    """A member of another group must be refused over a connection that the owner has used.

    Gateways, portals and transfer services send everybody's requests over one connection.
    """
    owner = se.credential("GET", embargoed.path)

    answers = se.speak(
        se.raw("GET", embargoed.path, auth=owner),
        se.raw("GET", embargoed.path, auth=other_token),
        in_turn=True,
        enough=2,
    ).replies

    first = answers[0]
    expect.given(0 < first.status < 400, first.describe())  # noqa: PLR2004  taken, or handed on
    for reply in answers[1:]:  # a server may as well close the connection
        expect.kept(reply, embargoed.payload)


@check(
    req="embargo/path",
    level=MUST,
    severity=CRITICAL,
    needs=NEEDS,
    catches={"embargo-cached-unchecked"},
    rows={"EMB-13"},
)
def test_cached_file_is_not_shared(
    se: StorageElement,
    other: StorageElement,
    embargoed: Embargoed,
    other_token: Bearer,
    expect: Expect,
) -> None:
    """A file that its owner has read several times must still be refused to another group.

    What is in a cache is served without asking the storage, and so without asking who may.
    """
    for _ in range(3):
        expect.control(se.get(embargoed.path))

    reply = other.get(embargoed.path, auth=other_token)

    expect.kept(reply, embargoed.payload)


@check(
    req="embargo/path",
    level=MUST,
    severity=CRITICAL,
    needs=NEEDS,
    catches={"embargo-one-address-unchecked"},
    rows={"EMB-15"},
)
def test_no_address_lets_other_in(
    doors: tuple[StorageElement, ...], embargoed: Embargoed, other_token: Bearer, expect: Expect
) -> None:
    """Each address of the door must refuse the file to a member of another group.

    One server that was forgotten when the rules changed is enough; who asks often meets it.
    """

    def closed(at: StorageElement) -> None:
        expect.kept(at.get(embargoed.path, auth=other_token), embargoed.payload)

    expect.every(doors, closed)


@check(
    req="embargo/path",
    level=MUST,
    severity=CRITICAL,
    needs=NEEDS | {"redirects"},
    catches={"embargo-data-server-open"},
    rows={"EMB-11"},
)
def test_data_server_lets_other_not_in(
    other: StorageElement,
    embargoed: Embargoed,
    other_token: Bearer,
    data_server_of: DataServerOf,
    expect: Expect,
) -> None:
    """A data server must not give the file to a member of another group who comes by himself.

    The door asks whose the file is; behind it the same data lie at another port.
    """
    server, _ = data_server_of(other.get(embargoed.others, auth=other_token, follow=False))

    reply = server.get(embargoed.path, auth=other_token)

    expect.kept(reply, embargoed.payload)


@check(
    req="embargo/path",
    level=MUST,
    severity=CRITICAL,
    needs=NEEDS | {"redirects"},
    catches={"embargo-grant-for-any-file"},
    rows={"EMB-11"},
)
def test_redirect_is_good_for_its_file_alone(
    other: StorageElement,
    embargoed: Embargoed,
    other_token: Bearer,
    data_server_of: DataServerOf,
    expect: Expect,
) -> None:
    """What a redirect to one file permits must not open the file of another group.

    A member of any group gets such a URL for a file of his own and writes another name into it.
    """
    redirect = other.get(embargoed.others, auth=other_token, follow=False)
    server, target = data_server_of(redirect)
    own, wanted = other.url_of(embargoed.others), other.url_of(embargoed.path)
    ours, theirs = own.removeprefix(other.url), wanted.removeprefix(other.url)
    expect.given(ours in target, "the redirect does not name the file")

    reply = server.get(target.replace(ours, theirs), auth=other_token)

    expect.nothing_read(reply, embargoed.payload)
    expect.nothing_learned(reply, embargoed.payload, embargoed.etag)


@check(
    req="macaroons/requester",
    level=MUST,
    severity=CRITICAL,
    needs=NEEDS | {"macaroons"},
    catches={"macaroon-exceeds-requester"},
    rows={"EMB-14"},
)
def test_macaroon_of_other_does_not_open(
    embargoed: Embargoed,
    other_token: Bearer,
    macaroon: MacaroonFor,
    macaroon_by: MacaroonBy,
    apart: Apart,
    expect: Expect,
) -> None:
    """A macaroon for the file must be of no use to a member of another group.

    Asking for it costs one request; where it opens what the token does not, nothing is kept.
    """
    owners = macaroon(apart(), embargoed.path, "DOWNLOAD")
    expect.control(apart().get(embargoed.path, auth=owners))

    derived = macaroon_by(other_token, embargoed.path, "DOWNLOAD")

    expect.kept(apart().get(embargoed.path, auth=derived), embargoed.payload)


@check(
    req="macaroons/requester",
    level=MUST,
    severity=HIGH,
    needs=NEEDS | {"macaroons"},
    catches={"embargo-macaroon-tells"},
    rows={"EMB-14"},
)
def test_macaroon_of_other_tells_nothing(
    embargoed: Embargoed,
    other_token: Bearer,
    macaroon: MacaroonFor,
    macaroon_by: MacaroonBy,
    apart: Apart,
    expect: Expect,
) -> None:
    """A macaroon for the file must not tell a member of another group its size or checksum.

    A server that hands out macaroons without asking whose the file is undoes its own refusals.
    """
    owners = macaroon(apart(), embargoed.path, "DOWNLOAD", "READ_METADATA")
    expect.control(apart().digest(embargoed.path, "adler32", auth=owners))

    derived = macaroon_by(other_token, embargoed.path, "DOWNLOAD", "READ_METADATA")

    reply = apart().digest(embargoed.path, "adler32", auth=derived)
    expect.kept(reply, embargoed.payload, embargoed.etag)
