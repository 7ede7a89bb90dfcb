"""Connections of a root:// door that are spoken frame by frame: recorded, bounded, guarded."""

from __future__ import annotations

import ssl
import struct
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import urlsplit

from lakeproof.wire.auth import Bearer, Credential
from lakeproof.wire.connection import TlsConfig, tls_context
from lakeproof.wire.reply import Failure, NotReached
from lakeproof.wire.root.door import OK_STATUS, RootDoor, Where
from lakeproof.wire.root.frames import BadFrame, Frame, Hello, Open, Page, RootLine, Status
from lakeproof.wire.root.reply import OTHER_ERROR, STATUSES, RootExchange, RootReply

MOST_REDIRECTS = 4
UNKNOWN_REQUEST = 3999
SILENCE_S = 1.0
T = TypeVar("T")


class NoToken(Exception):  # noqa: N818  reads as a fact
    """Frame by frame, nobody logs in but with a token."""


@dataclass(frozen=True)
class Offer:
    """What a door says to somebody who has not logged in yet, and then to one who has.

    `methods` are the ways to authenticate in the door's order; None when it did not come to that.
    """

    hello: Hello
    inside_tls: bool
    methods: tuple[str, ...] | None
    said: str = ""


@dataclass(frozen=True)
class OpenFile:
    """A file opened over a line."""

    line: RootLine
    handle: bytes


