"""One resource of the peer: what it holds, how it behaves, what was asked of it."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, get_args

Behaviour = Literal[
    "sound",
    "undigested",
    "short",
    "reset",
    "stalled",
    "corrupt",
    "slow",
    "endless",
    "unavailable",
    "late-refusal",
    "slow-reader",
    "redirecting",
]
"""What a resource does:

sound         answers as a good storage does, and states adler32
undigested    the same without any checksum; nor do the next three states one
short         announces everything, sends half and closes the connection
reset         resets the connection in the middle of the body, either way
stalled       sends half, then nothing more
corrupt       sends one byte wrong; says of an upload that it has another checksum
slow          sends in pieces, with a pause after each
endless       sends the first 64 KiB, then a little now and then, and never comes to the end
unavailable   answers 503
late-refusal  takes the whole upload, thinks for a second, answers 500
slow-reader   takes an upload a little at a time until it is released
redirecting   answers 307 with its location
"""

BEHAVIOURS: tuple[Behaviour, ...] = get_args(Behaviour)
State = Literal["open", "done", "broken"]


@dataclass
class Sighting:
    """One request that the peer got, and how far it came.

    `place` is the name of the address it came in at, `sent` and `received` count bytes of
    body, `adler32` is that of the body received. `state` is "open" while it goes on, then
    "done", or "broken" when the other side went away before the end.
    """

    method: str
    target: str
    place: str
    headers: list[tuple[str, str]]
    status: int = 0
    sent: int = 0
    received: int = 0
    adler32: str = "00000001"
    state: State = "open"

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Sighting:
        """What `as_dict` gave."""
        pairs = [(str(name), str(value)) for name, value in data["headers"]]
        return cls(**{**data, "headers": pairs})

    def as_dict(self) -> dict[str, Any]:
        """As JSON takes it."""
        return asdict(self)

    def take(self, chunk: bytes) -> None:
        """Count a piece of the request's body."""
        value = zlib.adler32(chunk, int(self.adler32, 16))
        self.adler32, self.received = f"{value:08x}", self.received + len(chunk)

    def header(self, name: str) -> str | None:
        """The value of a request header, None when it did not come."""
        return next((v for n, v in self.headers if n.lower() == name.lower()), None)

    def carries(self, text: str) -> bool:
        """Whether `text` stands anywhere in the request's headers or its target."""
        return text in self.target or any(text in value for _, value in self.headers)


@dataclass
class Resource:
    """What lies at one URL of the peer; `token` (if any) is wanted as a bearer."""

    name: str
    behaviour: Behaviour
    content: bytes | None
    token: str = ""
    location: str = ""
    seen: list[Sighting] = field(default_factory=list)
    stored: tuple[int, str] | None = None
    released: bool = False

    def __post_init__(self) -> None:
        if self.content is not None:
            self.stored = (len(self.content), f"{zlib.adler32(self.content):08x}")

    def admits(self, authorization: str | None) -> bool:
        """Whether this Authorization header opens it."""
        return not self.token or authorization == f"Bearer {self.token}"
