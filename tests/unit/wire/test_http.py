"""Requests as they go out: keep-alive, redirects, credentials, bodies, records."""

from __future__ import annotations

import resource
import ssl
import threading
import time
import zlib
from collections.abc import Iterator
from pathlib import PurePosixPath

import pytest

from lakeproof.wire.auth import Bearer
from lakeproof.wire.body import BodySpent
from lakeproof.wire.http import InsecureBearer
from lakeproof.wire.payload import Payload
from tests.unit.wire.conftest import Connect, Serve
from tests.unit.wire.servers import OK, Peer, Request

TOKEN = "sesame-open-0123456789"
BEARER = Bearer(TOKEN, "storage.read:/ for here")
PATH = PurePosixPath("/run/a b#c%d/ü")


def redirect(status: int, location: str) -> bytes:
    return f"HTTP/1.1 {status} Go\r\nLocation: {location}\r\nContent-Length: 4\r\n\r\ngone".encode()


def test_a_path_is_quoted_and_a_target_is_not(serve: Serve, connect: Connect) -> None:
    server = serve(answer=lambda _: OK)
    client = connect(server)

    assert client.request("GET", PATH).ok
    assert client.request("GET", "//a/%2E%2e/./b;c?x=1&y=2").ok

    assert [r.target for r in server.seen] == [
        "/run/a%20b%23c%25d/%C3%BC",
        "//a/%2E%2E/./b;c?x=1&y=2",
    ]


def test_connections_are_kept(serve: Serve, connect: Connect, server_tls: ssl.SSLContext) -> None:
    server = serve(answer=lambda _: OK, tls=server_tls)
    client = connect(server)

    for _ in range(5):
        assert client.request("GET", "/x", auth=BEARER).ok

    assert server.connections == 1
    assert client.recorder.requests == 5


def test_a_connection_closed_while_idle_is_no_defect(serve: Serve, connect: Connect) -> None:
    answered = threading.Semaphore(0)

    def script(peer: Peer) -> None:
        peer.request()
        peer.send(OK)
        answered.acquire(timeout=5)

    server = serve(script)
    client = connect(server)
    assert client.request("GET", "/x").ok
    answered.release()
    time.sleep(0.05)
    answered.release()

    assert client.request("PUT", "/run/x", body=b"1").ok
    assert server.connections == 2


def test_a_request_lost_on_a_reused_connection_is_repeated_once(
    serve: Serve, connect: Connect
) -> None:
    requests: list[str] = []

    def script(peer: Peer) -> None:
        first = peer.request()
        assert first
        requests.append(first.target)
        peer.send(OK)
        second = peer.request()
        requests.append(second.target if second else "-")

    server = serve(script)
    client = connect(server)

    assert client.request("GET", "/1").ok
    assert client.request("GET", "/2").ok

    assert requests[:3] == ["/1", "/2", "/2"]


def test_a_request_that_must_not_run_twice_gets_a_fresh_connection(
    serve: Serve, connect: Connect
) -> None:
    server = serve(answer=lambda _: OK)
    client = connect(server)

    client.request("GET", "/1")
    headers = {"Destination": f"{server.url}/run/3"}
    assert client.request("MOVE", "/run/2", headers=headers).ok

    assert server.connections == 2


