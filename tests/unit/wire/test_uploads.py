"""Uploads that wait for 100, that are broken off on purpose; bodies that do not end."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from pathlib import PurePosixPath
from queue import Queue

import pytest

from lakeproof.wire.auth import ANONYMOUS, Credential
from lakeproof.wire.guard import GuardError
from lakeproof.wire.payload import Enough, Payload
from lakeproof.wire.storage import BudgetExceeded, StorageElement
from tests.unit.wire.conftest import Connect, Serve
from tests.unit.wire.servers import OK, Peer, Request, Server

RUN = PurePosixPath("/run")
DATA = Payload.generated(1 << 20, seed=1)
EXPECT = {"Expect": "100-continue"}
GO_ON = b"HTTP/1.1 100 Continue\r\n\r\n"
CREATED = b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n"
NO = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno"


class NoWallet:
    def for_operation(self, method: str, path: PurePosixPath) -> Credential:
        return ANONYMOUS

    def for_macaroon(self, path: PurePosixPath) -> Credential:
        return self.for_operation("POST", path)


def _header(peer: Peer) -> list[bytes]:
    return list(iter(peer.file.readline, b"\r\n"))


def _element(connect: Connect, server: Server) -> StorageElement:
    return StorageElement("TEST", client=connect(server), directory=RUN, wallet=NoWallet())


@pytest.fixture(params=[False, True], ids=["plain", "tls"])
def tls(request: pytest.FixtureRequest, server_tls: ssl.SSLContext) -> ssl.SSLContext | None:
    return server_tls if request.param else None


def test_the_body_follows_the_100(
    serve: Serve, connect: Connect, tls: ssl.SSLContext | None
) -> None:
    came: Queue[bytes] = Queue()

    def script(peer: Peer) -> None:
        assert b"Expect: 100-continue\r\n" in _header(peer)
        peer.send(GO_ON)
        came.put(peer.file.read(5))
        peer.send(CREATED)

    reply = connect(serve(script, tls)).request(
        "PUT", RUN / "f", body=b"first", headers=EXPECT, continue_s=5
    )

    assert (reply.status, reply.interim, came.get(timeout=5)) == (201, True, b"first")


def test_without_a_100_the_body_is_sent_all_the_same(serve: Serve, connect: Connect) -> None:
    def script(peer: Peer) -> None:
        _header(peer)
        peer.file.read(5)
        peer.send(CREATED)

    reply = connect(serve(script)).request(
        "PUT", RUN / "f", body=b"first", headers=EXPECT, continue_s=0.05
    )

    assert (reply.status, reply.interim) == (201, False)


def test_after_an_early_refusal_no_body_is_sent(
    serve: Serve, connect: Connect, tls: ssl.SSLContext | None
) -> None:
    asked: list[int] = []
    came: Queue[bytes] = Queue()

    def pieces() -> Iterator[bytes]:
        asked.append(1)
        yield b"first"

    def script(peer: Peer) -> None:
        _header(peer)
        peer.send(NO)
        came.put(peer.file.read())

    server = serve(script, tls)
    client = connect(server)
    first = client.request("PUT", RUN / "f", body=pieces(), headers=EXPECT, continue_s=5)
    client.request("PUT", RUN / "f", body=b"x", headers=EXPECT, continue_s=5)

    assert (first.status, first.interim, first.text, asked) == (403, False, "no", [])
    assert [came.get(timeout=5), came.get(timeout=5)] == [b"", b""]
    assert server.connections == 2  # a refused upload leaves no connection that could be reused


def test_a_redirect_is_followed_before_the_body_is_sent(serve: Serve, connect: Connect) -> None:
    came: Queue[bytes] = Queue()

    def at_data_server(peer: Peer) -> None:
        _header(peer)
        peer.send(GO_ON)
        came.put(peer.file.read(DATA.size))
        peer.send(CREATED)

    data_server = serve(at_data_server)
    location = f"Location: {data_server.url}/run/f\r\n".encode()

    def at_door(peer: Peer) -> None:
        _header(peer)
        peer.send(b"HTTP/1.1 307 Go\r\n" + location + b"Content-Length: 0\r\n\r\n")

    reply = connect(serve(at_door)).request(
        "PUT", RUN / "f", body=iter(DATA.chunks()), headers={**EXPECT, "Content-Length": "1048576"}
    )

    assert (reply.status, len(reply.hops)) == (201, 1)
    assert came.get(timeout=5) == b"".join(DATA.chunks())


def test_an_upload_is_broken_off(serve: Serve, connect: Connect) -> None:
    headers: list[list[bytes]] = []
    came: Queue[bytes] = Queue()

    def script(peer: Peer) -> None:
        headers.append(_header(peer))
        peer.send(GO_ON)
        came.put(peer.file.read())

    server = serve(script)
    se = _element(connect, server)
    reply = se.abort_put(RUN / "f", DATA, after=300_000)

    assert reply.broken_off
    assert not reply.ok
    assert b"Content-Length: 1048576\r\n" in headers[0]
    assert came.get(timeout=5) == b"".join(DATA.chunks())[:300_000]
    assert se.budget.written == 300_000
    assert "we broke the upload off" in se.client.recorder.current.text()


def test_a_chunked_upload_is_broken_off_without_its_last_chunk(
    serve: Serve, connect: Connect
) -> None:
    came: Queue[bytes] = Queue()

    def script(peer: Peer) -> None:
        assert b"Transfer-Encoding: chunked\r\n" in _header(peer)
        peer.send(GO_ON)
        came.put(peer.file.read())

    server = serve(script)
    reply = _element(connect, server).abort_put(RUN / "f", DATA, after=10, chunked=True)

    assert reply.broken_off
    assert came.get(timeout=5) == b"a\r\n" + b"".join(DATA.chunks())[:10] + b"\r\n"


def test_an_upload_that_is_refused_is_not_broken_off(serve: Serve, connect: Connect) -> None:
    def script(peer: Peer) -> None:
        _header(peer)
        peer.send(NO)

    reply = _element(connect, serve(script)).abort_put(RUN / "f", DATA, after=0)

    assert (reply.status, reply.broken_off) == (403, False)


def test_guard_and_budget_hold_for_broken_uploads(serve: Serve, connect: Connect) -> None:
    server = serve(answer=lambda _: OK)
    se = _element(connect, server)
    se.budget.max_bytes = 5

    with pytest.raises(BudgetExceeded):
        se.abort_put(RUN / "f", DATA, after=6)
    with pytest.raises(GuardError):
        se.abort_put("/precious", DATA, after=1)
    assert server.connections == 0


def test_a_body_without_end_is_left_as_soon_as_it_is_too_long(
    serve: Serve, connect: Connect
) -> None:
    def script(peer: Peer) -> None:
        peer.request()
        peer.send(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            peer.send(bytes(4096))

    payload = Payload.of(bytes(10_000))
    comparer = payload.compare()
    reply = connect(serve(script)).request("GET", "/f", sink=comparer.feed)

    assert reply.failure is not None
    assert reply.failure.kind == "oversized"
    assert "longer than 10000 bytes" in reply.describe()
    assert comparer.difference() is not None


def test_a_sink_may_stop_at_once(serve: Serve, connect: Connect) -> None:
    def stop(_: bytes) -> None:
        raise Enough("that will do")

    client = connect(serve(answer=lambda _: OK))

    assert client.request("GET", "/f", sink=stop).describe().endswith("that will do")
    assert client.request("GET", "/f").body == b"ok"


def test_a_body_behind_the_answer_to_head_is_seen_when_asked(
    serve: Serve, connect: Connect
) -> None:
    def script(peer: Peer) -> None:
        while (request := peer.request()) is not None:
            peer.send(OK if request.target == "/body" else OK.removesuffix(b"ok"))
            if request.headers.get("connection") == "close":
                return

    client = connect(serve(script))
    close = {"Connection": "close"}

    assert client.request("HEAD", "/none", headers=close).ok
    found = client.request("HEAD", "/body", headers=close)
    assert "must not have a body" in found.describe()
    assert client.request("HEAD", "/body").ok  # nobody looked


def test_a_door_that_handed_a_write_on_gets_large_uploads_by_header_first(
    serve: Serve, connect: Connect
) -> None:
    def answer(request: Request) -> bytes:
        first = "MKCOL" in request.method and "sent-on" not in request.target
        head = f"HTTP/1.1 307 Go\r\nLocation: {request.target}/sent-on\r\nContent-Length: 0\r\n\r\n"
        return head.encode() if first else OK

    server = serve(answer=answer)
    client = connect(server)
    large = b"x" * 40_000
    client.request("PUT", RUN / "before", body=large)
    client.request("MKCOL", RUN / "d")

    client.request("PUT", RUN / "small", body=b"x")
    client.clone().request("PUT", RUN / "large", body=large, continue_s=0.01)

    asked = {each.target: each.headers.get("expect") for each in server.seen}
    assert asked["/run/before"] is None
    assert asked["/run/small"] is None
    assert asked["/run/large"] == "100-continue"
