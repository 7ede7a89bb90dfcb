"""What the proxy does to traffic in general: nothing without a fault, and never much memory."""

from __future__ import annotations

import asyncio
import resource
import ssl
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

import pytest
from aiohttp import web

from lakeproof.emulator.loop import shared_loop
from lakeproof.emulator.proxy import FaultProxy, ProxyConfig
from lakeproof.wire.auth import Bearer
from lakeproof.wire.guard import WriteGuard
from lakeproof.wire.http import HttpClient, Timeouts, TlsConfig
from lakeproof.wire.payload import Payload
from lakeproof.wire.reply import Reply
from lakeproof.wire.transcript import Recorder
from tests.bite.bench import Files, make_files

ROOT = PurePosixPath("/data")
LARGE, SMALL = 128 << 20, 1 << 16
MOST_GROWTH = 40 << 20
MARKERS = [b"Perf Marker\n", b"End\n", b"success: Created"]


@dataclass
class Witness:
    """A server that notes what reaches it and answers in a way of its own."""

    url: str = ""
    heads: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    chunks: list[int] = field(default_factory=list)
    taken: int = 0
    hold: asyncio.Event = field(default_factory=asyncio.Event)

    async def start(self, files: Files) -> web.ServerRunner:
        """Listen on a free port."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(files.certificate, files.key)
        runner = web.ServerRunner(web.Server(self._answer))
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
        self.url = f"https://localhost:{runner.addresses[0][1]}"
        return runner

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        self.heads.append((request.method, request.raw_path, dict(request.headers)))
        if request.headers.get("Expect") and request.transport is not None:
            request.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        # Chunks of no body at all never end.
        if request.body_exists:
            async for piece, complete in request.content.iter_chunks():
                self.taken += len(piece)
                self.chunks += [1] if complete and piece else []
        if request.method == "COPY":
            return await self._report(request)
        if request.method == "GET":
            return await self._send(request)
        return web.Response(status=201, reason="Made It", headers={"Digest": "adler32=0"})

    async def _report(self, request: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse(status=202, headers={"Content-Type": "text/plain"})
        await response.prepare(request)
        for line in MARKERS:
            await response.write(line)
            await self.hold.wait()
        return response

    async def _send(self, request: web.BaseRequest) -> web.StreamResponse:
        length = SMALL if request.raw_path.endswith("small") else LARGE
        response = web.StreamResponse(headers={"Content-Length": str(length)})
        await response.prepare(request)
        for _ in range(length >> 16):
            await response.write(bytes(1 << 16))
        return response


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    return make_files(tmp_path_factory.mktemp("files"))


@pytest.fixture
def witness(files: Files) -> Iterator[Witness]:
    made = Witness()
    runner = shared_loop().call(made.start(files))
    yield made
    shared_loop().call(runner.cleanup())


@pytest.fixture
def proxy(files: Files, witness: Witness) -> Iterator[FaultProxy]:
    config = ProxyConfig(
        upstream=witness.url, trust=files.ca, certificate=files.certificate, key=files.key, token=""
    )
    with FaultProxy(config) as made:
        yield made


@pytest.fixture
def client(files: Files, proxy: FaultProxy) -> Iterator[HttpClient]:
    made = HttpClient(
        proxy.url,
        tls=TlsConfig(files.ca),
        timeouts=Timeouts(connect_s=2, read_s=2, total_s=30),
        recorder=Recorder(),
        guard=WriteGuard(ROOT),
    )
    yield made
    made.close()


def test_requests_and_answers_are_passed_on_as_they_are(
    client: HttpClient, witness: Witness, proxy: FaultProxy
) -> None:
    said = {"Want-Digest": "adler32;q=0.5", "X-Odd": "a  b", "Overwrite": "F"}
    reply = client.request(
        "PUT", "/data/a%2Bb%20c?x=%3d", headers=said, body=b"data", auth=Bearer("a.token.of", "it")
    )
    ((method, target, headers),) = witness.heads
    assert (method, target) == ("PUT", "/data/a%2Bb%20c?x=%3D")
    assert headers.items() >= {**said, "Authorization": "Bearer a.token.of"}.items()
    assert headers["Host"] == proxy.url.removeprefix("https://")
    assert (reply.status, reply.reason) == (201, "Made It")
    assert reply.headers["Digest"] == "adler32=0"
    assert witness.taken == len(b"data")


def test_chunks_stay_the_chunks_they_are(client: HttpClient, witness: Witness) -> None:
    assert client.request("PUT", ROOT / "f", body=iter([b"one", b"second", b"3"])).ok
    assert len(witness.chunks) == 3


def test_continue_is_asked_of_the_real_server(client: HttpClient, witness: Witness) -> None:
    reply = client.request(
        "PUT", ROOT / "f", headers={"Expect": "100-continue"}, body=Payload.of(b"later")
    )
    assert reply.ok
    ((_, _, headers),) = witness.heads
    assert headers["Expect"] == "100-continue"
    assert witness.taken == len(b"later")


def test_large_bodies_take_no_memory(client: HttpClient, witness: Witness) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert client.request("PUT", ROOT / "f", body=Payload.generated(LARGE, 1)).ok
    assert client.request("GET", ROOT / "f", sink=lambda _: None).length == LARGE
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert witness.taken == LARGE
    assert grown * 1024 < MOST_GROWTH


def test_report_of_a_copy_comes_line_by_line(client: HttpClient, witness: Witness) -> None:
    pieces: list[bytes] = []

    def take(piece: bytes) -> None:
        pieces.append(piece)
        # The next line is only sent once this one has arrived.
        shared_loop().loop.call_soon_threadsafe(witness.hold.set)

    headers = {"Source": "https://elsewhere.example.org/f"}
    reply = client.request("COPY", ROOT / "f", headers=headers, sink=take)
    assert reply.status == 202
    assert pieces[0] == MARKERS[0]
    assert b"".join(pieces) == b"".join(MARKERS)


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ("get-truncated", "truncated"),
        ("get-reset", "truncated"),
        ("get-slow-loris", "timeout"),
        ("get-endless", "timeout"),
        ("header-huge", "malformed"),
        ("header-slow", "timeout"),
        ("empty-reply", "closed"),
        ("not-http", "malformed"),
        ("redirect-loop", "redirect"),
    ],
)
def test_fault_of_the_connection_reaches_the_client(
    client: HttpClient, proxy: FaultProxy, fault: str, kind: str
) -> None:
    proxy.faults = {fault}
    reply: Reply = client.request("GET", ROOT / "small", sink=lambda _: None, timeout_s=1.5)
    assert reply.failure is not None
    assert reply.failure.kind == kind


def test_server_that_is_gone_closes_the_connection(
    client: HttpClient, proxy: FaultProxy, tmp_path: Path
) -> None:
    proxy.upstream.url = "https://localhost:1"
    reply = client.request("GET", ROOT / "f")
    assert reply.failure is not None
    assert reply.failure.kind == "closed"
