"""A server that has no time for us now: how long the client waits, how often it asks again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import PurePosixPath

import pytest

from lakeproof.wire.auth import Bearer
from lakeproof.wire.pacing import Limiter
from lakeproof.wire.reply import Throttled
from tests.unit.wire.conftest import Connect, Serve
from tests.unit.wire.servers import OK

TOKEN = "sesame-open-0123456789"
BEARER = Bearer(TOKEN, "storage.read:/ for here")
PATH = PurePosixPath("/run/a b#c%d/ü")


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The client's waits, which take no time."""
    waits: list[float] = []
    monkeypatch.setattr("lakeproof.wire.http.time.sleep", waits.append)
    return waits


@pytest.mark.parametrize("form", ["seconds", "date"])
def test_throttling_is_honoured(
    serve: Serve, connect: Connect, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    moment = format_datetime(datetime.now(UTC) + timedelta(seconds=20), usegmt=True)
    said = "7" if form == "seconds" else moment
    busy = f"HTTP/1.1 429 Busy\r\nRetry-After: {said}\r\nContent-Length: 0\r\n\r\n".encode()
    answers = iter([busy, busy, OK])
    slept: list[float] = []
    monkeypatch.setattr("lakeproof.wire.http.time.sleep", slept.append)

    reply = connect(serve(answer=lambda _: next(answers))).request("GET", "/x")

    assert reply.ok
    assert len(slept) == 2
    assert all(5 <= seconds <= 20 for seconds in slept)


@pytest.mark.parametrize("header", ["Retry-After: 61\r\n", "Retry-After: soon\r\n", ""])
def test_throttling_without_end_in_sight_is_no_answer(
    serve: Serve, connect: Connect, slept: list[float], header: str
) -> None:
    busy = f"HTTP/1.1 429 Busy\r\n{header}Content-Length: 0\r\n\r\n".encode()

    with pytest.raises(Throttled, match="throttled: GET answered 429 Busy"):
        connect(serve(answer=lambda _: busy)).request("GET", "/x")

    assert slept == ([] if "61" in header else [1, 2, 4])


def test_throttling_is_tried_three_times(
    serve: Serve, connect: Connect, slept: list[float]
) -> None:
    server = serve(
        answer=lambda _: b"HTTP/1.1 429 Busy\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n"
    )

    with pytest.raises(Throttled, match="with Retry-After: 1, 4 times"):
        connect(server).request("GET", "/x")
    assert len(server.seen) == 4
    assert slept == [1, 1, 1]


def test_throttling_without_retry_after_ends_when_the_known_block_does(
    serve: Serve, connect: Connect, slept: list[float]
) -> None:
    answers = iter([b"HTTP/1.1 429 Busy\r\nContent-Length: 0\r\n\r\n", OK])
    client = connect(serve(answer=lambda _: next(answers)))
    client.pacer.limiter = Limiter(unauthorised=3, window_s=20, block_s=10)

    assert client.request("GET", "/x").ok
    assert slept == [10]


def test_unavailable_for_a_moment_is_waited_out_once(
    serve: Serve, connect: Connect, slept: list[float]
) -> None:
    busy = b"HTTP/1.1 503 Busy\r\nRetry-After: 2\r\nContent-Length: 0\r\n\r\n"
    answers = iter([busy, OK, busy, busy])
    client = connect(serve(answer=lambda _: next(answers)))

    assert client.request("GET", "/x").ok
    assert client.request("GET", "/x").status == 503
    assert slept == [2, 2]


def test_unavailable_without_a_time_is_an_answer(
    serve: Serve, connect: Connect, slept: list[float]
) -> None:
    busy = b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"
    server = serve(answer=lambda _: busy)

    assert connect(server).request("GET", "/x").status == 503
    assert slept == []
    assert len(server.seen) == 1


def test_a_stream_that_cannot_be_sent_again_is_not_waited_with_twice(
    serve: Serve, connect: Connect, slept: list[float]
) -> None:
    busy = b"HTTP/1.1 429 Busy\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n"
    pieces = (bytes(1 << 20) for _ in range(9))

    with pytest.raises(Throttled):
        connect(serve(answer=lambda _: busy)).request("PUT", "/run/x", body=pieces)
    assert slept == [1]