def test_no_environment_no_cookies_no_encoding(
    serve: Serve, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    body = zlib.compress(b"x" * 100)
    server = serve(
        answer=lambda _: (
            b"HTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\nContent-Encoding: deflate\r\n"
            b"Content-Length: %d\r\n\r\n" % len(body) + body
        )
    )
    client = connect(server)

    assert client.request("GET", "/x").body == body
    client.request("GET", "/x")

    sent = server.seen[1].headers
    assert sent["accept-encoding"] == "identity"
    assert "cookie" not in sent
    assert "authorization" not in sent


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_within_the_origin_keeps_everything(
    serve: Serve, connect: Connect, server_tls: ssl.SSLContext, status: int
) -> None:
    def answer(request: Request) -> bytes:
        return OK if "uuid" in request.target else redirect(status, "/run/x?uuid=1")

    server = serve(answer=answer, tls=server_tls)
    reply = connect(server).request("PUT", "/run/x", body=b"data", auth=BEARER)

    assert reply.ok
    assert [(hop.status, hop.dropped) for hop in reply.hops] == [(status, ())]
    first, second = server.seen
    assert (first.method, second.method) == ("PUT", "PUT")
    assert (first.body, second.body) == (b"data", b"data")
    assert second.headers["authorization"] == f"Bearer {TOKEN}"


def test_303_asks_again_with_get(serve: Serve, connect: Connect) -> None:
    server = serve(answer=lambda r: OK if r.method == "GET" else redirect(303, "/done"))

    assert connect(server).request("POST", "/x", body=b"1").ok
    assert (server.seen[1].method, server.seen[1].body) == ("GET", b"")


@pytest.mark.parametrize("secure", [True, False])
def test_a_token_never_leaves_its_origin(
    serve: Serve, connect: Connect, server_tls: ssl.SSLContext, secure: bool
) -> None:
    other = serve(answer=lambda _: OK, tls=server_tls if secure else None)
    server = serve(answer=lambda _: redirect(307, f"{other.url}/pool/x"), tls=server_tls)
    headers = {
        "Destination": "https://elsewhere.example.org/x",
        "TransferHeaderAuthorization": "Bearer another-secret-value",
    }

    reply = connect(server).request("COPY", "/run/x", headers=headers, auth=BEARER)

    assert reply.ok
    assert set(reply.hops[0].dropped) == {"Authorization", "TransferHeaderAuthorization"}
    arrived = other.seen[0].headers
    assert "authorization" not in arrived
    assert "transferheaderauthorization" not in arrived
    assert arrived["destination"] == "https://elsewhere.example.org/x"


@pytest.mark.parametrize(
    "headers", [{"Authorization": "Bearer x"}, {"TransferHeaderAuthorization": "Bearer x"}]
)
def test_a_token_never_goes_over_plain_http(
    serve: Serve, connect: Connect, headers: dict[str, str]
) -> None:
    server = serve(answer=lambda _: OK)
    client = connect(server)

    with pytest.raises(InsecureBearer):
        client.request("GET", "/x", auth=BEARER)
    with pytest.raises(InsecureBearer):
        client.request("GET", "/x", headers=headers)
    with pytest.raises(InsecureBearer):
        client.request("GET", "/x?authz=Bearer%20abc")

    assert server.connections == 0


@pytest.mark.parametrize(
    ("location", "words"),
    [
        ("/x", "circles"),
        ("", "no Location"),
        ("root://127.0.0.1//x", "not a URL of http"),
        ("http://127.0.0.1:99999/x", "not a URL of http"),
    ],
)
def test_a_redirect_that_leads_nowhere_is_a_failure(
    serve: Serve, connect: Connect, location: str, words: str
) -> None:
    reply = connect(serve(answer=lambda _: redirect(302, location))).request("GET", "/x")

    assert reply.failure is not None
    assert reply.failure.kind == "redirect"
    assert words in reply.failure.sentence


def test_an_endless_chain_of_redirects_is_a_failure(serve: Serve, connect: Connect) -> None:
    server = serve(answer=lambda r: redirect(302, f"{r.target}x"))

    reply = connect(server).request("GET", "/x")

    assert reply.failure is not None
    assert reply.failure.kind == "redirect"
    assert len(server.seen) == 6


def test_a_redirect_cannot_lead_a_delete_astray(serve: Serve, connect: Connect) -> None:
    server = serve(answer=lambda _: redirect(307, "/other/x"))

    reply = connect(server).request("DELETE", "/run/x")

    assert reply.failure is not None
    assert reply.failure.kind == "redirect"
    assert [r.target for r in server.seen] == ["/run/x"]


def test_a_redirect_can_be_left_alone(serve: Serve, connect: Connect) -> None:
    reply = connect(serve(answer=lambda _: redirect(302, "/y"))).request("GET", "/x", follow=False)

    assert (reply.status, reply.body, reply.failure) == (302, b"gone", None)


def test_bodies_are_framed(serve: Serve, connect: Connect) -> None:
    server = serve(answer=lambda _: OK)
    client = connect(server)

    def stream() -> Iterator[bytes]:
        yield b"one"
        yield b""
        yield b"two"

    for body in (b"plain", b"", Payload.of(b"known"), [b"li", b"st"], stream(), None):
        assert client.request("PUT", "/run/x", body=body).ok

    framed = [
        (r.body, r.headers.get("content-length"), r.headers.get("transfer-encoding"))
        for r in server.seen
    ]
    assert framed == [
        (b"plain", "5", None),
        (b"", "0", None),
        (b"known", "5", None),
        (b"list", None, "chunked"),
        (b"onetwo", None, "chunked"),
        (b"", "0", None),
    ]
    assert client.recorder.bytes_sent == 5 + 5 + 4 + 6


def test_a_one_shot_stream_survives_a_redirect(serve: Serve, connect: Connect) -> None:
    server = serve(answer=lambda r: OK if r.target == "/run/y" else redirect(307, "/run/y"))

    assert connect(server).request("PUT", "/run/x", body=iter([b"a", b"b"])).ok
    assert [r.body for r in server.seen] == [b"ab", b"ab"]


def test_a_long_one_shot_stream_says_so(serve: Serve, connect: Connect) -> None:
    server = serve(answer=lambda r: OK if r.target == "/run/y" else redirect(307, "/run/y"))

    with pytest.raises(BodySpent):
        connect(server).request("PUT", "/run/x", body=iter([bytes(1 << 20)] * 9))


def test_64_mebibytes_in_constant_memory(serve: Serve, connect: Connect) -> None:
    payload = Payload.generated(64 << 20, seed=7)

    def script(peer: Peer) -> None:
        for raw in iter(peer.file.readline, b"\r\n"):
            assert raw
        comparer = payload.compare()
        while comparer.received < payload.size:
            comparer.feed(peer.file.read1(1 << 18))
        found = (comparer.difference() or "same").encode()
        peer.send(b"HTTP/1.1 201 Created\r\nX-Found: %b\r\nContent-Length: 0\r\n\r\n" % found)
        peer.request()
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % payload.size)
        for chunk in payload.chunks():
            peer.send(chunk)

    client = connect(serve(script), total_s=60)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    put = client.request("PUT", "/run/x", body=payload)
    comparer = payload.compare()
    got = client.request("GET", "/run/x", sink=comparer.feed)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before

    assert put.headers["X-Found"] == "same"
    assert comparer.difference() is None
    assert (got.length, client.recorder.bytes_received) == (payload.size, payload.size)
    assert len(got.body) <= 4096
    assert grown < 32 * 1024


