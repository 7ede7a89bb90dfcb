"""Endpoints that mean harm: a run ends by itself, stays small, is clear and leaks nothing."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

import pytest
from aiohttp import web

from lakeproof.emulator import TrustedIssuer
from lakeproof.emulator.loop import shared_loop
from lakeproof.emulator.proxy import FaultProxy, ProxyConfig
from tests.bite.bench import AREA
from tests.cli_faults.ground import Ground, Measured

MOST_MEMORY = 400 << 20
CHECKS = ("--check=integrity.truth.download-equals-upload", "--check=webdav.listing.*")
# What the admin reads in each case, and that it is the endpoint that is found at fault.
CASES = {
    "get-endless": "bytes too many",
    "get-slow-loris": "GET answered 200 OK, but the answer ",
    "header-slow": "the answer was not complete within",
    "header-huge": "more than 65536 bytes when reading header line",
    "propfind-bomb": "entit",
    "redirect-loop": "redirects in circles",
    "redirect-foreign-host": "GET answered 404",
}


@dataclass
class Recorder:
    """Somebody else's server: it notes what it is sent and has nothing."""

    port: int = 0
    seen: list[str] = field(default_factory=list)

    async def start(self, certificate: Path, key: Path) -> web.BaseRunner:
        """Listen on a free port of this machine."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        runner = web.ServerRunner(web.Server(self._note))
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context)
        await site.start()
        self.port = runner.addresses[0][1]
        return runner

    async def _note(self, request: web.BaseRequest) -> web.StreamResponse:
        headers = "\n".join(f"{name}: {value}" for name, value in request.headers.items())
        self.seen.append(f"{request.method} {request.raw_path}\n{headers}")
        await asyncio.sleep(0)
        return web.Response(status=404)


@pytest.fixture(scope="module")
def recorder(ground: Ground) -> Iterator[Recorder]:
    made = Recorder()
    runner = shared_loop().call(made.start(ground.files.certificate, ground.files.key))
    yield made
    shared_loop().call(runner.cleanup())


@pytest.fixture(scope="module")
def door(ground: Ground, recorder: Recorder) -> Iterator[FaultProxy]:
    """A sound element behind a proxy that can mean harm."""
    with ground.element("sound") as url:
        origin = url.removesuffix(AREA)
        config = ProxyConfig(
            upstream=origin,
            trust=ground.files.ca,
            certificate=ground.files.certificate,
            key=ground.files.key,
            token="",
            issuers=(TrustedIssuer(ground.issuer.url, PurePosixPath(AREA), ground.files.ca),),
            foreign=f"https://localhost:{recorder.port}",
        )
        with FaultProxy(config) as proxy:
            yield proxy


@pytest.fixture(params=sorted(CASES))
def fault(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_run_ends_small_and_clear_and_leaks_nothing(
    ground: Ground, door: FaultProxy, recorder: Recorder, fault: str
) -> None:
    recorder.seen.clear()
    door.faults = frozenset({fault})
    found = ground.run(f"{door.url}{AREA}", fault, *CHECKS)
    assert found.run.code in (1, 2), found.run.output
    assert CASES[fault] in found.run.output
    assert "Traceback" not in found.run.output
    assert found.peak < MOST_MEMORY
    assert bool(recorder.seen) == (fault == "redirect-foreign-host")
    assert _no_secret_left(ground, found, recorder)


def _no_secret_left(ground: Ground, found: Measured, recorder: Recorder) -> bool:
    written = [
        path.read_text("utf-8", "replace") for path in found.run.out.rglob("*") if path.is_file()
    ]
    told = "\n".join([found.run.output, *written, *recorder.seen])
    assert "authorization:" not in "\n".join(recorder.seen).lower()
    return not [token for token in ground.issued_tokens() if token.split(".")[2] in told]
