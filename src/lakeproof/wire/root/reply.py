"""What a root:// door answered, and the record of it.

Error numbers: XRootD protocol specification 5.2, kXR_error; their HTTP statuses are those that
XRootD's own HTTP door gives, so that one expectation serves both doors.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import Any

from lakeproof.wire.redact import redactor
from lakeproof.wire.reply import Reply
from lakeproof.wire.transcript import Exchange

NAMES = {
    3000: "kXR_ArgInvalid",
    3001: "kXR_ArgMissing",
    3002: "kXR_ArgTooLong",
    3003: "kXR_FileLocked",
    3004: "kXR_FileNotOpen",
    3005: "kXR_FSError",
    3006: "kXR_InvalidRequest",
    3007: "kXR_IOError",
    3008: "kXR_NoMemory",
    3009: "kXR_NoSpace",
    3010: "kXR_NotAuthorized",
    3011: "kXR_NotFound",
    3012: "kXR_ServerError",
    3013: "kXR_Unsupported",
    3014: "kXR_noserver",
    3015: "kXR_NotFile",
    3016: "kXR_isDirectory",
    3017: "kXR_Cancelled",
    3018: "kXR_ItExists",
    3019: "kXR_ChkSumErr",
    3020: "kXR_inProgress",
    3021: "kXR_overQuota",
    3022: "kXR_SigVerErr",
    3023: "kXR_DecryptErr",
    3024: "kXR_Overloaded",
    3025: "kXR_fsReadOnly",
    3026: "kXR_BadPayload",
    3027: "kXR_AttrNotFound",
    3028: "kXR_TLSRequired",
    3029: "kXR_noReplicas",
    3030: "kXR_AuthFailed",
    3031: "kXR_Impossible",
    3032: "kXR_Conflict",
    3033: "kXR_TooManyErrs",
    3034: "kXR_ReqTimedOut",
    3035: "kXR_TimerExpired",
}
STATUSES = {
    3000: 400, 3001: 400, 3002: 414, 3003: 423, 3004: 400, 3006: 400, 3009: 507, 3010: 403,
    3011: 404, 3013: 501, 3014: 502, 3015: 409, 3016: 409, 3018: 409, 3020: 409, 3021: 507,
    3022: 403, 3024: 503, 3025: 405, 3026: 400, 3027: 404, 3028: 426, 3029: 404, 3030: 401,
    3031: 409, 3032: 409, 3034: 504, 3035: 504,
}  # fmt: skip
OTHER_ERROR = 500
IS_DIRECTORY, IS_OFFLINE, IS_PENDING = 2, 8, 64
NOT_AUTHORIZED, NOT_FOUND, UNSUPPORTED, ITEM_EXISTS = 3010, 3011, 3013, 3018


@dataclass(frozen=True)
class RootEntry:
    """A file or directory as the door states it; `name` is empty for an answer to stat."""

    name: str
    size: int
    flags: int
    modified: float
    mode: str = ""

    @property
    def is_directory(self) -> bool:
        """Whether it is one."""
        return bool(self.flags & IS_DIRECTORY)

    @property
    def is_pending(self) -> bool:
        """Whether it is the beginning of an upload whose client may come back."""
        return bool(self.flags & IS_PENDING)

    @property
    def is_offline(self) -> bool:
        """Whether it has to be staged before it is read."""
        return bool(self.flags & IS_OFFLINE)


@dataclass(frozen=True)
class Chunk:
    """One range of a vector read."""

    offset: int
    data: bytes


@dataclass
class RootReply(Reply):
    """The answer to one operation.

    `status` is what HTTP calls it (200, or see STATUSES), 0 when none came; `code` is the number
    of kXR_error, 0 where there is none; `value` is what the operation gives; `body` are bytes
    that were read.
    """

    code: int = 0
    value: Any = None

    def describe(self) -> str:
        """One phrase: "root rm: [3010] permission denied (kXR_NotAuthorized)"."""
        if self.ok:
            return f"root {self.method}: done"
        said = self.reason or (self.failure.sentence if self.failure else "no answer")
        name = f" ({NAMES[self.code]})" if self.code in NAMES else ""
        return redactor.text(f"root {self.method}: {said}{name}")

    @property
    def entry(self) -> RootEntry:
        """What stat said."""
        return entry_of(self.value or {})

    @property
    def entries(self) -> list[RootEntry]:
        """What a listing said."""
        return [entry_of(each) for each in self.value or ()]

    @property
    def chunks(self) -> list[Chunk]:
        """What a vector read gave, in the order in which it was asked for."""
        return list(self.value or ())

    @property
    def said(self) -> str:
        """What a query answered; empty when it was refused."""
        return self.value if isinstance(self.value, str) else ""

    @property
    def checksum(self) -> tuple[str, str]:
        """Algorithm and value that a query for a checksum gave, in lower case."""
        name, _, found = self.said.partition(" ")
        return name.strip().lower(), found.strip().lower()


@dataclass
class RootExchange(Exchange):
    """One operation at a root:// door; `arguments` are shown, and repeated by the command."""

    arguments: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    environment: tuple[str, ...] = ()
    code: int = 0

    def text(self) -> str:
        """The operation as redacted plain text."""
        shown = " ".join(self.arguments)
        head = f"> root {self.method} {self.url} {shown}".rstrip()
        lines = [f"{head}   [{self.started:%H:%M:%S}Z, {self.auth_label}]"]
        lines += [f"> {note}" for note in self.notes]
        if self.status:
            name = NAMES.get(self.code, "")
            lines.append(f"< {'done' if self.status == 200 else self.reason} {name}".rstrip())  # noqa: PLR2004
        if self.length:
            lines.append(f"< ({self.length} bytes)")
        lines += [f"< {line}" for line in self.response_headers.values()]
        if self.failure:
            lines.append(f"! {self.failure}")
        lines.append(f"= {self.elapsed_s:.3f} s")
        return redactor.text("\n".join(lines))

    def curl(self) -> str:
        """A redacted line for a shell that repeats it: xrdfs or xrdcp."""
        words = [*self.environment, *(shlex.quote(word) for word in self.command)]
        return redactor.text(" ".join(words))


def entry_of(told: dict[str, Any]) -> RootEntry:
    """An entry from the agent's facts; a size of -1 says that there are none."""
    return RootEntry(
        name=str(told.get("name", "")),
        size=int(told.get("size", -1)),
        flags=int(told.get("flags", 0)),
        modified=float(told.get("modtime", 0)),
        mode=str(told.get("mode") or ""),
    )
