"""The element as a process, keys of a real issuer, and several elements at once."""

from __future__ import annotations

import asyncio
import signal
import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from aiohttp import web
from joserfc import jwt
from joserfc.jwk import RSAKey

from lakeproof.emulator import StorageServer, TrustedIssuer, UnknownDialectError, load_dialect
from lakeproof.emulator.loop import shared_loop

from .conftest import Authority, Element, Issuer


def test_a_process_says_where_it_listens_and_ends_on_request(
    tmp_path: Path, authority: Authority
) -> None:
    pem, key = authority.sign("localhost")
    command = [sys.executable, "-m", "lakeproof.emulator", "--dialect", "dcache"]
    command += ["--root", str(tmp_path), "--certificate", str(pem), "--key", str(key)]
    command += ["--name", "localhost", "--fault", "put-lies", "--ca", str(authority.ca)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        session = requests.Session()
        session.trust_env = False
        reply = session.get(url, verify=str(authority.ca), timeout=20)
        assert (reply.status_code, reply.headers["Server"]) == (401, "dCache/9.2.30")
        session.close()
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=20)
    assert process.returncode == 0


def test_an_unknown_dialect_is_refused() -> None:
    with pytest.raises(UnknownDialectError, match="storm"):
        load_dialect("castor")


class RotatingIssuer:
    """An issuer over TLS whose key set can be changed."""

    def __init__(self, authority: Authority) -> None:
        self.key = RSAKey.generate_key(2048, {"kid": "first"})
        self.fetched = 0
        self.authority = authority

    async def start(self) -> None:
        pem, key = self.authority.sign("issuer")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pem, key)
        application = web.Application()
        application.router.add_get("/.well-known/openid-configuration", self.metadata)
        application.router.add_get("/jwks", self.jwks)
        self.runner = web.AppRunner(application, access_log=None)
        await self.runner.setup()
        site = web.TCPSite(self.runner, "127.0.0.1", 0, ssl_context=context)
        await site.start()
        self.url = f"https://localhost:{self.runner.addresses[0][1]}"

    async def stop(self) -> None:
        await self.runner.cleanup()

    async def metadata(self, _: web.Request) -> web.Response:
        return web.json_response({"issuer": self.url, "jwks_uri": f"{self.url}/jwks"})

    async def jwks(self, _: web.Request) -> web.Response:
        self.fetched += 1
        return web.json_response({"keys": [self.key.as_dict(private=False)]})

    def token(self, issuer: Issuer) -> str:
        claims = issuer.claims("storage.modify:/", iss=self.url)
        return jwt.encode({"alg": "RS256", "kid": self.key.kid}, claims, self.key)


@pytest.fixture
def rotating(authority: Authority) -> Iterator[RotatingIssuer]:
    made = RotatingIssuer(authority)
    shared_loop().call(made.start())
    yield made
    shared_loop().call(made.stop())


def test_a_rotated_key_is_fetched_when_it_is_first_seen(
    element: Element,
    rotating: RotatingIssuer,
    issuer: Issuer,
    authority: Authority,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("lakeproof.emulator.jwks.RETRY_S", 0.0)
    client = element(issuers=(TrustedIssuer(rotating.url, ca=authority.ca),))
    for _ in range(2):
        assert client("PUT", "/f", data=b"", token=rotating.token(issuer)).status_code < 300
    assert rotating.fetched == 1
    rotating.key = RSAKey.generate_key(2048, {"kid": "second"})
    assert client("PUT", "/f", data=b"", token=rotating.token(issuer)).status_code < 300
    assert rotating.fetched == 2
    rotating.key = RSAKey.generate_key(2048, {"kid": "third"})
    client.server.faults = frozenset({"jwks-never-refetched"})
    assert client("PUT", "/f", data=b"", token=rotating.token(issuer)).status_code == 401


def test_an_unreachable_issuer_is_a_refusal(element: Element, issuer: Issuer) -> None:
    client = element(issuers=(TrustedIssuer("https://localhost:1/"),))
    token = issuer.token("storage.read:/", iss="https://localhost:1/")
    assert client("GET", "/f", token=token).status_code == 401


def test_faults_of_one_element_leave_the_others_alone(element: Element) -> None:
    broken, sound = element(faults={"put-lies"}), element()
    for client in (broken, sound):
        client("PUT", "/f", data=b"x")
    assert (broken("GET", "/f").status_code, sound("GET", "/f").status_code) == (404, 200)


def test_a_server_can_be_started_and_stopped_many_times(element: Element) -> None:
    config: Any = element().server.config
    for _ in range(20):
        with StorageServer(config) as server:
            assert server.port > 0
    assert asyncio.run_coroutine_threadsafe(asyncio.sleep(0), shared_loop().loop).result(5) is None
