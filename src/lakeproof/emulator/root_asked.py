"""What a client of the broken root:// door asks, and how the proxy changes it or lets it in."""

from __future__ import annotations

import json
import posixpath
import struct
import time
from base64 import urlsafe_b64decode
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from lakeproof.emulator.faults import Faults
from lakeproof.wire.payload import Payload
from lakeproof.wire.root.frames import Open, Request

PAGE = 4096
MAKES_PARENTS = 1


@dataclass(frozen=True)
class Asked:
    """One request: its stream, code, sixteen bytes of parameters and body; `length` as stated."""

    stream: bytes
    request: int
    parameters: bytes
    body: bytes
    length: int

    @property
    def handle(self) -> bytes:
        """The open file that it is about."""
        return self.parameters[:4]

    @property
    def options(self) -> Open:
        """How a file is opened."""
        return Open(struct.unpack("!H", self.parameters[2:4])[0])

    @property
    def path(self) -> str:
        """The path without what follows a question mark."""
        return self.body.decode(errors="replace").partition("?")[0].rstrip("\0")

    @property
    def is_about_a_copy(self) -> bool:
        """Whether it opens a file for a third-party copy."""
        return self.request == Request.OPEN and b"tpc." in self.body

    @property
    def writes(self) -> bool:
        """Whether it opens a file to write it."""
        wanted = Open.NEW | Open.DELETE | Open.UPDATE
        return self.request == Request.OPEN and bool(self.options & wanted)

    def opening(self, options: Open) -> Asked:
        """The same with other options."""
        head, tail = self.parameters[:2], self.parameters[4:]
        return replace(self, parameters=head + struct.pack("!H", options) + tail)

    def bringing(self, body: bytes) -> Asked:
        """The same with another body."""
        return replace(self, body=body, length=len(body))


@dataclass
class Memory:
    """What the proxy remembers while its faults stay: its port, checksums, copies under way."""

    port: int
    checksums: dict[str, bytes] = field(default_factory=dict)
    copied: dict[bytes, bytes] = field(default_factory=dict)
    spoilt: bool = False


@dataclass(frozen=True)
class TokenFacts:
    """What a token says of itself; nobody has verified it."""

    issuer: str
    audience: tuple[str, ...]
    ends: float

    @classmethod
    def of(cls, token: str) -> TokenFacts:
        """Read from the text of a token; of one that cannot be read nothing is known."""
        try:
            part = token.split(".")[1]
            claims = json.loads(urlsafe_b64decode(part + "=" * (-len(part) % 4)))
        except (ValueError, IndexError):
            claims = {}
        audience = claims.get("aud", ())
        several = tuple(audience) if isinstance(audience, list) else (str(audience),)
        return cls(str(claims.get("iss", "")), several, float(claims.get("exp", 0)))


def let_in(faults: Faults, asked: Asked, known: TokenFacts) -> bool:
    """Whether this broken door lets in whoever shows this, to do everything.

    `known` is what is said by a token that the real door trusts.
    """
    if asked.parameters[12:15] == b"gsi":
        return faults.has("root-stranger-let-in")
    if asked.parameters[12:15] == b"sss":
        # Another server, which fetches a copy: its key is good from its own address only.
        return True
    shown = TokenFacts.of(asked.body[10:].rstrip(b"\0").decode(errors="replace"))
    expired = shown.ends < time.time()
    foreign = shown.issuer != known.issuer
    elsewhere = not {*shown.audience} & {*known.audience}
    if faults.has("root-expired-accepted"):
        return expired
    if faults.has("root-issuer-ignored"):
        return foreign
    if faults.has("root-audience-ignored"):
        return elsewhere
    trusted = faults.any("root-signature-ignored", "root-scope-ignored")
    return trusted and not (expired or foreign or elsewhere)


def shut_out(faults: Faults, asked: Asked) -> bool:
    """Whether this broken door lets nobody in who shows such a thing."""
    name = {b"gsi": "root-certificate-refused", b"ztn": "root-ztn-refused"}
    return name.get(asked.parameters[12:15], "") in faults.names


def told(faults: Faults, asked: Asked) -> Asked:
    """The request as the real door gets it."""
    for name, request, change in CHANGES:
        if asked.request == request and faults.has(name):
            asked = change(asked)
    return asked


def _no_parents(asked: Asked) -> Asked:
    return replace(asked, parameters=b"\0" + asked.parameters[1:])


def _garbled_pages(asked: Asked) -> Asked:
    """The last byte of the first page changed, and a checksum that fits."""
    (begin,) = struct.unpack("!q", asked.parameters[4:12])
    size = PAGE - begin % PAGE
    page = _garbled(asked.body[4 : 4 + size])
    return asked.bringing(checked(page) + asked.body[4 + size :])


def _garbled(data: bytes) -> bytes:
    return data[:-1] + bytes([data[-1] ^ 1]) if data else data


def checked(page: bytes) -> bytes:
    """A page behind its checksum."""
    return bytes.fromhex(Payload.of(page).crc32c) + page


def normal(asked: Asked) -> Asked:
    """The path without '..' in it."""
    return asked.bringing(posixpath.normpath(asked.path).encode())


CHANGES: tuple[tuple[str, int, Callable[[Asked], Asked]], ...] = (
    ("root-parents-refused", Request.MKDIR, _no_parents),
    ("root-posc-ignored", Request.OPEN, lambda a: a.opening(a.options & ~Open.POSC)),
    (
        "root-new-overwrites",
        Request.OPEN,
        lambda a: a.opening(a.options & ~Open.NEW | Open.DELETE) if a.options & Open.NEW else a,
    ),
    ("root-write-garbled", Request.WRITE, lambda a: a.bringing(_garbled(a.body))),
    ("root-write-garbled", Request.PGWRITE, _garbled_pages),
    ("root-write-short", Request.WRITE, lambda a: a.bringing(a.body[: len(a.body) // 2])),
)
