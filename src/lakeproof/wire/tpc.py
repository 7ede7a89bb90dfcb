"""HTTP third-party copy: asks for it, and reads the stream of performance markers.

The grammar is that of draft-http-tpc-01 and of its five dialects: tolerant in form, exact
about the last line, which alone says whether the copy succeeded.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import PurePosixPath
from typing import Literal

from lakeproof.wire.auth import Bearer, Credential
from lakeproof.wire.http import HttpClient
from lakeproof.wire.payload import Enough
from lakeproof.wire.redact import redactor
from lakeproof.wire.reply import Reply

_TERMINAL = re.compile(r"(success|failure|failed|aborted)\b(.*)", re.IGNORECASE | re.DOTALL)
_ACCEPTED = range(200, 300)
_LONGEST_LINE = 65536
_MOST_MARKERS = 10000
_MOST_JUNK = 100


class TpcEnd(StrEnum):
    """How a copy ended."""

    SUCCESS = "success"
    FAILURE = "failure"
    ABORTED = "aborted"
    REFUSED = "refused"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Marker:
    """One performance marker; what the active party left out is None.

    `timestamp` is in seconds since 1970, `fields` holds every key in lower case as it came.
    """

    timestamp: int | None = None
    stripe_bytes: int | None = None
    stripe_index: int | None = None
    stripe_count: int | None = None
    connections: tuple[str, ...] = ()
    fields: dict[str, str] = field(default_factory=dict)


@dataclass
class Transfer:
    """A copy request and what became of it.

    REFUSED is a status other than 2xx, UNKNOWN a 2xx stream without a terminal line, CANCELLED
    one that we left before its end.
    `message` is the text of the terminal line, or the start of a refusal's body; `junk` are
    the lines that fit nothing. `longest_silence_s` is the longest wait for the next report or
    the end, `repeated` names the credentials of the request that the answer shows to everybody.
    """

    reply: Reply
    markers: list[Marker]
    end: TpcEnd
    message: str
    terminal_lines: int = 0
    junk: list[str] = field(default_factory=list)
    content_type: str = ""
    longest_silence_s: float = 0.0
    repeated: tuple[str, ...] = ()

    @property
    def reason(self) -> str:
        """Why it failed, in the server's words: the failure line without its first word."""
        if self.end is TpcEnd.REFUSED:
            return self.message
        terminal = _TERMINAL.match(self.message)
        return terminal.group(2).strip(" :\t") if terminal else ""

    @property
    def ended(self) -> bool:
        """Whether the active party said how it ended."""
        return self.end not in (TpcEnd.CANCELLED, TpcEnd.UNKNOWN)

    def describe(self) -> str:
        """One phrase: "COPY answered 202 Accepted, then: failure: rejected GET: 404"."""
        said = self.reply.describe()
        if self.end is TpcEnd.REFUSED:
            said += f": {self.message}" if self.message else ""
        elif self.end is TpcEnd.CANCELLED:
            said += f" (performance markers: {len(self.markers)})"
        elif self.end is TpcEnd.UNKNOWN:
            said += ", then the stream ended without success or failure"
        else:
            said += f", then: {self.message}"
        lost = sorted({name for hop in self.reply.hops for name in hop.dropped})
        if lost:
            said += f" (redirected to another origin, to which {', '.join(lost)} was not sent)"
        return redactor.text(said)


class MarkerParser:
    """Reads a performance marker stream as it comes, in bounded memory."""

    def __init__(
        self, leave_after: int | None = None, stop: Callable[[], bool] | None = None
    ) -> None:
        """`leave_after`: raise Enough when so many markers have come and no terminal line.

        `stop` is asked as something comes: when it says yes, the same happens.
        """
        self.left = False
        self._stop = stop
        self._leave_after = leave_after
        self.markers: list[Marker] = []
        self.junk: list[str] = []
        self.end = TpcEnd.UNKNOWN
        self.message = ""
        self.terminal_lines = 0
        self.longest_silence_s = 0.0
        self._heard = time.monotonic()
        self._line = bytearray()
        self._open: dict[str, str] | None = None

    def feed(self, data: bytes) -> None:
        """Take the next bytes of the stream; raises Enough where that was asked for."""
        *lines, rest = data.split(b"\n")
        for line in lines:
            self._take(line)
            self._finish_line()
        self._take(rest)
        wanted = self._leave_after
        counted = wanted is not None and len(self.markers) >= wanted
        stopped = self._stop is not None and self._stop()
        if (counted or stopped) and not self.terminal_lines:
            self.left = True
            raise Enough("we closed the connection to cancel the copy")

    def finish(self) -> TpcEnd:
        """The stream is over: read a last line without newline and say how the copy ended."""
        self._finish_line()
        self._close_marker()
        self._note_silence()
        return self.end

    def _take(self, data: bytes) -> None:
        self._line += data[: _LONGEST_LINE - len(self._line)]

    def _finish_line(self) -> None:
        line = self._line.decode("utf-8", errors="replace").rstrip("\r")
        self._line.clear()
        terminal = _TERMINAL.match(line)
        if terminal:
            self._terminate(terminal.group(1).lower(), line.strip())
        elif line.strip():
            self._marker_line(line.strip())

    def _terminate(self, word: str, line: str) -> None:
        self._note_open_marker()
        self._close_marker()
        self._note_silence()
        self.terminal_lines += 1
        if self.terminal_lines == 1:
            self.end = {"success": TpcEnd.SUCCESS, "aborted": TpcEnd.ABORTED}.get(
                word, TpcEnd.FAILURE
            )
            self.message = line

    def _marker_line(self, line: str) -> None:
        lower = line.lower().rstrip(": ")
        key, colon, value = line.partition(":")
        if self.terminal_lines:
            self._add_junk(line)
        elif lower == "perf marker":
            self._note_open_marker()
            self._close_marker()
            self._open = {}
        elif self._open is None:
            self._add_junk(line)
        elif lower == "end":
            self._close_marker()
        elif colon:
            self._open[" ".join(key.lower().split())] = value.strip()
        else:
            self._add_junk(line)

    def _note_silence(self) -> None:
        now = time.monotonic()
        if not self.terminal_lines:
            self.longest_silence_s = max(self.longest_silence_s, now - self._heard)
        self._heard = now

    def _note_open_marker(self) -> None:
        if self._open is not None:
            self._add_junk("(a report without its End)")

    def _add_junk(self, line: str) -> None:
        if len(self.junk) < _MOST_JUNK:
            self.junk.append(redactor.text(line))

    def _close_marker(self) -> None:
        if self._open is None:
            return
        self._note_silence()
        if len(self.markers) < _MOST_MARKERS:
            self.markers.append(_marker(self._open))
        self._open = None


