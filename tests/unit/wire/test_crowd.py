"""Many requests at a time: all connections kept, every answer judged, every bound kept to."""

from __future__ import annotations

import socket
import ssl
import threading
from pathlib import Path

import pytest

from lakeproof.wire.connection import TlsConfig
from lakeproof.wire.crowd import Bounds, Order, crowd
from lakeproof.wire.line import LARGEST_ANSWER
from tests.unit.wire.conftest import Serve
from tests.unit.wire.servers import OK, Authority, Peer, Request, Server

BRIEF = Bounds(rate=100_000, seconds=30, requests=40, answer_s=10)
LONG = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + b"x" * (2 * LARGEST_ANSWER)


def _order(server: Server, ca: Path | None = None, **headers: str) -> Order:
    return Order(f"{server.url}/token", lambda n: b"n=%d" % n, headers, TlsConfig(ca))


def _fine(_number: int, status: int, body: bytes) -> str:
    return "" if (status, body) == (200, b"ok") else f"{status} {body.decode()[:20]}"


@pytest.mark.parametrize("secure", [False, True], ids=["plain", "tls"])
def test_connections_are_kept_from_step_to_step(
    serve: Serve, server_tls: ssl.SSLContext, authority: Authority, secure: bool
) -> None:
    server = serve(answer=lambda _: OK, tls=server_tls if secure else None)

    steps = crowd(_order(server, authority.ca, Authorization="Basic x"), _fine, (1, 4), BRIEF)

    assert [(step.at_a_time, len(step.taken), step.answered) for step in steps] == [
        (1, 40, 41),
        (4, 40, 44),
    ]
    assert not any(step.failed for step in steps)
    assert all(step.per_s > 0 and step.busy > 0 and step.starved >= 0 for step in steps)
    assert server.connections <= 4
    assert {request.headers["authorization"] for request in server.seen} == {"Basic x"}


def test_requests_are_under_way_at_the_same_time_each_with_its_number(serve: Serve) -> None:
    together = threading.Barrier(4, timeout=10)
    judged: list[tuple[int, bytes]] = []

    def answer(request: Request) -> bytes:
        together.wait()
        return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(request.body) + request.body

    def judge(number: int, _status: int, body: bytes) -> str:
        judged.append((number, body))
        return ""

    steps = crowd(_order(serve(answer=answer)), judge, (4,), BRIEF)

    assert steps[0].answered == 44
    assert sorted(judged) == [(n, b"n=%d" % n) for n in range(44)]


def test_wrong_answers_are_counted_and_not_timed(serve: Serve) -> None:
    busy = b"HTTP/1.1 503 Busy\r\nContent-Length: 2\r\n\r\nno"
    server = serve(answer=lambda request: busy if request.body.endswith(b"3") else OK)

    (step,) = crowd(_order(server), _fine, (2,), BRIEF)

    assert step.failed == {"503 no": 4}  # 3, 13, 23 and 33 of 42
    assert len(step.taken) == 36  # the first two over their connections are not timed


def test_nothing_more_is_asked_where_it_is_hopeless(serve: Serve) -> None:
    busy = b"HTTP/1.1 503 Busy\r\nContent-Length: 2\r\n\r\nno"
    server = serve(answer=lambda _: busy)

    (step,) = crowd(_order(server), _fine, (4, 16, 64), BRIEF)

    assert step.failed == {"503 no": 4}
    assert len(server.seen) == 4
    assert step.per_s == 0


def test_redirect_with_a_secret_is_not_followed(serve: Serve) -> None:
    elsewhere = serve(answer=lambda _: OK)
    moved = f"HTTP/1.1 307 Moved\r\nLocation: {elsewhere.url}/\r\nContent-Length: 0\r\n\r\n"
    server = serve(answer=lambda _: moved.encode())

    (step,) = crowd(_order(server, Authorization="Basic x"), _fine, (1,), BRIEF)

    assert step.failed == {"307 ": 1}
    assert elsewhere.connections == 0


def test_connection_closed_between_requests_is_opened_anew(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        for _ in range(3):
            if peer.request() is None:
                return
            peer.send(OK)
        peer.request()  # and closes without a word

    (step,) = crowd(_order(serve(script)), _fine, (1,), BRIEF)

    assert not step.failed
    assert len(step.taken) == 40


def test_endless_answer_is_cut_off(serve: Serve) -> None:
    server = serve(lambda peer: peer.request() and peer.send(LONG))

    (step,) = crowd(_order(server), _fine, (1, 4), BRIEF)

    assert step.failed == {"an endless answer": 1}
    assert step.received == LARGEST_ANSWER + 1


def test_silent_server_is_given_up(serve: Serve) -> None:
    server = serve(lambda peer: peer.request() and peer.request())

    (step,) = crowd(_order(server), _fine, (2,), Bounds(answer_s=0.1))

    assert step.failed == {"no answer (TimeoutError)": 2}


def test_refused_connection_is_an_answer_that_is_missing() -> None:
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{deaf.getsockname()[1]}/token"
        (step,) = crowd(Order(url, lambda _: b""), _fine, (1,), BRIEF)

    assert step.failed == {"no answer (ConnectionRefusedError)": 1}


def test_unknown_authority_is_an_answer_that_is_missing(
    serve: Serve, server_tls: ssl.SSLContext
) -> None:
    server = serve(answer=lambda _: OK, tls=server_tls)

    (step,) = crowd(_order(server), _fine, (1,), BRIEF)

    assert step.failed == {"no answer (SSLCertVerificationError)": 1}
    assert server.seen == []


@pytest.mark.parametrize(
    ("bounds", "most"),
    [
        (Bounds(rate=100_000, seconds=30, received=20), 12),
        (Bounds(rate=100, seconds=0.1), 10),
        (Bounds(rate=100_000, seconds=30, requests=7), 7),
    ],
    ids=["bytes", "rate-and-time", "requests"],
)
def test_each_bound_ends_a_step(serve: Serve, bounds: Bounds, most: int) -> None:
    (step,) = crowd(_order(serve(answer=lambda _: OK)), _fine, (2,), bounds)

    assert 0 < len(step.taken) <= most


def test_order_shows_no_header() -> None:
    order = Order("https://i.example.org/token", lambda _: b"", {"Authorization": "Basic c2VjcmV0"})

    assert "c2VjcmV0" not in repr(order)
