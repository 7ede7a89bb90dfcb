"""A root:// door that is broken on purpose: it stands before a real one and changes what is said.

One thread a connection, one request at a time. TLS ends here and begins anew towards the real
door, so that what is said inside is changed as well. Where a fault is to let somebody in, the
proxy logs in at the real door with a token that may do everything.
"""

from __future__ import annotations

import socket
import ssl
import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from lakeproof.emulator.faults import Faults
from lakeproof.emulator.root_answers import answered, error, pretended, status_frame
from lakeproof.emulator.root_asked import Asked, Memory, TokenFacts, let_in, shut_out, told
from lakeproof.wire.connection import TlsConfig, tls_context
from lakeproof.wire.root.frames import (
    ANSWER,
    HEADER,
    HELLO,
    BadFrame,
    Flags,
    Frame,
    Request,
    RootLine,
    Status,
)

TIMEOUT_S = 30.0
NONSENSE_S = 0.3
AUTH_FAILED = 3030
TLS_FLAGS = Flags.GOES_TLS | Flags.HAS_TLS | Flags.TLS_LOGIN | Flags.TLS_DATA | Flags.TLS_SESSION


@dataclass(frozen=True)
class Real:
    """The real door: where it is, whom to trust, and a token that may do everything there."""

    host: str
    port: int
    ca: Path
    token: Callable[[], str] = field(repr=False)

    def line(self) -> RootLine:
        """A connection to it."""
        return RootLine(self.host, self.port, TIMEOUT_S)

    def secure(self, line: RootLine) -> None:
        """Go on inside TLS."""
        line.start_tls(tls_context(TlsConfig(self.ca), None))

    def almighty(self) -> RootLine:
        """A connection that may do everything."""
        line = self.line()
        if line.hello(tls=True).demands_tls:
            self.secure(line)
        line.login()
        line.show_token(self.token())
        return line


class RootProxy:
    """Listens on a free port of 127.0.0.1; `faults` may be changed at any time."""

    def __init__(self, real: Real, certificate: Path, other_certificate: Path) -> None:
        """PEM files with key: the door's, and one of another host."""
        self._real = real
        self._certificates = certificate, other_certificate
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.memory = Memory(self.port)
        self._faults = Faults(())
        self._talks: set[socket.socket] = set()
        threading.Thread(target=self._serve, daemon=True).start()

    @property
    def faults(self) -> frozenset[str]:
        """The deviations that are switched on."""
        return self._faults.names

    @faults.setter
    def faults(self, names: frozenset[str]) -> None:
        """Switch these on, and no others; who is connected has to connect again."""
        self._faults, self.memory = Faults(names), Memory(self.port)
        for talk in list(self._talks):
            with suppress(OSError):
                talk.shutdown(socket.SHUT_RDWR)
            talk.close()
        self._talks.clear()

    def stop(self) -> None:
        """Hang up everywhere."""
        self.faults = frozenset()
        self._listener.close()

    def _serve(self) -> None:
        while True:
            try:
                talk, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._talk, args=(talk,), daemon=True).start()

    def _talk(self, talk: socket.socket) -> None:
        # A twin of it, to hang up by: inside TLS the first one is no longer the connection.
        self._talks.add(talk.dup())
        talk.settimeout(TIMEOUT_S)
        try:
            if not self.memory.spoilt:
                Conversation(self._real, talk, self._faults, self.memory, self._context()).go()
        except (OSError, BadFrame, EOFError):
            pass  # either side hung up, or the other does not speak the protocol
        finally:
            talk.close()

    def _context(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self._certificates[self._faults.has("root-tls-wrong-host")])
        return context