def copy(  # noqa: PLR0913  the facts of a copy, each by name
    client: HttpClient,
    *,
    active: PurePosixPath,
    remote: str,
    direction: Literal["pull", "push"],
    auth: Credential,
    remote_auth: Credential,
    overwrite: bool | None = None,
    headers: Mapping[str, str] | None = None,
    timeout_s: float | None = None,
    cancel_after_markers: int | None = None,
    stop: Callable[[], bool] | None = None,
) -> Transfer:
    """Ask the endpoint of `client`, the active party, to pull from or push to URL `remote`.

    `active` is the path on the active party. `remote_auth` travels as
    TransferHeaderAuthorization when it is a Bearer. `headers` win over what is set here; a
    header with an empty value is left out. With `cancel_after_markers` the connection is closed as
    soon as so many markers have come, or `stop` says yes as one comes, which cancels the copy.
    Raises what `HttpClient.request` raises.
    """
    sent = {"Source" if direction == "pull" else "Destination": remote, "Credential": "none"}
    if isinstance(remote_auth, Bearer):
        sent["TransferHeaderAuthorization"] = f"Bearer {remote_auth.token}"
    if overwrite is not None:
        sent["Overwrite"] = "T" if overwrite else "F"
    for name, value in (headers or {}).items():
        sent = {known: said for known, said in sent.items() if known.lower() != name.lower()}
        sent |= {name: value} if value else {}
    parser = MarkerParser(cancel_after_markers, stop)
    timeout_s = client.timeouts.copy_s if timeout_s is None else timeout_s
    reply = client.request(
        "COPY", active, headers=sent, auth=auth, sink=parser.feed, timeout_s=timeout_s
    )
    said = f"{parser.message}\n{reply.body.decode('utf-8', errors='replace')}"
    transfer = transfer_of(reply, parser)
    transfer.repeated = tuple(
        name
        for name, shown in (("the client's token", auth), ("the partner's token", remote_auth))
        if isinstance(shown, Bearer) and _secret_part(shown.token) in said
    )
    return transfer


def transfer_of(reply: Reply, parser: MarkerParser) -> Transfer:
    """The outcome of a COPY whose 2xx body went through `parser`."""
    end = parser.finish()
    accepted = reply.status in _ACCEPTED
    if not accepted:
        end = TpcEnd.REFUSED if reply.status else TpcEnd.UNKNOWN
    elif parser.left:
        end = TpcEnd.CANCELLED
    return Transfer(
        reply=reply,
        markers=parser.markers,
        end=end,
        message=redactor.text(parser.message) if accepted else reply.text,
        terminal_lines=parser.terminal_lines,
        junk=parser.junk,
        content_type=reply.headers.get("Content-Type", ""),
        longest_silence_s=parser.longest_silence_s,
    )


def _secret_part(token: str) -> str:
    """What makes a token usable: the signature of a JWT, all of anything else."""
    return token.rpartition(".")[2] or token


def _marker(fields: dict[str, str]) -> Marker:
    connections = re.split(r"[,\s]+", fields.get("remoteconnections", ""))
    return Marker(
        timestamp=_number(fields.get("timestamp")),
        stripe_bytes=_number(fields.get("stripe bytes transferred")),
        # "Strip Index" is how reva spells it.
        stripe_index=_number(fields.get("stripe index", fields.get("strip index"))),
        stripe_count=_number(fields.get("total stripe count")),
        connections=tuple(c for c in connections if c),
        fields=fields,
    )


def _number(text: str | None) -> int | None:
    found = re.fullmatch(r"(-?\d{1,19})(?:\.\d*)?", text or "", re.ASCII)
    return int(found.group(1)) if found else None
