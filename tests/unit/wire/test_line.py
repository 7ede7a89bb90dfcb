"""A kept connection for forms: every framing of RFC 9112, and answers that are none."""

from __future__ import annotations

import asyncio

import pytest

from lakeproof.wire.line import LARGEST_ANSWER, BadAnswerError, Line
from tests.unit.wire.conftest import Serve
from tests.unit.wire.servers import OK, Peer, Server

HEAD = b"HTTP/1.1 200 OK\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"


def _post(server: Server, forms: int = 2, path: str = "/token") -> list[tuple[int, bytes]]:
    async def talk() -> list[tuple[int, bytes]]:
        line = Line(f"{server.url}{path}", {"Accept": "*/*"}, None)
        try:
            async with asyncio.timeout(10):
                return [await line.post(b"a=%d" % n) for n in range(forms)]
        finally:
            line.close()
            await asyncio.sleep(0)

    return asyncio.run(talk())


@pytest.mark.parametrize(
    ("answer", "body", "connections"),
    [
        (OK, b"ok", 1),
        (HEAD + b"CONTENT-LENGTH:2 \r\n\r\nok", b"ok", 1),
        (b"HTTP/1.1 100 Continue\r\n\r\n" + OK, b"ok", 1),
        (CHUNKED + b"1\r\no\r\n1;x=y\r\nk\r\n0\r\n\r\n", b"ok", 1),
        (CHUNKED + b"2\r\nok\r\n0\r\nTrailer: x\r\n\r\n", b"ok", 1),
        (HEAD + b"Connection: close\r\nContent-Length: 2\r\n\r\nok", b"ok", 2),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", b"ok", 2),
        (CHUNKED + b"2\r\nok\r\n0\r\n" + b"T: x\r\n" * 30, b"ok", 2),
        (
            HEAD + b"Content-Length: 99999999\r\n\r\n" + b"x" * (LARGEST_ANSWER + 9),
            b"x" * (LARGEST_ANSWER + 1),
            2,
        ),
        (CHUNKED + b"fffffff\r\n" + b"x" * 99999, b"x" * (LARGEST_ANSWER + 1), 2),
    ],
    ids=[
        "length",
        "length-in-capitals",
        "interim",
        "chunks",
        "trailer",
        "close",
        "1.0",
        "endless-trailers",
        "endless-length",
        "endless-chunk",
    ],
)
def test_answer_is_read_to_its_end(
    serve: Serve, answer: bytes, body: bytes, connections: int
) -> None:
    server = serve(answer=lambda _: answer)

    assert _post(server) == [(200, body)] * 2
    assert server.connections == connections


def test_answer_ends_with_the_connection(serve: Serve) -> None:
    server = serve(lambda peer: peer.request() and peer.send(HEAD + b"\r\nok"))

    assert _post(server) == [(200, b"ok")] * 2
    assert server.connections == 2


def test_no_content_has_no_body(serve: Serve) -> None:
    server = serve(answer=lambda _: b"HTTP/1.1 204 No\r\n\r\n")

    assert _post(server) == [(204, b"")] * 2
    assert server.connections == 1


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b"SSH-2.0-OpenSSH\r\n\r\n", "the answer is malformed"),
        (CHUNKED + b"zz\r\n", "a chunk of the answer is malformed"),
        (HEAD + b"Content-Length: 9\r\n\r\nok", "the answer ends early"),
        (HEAD + b"Content-Le", "the answer ends early"),
        (b"", "the answer ends early"),
        (HEAD + b"x: " + b"x" * (2 * LARGEST_ANSWER), "the answer's header does not end"),
    ],
    ids=["other-protocol", "chunk", "short", "cut", "nothing", "header"],
)
def test_what_is_no_answer_is_named(serve: Serve, answer: bytes, said: str) -> None:
    def script(peer: Peer) -> None:
        peer.request()
        peer.send(answer)

    with pytest.raises(BadAnswerError, match=f"^{said}$"):
        _post(serve(script), forms=1)


def test_form_is_sent_again_only_where_nothing_was_answered(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        peer.request()
        peer.send(OK)
        peer.request()
        peer.send(HEAD + b"Content-Length: 9\r\n\r\nok")

    server = serve(script)

    with pytest.raises(BadAnswerError, match="ends early"):
        _post(server)
    assert server.connections == 1


def test_target_and_form_are_sent_as_they_are(serve: Serve) -> None:
    server = serve(answer=lambda _: OK)

    _post(server, path="/realms/a%20b/token?x=1 y")

    assert [(each.method, each.target, each.body) for each in server.seen] == [
        ("POST", "/realms/a%20b/token?x=1%20y", b"a=0"),
        ("POST", "/realms/a%20b/token?x=1%20y", b"a=1"),
    ]
    assert server.seen[0].headers["host"] == server.url.partition("://")[2]


def test_line_break_in_a_header_is_refused() -> None:
    with pytest.raises(ValueError, match="line break"):
        Line("https://i.example.org/token", {"Authorization": "Basic x\r\nX: y"}, None)
