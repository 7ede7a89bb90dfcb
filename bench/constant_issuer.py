"""A trivial token issuer in a process of its own: constant answers, no signing, kept connections.

`started` runs it with two sockets that listen already, one for TLS and one for plain HTTP. The
directory holds host.pem (certificate and key) and answers.json (bodies by path).
"""

from __future__ import annotations

import asyncio
import json
import re
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_END = b"\r\n\r\n"


class _Line(asyncio.Protocol):
    """One connection: each request is read whole and answered by its path."""

    def __init__(self, answers: Mapping[bytes, bytes]) -> None:
        self._answers = answers
        self._transport: asyncio.Transport | None = None
        self._read = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if isinstance(transport, asyncio.Transport):
            self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._read += data
        while (end := self._read.find(_END)) >= 0 and self._transport is not None:
            found = _LENGTH.search(self._read, 0, end)
            total = end + len(_END) + (int(found[1]) if found else 0)
            if len(self._read) < total:
                return
            path = self._read.split(b" ", 2)[1]
            self._read = self._read[total:]
            self._transport.write(self._answers.get(path, _answer(b"{}", "404 Not Found")))


def _answer(body: bytes, status: str = "200 OK") -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
    return head.encode() + _END + body


async def _serve(directory: Path, secure: socket.socket, plain: socket.socket) -> None:
    bodies = json.loads((directory / "answers.json").read_text("utf-8"))
    answers = {path.encode(): _answer(json.dumps(body).encode()) for path, body in bodies.items()}
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(directory / "host.pem")
    loop = asyncio.get_running_loop()
    await loop.create_server(lambda: _Line(answers), sock=plain)
    server = await loop.create_server(lambda: _Line(answers), sock=secure, ssl=context)
    # Ends with whoever started it: its end of the pipe is closed then.
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()


@contextmanager
def started(directory: Path, secure: socket.socket, plain: socket.socket) -> Iterator[None]:
    """The issuer behind two sockets that listen already; it ends with the block, or with us."""
    numbers = (secure.fileno(), plain.fileno())
    command = [sys.executable, "-m", "bench.constant_issuer", str(directory), *map(str, numbers)]
    root = Path(__file__).resolve().parents[1]
    with subprocess.Popen(  # noqa: S603  our own command
        command, stdin=subprocess.PIPE, pass_fds=numbers, cwd=root
    ) as process:
        try:
            yield
        finally:
            process.communicate(timeout=10)


if __name__ == "__main__":
    asyncio.run(
        _serve(Path(sys.argv[1]), *(socket.socket(fileno=int(number)) for number in sys.argv[2:4]))
    )
