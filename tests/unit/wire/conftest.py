"""Servers, certificates and clients for the tests of the wire."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath

import pytest

from lakeproof.wire.http import HttpClient, Timeouts, TlsConfig, WriteGuard
from lakeproof.wire.transcript import Recorder
from tests.unit.wire.servers import Authority, Request, Script, Server, answering

Serve = Callable[..., Server]
Connect = Callable[..., HttpClient]


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture(scope="session")
def server_tls(authority: Authority) -> ssl.SSLContext:
    return authority.server_context()


@pytest.fixture
def serve() -> Iterator[Serve]:
    """`serve(script, tls)` or `serve(answer=function of a request, tls=...)` -> Server."""
    servers: list[Server] = []

    def start(
        script: Script | None = None,
        tls: ssl.SSLContext | None = None,
        answer: Callable[[Request], bytes] | None = None,
    ) -> Server:
        place: list[Server] = []
        run = script or answering(place, answer or (lambda _: b""))
        place.append(Server(run, tls))
        servers.append(place[0])
        return place[0]

    yield start
    for server in servers:
        server.stop()


@pytest.fixture
def connect(authority: Authority) -> Iterator[Connect]:
    """`connect(server or url, ca=..., read_s=..., total_s=..., root=...)` -> HttpClient."""
    clients: list[HttpClient] = []

    def make(
        to: Server | str,
        *,
        ca: Path | None = None,
        read_s: float = 5,
        total_s: float = 10,
        root: str | None = "/run",
    ) -> HttpClient:
        client = HttpClient(
            to if isinstance(to, str) else to.url,
            tls=TlsConfig(ca or authority.ca),
            timeouts=Timeouts(connect_s=2, read_s=read_s, total_s=total_s),
            recorder=Recorder(),
            guard=WriteGuard(PurePosixPath(root) if root else None),
        )
        clients.append(client)
        return client

    yield make
    for client in clients:
        client.close()
