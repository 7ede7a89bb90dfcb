"""The URL of a door, taken apart and checked."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal
from urllib.parse import SplitResult, quote, unquote, urlsplit

Scheme = Literal["https", "http", "root", "roots"]

SCHEMES: dict[str, Scheme] = {
    "https": "https",
    "davs": "https",
    "http": "http",
    "dav": "http",
    "root": "root",
    "xroot": "root",
    "roots": "roots",
    "xroots": "roots",
}
DEFAULT_PORTS: dict[Scheme, int] = {"https": 443, "http": 80, "root": 1094, "roots": 1094}
EXAMPLE = "davs://se.example.org:443/vo/area"
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?\.?|[0-9A-Fa-f:.]+(%[\w.-]+)?")


class DoorError(ValueError):
    """Text that is no usable door URL: what was found (no secret in it) and what was expected."""

    def __init__(self, found: str, expected: str) -> None:
        super().__init__(f"found {found}, expected {expected}")
        self.found = found
        self.expected = expected


@dataclass(frozen=True)
class Door:
    """One way into a storage: scheme (davs is https), host, port and decoded absolute path."""

    scheme: Scheme
    host: str
    port: int
    path: PurePosixPath

    @property
    def origin(self) -> str:
        """`scheme://host[:port]`, the port only where it is not the scheme's default."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == DEFAULT_PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{host}{port}"

    @property
    def is_http(self) -> bool:
        """Whether WebDAV is spoken here, rather than the root protocol."""
        return self.scheme in ("https", "http")

    def __str__(self) -> str:
        # root:// paths are absolute only when a second slash opens them
        slash = "" if self.is_http else "/"
        return f"{self.origin}{slash}{quote(str(self.path))}"


def parse_door(text: str) -> Door:
    """A door from its URL; raises DoorError for anything that cannot be one."""
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise DoorError(f"a malformed URL ({error})", f"a URL such as {EXAMPLE}") from None
    scheme = SCHEMES.get(parts.scheme)
    if scheme is None or "://" not in text:
        raise DoorError(_without_userinfo(text), _expected_scheme(text))
    host = _host(parts)
    if parts.query or parts.fragment:
        raise DoorError("a URL with ?query or #fragment", "scheme, host, port and path only")
    return Door(scheme, host, DEFAULT_PORTS[scheme] if port is None else port, door_path(parts))


def door_path(parts: SplitResult) -> PurePosixPath:
    """The decoded, absolute path of a split URL; raises DoorError for dot segments and controls."""
    decoded = unquote(parts.path)
    pieces = [piece for piece in decoded.split("/") if piece]
    if ".." in pieces or "." in pieces:
        raise DoorError("a path with '.' or '..' in it", "the path the door really serves")
    if any(ord(letter) < ord(" ") for letter in decoded):
        raise DoorError("a path with control characters", "a printable path")
    return PurePosixPath("/", *pieces)


def _host(parts: SplitResult) -> str:
    if parts.username is not None or parts.password is not None:
        raise DoorError(
            "a user name or password inside the URL",
            "the URL alone; secrets are named under auth (env:NAME, file:PATH)",
        )
    host = parts.hostname or ""
    if not host:
        raise DoorError("a URL without a host", f"a URL such as {EXAMPLE}")
    if not _HOST.fullmatch(host):
        raise DoorError("a host name with characters no host has", f"a URL such as {EXAMPLE}")
    return host


def _without_userinfo(text: str) -> str:
    shown = re.sub(r"//[^/@]*@", "//...@", text)[:80]
    return f'"{shown}"'


def _expected_scheme(text: str) -> str:
    schemes = "a URL that starts with davs://, https://, dav://, http:// or root://"
    rest = text.split("://", 1)[-1].lstrip("/")
    if re.match(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+(:\d+)?(/|$)", rest):
        return f"{schemes}; did you mean davs://{rest[:80]}?"
    return f"{schemes}, such as {EXAMPLE}"
