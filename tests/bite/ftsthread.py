"""The stand-in for FTS, served from a thread of this process, for proving checks on it."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterable
from pathlib import Path

from aiohttp import web

from lakeproof.fts.__main__ import built
from lakeproof.fts.access import tls_context
from lakeproof.fts.settings import Settings


class FtsThread:
    """A stand-in that believes one issuer and one person; its faults are switched."""

    def __init__(
        self, directory: Path, *, credential: Path, ca: Path, issuer: str, people: dict[str, Path]
    ) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"https://localhost:{listening.getsockname()[1]}"
        self._faults: set[str] = set()
        directory.mkdir()
        settings = Settings(
            url=self.url,
            credential=credential,
            ca=ca,
            database=directory / "jobs.sqlite",
            issuers=(issuer,),
            people=people,
            poll_s=0.05,
            copy_timeout_s=20,
            root_by_http=True,
            faults=self._faults,
        )
        self._runner = web.AppRunner(built(settings, ca.parent), access_log=None)
        asyncio.run_coroutine_threadsafe(self._start(listening, settings), self._loop).result()

    async def _start(self, listening: socket.socket, settings: Settings) -> None:
        await self._runner.setup()
        context = tls_context(settings.credential, settings.ca)
        await web.SockSite(self._runner, listening, ssl_context=context).start()

    def break_in(self, names: Iterable[str]) -> None:
        """Have exactly these faults."""
        self._faults.clear()
        self._faults.update(names)

    async def _end(self) -> None:
        await self._runner.cleanup()
        # A connection over TLS is closed a moment after it was told to.
        await asyncio.sleep(0.2)

    def stop(self) -> None:
        """Close the port and end the thread."""
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
