"""The frames of the XRootD protocol, and one connection over which they are spoken.

For what XRootD's own client hides: what a server says before anybody logs in, the pages of a
page read with their checksums, and what it does with a client that sends nonsense or vanishes.
Source: XRootD protocol specification 5.2, "Session initialization" and the requests by name.
"""

from __future__ import annotations

import socket
import ssl
import struct
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from enum import IntEnum, IntFlag

HELLO = struct.pack("!5i", 0, 0, 0, 4, 2012)
CLIENT_VERSION = 0x520
HEADER, ANSWER = struct.Struct("!2sH16si"), struct.Struct("!2sHI")
LARGEST_BODY = 64 << 20
LONGEST_WAIT_S = 10
PAGE = 4096
WAITS = 4


class Request(IntEnum):
    """kXR_... request codes."""

    AUTH = 3000
    QUERY = 3001
    CHMOD = 3002
    CLOSE = 3003
    LISTING = 3004
    PROTOCOL = 3006
    LOGIN = 3007
    MKDIR = 3008
    MOVE = 3009
    OPEN = 3010
    PING = 3011
    READ = 3013
    REMOVE = 3014
    RMDIR = 3015
    STAT = 3017
    WRITE = 3019
    ATTRIBUTES = 3020
    PREPARE = 3021
    READV = 3025
    PGWRITE = 3026
    LOCATE = 3027
    TRUNCATE = 3028
    PGREAD = 3030
    WRITEV = 3031


class Status(IntEnum):
    """kXR_... response codes."""

    OK = 0
    OK_SO_FAR = 4000
    ATTENTION = 4001
    MORE_AUTH = 4002
    ERROR = 4003
    REDIRECT = 4004
    WAIT = 4005
    WAIT_FOR_ANSWER = 4006
    STATUS = 4007


class Flags(IntFlag):
    """What a server says of itself in its answer to kXR_protocol."""

    SERVER = 0x00000001
    MANAGER = 0x00000002
    KEEPS_ONLY_CLOSED = 0x00100000
    PAGES = 0x00200000
    TLS_DATA = 0x01000000
    TLS_LOGIN = 0x04000000
    TLS_SESSION = 0x08000000
    GOES_TLS = 0x40000000
    HAS_TLS = 0x80000000


class Open(IntFlag):
    """Options of kXR_open."""

    DELETE = 0x0002
    NEW = 0x0008
    READ = 0x0010
    UPDATE = 0x0020
    PARENTS = 0x0100
    POSC = 0x1000


ABLE_TLS, WANT_TLS, SECURITY = 0x02, 0x04, 0x01
EXPECT_LOGIN = 0x03


class BadFrame(Exception):  # noqa: N818  reads as a fact
    """What came is no answer of the protocol, or ends too early."""