def test_a_sink_gets_only_success(serve: Serve, connect: Connect) -> None:
    pieces: list[bytes] = []
    server = serve(answer=lambda _: b"HTTP/1.1 404 No\r\nContent-Length: 4\r\n\r\nnone")

    reply = connect(server).request("GET", "/x", sink=pieces.append)

    assert (pieces, reply.text) == ([], "none")


def test_a_sink_that_raises_ends_the_request(serve: Serve, connect: Connect) -> None:
    def sink(_: bytes) -> None:
        raise RuntimeError("full")

    client = connect(serve(answer=lambda _: OK))
    with pytest.raises(RuntimeError, match="full"):
        client.request("GET", "/x", sink=sink)

    assert client.request("GET", "/x").ok


def test_a_head_answered_with_a_body_does_not_spoil_the_next_answer(
    serve: Serve, connect: Connect
) -> None:
    client = connect(serve(answer=lambda _: OK))

    assert client.request("HEAD", "/x").ok
    assert client.request("GET", "/x").body == b"ok"


def test_the_record_shows_all_but_the_secret(
    serve: Serve, connect: Connect, server_tls: ssl.SSLContext
) -> None:
    leak = f"no {TOKEN} here".encode()
    server = serve(
        answer=lambda _: b"HTTP/1.1 403 No\r\nContent-Length: %d\r\n\r\n" % len(leak) + leak,
        tls=server_tls,
    )
    client = connect(server)
    transcript = client.recorder.begin("a check")

    reply = client.request(
        "PUT",
        "/run/x",
        body=b"it's small",
        auth=BEARER,
        headers={"TransferHeaderAuthorization": "Bearer other-secret-value"},
    )

    text = transcript.text()
    assert "a check" in text
    assert "403 No" in text
    assert "storage.read:/ for here" in text
    assert reply.exchange is transcript.exchanges[0]
    for shown in (text, transcript.reproduce, reply.text, repr(reply), repr(BEARER)):
        assert "other-secret-value" not in shown
    for shown in (text, transcript.reproduce, reply.text, repr(BEARER)):
        assert TOKEN not in shown
    assert transcript.reproduce == (
        "curl -X PUT --cacert CA_FILE "
        '-H "TransferHeaderAuthorization: Bearer $OTHER_TOKEN" -H "Authorization: Bearer $TOKEN" '
        "-H 'Content-Type:' --data-binary 'it'\"'\"'s small' "
        f"{server.url}/run/x"
    )


def test_the_judged_exchange_is_the_one_to_reproduce(serve: Serve, connect: Connect) -> None:
    client = connect(serve(answer=lambda _: OK))
    transcript = client.recorder.begin("two")
    first = client.request("HEAD", "/run/../x")
    client.request("PUT", "/run/y", body=Payload.generated(5000, 1))

    assert transcript.reproduce.endswith("--upload-file FILE " + client.url_of("/run/y"))
    transcript.judged = first.exchange
    assert transcript.reproduce.startswith("curl --head --path-as-is ")


def test_a_failed_connection_is_recorded(connect: Connect) -> None:
    client = connect("http://no-such-host.invalid")

    with pytest.raises(Exception, match="resolved"):
        client.request("GET", "/x")

    assert "cannot be resolved" in client.recorder.current.text()


def test_schemes_and_ports(connect: Connect) -> None:
    assert connect("davs://se.example.org/vo").origin == "https://se.example.org:443"
    assert connect("dav://[::1]:80/").raw_origin() == ("::1", 80)
    with pytest.raises(ValueError, match="root://"):
        connect("root://se.example.org")


@pytest.mark.parametrize("before", range(2030, 2050))
def test_no_half_secret_is_left_where_the_record_is_cut(
    serve: Serve, connect: Connect, before: int
) -> None:
    body = b"-" * before + TOKEN.encode() + b"-" * 5000
    head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body)
    client = connect(serve(answer=lambda _: head + body))
    client.request("GET", "/x")

    assert TOKEN[:3] not in client.recorder.current.text()
