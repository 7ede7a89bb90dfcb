"""The floor: the requests of a run, once more, by a keep-alive loop of the standard library."""

from __future__ import annotations

import http.client
import ssl
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

SMALL = 65536
"""Bytes of a request body that are kept as they were (a PROPFIND must stay XML)."""

TIMEOUT_S = 60.0
_FILLER = bytes(262144)
_READ = 262144


@dataclass
class Bare:
    """One request as it went over the wire; its headers may hold a token, so it is never shown."""

    check: str
    method: str
    url: str
    headers: dict[str, str] = field(repr=False)
    tls: ssl.SSLContext | None = None
    body: bytes = b""
    sent: int = 0
    status: int = 0
    seconds: float = 0.0

    def pieces(self) -> Iterator[bytes]:
        """A body of the same size; a small one is the same."""
        if len(self.body) == self.sent:
            yield self.body
            return
        for start in range(0, self.sent, len(_FILLER)):
            yield _FILLER[: self.sent - start]

    @property
    def framed(self) -> bool:
        """Whether the request says that it has a body."""
        names = {name.lower() for name in self.headers}
        return bool(names & {"content-length", "transfer-encoding"})

    @property
    def broken_off(self) -> bool:
        """Whether it announced more than it sent, as a check of interrupted uploads does."""
        said = {name.lower(): value for name, value in self.headers.items()}.get("content-length")
        return said is not None and said.isdigit() and int(said) > self.sent


@dataclass
class Timed:
    """One replayed request; `status` 0 means that no answer came.

    `first_status` and `first_seconds` are of the run itself.
    """

    check: str
    method: str
    sent: int
    received: int
    status: int
    first_status: int
    first_seconds: float
    seconds: float

    def as_dict(self) -> dict[str, object]:
        """For the JSON."""
        return self.__dict__ | {"seconds": round(self.seconds, 6)}


def replay(requests: Sequence[Bare]) -> list[Timed]:
    """Send `requests` in order, each origin and certificate on one connection that is kept."""
    connections: dict[tuple[str, int], http.client.HTTPConnection] = {}
    done = []
    for bare in requests:
        parts = urlsplit(bare.url)
        key = (f"{parts.scheme}://{parts.netloc}", id(bare.tls))
        connection = connections.get(key)
        began = time.perf_counter()
        if connection is None:
            connection = connections[key] = _connection(bare)
        received, status = 0, 0
        try:
            received, status = _once(connection, bare)
        except (OSError, http.client.HTTPException):
            connection.close()
        seconds = time.perf_counter() - began
        done.append(
            Timed(
                bare.check,
                bare.method,
                bare.sent,
                received,
                status,
                bare.status,
                bare.seconds,
                seconds,
            )
        )
    for connection in connections.values():
        connection.close()
    return done


def _connection(bare: Bare) -> http.client.HTTPConnection:
    parts = urlsplit(bare.url)
    host = parts.hostname or ""
    if parts.scheme == "https":
        return http.client.HTTPSConnection(
            host, parts.port, timeout=TIMEOUT_S, context=bare.tls, blocksize=_READ
        )
    return http.client.HTTPConnection(host, parts.port, timeout=TIMEOUT_S, blocksize=_READ)


def _once(connection: http.client.HTTPConnection, bare: Bare) -> tuple[int, int]:
    target = "/" + bare.url.partition("://")[2].partition("/")[2]
    named = {name.lower() for name in bare.headers}
    connection.putrequest(bare.method, target, skip_host="host" in named, skip_accept_encoding=True)
    for name, value in bare.headers.items():
        connection.putheader(name, value)
    chunked = bool(bare.sent) and "content-length" not in named
    if chunked and "transfer-encoding" not in named:
        connection.putheader("Transfer-Encoding", "chunked")
    body = bare.pieces() if bare.sent else None
    connection.endheaders(body, encode_chunked=chunked)
    if bare.broken_off:
        connection.close()
        return 0, 0
    response = connection.getresponse()
    received = 0
    while piece := response.read(_READ):
        received += len(piece)
    return received, response.status