@dataclass(frozen=True)
class Frame:
    """One answer, its parts joined: response code, body, and the parts of their own where told."""

    status: int
    body: bytes
    parts: tuple[bytes, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether it was done."""
        return self.status in (Status.OK, Status.STATUS)

    @property
    def error(self) -> int:
        """The number of kXR_error; 0 for another answer."""
        found: int = struct.unpack("!i", self.body[:4])[0] if self.status == Status.ERROR else 0
        return found

    @property
    def message(self) -> str:
        """The words of an error."""
        return self.body[4:].rstrip(b"\0").decode(errors="replace")


@dataclass(frozen=True)
class Hello:
    """What a server says before anybody logs in."""

    version: int
    flags: Flags
    security: bytes = b""

    @property
    def is_server(self) -> bool:
        """Whether it serves data."""
        return bool(self.flags & Flags.SERVER)

    @property
    def is_manager(self) -> bool:
        """Whether it redirects to others that do."""
        return bool(self.flags & Flags.MANAGER)

    @property
    def has_tls(self) -> bool:
        """Whether it can speak TLS at all."""
        return bool(self.flags & Flags.HAS_TLS)

    @property
    def demands_tls(self) -> bool:
        """Whether nobody logs in without TLS."""
        return bool(self.flags & (Flags.GOES_TLS | Flags.TLS_LOGIN))


@dataclass(frozen=True)
class Page:
    """One page of a page read: at most 4096 bytes, and the CRC-32C that came with it."""

    data: bytes
    crc32c: int


class RootLine:
    """One connection; every wait on it is bounded by `timeout_s`."""

    def __init__(self, host: str, port: int, timeout_s: float) -> None:
        """Connect; raises OSError."""
        self.host, self.port = host, port
        self._timeout_s = timeout_s
        self._socket: socket.socket = socket.create_connection((host, port), timeout_s)
        self._number = 0

    def close(self) -> None:
        """Hang up."""
        self._socket.close()

    def drop(self) -> None:
        """Vanish in the middle, as a client whose machine has died."""
        with suppress(OSError):
            linger = struct.pack("ii", 1, 0)
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self._socket.close()

    def send(self, data: bytes) -> None:
        """Bytes as they are."""
        self._socket.sendall(data)

    def hear(self, most: int) -> bytes:
        """What comes, at most so many bytes; nothing when the server hung up."""
        return self._socket.recv(most)

    def hello(self, *, tls: bool = False) -> Hello:
        """Shake hands and ask for the protocol; `tls`: say that TLS is wanted."""
        self.send(HELLO)
        self.expect_hand()
        flags = SECURITY | ABLE_TLS | (WANT_TLS if tls else 0)
        parameters = struct.pack("!iBB10x", CLIENT_VERSION, flags, EXPECT_LOGIN)
        answer = self.ask(Request.PROTOCOL, parameters)
        if not answer.ok or len(answer.body) < 8:  # noqa: PLR2004  two numbers
            raise BadFrame(f"kXR_protocol is answered {answer.status} {answer.message}")
        version, found = struct.unpack("!iI", answer.body[:8])
        return Hello(version, Flags(found), answer.body[8:])

    def expect_hand(self) -> None:
        """Hear the answer to the handshake; raises BadFrame for anything else."""
        _, status, body = self._frame()
        if status != Status.OK or len(body) != 8:  # noqa: PLR2004  two numbers
            raise BadFrame("no answer to the handshake of the protocol")

    def start_tls(self, context: ssl.SSLContext) -> None:
        """Go on inside TLS; raises OSError (ssl.SSLError)."""
        self._socket = context.wrap_socket(self._socket, server_hostname=self.host)

    def login(self, user: str = "lakeprf") -> str:
        """Log in; gives which ways to authenticate are offered ("&P=ztn,...", empty for none)."""
        parameters = struct.pack("!i8sBBBx", 1, user.encode()[:8], 0, 0, 5)
        answer = self.ask(Request.LOGIN, parameters)
        if not answer.ok:
            raise BadFrame(f"kXR_login is answered [{answer.error}] {answer.message}")
        return answer.body[16:].rstrip(b"\0").decode(errors="replace")

    def show_token(self, token: str) -> Frame:
        """Authenticate with a bearer token: the protocol ztn."""
        told = token.encode() + b"\0"
        body = b"ztn\0" + b"\0T\0\0" + struct.pack("!H", len(told)) + told
        return self.ask(Request.AUTH, struct.pack("!12x4s", b"ztn\0"), body)

    def open(self, path: str, options: Open, mode: int = 0o644) -> Frame:
        """Open a file; the first four bytes of the body are its handle."""
        return self.ask(Request.OPEN, struct.pack("!HH12x", mode, options), path.encode())

    def write(self, handle: bytes, offset: int, data: bytes) -> Frame:
        """Write into an open file."""
        return self.ask(Request.WRITE, struct.pack("!4sq4x", handle, offset), data)

    def shut(self, handle: bytes) -> Frame:
        """Close a file."""
        return self.ask(Request.CLOSE, struct.pack("!4s12x", handle))

    def vector_read(self, segments: list[tuple[bytes, int, int]]) -> Frame:
        """Segments (handle, offset, length) in one request."""
        wanted = b"".join(
            struct.pack("!4siq", handle, size, offset) for handle, offset, size in segments
        )
        return self.ask(Request.READV, bytes(16), wanted)

    def pages(self, handle: bytes, offset: int, size: int) -> tuple[Frame, list[Page]]:
        """A page read: the answer, and its pages; raises BadFrame for a malformed one."""
        answer = self.ask(Request.PGREAD, struct.pack("!4sqi", handle, offset, size))
        found: list[Page] = []
        for part in answer.parts:
            (begin,) = struct.unpack("!q", part[:8])
            found += split_pages(part[8:], begin)
        return answer, found

    def ask(
        self,
        request: int,
        parameters: bytes = bytes(16),
        body: bytes = b"",
        length: int | None = None,
    ) -> Frame:
        """One request and its whole answer; waits as long as the server says, a few times.

        `length` is stated instead of that of the body, when given.
        """
        stated = len(body) if length is None else length
        for _ in range(WAITS):
            self._number = self._number % 0xFFF0 + 1
            stream = struct.pack("!H", self._number)
            self.send(HEADER.pack(stream, request, parameters, stated) + body)
            answer = self._whole(stream)
            if answer.status != Status.WAIT:
                return answer
            time.sleep(min(struct.unpack("!i", answer.body[:4])[0], LONGEST_WAIT_S))
        return answer

    def _whole(self, stream: bytes) -> Frame:
        body, parts = bytearray(), []
        while True:
            who, status, data = self._frame()
            if status == Status.ATTENTION:
                # An answer that was announced: action, reserved, then a frame in the frame.
                who, status, data = data[8:10], *struct.unpack("!H", data[10:12]), data[16:]
            if who != stream:
                raise BadFrame("an answer to something else")
            if status == Status.WAIT_FOR_ANSWER:
                continue
            if status == Status.STATUS:
                last, part = self._status(data)
                parts.append(part)
                if last:
                    return Frame(status, b"", tuple(parts))
                continue
            body += data
            if len(body) > LARGEST_BODY:
                raise BadFrame("an answer without end")
            if status != Status.OK_SO_FAR:
                return Frame(status, bytes(body))

    def _status(self, data: bytes) -> tuple[bool, bytes]:
        """The rest of a kXR_status answer: whether it is the last, and what it is about."""
        if len(data) < 16:  # noqa: PLR2004  the fixed part
            raise BadFrame("a kXR_status that is too short")
        _, _, _, kind, length = struct.unpack("!I2sBB4xI", data[:16])
        if length > LARGEST_BODY:
            raise BadFrame("a kXR_status without end")
        return kind == 0, data[16:] + self._exactly(length)

    def _frame(self) -> tuple[bytes, int, bytes]:
        stream, status, length = ANSWER.unpack(self._exactly(ANSWER.size))
        if length > LARGEST_BODY:
            raise BadFrame("a frame without end")
        return stream, status, self._exactly(length)

    def _exactly(self, size: int) -> bytes:
        got = bytearray()
        deadline = time.monotonic() + self._timeout_s
        while len(got) < size:
            if time.monotonic() > deadline:
                raise TimeoutError(f"no whole answer within {self._timeout_s:.0f} s")
            part = self._socket.recv(min(1 << 20, size - len(got)))
            if not part:
                raise BadFrame("the server hung up")
            got += part
        return bytes(got)


def split_pages(data: bytes, offset: int) -> Iterator[Page]:
    """The pages of a page read that begins at `offset`, which are aligned to 4096."""
    while data:
        size = PAGE - offset % PAGE
        if len(data) <= 4:  # noqa: PLR2004  the checksum
            raise BadFrame("a page without bytes")
        page = data[4 : 4 + size]
        yield Page(page, struct.unpack("!I", data[:4])[0])
        offset, data = offset + len(page), data[4 + size :]
