"""What the root:// door says before anybody has logged in, and how it keeps strangers' nonsense."""

from lakeproof import (
    CRITICAL,
    HIGH,
    LOW,
    MEDIUM,
    MUST,
    SHOULD,
    Expect,
    GreetRoot,
    RootDoor,
    RootSpeech,
    StorageElement,
    check,
)

VERSION_5 = 0x500
NO_SUCH_REQUEST = bytes.fromhex("0001 0f9f") + bytes(20)
HTTP = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"


@check(
    req="xrootd/protocol",
    level=SHOULD,
    severity=MEDIUM,
    needs={"root"},
    catches={"root-old-version"},
    rows={"ROOT-01"},
)
def test_protocol_is_of_version_5(greet_root: GreetRoot, expect: Expect) -> None:
    """The door should speak version 5 of the protocol or a later one.

    TLS, tokens, page reads with checksums and extended attributes came with it; an older door
    serves none of them.
    """
    offer = greet_root()

    found = f"{offer.hello.version >> 8}.{offer.hello.version & 0xFF}"
    expect.that(offer.hello.version >= VERSION_5, "version 5.0 or later", f"version {found}")


@check(
    req="xrootd/role",
    level=MUST,
    severity=MEDIUM,
    needs={"root"},
    catches={"root-no-role"},
    rows={"ROOT-01"},
)
def test_door_says_whether_it_is_server_or_manager(greet_root: GreetRoot, expect: Expect) -> None:
    """The door must say whether it is a data server or a manager that redirects.

    Clients treat the two differently when a file is missing or a server is lost: they look for
    another server, or give up.
    """
    offer = greet_root()

    roles = f"server: {offer.hello.is_server}, manager: {offer.hello.is_manager}"
    one = offer.hello.is_server != offer.hello.is_manager
    expect.that(one, "a server or a manager", roles)


@check(
    req="xrootd/tls",
    level=SHOULD,
    severity=HIGH,
    needs={"root"},
    catches={"root-no-tls"},
    rows={"ROOT-01", "NET-11"},
)
def test_door_has_tls(greet_root: GreetRoot, expect: Expect) -> None:
    """The door should speak TLS with clients that want it.

    Without it no token is shown to it, so jobs and transfers with tokens cannot use it at all.
    """
    offer = greet_root(tls=True)

    expect.that(offer.inside_tls, "TLS before the login", "the login is in clear")


@check(
    req="rfc6750/root-tls",
    level=MUST,
    severity=CRITICAL,
    needs={"root"},
    catches={"root-no-tls"},
    rows={"ROOT-01", "ROOT-08"},
)
def test_tokens_are_asked_for_inside_tls_only(greet_root: GreetRoot, expect: Expect) -> None:
    """A door that lets tokens in must have TLS for the client that shows one.

    Whoever reads a token on the network may do what its owner may, until it ends.
    """
    offer = greet_root(tls=True)
    expect.given("ztn" in (offer.methods or ()), "the door asks for no tokens")

    expect.that(offer.inside_tls, "tokens asked for inside TLS", "tokens asked for in clear")


@check(
    req="xrootd/tls-certificate",
    level=MUST,
    severity=HIGH,
    needs={"root"},
    catches={"root-tls-wrong-host"},
    rows={"ROOT-01", "NET-11"},
)
def test_certificate_names_the_door(greet_root: GreetRoot, expect: Expect) -> None:
    """The door's certificate must be valid, trusted and name the host of its URL.

    Clients refuse to go on, and every transfer and job over root:// fails.
    """
    offer = expect.tls_stands(lambda: greet_root(tls=True))

    expect.given(offer.inside_tls, "the door has no TLS")


@check(
    req="wlcg-jwt/authorisation",
    level=SHOULD,
    severity=HIGH,
    needs={"root", "tokens"},
    catches={"root-ztn-not-offered"},
    rows={"ROOT-01", "ROOT-08"},
)
def test_tokens_are_asked_for(greet_root: GreetRoot, expect: Expect) -> None:
    """The door should offer to let clients in by token (ztn), as the WebDAV door does.

    A community that has given up certificates cannot use it otherwise.
    """
    offer = greet_root(tls=True)
    expect.given(offer.methods is not None, f"nobody can log in: {offer.said}")

    offered = ", ".join(offer.methods or ()) or "nothing"
    expect.that("ztn" in (offer.methods or ()), "ztn among what is offered", offered)


@check(
    req="xrootd/invalid-request",
    level=MUST,
    severity=LOW,
    needs={"root"},
    catches={"root-unknown-request-ok"},
    rows={"ROOT-13"},
)
def test_unknown_request_is_refused(root_speech: RootSpeech, expect: Expect) -> None:
    """A request that the protocol does not have must be answered with an error.

    A client of a later version finds out like this what it has to do without.
    """
    answer = root_speech.unknown_request()

    expect.refused(answer)


@check(
    req="xrootd/handshake",
    level=MUST,
    severity=HIGH,
    needs={"root"},
    catches={"root-nonsense-kills"},
    rows={"ROOT-13"},
)
def test_door_survives_clients_of_other_protocols(
    se: StorageElement, root: RootDoor, root_speech: RootSpeech, expect: Expect
) -> None:
    """The door must go on serving others after a client that speaks no XRootD.

    Port scanners and misdirected browsers come by daily; each must cost a connection, not the
    service.
    """
    expect.control(root.stat(se.workdir))

    root_speech.nonsense(HTTP)
    root_speech.nonsense(NO_SUCH_REQUEST)

    offer = expect.greeted(root_speech)
    expect.that(offer.hello.version > 0, "a greeting", "none")
