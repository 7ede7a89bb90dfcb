"""Connections that keep a total deadline, count what arrives, and send targets unchanged.

urllib3 limits the wait for one read; a server that sends one byte a second would hold a
check for hours. Here every read and write of the socket is cut to what is left in total.
"""

from __future__ import annotations

import io
import re
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
_FINAL = 200
_STATUS_LINE = re.compile(rb"HTTP/1\.\d (\d{3})")


@dataclass(frozen=True)
class TlsConfig:
    """Whom to trust: `ca` is a PEM file or a hashed directory; None is the system's store."""

    ca: Path | None = None


@dataclass(frozen=True)
class Pin:
    """One address to which connections to `host` and `port` go, instead of any of its addresses."""

    host: str
    port: int
    address: str


@dataclass
class Trace:
    """What happened on the wire during one request, for telling failures apart.

    `continue_s` is how long to wait for an answer to the header before the body is sent (RFC 9110
    §10.1.1), None for not at all; `early` is the status that came by then, 0 for none.
    """

    deadline: float
    read_s: float
    connected: bool = False
    reused: bool = False
    sent: bool = False
    received: int = 0
    ended: bool = False
    continue_s: float | None = None
    early: int = 0
    sock: TimedSocket | None = None

    @property
    def refused_early(self) -> bool:
        """Whether the final answer came before the body, which is then not sent."""
        return self.early >= _FINAL

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
        if self._door.early:
            return self._door.take_early(buffer)
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
        self.early = b""
        self.reader: io.BufferedReader | None = None

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

    def await_continue(self) -> None:
        """Wait for what a server says to the header alone; it is kept for the reader."""
        trace = self.trace
        end = time.monotonic() + (trace.continue_s or 0)
        while b"\n" not in self.early:
            left = end - time.monotonic()
            if left <= 0:
                return
            self.socket.settimeout(min(left, trace.window()))
            try:
                piece = self.socket.recv(_READ_SIZE)
            except TimeoutError:
                return
            if not piece:
                return
            self.early += piece
            trace.received += len(piece)
        found = _STATUS_LINE.match(self.early)
        # Anything else than an interim answer means that no body is wanted.
        trace.early = int(found[1]) if found else _FINAL

    def take_early(self, buffer: Any) -> int:  # noqa: ANN401  the stdlib's own type
        """Hand out what came before the body was sent."""
        count = min(len(buffer), len(self.early))
        buffer[:count], self.early = self.early[:count], self.early[count:]
        return count

    def rest(self) -> int:
        """Bytes that come after an answer until the server closes; bounded by the time left."""
        count = 0
        try:
            while self.reader is not None and (piece := self.reader.read1(_READ_SIZE)):
                count += len(piece)
        except OSError:
            return count
        return count

    def makefile(self, *_args: object, **_kwargs: object) -> io.BufferedReader:
        """A buffered reader, as http.client asks for one."""
        raw = self.socket.makefile("rb", buffering=0)
        self.reader = io.BufferedReader(_TimedReader(self, raw), _READ_SIZE)
        return self.reader


class _AnsweredEarlyError(Exception):
    """The final answer is there before the body was sent."""


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
        except _AnsweredEarlyError:
            return  # the answer is read as usual
        finally:
            self.served += 1
            trace.sock = self.sock

    def endheaders(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401  the stdlib's own
        super().endheaders(*args, **kwargs)
        sock = self.sock
        if isinstance(sock, TimedSocket) and sock.trace.continue_s is not None:
            sock.await_continue()
            if sock.trace.refused_early:
                raise _AnsweredEarlyError

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

    def __init__(self, context: ssl.SSLContext, pin: Pin | None = None) -> None:
        self._context = context
        self._pin = pin
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
        tls: dict[str, Any] = {"ssl_context": self._context} if host["scheme"] == "https" else {}
        pin = self._pin
        if pin is not None and (host["host"].strip("[]"), host["port"]) == (pin.host, pin.port):
            # The connection goes to the address; name and certificate stay those of the host.
            host["host"] = pin.address
            tls |= {"server_hostname": pin.host} if tls else {}
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