class RootSpeech:
    """Speaks to a door frame by frame."""

    def __init__(self, door: RootDoor, tls: TlsConfig) -> None:
        self._door = door
        self._tls = tls
        parts = urlsplit(door.url)
        self._host, self._port = str(parts.hostname), parts.port or 1094

    def greet(self, *, tls: bool = False) -> Offer:
        """Shake hands and log in as nobody; with `tls` inside TLS where the door has it.

        Raises NotReached when nobody answers, or what answers speaks something else.
        """
        return self._recorded("hello", "with TLS" if tls else "in clear", lambda: self._greet(tls))

    def _greet(self, tls: bool) -> Offer:
        line = self._connected(self._host, self._port)
        try:
            hello = line.hello(tls=tls)
            inside = self._secured(line, hello)
            try:
                methods = line.login()
            except BadFrame as why:
                return Offer(hello, inside, None, str(why))
        finally:
            line.close()
        names = tuple(each.split(",")[0] for each in methods.split("&P=")[1:])
        return Offer(hello, inside, names)

    def nonsense(self, data: bytes) -> bytes:
        """What the door says to these bytes in place of a handshake, at most 4 KiB.

        Nothing when it hangs up, or is silent for a second.
        """

        def speak() -> bytes:
            line = RootLine(self._host, self._port, SILENCE_S)
            try:
                line.send(data)
                return line.hear(4096)
            except (TimeoutError, ConnectionError):
                return b""
            finally:
                line.close()

        return self._recorded("nonsense", f"{len(data)} bytes", speak)

    def open(
        self, where: Where, *, write: bool = False, posc: bool = False, auth: Credential
    ) -> OpenFile:
        """A file opened for reading, or a new one for writing, over a connection of its own.

        Whoever asks for it closes the connection. Raises NoToken without a token, NotReached when
        it cannot be opened.
        """
        if write:
            self._door.guard.check("PUT", self._door.path_of(where), {}, self._door.url)
        options = (Open.NEW | Open.UPDATE) if write else Open.READ
        options |= Open.POSC if posc else Open(0)
        path = self._door.path_of(where)
        return self._recorded("open", path, lambda: self._open(path, options, auth))

    def unknown_request(self) -> RootReply:
        """A request whose number the protocol does not have, after logging in as nobody."""

        def ask() -> Frame:
            line = self._connected(self._host, self._port)
            try:
                self._secured(line, line.hello())
                return line.ask(UNKNOWN_REQUEST)
            finally:
                line.close()

        return self.asked("unknown request", str(UNKNOWN_REQUEST), ask)

    def write(self, file: OpenFile, offset: int, data: bytes) -> RootReply:
        """Write into an open file."""
        shown = f"{len(data)} bytes at {offset}"
        return self.asked("write", shown, lambda: file.line.write(file.handle, offset, data))

    def vector_read(self, file: OpenFile, ranges: Sequence[tuple[int, int]]) -> RootReply:
        """Ranges (offset, length) in one request, whatever the door says that it takes."""
        wanted = [(file.handle, offset, size) for offset, size in ranges]
        shown = f"{len(ranges)} ranges"
        return self.asked("vector read", shown, lambda: file.line.vector_read(wanted))

    def pages(self, file: OpenFile, offset: int, size: int) -> tuple[RootReply, list[Page]]:
        """A page read of an open file."""
        found: list[Page] = []

        def read() -> Frame:
            answer, pages = file.line.pages(file.handle, offset, size)
            found.extend(pages)
            return answer

        return self.asked("page read", f"{offset} {size}", read), found

    def asked(self, what: str, shown: str, ask: Callable[[], Frame]) -> RootReply:
        """Any request over a line, as a reply; a line that breaks is a failure of it."""
        reply = RootReply(what, self._door.url)
        exchange = RootExchange(what, self._door.url, {}, arguments=(shown,))
        begun = time.monotonic()
        try:
            frame = ask()
        except (BadFrame, OSError) as error:
            kind = "timeout" if isinstance(error, TimeoutError) else "malformed"
            reply.failure = Failure("timeout" if kind == "timeout" else "malformed", str(error))
        else:
            reply.code = frame.error
            reply.body = frame.body
            reply.status = OK_STATUS if frame.ok else STATUSES.get(reply.code, OTHER_ERROR)
            reply.reason = "" if frame.ok else f"[{frame.error or frame.status}] {frame.message}"
        reply.elapsed_s = exchange.elapsed_s = time.monotonic() - begun
        exchange.status, exchange.reason, exchange.code = reply.status, reply.reason, reply.code
        exchange.failure = reply.failure.sentence if reply.failure else ""
        reply.exchange = exchange
        self._door.recorder.current.add(exchange)
        return reply

    def _open(self, path: str, options: Open, auth: Credential) -> OpenFile:
        host, port = self._host, self._port
        for _ in range(MOST_REDIRECTS):
            line = self._logged_in(host, port, auth)
            answer = line.open(path, options)
            if answer.ok:
                return OpenFile(line, answer.body[:4])
            line.close()
            if answer.status != Status.REDIRECT:
                raise BadFrame(f"open of {path} is answered [{answer.error}] {answer.message}")
            (port,) = struct.unpack("!i", answer.body[:4])
            host, _, opaque = answer.body[4:].decode(errors="replace").partition("?")
            path = f"{path.partition('?')[0]}?{opaque}" if opaque else path
        raise BadFrame(f"more than {MOST_REDIRECTS} redirects")

    def _logged_in(self, host: str, port: int, auth: Credential) -> RootLine:
        if not isinstance(auth, Bearer):
            raise NoToken("frame by frame, nobody logs in but with a token")
        line = self._connected(host, port)
        try:
            self._secured(line, line.hello(tls=True))
            if "ztn" in line.login():
                line.show_token(auth.token)
        except BaseException:
            line.close()
            raise
        return line

    def _secured(self, line: RootLine, hello: Hello) -> bool:
        """Start TLS where the door, which knows what we want, says so."""
        if hello.demands_tls:
            line.start_tls(tls_context(self._tls, None))
        return hello.demands_tls

    def _connected(self, host: str, port: int) -> RootLine:
        timeouts = self._door.settings.timeouts
        return RootLine(host, port, min(timeouts.read_s, timeouts.connect_s * 2))

    def _recorded(self, what: str, shown: str, do: Callable[[], T]) -> T:
        """Do it and note it; raises NotReached when there is no connection."""
        exchange = RootExchange(what, self._door.url, {}, arguments=(shown,))
        begun = time.monotonic()
        try:
            done = do()
        except BadFrame as why:
            exchange.failure = str(why)
            sentence = f"{self._door.url}: {why}"
            raise NotReached("unreachable", sentence, self._door.url) from None
        except OSError as error:
            exchange.failure = str(error)
            kind = "tls" if isinstance(error, ssl.SSLError) else "unreachable"
            sentence = f"{self._door.url}: {error}"
            raise NotReached("tls" if kind == "tls" else "unreachable", sentence) from None
        finally:
            exchange.elapsed_s = time.monotonic() - begun
            self._door.recorder.current.add(exchange)
        exchange.status = OK_STATUS
        return done
