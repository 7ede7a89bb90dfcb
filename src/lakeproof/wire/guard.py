"""The write guard: nothing outside the run's own directory is ever written or deleted."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "PROPFIND", "POST", "TRACE", "REPORT"})
"""Methods that change no file; every other one, known or not, is guarded."""

_DECODINGS = 4
_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")


class GuardError(Exception):
    """A write outside the run's directory was stopped before it left this machine."""


class WriteGuard:
    """Lets writes through only at or below `root`; with None, no write at all.

    `also` are further directories of the same run. Creating (MKCOL) an ancestor of `root` is
    allowed too, as `root` may need it; nothing else may touch an ancestor.
    """

    def __init__(self, root: PurePosixPath | None, also: tuple[PurePosixPath, ...] = ()) -> None:
        for each in (root, *also):
            if each is not None and (
                not each.is_absolute() or ".." in each.parts or str(each).strip("/") == ""
            ):
                raise GuardError(f"{each} cannot be the directory of a run: it must lie below /")
        self.root = root
        self.also = also

    def check(self, method: str, target: str, headers: Mapping[str, str], origin: str) -> None:
        """Raise GuardError unless `method` on the raw `target` may be sent to `origin`.

        `origin` is "https://host:port" of the endpoint; a MOVE is checked at both ends, a
        COPY where it writes: at the target for a pull, at its Destination when that is on
        this same endpoint for a push.
        """
        verb = method.upper()
        if verb in SAFE_METHODS:
            return
        given = {name.lower(): value for name, value in headers.items()}
        destination = given.get("destination")
        if verb != "COPY" or "source" in given or destination is None:
            self._check_path(verb, target)
        if destination is not None and (verb != "COPY" or _same_origin(destination, origin)):
            self._check_path(verb, destination)

    def _check_path(self, verb: str, target: str) -> None:
        if self.root is None:
            raise GuardError(f"{verb} {target} refused: this run may not write (read-only)")
        for path in _readings(target):
            if any(_within(path, ours) for ours in (self.root, *self.also)):
                continue
            if verb == "MKCOL" and _within(self.root, path):
                continue
            raise GuardError(
                f"{verb} {target} refused: {path} is not at or below {self.root}, "
                "the directory of this run"
            )


def origin_of(url: str) -> tuple[str, str, int | None]:
    """Scheme, host and port of a URL, with the scheme's default port filled in."""
    parts = urlsplit(url)
    scheme = {"davs": "https", "dav": "http"}.get(parts.scheme.lower(), parts.scheme.lower())
    try:
        port = parts.port
    except ValueError:
        return scheme, parts.netloc, None
    return scheme, (parts.hostname or "").lower(), port or {"https": 443, "http": 80}.get(scheme)


def _same_origin(destination: str, origin: str) -> bool:
    return "://" not in destination or origin_of(destination) == origin_of(origin)


def _within(path: PurePosixPath, root: PurePosixPath) -> bool:
    return path == root or root in path.parents


def _readings(target: str) -> Iterator[PurePosixPath]:
    """Every path a server could take `target` for: decoded once or more, with `..;` or `\\`."""
    text = target.partition("#")[0].partition("?")[0]
    if _ABSOLUTE.match(text):
        text = urlsplit(text).path
    for _ in range(_DECODINGS):
        yield _normal(text)
        yield _normal(text.replace("\\", "/"))
        yield _normal("/".join(segment.partition(";")[0] for segment in text.split("/")))
        decoded = unquote(text)
        if decoded == text:
            return
        text = decoded


def _normal(text: str) -> PurePosixPath:
    return PurePosixPath("/" + posixpath.normpath("/" + text.lstrip("/")).lstrip("/"))
