"""A client that speaks to one address of a host, and look-ups that come to an end."""

from __future__ import annotations

import socket
import ssl
import threading

import pytest

from lakeproof.wire.probe import has_route, resolve
from lakeproof.wire.reply import NotReached
from tests.unit.wire.conftest import Connect, Serve


def test_pinned_client_keeps_the_name(serve: Serve, connect: Connect) -> None:
    server = serve(answer=lambda _: b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    named = connect(f"http://door.example.org:{server.port}")
    client = named.clone("127.0.0.1")
    transcript = client.recorder.begin("pinned")

    reply = client.request("GET", "/run/x")
    client.close()

    assert reply.ok
    assert server.seen[0].headers["host"] == f"door.example.org:{server.port}"
    assert f"--resolve door.example.org:{server.port}:127.0.0.1" in transcript.reproduce


def test_pinned_client_goes_nowhere_else(
    serve: Serve, connect: Connect, server_tls: ssl.SSLContext
) -> None:
    server = serve(answer=lambda _: b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", tls=server_tls)

    with pytest.raises(NotReached) as caught:
        connect(server).clone("127.0.0.9").request("GET", "/run/x")

    assert caught.value.kind == "refused"


def test_a_look_up_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    over = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: over.wait() and [])

    with pytest.raises(NotReached) as caught:
        resolve("slow.example.org", timeout_s=0.05)
    over.set()

    assert caught.value.kind == "dns"
    assert "within 0.05 s" in caught.value.sentence


def test_a_route_to_ourselves() -> None:
    assert has_route("127.0.0.1")
