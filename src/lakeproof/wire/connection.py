"""Connections that keep a total deadline, count what arrives, and send targets unchanged.

urllib3 limits the wait for one read; a server that sends one byte a second would hold a
check for hours. Here every read and write of the socket is cut to what is left in total.
"""

from __future__ import annotations

import io
import ssl
import time
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from requests.adapters import HTTPAdapter
from requests.models import PreparedRequest
from urllib3 import PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from lakeproof.wire.auth import ClientCert

_SEND_SIZE = 262144
_READ_SIZE = 65536


@dataclass(frozen=True)
class TlsConfig:
    """Whom to trust: `ca` is a PEM file or a hashed directory; None is the system's store."""

    ca: Path | None = None


@dataclass
class Trace:
    """What happened on the wire during one request, for telling failures apart."""

    deadline: float
    read_s: float
    connected: bool = False
    reused: bool = False
    sent: bool = False
    received: int = 0
    ended: bool = False

    def window(self) -> float:
        """Seconds the next socket call may take; raises TimeoutError when none are left."""
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("total time used up")
        return min(self.read_s, left)


TRACE: ContextVar[Trace] = ContextVar("lakeproof_wire_trace")
"""The request being made: urllib3 has no other way to reach its connection."""


class _TimedReader(io.RawIOBase):
    def __init__(self, door: TimedSocket, raw: io.RawIOBase) -> None:
        self._door = door
        self._raw = raw

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:  # noqa: ANN401  the stdlib's own type
        trace = self._door.trace
        self._door.socket.settimeout(trace.window())
        count = self._raw.readinto(buffer)
        trace.received += count or 0
        trace.ended = trace.ended or count == 0
        return int(count) if count is not None else None

    def close(self) -> None:
        if not self.closed:
            self._raw.close()
        super().close()


class TimedSocket:
    """A connected socket whose calls never outlast the deadline of the current request."""

    def __init__(self, sock: Any, trace: Trace) -> None:  # noqa: ANN401  plain or TLS socket
        self.socket = sock
        self.trace = trace

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  everything else is the socket's
        return getattr(self.socket, name)

    def settimeout(self, value: float | None) -> None:
        """Ignored: the deadline of the request decides."""

    def sendall(self, data: Any) -> None:  # noqa: ANN401  any bytes-like
        """Send everything in bounded steps, each within the time left."""
        view = memoryview(data).cast("B")
        self.trace.sent = True
        for start in range(0, len(view), _SEND_SIZE):
            self.socket.settimeout(self.trace.window())
            self.socket.sendall(view[start : start + _SEND_SIZE])

    def makefile(self, *_args: object, **_kwargs: object) -> io.BufferedReader:
        """A buffered reader, as http.client asks for one."""
        raw = self.socket.makefile("rb", buffering=0)
        return io.BufferedReader(_TimedReader(self, raw), _READ_SIZE)


class _Timed(HTTPConnection):
    """The mixin that puts a TimedSocket under a urllib3 connection."""

    served = 0

    def connect(self) -> None:
        super().connect()
        trace = TRACE.get()
        trace.connected = True
        self.sock: Any = TimedSocket(self.sock, trace)

    def request(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401  urllib3's signature
        trace = TRACE.get()
        if self.sock is not None:
            trace.connected = True
            trace.reused = self.served > 0
            self.sock.trace = trace
        try:
            super().request(*args, **kwargs)
        finally:
            self.served += 1

    def close(self) -> None:
        self.served = 0
        super().close()

    @property
    def is_connected(self) -> bool:
        # Left-over bytes of an earlier answer would be taken for the next one.
        pending = getattr(getattr(self.sock, "socket", None), "pending", None)
        if pending is not None and pending():
            return False
        return super().is_connected


class _TimedTls(_Timed, HTTPSConnection):
    pass


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _Timed


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _TimedTls


class Adapter(HTTPAdapter):
    """requests' adapter with our connections, one TLS context, and raw request targets."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context
        super().__init__(pool_connections=8, pool_maxsize=8)

    def init_poolmanager(
        self,
        connections: int,
        maxsize: int,
        block: bool = False,
        **pool_kwargs: Any,  # noqa: ANN401
    ) -> None:
        """Make the pools; called by requests."""
        self.poolmanager = PoolManager(
            num_pools=connections, maxsize=maxsize, block=block, **pool_kwargs
        )
        self.poolmanager.pool_classes_by_scheme = {"http": _PlainPool, "https": _TlsPool}

    def build_connection_pool_key_attributes(
        self,
        request: PreparedRequest,
        verify: Any,  # noqa: ANN401  requests' own union
        cert: Any = None,  # noqa: ANN401
    ) -> Any:  # noqa: ANN401
        """Host and TLS settings of a request: always our context, never requests' bundle."""
        host, _ = super().build_connection_pool_key_attributes(request, True, None)
        tls = {"ssl_context": self._context} if host["scheme"] == "https" else {}
        return host, tls

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:  # noqa: ANN401
        """Nothing to add: the context verifies, and cannot be told not to."""

    def request_url(self, request: PreparedRequest, proxies: Any) -> str:  # noqa: ANN401
        """The request target exactly as given: requests would rewrite `//` and more."""
        _, _, rest = (request.url or "").partition("://")
        return "/" + rest.partition("/")[2]


def tls_context(tls: TlsConfig, certificate: ClientCert | None) -> ssl.SSLContext:
    """A verifying client context; raises OSError or ssl.SSLError for unreadable files."""
    if tls.ca is None:
        context = ssl.create_default_context()
    elif tls.ca.is_dir():
        context = ssl.create_default_context(capath=str(tls.ca))
    else:
        context = ssl.create_default_context(cafile=str(tls.ca))
    # Python >= 3.13 asks for RFC 5280 extensions that IGTF certificate authorities omit.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    if certificate is not None:
        context.load_cert_chain(str(certificate.certificate), str(certificate.key))
    return context
