"""What the door tells strangers: in plain HTTP, to pages of other origins, in its headers."""

from lakeproof import ANONYMOUS, HIGH, MEDIUM, MUST, SHOULD, Expect, StorageElement, check

STRANGER = "https://stranger.invalid"
UNAUTHORIZED = 401


@check(
    req="rfc6750/tls-is-mandatory",
    level=MUST,
    severity=HIGH,
    needs={"tls", "webdav", "write"},
    catches={"plain-http"},
    rows={"NET-13", "B4.36"},
)
def test_plain_http_serves_nothing(se: StorageElement, expect: Expect) -> None:
    """The port must not serve files, or ask for tokens, in plain HTTP.

    Whoever listens on the network reads the data, and takes the token of any client whose
    URL says http by mistake.
    """
    path = se.workdir / "protected"
    expect.control(se.put(path, b"protected"))
    over_tls = se.get(path, auth=ANONYMOUS)
    expect.given(not over_tls.ok, "anybody may read here, so there is nothing to protect")
    for reply in se.speak(se.raw("GET", path, auth=ANONYMOUS), plain=True).replies[:1]:
        invites = reply.status == UNAUTHORIZED and "WWW-Authenticate" in reply.headers
        expect.that(
            not reply.ok and not invites,
            "no answer in plain HTTP, a refusal, or a redirect to https",
            f"in plain HTTP {reply.describe()}",
        )


@check(
    req="fetch/cors-credentials",
    level=SHOULD,
    severity=MEDIUM,
    needs={"webdav", "write"},
    catches={"cors-reflects-origin"},
    rows={"NET-19"},
)
def test_foreign_pages_get_no_credentials(se: StorageElement, expect: Expect) -> None:
    """Pages of an origin that nobody named should not be let in with the visitor's credentials.

    Any web page that a user with a certificate in his browser opens can otherwise read and
    delete his files.
    """
    path = se.workdir / "shared"
    expect.control(se.put(path, b"shared"))
    asked = {"Origin": STRANGER, "Access-Control-Request-Method": "GET"}
    for reply in (se.get(path, headers=asked), se.options(path, headers=asked, auth=ANONYMOUS)):
        expect.answered(reply)
        origin = reply.headers.get("Access-Control-Allow-Origin", "")
        trusted = reply.headers.get("Access-Control-Allow-Credentials", "").lower() == "true"
        expect.that(
            not (trusted and origin in (STRANGER, "*", "null")),
            f"no Access-Control-Allow-Credentials for {STRANGER}",
            f"Access-Control-Allow-Origin: {origin} with Access-Control-Allow-Credentials: true",
        )


@check(
    req="rfc9110/valid-elements",
    level=MUST,
    severity=HIGH,
    needs={"webdav", "write"},
    catches={"header-injection"},
)
def test_path_makes_no_header(se: StorageElement, expect: Expect) -> None:
    """A line break in a path must not begin a header, or an end of headers, of the answer.

    Whoever gets somebody to open such a link writes into the answer: a cookie, a redirect to
    a server that collects tokens, or content for a shared cache.
    """
    stem = se.url_of(se.workdir / "missing").removeprefix(se.url)
    target = f"{stem}%0d%0aX-Lakeproof-Injected:%20yes"
    expect.given(not se.get(stem).ok, "a missing file is not told from a present one")
    said = se.speak(se.raw("GET", target, auth=se.credential("GET", se.workdir)), enough=1)
    for reply in said.replies:
        expect.that(
            "X-Lakeproof-Injected" not in reply.headers,
            "the path's line break stays within the value, escaped",
            "the answer has a header X-Lakeproof-Injected, as the path says",
        )
    expect.given(bool(said.replies) or said.closed, f"no answer: {said.describe()}")
