"""Many emulated endpoints in one process, each at ports of its own, if asked for at a distance.

`started` runs it beside a lake, whose issuer and certificates it uses. With a distance, what
clients connect to is a proxy that holds back every byte for half a round trip, in each direction
and between the endpoints as well.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from lakeproof.emulator import EmulatorConfig, StorageServer
from lakeproof.emulator.loop import shared_loop
from lakeproof.lake import Lake
from lakeproof.lake.emulated import configuration
from lakeproof.lake.layout import load_plan
from lakeproof.lake.sites import FEATURES

FAR, NEAR = "127.0.0.2", "127.0.0.1"
ROOT = Path(__file__).resolve().parents[1]
ATTEMPTS = 100


class Late(asyncio.Protocol):
    """One end of a connection: what it hears, the other end says `delay_s` later."""

    def __init__(self, delay_s: float) -> None:
        self._delay_s = delay_s
        self._transport: asyncio.Transport | None = None
        self._before: list[bytes | None] = []
        self._heard_all = self._said_all = False
        self.other: Late | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Say what was heard before."""
        if isinstance(transport, asyncio.Transport):
            self._transport = transport
        for data in self._before:
            self.say(data)

    def data_received(self, data: bytes) -> None:
        """Pass it on."""
        self._tell(data)

    def eof_received(self) -> bool:
        """Pass it on; the other direction stays open until it ends, too."""
        self._tell(None)
        self._heard_all = True
        return not self._said_all

    def connection_lost(self, exc: Exception | None) -> None:
        """Pass it on."""
        self._tell(None, close=True)

    def _tell(self, data: bytes | None, *, close: bool = False) -> None:
        other = self.other
        if other is not None:
            act = other.close if close else partial(other.say, data)
            asyncio.get_running_loop().call_later(self._delay_s, act)

    def say(self, data: bytes | None) -> None:
        """Send these bytes, or (None) the end of them."""
        if self._transport is None:
            self._before.append(data)
        elif not self._transport.is_closing():
            if data is not None:
                self._transport.write(data)
            elif self._heard_all:
                self._transport.close()
            else:
                self._said_all = True
                self._transport.write_eof()

    def close(self) -> None:
        """End the connection once everything is said."""
        if self._transport is not None:
            self._transport.close()


async def hold_back(port: int, delay_s: float) -> asyncio.Server:
    """Listen at NEAR and pass on to the same port of FAR; raises OSError for a taken port."""
    loop = asyncio.get_running_loop()
    tasks: set[asyncio.Task[Any]] = set()

    def accepted() -> Late:
        near, far = Late(delay_s), Late(delay_s)
        near.other, far.other = far, near
        task = loop.create_task(loop.create_connection(lambda: far, FAR, port))
        tasks.add(task)
        task.add_done_callback(tasks.discard)
        return near

    return await loop.create_server(accepted, NEAR, port, backlog=512)


@dataclass(frozen=True)
class Fleet:
    """The endpoints that were started, the inventory of them, and their process."""

    inventory: Path
    urls: tuple[str, ...]
    pid: int


def serve(lake: Lake, number: int, delay_s: float, stack: ExitStack) -> list[StorageServer]:
    """Start `number` endpoints, of each technology in turn."""
    servers = []
    for at in range(number):
        site = lake.emulated_sites[at % len(lake.emulated_sites)]
        config = replace(
            configuration(lake, site),
            root=lake.directory / "fleet" / f"se-{at:03}",
            port=0,
            data_port=0,
            also_at=(),
            host=FAR if delay_s else NEAR,
        )
        config.root.mkdir(parents=True)
        server = _server(config, delay_s)
        stack.callback(server.stop)
        servers.append(server)
    return servers


def _server(config: EmulatorConfig, delay_s: float) -> StorageServer:
    """One endpoint whose ports are free near and far."""
    for _ in range(ATTEMPTS):
        server = StorageServer(config).start()
        ports = (server.port, urlsplit(server.element.redirector.data_server).port or 0)
        try:
            if delay_s:
                for port in ports:
                    shared_loop().call(hold_back(port, delay_s))
        except OSError:  # somebody's port near us; another one is free
            server.stop()
            continue
        return server
    raise RuntimeError("found no port that is free at both addresses")


def _described(lake: Lake, number: int, server: StorageServer) -> dict[str, Any]:
    config, url = server.config, server.url
    name = f"SE-{number:03}"
    endpoint = {
        "name": name,
        "technology": config.dialect,
        "doors": {"webdav": f"{url.replace('https', 'davs', 1)}{config.base_path}"},
        "scope_root": str(config.base_path),
        "audience": url,
        "ca": str(lake.ca),
        "auth": {"tokens": "lake"},
        "features": {"tpc-pull": True, "tpc-push": True, **FEATURES[config.dialect]},
        "emulated": True,
        "pacing": False,
        "roles": ["source", "destination", *(["golden"] if number == 0 else [])],
    }
    return {"name": f"SITE-{number:03}", "endpoints": [endpoint]}


def inventory(lake: Lake, servers: Sequence[StorageServer]) -> str:
    """endpoints.yaml of the fleet."""
    issuer = {
        "url": lake.issuer,
        "client_id": lake.client_id,
        "client_secret": f"file:{lake.client_secret_file}",
        "ca": str(lake.ca),
        "trusted_odd_tokens": True,
    }
    sites = [_described(lake, number, server) for number, server in enumerate(servers)]
    document = {
        "version": 1,
        "issuers": {"lake": issuer},
        "defaults": {"area": "lakeproof"},
        "sites": sites,
    }
    return yaml.safe_dump(document, sort_keys=False)


@contextmanager
def started(lake: Lake, number: int, delay_s: float = 0.0) -> Iterator[Fleet]:
    """A process with `number` endpoints; it ends with the block, or with us."""
    command = [sys.executable, "-m", "bench.fleet", str(lake.directory), str(number), str(delay_s)]
    with subprocess.Popen(  # noqa: S603  our own command
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT, text=True
    ) as process:
        try:
            told = json.loads((process.stdout.readline() if process.stdout else "") or "[]")
            if not told:
                raise RuntimeError("the fleet did not start")
            yield Fleet(lake.directory / "fleet.yaml", tuple(told), process.pid)
        finally:
            process.communicate(timeout=60)


def main(directory: str, number: str, delay: str) -> None:
    """Serve until standard input ends."""
    lake, _ = load_plan(Path(directory))
    with ExitStack() as stack:
        servers = serve(lake, int(number), float(delay), stack)
        (lake.directory / "fleet.yaml").write_text(inventory(lake, servers))
        urls = [f"{server.url}{server.config.base_path}" for server in servers]
        sys.stdout.write(json.dumps(urls) + "\n")
        sys.stdout.flush()
        sys.stdin.read()


if __name__ == "__main__":
    main(*sys.argv[1:4])