class Conversation:
    """One client's connection, and the one to the real door that belongs to it."""

    def __init__(
        self,
        real: Real,
        client: socket.socket,
        faults: Faults,
        memory: Memory,
        context: ssl.SSLContext,
    ) -> None:
        self._real = real
        self._client = client
        self._faults = faults
        self._memory = memory
        self._context = context
        self._line = real.line()

    def go(self) -> None:
        """Until either side hangs up."""
        try:
            first = self._client.recv(len(HELLO))
            if first != HELLO:
                self._pass_nonsense(first)
                return
            self._client.sendall(ANSWER.pack(b"\0\0", 0, 8) + struct.pack("!2i", 0x511, 1))
            while True:
                self._answer(self._request())
        finally:
            self._line.close()
            self._client.close()

    def _pass_nonsense(self, first: bytes) -> None:
        self._memory.spoilt = self._faults.has("root-nonsense-kills")
        self._line.send(first)
        self._client.settimeout(NONSENSE_S)
        with suppress(TimeoutError):
            self._line.send(self._client.recv(4096))
        self._client.sendall(self._line.hear(4096))

    def _request(self) -> Asked:
        stream, request, parameters, length = HEADER.unpack(self._exactly(HEADER.size))
        body = self._exactly(length)
        if request == Request.WRITEV:
            pieces = struct.iter_unpack("!4siq", body)
            body += self._exactly(sum(size for _, size, _ in pieces))
        return Asked(stream, request, parameters, body, length)

    def _answer(self, asked: Asked) -> None:
        if asked.request == Request.PROTOCOL:
            self._protocol(asked)
            return
        if asked.request == Request.LOGIN:
            frame = self._login(asked)
        elif asked.request == Request.AUTH:
            frame = self._authenticate(asked)
        else:
            asked = told(self._faults, asked)
            instead = pretended(self._faults, self._memory, asked, self._real.almighty)
            frame = instead or self._ask(asked)
            frame = answered(self._faults, self._memory, asked, frame)
            if asked.request == Request.CLOSE and asked.handle in self._memory.copied:
                self._empty(self._memory.copied.pop(asked.handle))
        self._say(asked, frame)

    def _authenticate(self, asked: Asked) -> Frame:
        if shut_out(self._faults, asked):
            return error(AUTH_FAILED, "not you")
        if let_in(self._faults, asked, TokenFacts.of(self._real.token())):
            self._line.show_token(self._real.token())
            return Frame(Status.OK, b"")
        return self._ask(asked)

    def _empty(self, path: bytes) -> None:
        line = self._real.almighty()
        line.ask(Request.TRUNCATE, bytes(16), path)
        line.close()

    def _protocol(self, asked: Asked) -> None:
        self._line.send(HELLO)
        self._line.expect_hand()
        frame = self._ask(asked)
        version, number = struct.unpack("!iI", frame.body[:8])
        flags = shown = Flags(number)
        if self._faults.has("root-old-version"):
            version = 0x310
        if self._faults.has("root-no-role"):
            shown &= ~(Flags.SERVER | Flags.MANAGER)
        if self._faults.has("root-no-tls"):
            shown &= ~TLS_FLAGS
        self._say(asked, Frame(frame.status, struct.pack("!iI", version, shown) + frame.body[8:]))
        if flags & (Flags.GOES_TLS | Flags.TLS_LOGIN):
            self._real.secure(self._line)
        if shown & (Flags.GOES_TLS | Flags.TLS_LOGIN):
            self._client = self._context.wrap_socket(self._client, server_side=True)

    def _login(self, asked: Asked) -> Frame:
        frame = self._ask(asked)
        if self._faults.has("root-anonymous-let-in"):
            self._line.show_token(self._real.token())
            return Frame(frame.status, frame.body[:16])
        if self._faults.has("root-ztn-not-offered"):
            offered = frame.body[16:].split(b"&P=")
            left = b"".join(b"&P=" + each for each in offered[1:] if not each.startswith(b"ztn"))
            return Frame(frame.status, frame.body[:16] + left)
        return frame

    def _ask(self, asked: Asked) -> Frame:
        return self._line.ask(asked.request, asked.parameters, asked.body, length=asked.length)

    def _say(self, asked: Asked, frame: Frame) -> None:
        if frame.status == Status.STATUS:
            for part in frame.parts:
                self._client.sendall(status_frame(asked, part, last=part is frame.parts[-1]))
            return
        self._client.sendall(ANSWER.pack(asked.stream, frame.status, len(frame.body)) + frame.body)

    def _exactly(self, size: int) -> bytes:
        got = bytearray()
        while len(got) < size:
            part = self._client.recv(size - len(got))
            if not part:
                raise EOFError
            got += part
        return bytes(got)
