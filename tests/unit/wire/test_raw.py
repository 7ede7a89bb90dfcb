"""Requests as bytes: what is sent, what is refused before, and how answers are told apart."""

from __future__ import annotations

import ssl
from pathlib import Path, PurePosixPath

import pytest

from lakeproof.wire.auth import Bearer
from lakeproof.wire.guard import GuardError
from lakeproof.wire.pacing import Limiter
from lakeproof.wire.raw import RawRequest, parse, speak
from lakeproof.wire.redirect import InsecureBearer

from .conftest import Connect, Serve
from .servers import Authority

ROOT = PurePosixPath("/data/run")
SECRET = "not-to-be-seen-anywhere"
TWO = (
    b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\nok"
    b"HTTP/1.1 404 Not Found\r\nContent-Length: 9\r\n\r\n"
)


@pytest.mark.parametrize("value", ["a\r\nX-Evil: 1", "a\nb", "a\rb", "a\0b"])
def test_a_line_break_in_a_header_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match="line break"):
        RawRequest("GET", "/data", (("X-A", value),))
    with pytest.raises(ValueError, match="line break"):
        RawRequest("GET", f"/{value}")
    with pytest.raises(ValueError, match="line break"):
        RawRequest("GET", "/data", ((f"X{value}", "a"),))


def test_length_is_told_unless_the_headers_speak_of_it() -> None:
    inner = RawRequest("GET", "/inner")
    assert b"\r\nContent-Length: 3\r\n\r\nabc" in RawRequest("PUT", "/a", (), (b"abc",)).render("h")
    odd = RawRequest("PUT", "/a", (("content-length", "-1"),), (b"x", inner)).render("h")
    assert odd.count(b"ength") == 1
    assert odd.endswith(b"\r\n\r\nx" + inner.render("h"))


def test_pipelined_answers_are_told_apart() -> None:
    found = parse(TWO, False, ["PUT", "HEAD"])
    assert [(r.status, r.body) for r in found.replies] == [(201, b"ok"), (404, b"")]
    assert found.rest == b""


def test_an_answer_that_is_not_complete_yet_is_left() -> None:
    found = parse(TWO, False, ["PUT", "GET"])
    assert [r.status for r in found.replies] == [201]
    assert found.rest.startswith(b"HTTP/1.1 404")
    ended = parse(TWO, True, ["PUT", "GET"])
    assert [r.failure and r.failure.kind for r in ended.replies] == [None, "truncated"]


def test_what_is_no_answer_is_malformed() -> None:
    found = parse(b"220 ready\r\nmore\r\n", True, ["GET"])
    assert found.replies[0].failure is not None
    assert found.replies[0].failure.kind == "malformed"


def test_hidden_writes_are_guarded(connect: Connect) -> None:
    client = connect("https://localhost:1", root=ROOT)
    hidden = RawRequest("DELETE", "/data/other")
    for body in ((hidden,), (RawRequest("GET", "/a", (), (hidden,)),), (hidden.render("h"),)):
        outer = RawRequest("PUT", "/data/run/a", (), body)
        with pytest.raises(GuardError):
            speak(client, [outer], plain=False, in_turn=False, enough=1)


def test_no_credential_goes_over_plain_http(connect: Connect) -> None:
    client = connect("https://localhost:1", root=ROOT)
    bearer = RawRequest("GET", "/a", auth=Bearer(SECRET))
    by_hand = RawRequest("GET", "/a", (("authorization", "Basic abcdef"),))
    for secret in (bearer, by_hand, RawRequest("GET", "/a", (), (bearer,))):
        with pytest.raises(InsecureBearer):
            speak(client, [secret], plain=True, in_turn=False, enough=1)


def test_the_record_holds_no_token_and_repeats_the_request(
    connect: Connect, serve: Serve, server_tls: ssl.SSLContext, authority: Authority
) -> None:
    answer = b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"
    server = serve(answer=lambda _: answer, tls=server_tls)
    client = connect(server, root=ROOT, ca=Path(authority.ca))
    hidden = RawRequest("MKCOL", "/data/run/b", auth=Bearer(SECRET))
    outer = RawRequest("PUT", "/data/run/a%20", (), (hidden,), Bearer(SECRET))

    said = speak(client, [outer], plain=False, in_turn=True, enough=1)

    assert [reply.status for reply in said.replies] == [204]
    told = client.recorder.current.text() + client.recorder.current.reproduce
    assert SECRET not in told
    assert "Bearer $TOKEN" in told
    assert "a%%20 HTTP/1.1\\r\\n" in client.recorder.current.reproduce
    assert client.recorder.current.reproduce.endswith(f":{client.raw_origin()[1]}")


def test_every_refusal_of_a_connection_is_counted(connect: Connect, serve: Serve) -> None:
    """A door that shuts out who is refused too often counts the second answer as the first."""
    answer = b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n"
    client = connect(serve(answer=lambda _: answer), root=ROOT)
    client.pacer.limiter = Limiter(unauthorised=3, window_s=20, block_s=20)

    said = speak(client, [RawRequest("GET", "/a")] * 2, plain=False, in_turn=False, enough=2)

    assert [reply.status for reply in said.replies] == [401, 401]
    assert len(client.pacer._refused) == 2


def test_a_door_that_shuts_us_out_for_a_while_is_asked_again(
    connect: Connect, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    busy = b"HTTP/1.1 429 Busy\r\nRetry-After: 7\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    answers = iter([busy, b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"])
    slept: list[float] = []
    monkeypatch.setattr("lakeproof.wire.raw.time.sleep", slept.append)
    client = connect(serve(answer=lambda _: next(answers)), root=ROOT)

    said = speak(client, [RawRequest("GET", "/a")], plain=False, in_turn=False, enough=1)

    assert ([reply.status for reply in said.replies], slept) == ([204], [7])
