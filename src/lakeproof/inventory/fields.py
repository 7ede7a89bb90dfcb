"""The kinds of values an inventory holds, each with what was expected in plain words."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import PurePosixPath
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BeforeValidator, Field, PlainSerializer
from pydantic_core import PydanticCustomError

from lakeproof.credentials.names import SECRET_FORM, is_secret_name
from lakeproof.inventory.door import Door, DoorError, parse_door

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")
_TOKEN_SHAPE = re.compile(r"[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}\.|^(eyJ|MDA)[A-Za-z0-9_-]{20,}")
LAST_PORT = 65535
TOKEN_SOURCES = ("env:", "file:", "oidc-agent:", "discover")


def complain(found: str, expected: str) -> PydanticCustomError:
    """A validation error that says what was found and expected; `found` may be empty."""
    return PydanticCustomError("lakeproof", "{expected}", {"found": found, "expected": expected})


def _text(value: Any) -> str:  # noqa: ANN401  validators see anything
    if not isinstance(value, str):
        raise complain("", "text (put it in quotes)")
    return value


def _clear(value: Any) -> str:  # noqa: ANN401
    text = _text(value)
    if _TOKEN_SHAPE.search(text) or "-----BEGIN" in text:
        raise complain("a secret written out (not shown)", f"its name: {SECRET_FORM}")
    return text


def _name(value: Any) -> str:  # noqa: ANN401
    text = _clear(value)
    if not _NAME.fullmatch(text):
        raise complain("", "a name of letters, digits, '.', '_' and '-' (at most 80)")
    return text


def _door(value: Any, schemes: tuple[str, ...], expected: str) -> Door:  # noqa: ANN401
    if isinstance(value, Door):
        return value
    try:
        door = parse_door(_text(value))
    except DoorError as error:
        raise complain(error.found, error.expected) from None
    if door.scheme not in schemes:
        raise complain("", expected)
    return door


def _http_door(value: Any) -> Door:  # noqa: ANN401
    return _door(value, ("https", "http"), "a URL that starts with davs:// or https://")


def _root_door(value: Any) -> Door:  # noqa: ANN401
    return _door(value, ("root", "roots"), "a root:// URL")


def _tape_door(value: Any) -> Door | Literal["auto"] | None:  # noqa: ANN401
    if value in ("auto", True):
        return "auto"
    if value is None or value is False:
        return None
    return _door(value, ("https",), "auto, no, or an https:// URL")


def _srr_door(value: Any) -> Door | Literal["auto"]:  # noqa: ANN401
    if value == "auto":
        return "auto"
    return _door(value, ("https", "http"), "auto, or the http(s):// URL of the report")


def _issuer_url(value: Any) -> str:  # noqa: ANN401
    text = _text(value)
    try:
        door = parse_door(text)
    except DoorError as error:
        raise complain(error.found, "a URL such as https://iam.example.org/") from None
    if not text.startswith("https://") or door.scheme != "https":
        raise complain("", "a URL that starts with https:// (secrets never go over plain http)")
    return text


def _origin(value: Any) -> str:  # noqa: ANN401
    text = _text(value)
    try:
        door = parse_door(text)
    except DoorError as error:
        raise complain(error.found, "a URL such as https://peer.example.org:8443") from None
    if not text.startswith("https://") or str(door.path) != "/":
        raise complain("", "a URL such as https://peer.example.org:8443, without a path")
    return door.origin


def _listen(value: Any) -> str:  # noqa: ANN401
    text = _text(value)
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit() or int(port) > LAST_PORT:
        raise complain("", "an address and a port to listen on, such as 0.0.0.0:8443")
    return text


def _secret(value: Any) -> str:  # noqa: ANN401
    if not isinstance(value, str) or not is_secret_name(value):
        raise complain(
            "a secret written out, or no name of one (not shown)",
            f"the name of the secret: {SECRET_FORM}",
        )
    return value


def _tokens(value: Any) -> str:  # noqa: ANN401
    text = _clear(value)
    kind = text.partition(":")[0]
    good_name = is_secret_name(text) if kind in ("env", "file") else True
    if not good_name or not (text.startswith(TOKEN_SOURCES) or _NAME.fullmatch(text)):
        raise complain(
            "a value that is not shown",
            "the name of an issuer, env:NAME, file:PATH, oidc-agent:ACCOUNT or discover",
        )
    return text


def _certificate(value: Any) -> str:  # noqa: ANN401
    text = _clear(value)
    if not is_secret_name(text):
        raise complain("a value that is not shown", f"{SECRET_FORM} (the variable holds a path)")
    return text


def _url_path(value: Any) -> PurePosixPath:  # noqa: ANN401
    if isinstance(value, PurePosixPath):
        value = str(value)
    text = _text(value)
    if not text.startswith("/") or {".", ".."} & set(text.split("/")):
        raise complain("", "an absolute URL path such as /escape, without '.' and '..'")
    return PurePosixPath("/", *[piece for piece in text.split("/") if piece])


def _file_path(value: Any) -> PurePosixPath:  # noqa: ANN401
    text = _text(value)
    if text.endswith("/") or {"", ".", ".."} & set(text.removeprefix("/").split("/")):
        raise complain("", "a file below the door such as data/f.root, or an absolute URL path")
    return PurePosixPath(text)


def _adler32(value: Any) -> str:  # noqa: ANN401
    text = _text(value).lower()
    if not re.fullmatch(r"[0-9a-f]{1,8}", text):
        raise complain("", "an adler32 of at most 8 hexadecimal digits (in quotes)")
    return text.zfill(8)


def _area(value: Any) -> PurePosixPath:  # noqa: ANN401
    if isinstance(value, PurePosixPath):
        value = str(value)
    text = _text(value)
    pieces = text.split("/")
    if not all(_NAME.fullmatch(piece) for piece in pieces):
        raise complain("", "a folder below the door such as lakeproof, without '/' in front")
    return PurePosixPath(text)


def _moment(value: Any) -> Any:  # noqa: ANN401
    if not isinstance(value, str | datetime):
        raise complain("", "a time with its zone such as 2026-08-01T06:00:00Z")
    return value


_as_text = PlainSerializer(lambda value: None if value is None else str(value))

ClearText = Annotated[str, BeforeValidator(_clear)]
Moment = Annotated[AwareDatetime, Field(strict=False), BeforeValidator(_moment)]
Name = Annotated[str, BeforeValidator(_name)]
Origin = Annotated[str, BeforeValidator(_origin)]
Listen = Annotated[str, BeforeValidator(_listen)]
IssuerUrl = Annotated[str, BeforeValidator(_issuer_url)]
Secret = Annotated[str, BeforeValidator(_secret)]
TokensName = Annotated[str, BeforeValidator(_tokens)]
Certificate = Annotated[str, BeforeValidator(_certificate)]
HttpDoor = Annotated[Door, BeforeValidator(_http_door), _as_text]
RootDoor = Annotated[Door, BeforeValidator(_root_door), _as_text]
TapeDoor = Annotated[Door | Literal["auto"] | None, BeforeValidator(_tape_door), _as_text]
SrrDoor = Annotated[Door | Literal["auto"], BeforeValidator(_srr_door), _as_text]
UrlPath = Annotated[PurePosixPath, BeforeValidator(_url_path), _as_text]
FilePath = Annotated[PurePosixPath, BeforeValidator(_file_path), _as_text]
Adler32 = Annotated[str, BeforeValidator(_adler32)]
AreaName = Annotated[PurePosixPath, BeforeValidator(_area), _as_text]
