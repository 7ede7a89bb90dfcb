"""Request targets to paths and back."""

from __future__ import annotations

import re
from http import HTTPStatus
from pathlib import PurePosixPath
from urllib.parse import parse_qsl, quote, unquote, unquote_to_bytes, urlsplit

from lakeproof.emulator.answer import Refused
from lakeproof.emulator.faults import Faults

ROOT = PurePosixPath("/")
LONGEST_NAME = 255
CUT_NAME = 128


def split_target(target: str) -> tuple[str, dict[str, str]]:
    """The raw path and the decoded query of an origin-form or absolute-form target."""
    if "://" in target.partition("?")[0]:
        parts = urlsplit(target)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    raw_path, _, query = target.partition("?")
    return raw_path.partition("#")[0], dict(parse_qsl(query, keep_blank_values=True))


def decode(raw_path: str, faults: Faults) -> PurePosixPath:
    """The decoded absolute path of a raw one; raises Refused 400 for one that must not be used."""
    if faults.has("path-double-slash-404") and "//" in raw_path:
        raise Refused(HTTPStatus.NOT_FOUND, "No such file or directory")
    climbing = _hidden_traversal(raw_path, faults)
    if climbing is not None:
        return climbing
    segments = [_segment(s, faults) for s in raw_path.split("/") if s not in {"", "."}]
    if ".." in segments and faults.has("path-traversal"):
        # The fault: authorisation sees the path as sent, the disk sees it resolved.
        return ROOT.joinpath(*segments)
    if ".." in segments:
        raise Refused(HTTPStatus.BAD_REQUEST, "Path must not contain '..'")
    return ROOT.joinpath(*segments)


def resolve(path: PurePosixPath) -> PurePosixPath:
    """`path` with every `..` followed; never above the root."""
    kept: list[str] = []
    for part in path.parts[1:]:
        if part == "..":
            del kept[-1:]
        else:
            kept.append(part)
    return ROOT.joinpath(*kept)


def encode(path: PurePosixPath, *, directory: bool = False) -> str:
    """The percent-encoded form of `path`, with a trailing slash for a directory."""
    quoted = quote(str(path), safe="/~")
    return quoted + "/" if directory and not quoted.endswith("/") else quoted


def within(path: PurePosixPath, area: PurePosixPath) -> bool:
    """Whether `path` is `area` or below it, on segment boundaries."""
    return path == area or area in path.parents


def _hidden_traversal(raw_path: str, faults: Faults) -> PurePosixPath | None:
    """The path with a `..` that only a faulty server finds in it; None when there is none.

    As with `path-traversal`, authorisation sees it as sent and the disk sees it resolved.
    """
    seen = raw_path
    if faults.has("path-traversal-slash"):
        seen = re.sub("%2f", "/", seen, flags=re.IGNORECASE)
    if faults.has("path-traversal-double"):
        seen = seen.replace("%25", "%")
    if faults.has("path-traversal-null"):
        seen = seen.replace("%00", "")
    if seen == raw_path:
        return None
    segments = [piece for piece in unquote(seen).split("/") if piece not in {"", "."}]
    return ROOT.joinpath(*segments) if ".." in segments else None


def _segment(raw: str, faults: Faults) -> str:
    if faults.has("put-name-plus-as-space"):
        raw = raw.replace("+", " ")
    try:
        name = unquote_to_bytes(raw).decode()
        if faults.has("put-name-decoded-twice"):
            name = unquote_to_bytes(name).decode()
    except UnicodeDecodeError:
        raise Refused(HTTPStatus.BAD_REQUEST, "Path is not UTF-8") from None
    name = _changed(name, faults)
    if faults.has("put-name-hash-500") and "#" in name:
        raise Refused(HTTPStatus.INTERNAL_SERVER_ERROR, "Internal error")
    if faults.has("put-name-utf8-refused") and not name.isascii():
        raise Refused(HTTPStatus.BAD_REQUEST, "Illegal character in path")
    if "/" in name or "\0" in name:
        raise Refused(HTTPStatus.BAD_REQUEST, "Path contains a forbidden character")
    if len(name.encode()) > LONGEST_NAME:
        raise Refused(HTTPStatus.REQUEST_URI_TOO_LONG, "Name is too long")
    return name


def _changed(name: str, faults: Faults) -> str:
    """The name under which a faulty server keeps a file."""
    if faults.has("put-name-semicolon-cut"):
        name = name.partition(";")[0]
    if faults.has("put-name-space-kept-escaped"):
        name = name.replace(" ", "%20")
    return name[:CUT_NAME] if faults.has("put-name-long-cut") else name
