"""The peer as a server: one HTTPS listener a place, and a control door on loopback."""

from __future__ import annotations

import asyncio
import hmac
import logging
import secrets
import socket
import ssl
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from aiohttp import web

from lakeproof.emulator.loop import shared_loop
from lakeproof.peer.answering import GoneError, answer, stream, streams
from lakeproof.peer.resource import BEHAVIOURS, Resource, Sighting

log = logging.getLogger("lakeproof.peer")
BACKLOG = 128
# What a sender has in flight counts as sent: with small buffers that is little.
RECEIVE_BUFFER = 1 << 16
LARGEST = 64 << 20
CONTROL_HOST = "127.0.0.1"


@dataclass(frozen=True)
class Place:
    """One address of the peer: what it is called, where it listens."""

    name: str
    host: str
    port: int


class PeerServer:
    """Serves from the process's shared event loop until `stop`; resources are made by control.

    Raises OSError, whose strerror is a sentence, when an address or the certificate cannot be used.
    """

    def __init__(self, places: Sequence[Place], certificate: Path, key: Path | None = None) -> None:
        self.places = tuple(places)
        self.secret = secrets.token_urlsafe(32)
        self.control_url = ""
        self.ports: dict[str, int] = {}
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.minimum_version = ssl.TLSVersion.TLSv1_2
        try:
            self._context.load_cert_chain(certificate, key)
        except OSError as error:
            why = f"it cannot use the certificate in {certificate}: {error.strerror or error}"
            raise OSError(error.errno, why) from error
        self._resources: dict[str, Resource] = {}
        self._runners: list[web.AppRunner] = []

    def start(self) -> Self:
        """Listen; returns once every port is bound. Nothing is left open when one is not."""
        try:
            shared_loop().call(self._start())
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """End every connection and close every port."""
        shared_loop().call(self._stop())

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    async def _start(self) -> None:
        for place in self.places:
            self.ports[place.name] = await self._serve(
                partial(self._visit, place.name), place.host, place.port, self._context
            )
        port = await self._serve(self._control, CONTROL_HOST, 0, None)
        self.control_url = f"http://{CONTROL_HOST}:{port}"

    async def _serve(
        self,
        handler: Callable[[web.Request], Awaitable[web.StreamResponse]],
        host: str,
        port: int,
        context: ssl.SSLContext | None,
    ) -> int:
        application = web.Application(client_max_size=LARGEST)
        application.router.add_route("*", "/{name:.*}", handler)
        runner = web.AppRunner(
            application,
            access_log=None,
            auto_decompress=False,
            shutdown_timeout=0.1,
            handler_cancellation=False,
        )
        await runner.setup()
        self._runners.append(runner)
        listening = _bound(host, port)
        await web.SockSite(runner, listening, ssl_context=context, backlog=BACKLOG).start()
        return int(listening.getsockname()[1])

    async def _stop(self) -> None:
        for resource in self._resources.values():
            resource.seen.clear()
        await asyncio.gather(*(runner.cleanup() for runner in self._runners))
        self._runners.clear()

    # --- what the endpoint under test sees -----------------------------------------------------

    async def _visit(self, place: str, request: web.Request) -> web.StreamResponse:
        resource = self._resources.get(_name_in(request.raw_path))
        if resource is None:
            return web.Response(status=HTTPStatus.NOT_FOUND)
        headers = [(n.decode("latin-1"), v.decode("latin-1")) for n, v in request.raw_headers]
        seen = Sighting(request.method, request.raw_path, place, headers)
        resource.seen.append(seen)
        try:
            reply = stream if streams(request, resource) else answer
            response = await reply(request, resource, seen)
            seen.status, seen.state = response.status, "done"
        except GoneError:
            seen.state = "broken"
            return web.Response(status=HTTPStatus.INTERNAL_SERVER_ERROR)
        except BaseException:
            seen.state = "broken"
            raise
        return response

    # --- what our own workers ask --------------------------------------------------------------

    async def _control(self, request: web.Request) -> web.StreamResponse:
        given = request.headers.get("Authorization", "")
        if not hmac.compare_digest(given.encode(), f"Bearer {self.secret}".encode()):
            return web.Response(status=HTTPStatus.FORBIDDEN)
        name = request.match_info["name"]
        if request.method == "POST" and not name:
            return web.json_response(await self._add(request))
        resource = self._resources.get(name)
        if resource is None:
            return web.Response(status=HTTPStatus.NOT_FOUND)
        if request.method == "POST":
            resource.released = True
            return web.json_response({})
        if request.method == "DELETE":
            del self._resources[name]
            return web.json_response({})
        return web.json_response([seen.as_dict() for seen in resource.seen])

    async def _add(self, request: web.Request) -> dict[str, str]:
        asked = request.query
        behaviour = next((each for each in BEHAVIOURS if each == asked["behaviour"]), None)
        if behaviour is None:
            raise web.HTTPBadRequest(text=f"no such behaviour: {asked['behaviour']}")
        content = await request.read() if asked["holds"] == "yes" else None
        name = f"{secrets.token_hex(8)}-{asked['name']}"
        self._resources[name] = Resource(
            name,
            behaviour,
            content,
            token=asked["token"],
            location=asked["location"],
        )
        return {"name": name}


def _name_in(target: str) -> str:
    return urlsplit(target).path.rpartition("/")[2]


def _bound(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
        listening.bind((host, port))
    except OSError as error:
        listening.close()
        why = f"it cannot listen on {host}:{port}: {error.strerror}"
        raise OSError(error.errno, why) from error
    return listening
