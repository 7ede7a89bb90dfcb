"""The HTTP client of third-party copies, tolerant of what real servers send before an answer."""

from __future__ import annotations

import re
from functools import partial

import aiohttp
from aiohttp.client_proto import ResponseHandler

CONTINUE_WITH_HEADER = re.compile(rb"(HTTP/1\.1 100 [^\r\n]*)\r\n(?:[^\r\n]+\r\n)+\r\n")


class TolerantResponse(ResponseHandler):
    """Drops the header fields of a 100: XRootD's `Connection: Close` there ends nothing."""

    def data_received(self, data: bytes) -> None:
        """Feed the parser."""
        if data.startswith(b"HTTP/1.1 100"):
            data = CONTINUE_WITH_HEADER.sub(rb"\1\r\n\r\n", data, count=1)
        super().data_received(data)


class Connector(aiohttp.TCPConnector):
    """One connection for each request: a reused one may be closed by then, a PUT not repeated."""

    def __init__(self) -> None:
        super().__init__(limit=0, force_close=True)
        self._factory = partial(TolerantResponse, loop=self._loop)  # type: ignore[assignment]


def open_session(agent: str, read_timeout_s: float) -> aiohttp.ClientSession:
    """A session named `agent` that gives up on a partner after `read_timeout_s` of silence."""
    timeout = aiohttp.ClientTimeout(total=None, sock_connect=10, sock_read=read_timeout_s)
    return aiohttp.ClientSession(
        timeout=timeout,
        auto_decompress=False,
        skip_auto_headers={"Accept-Encoding", "Content-Type"},
        headers={"User-Agent": agent},
        connector=Connector(),
    )
