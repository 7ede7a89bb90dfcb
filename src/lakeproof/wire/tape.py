"""The WLCG Tape REST API, version 1: where it is, its requests, and what its answers say.

Nothing is judged here. Files are named by their paths as WebDAV has them.
"""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Any, TypeGuard
from urllib.parse import urlsplit

from lakeproof.wire.auth import Credential
from lakeproof.wire.guard import GuardError
from lakeproof.wire.http import HttpClient
from lakeproof.wire.reply import Reply

WELL_KNOWN = "/.well-known/wlcg-tape-rest-api"
VERSION = "v1"
LIFETIME = "PT10M"
"""How long a staged file is asked to stay on disk: ISO 8601, as the API has it."""

# It becomes part of a URL to which DELETE is sent.
_REQUEST_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,255}")
FAILED = frozenset({"FAILED", "CANCELLED"})
CANCELLED = "CANCELLED"
ENDED = frozenset({*FAILED, "COMPLETED", "ON DISK"})


@dataclass(frozen=True)
class TapeApi:
    """The API at `base`, its path on the server of `client`, without a slash at its end.

    Nothing is staged, cancelled or released outside `ours`: the run's own directories, and the
    file that the operator lets us recall.
    """

    client: HttpClient
    base: str
    ours: tuple[PurePosixPath, ...] = ()

    def clone(self) -> TapeApi:
        """The same API over a connection of its own, for one thread."""
        return replace(self, client=self.client.clone())

    def stage(self, path: PurePosixPath, *, auth: Credential) -> Reply:
        """Ask for a file to be brought to disk; `request_of` its answer names the request."""
        return self.stage_all([wanted(path)], auth=auth)

    def stage_all(
        self,
        files: Sequence[Mapping[str, Any]],
        *,
        auth: Credential,
        more: Mapping[str, Any] | None = None,
    ) -> Reply:
        """Ask for several files, each as the API has it; `more` are further keys of the request."""
        self._guard(str(file["path"]) for file in files)
        return self._post("stage", {"files": [*files], **(more or {})}, auth)

    def garbled(self, *, auth: Credential) -> Reply:
        """POST to stage what is no JSON and names no file."""
        return self._send("stage", b'{"files": [', auth)

    def progress(self, request: str, *, auth: Credential) -> Reply:
        """How far a stage request is."""
        return self.client.request("GET", f"{self.base}/stage/{request}", auth=auth)

    def cancel(self, request: str, *paths: PurePosixPath, auth: Credential) -> Reply:
        """Cancel files of a stage request."""
        return self._about(f"stage/{request}/cancel", paths, auth)

    def drop(self, request: str, *, auth: Credential) -> Reply:
        """DELETE a stage request, which cancels all of it."""
        return self.client.request("DELETE", f"{self.base}/stage/{request}", auth=auth)

    def release(self, request: str, *paths: PurePosixPath, auth: Credential) -> Reply:
        """Say that staged files need not stay on disk."""
        return self._about(f"release/{request}", paths, auth)

    def archiveinfo(self, *paths: PurePosixPath, auth: Credential, slash: str = "") -> Reply:
        """Ask where files are: on disk, on tape, on both; `slash` goes to the end of the URL."""
        return self._post(f"archiveinfo{slash}", {"paths": [str(path) for path in paths]}, auth)

    def _about(self, what: str, paths: Sequence[PurePosixPath], auth: Credential) -> Reply:
        self._guard(map(str, paths))
        return self._post(what, {"paths": [str(path) for path in paths]}, auth)

    def _guard(self, paths: Iterable[str]) -> None:
        for text in paths:
            path = PurePosixPath(posixpath.normpath(f"/{text.lstrip('/')}"))
            if not any(path == ours or ours in path.parents for ours in self.ours):
                raise GuardError(f"{text} is neither the run's own nor named as a file to recall")

    def _post(self, what: str, content: dict[str, Any], auth: Credential) -> Reply:
        return self._send(what, json.dumps(content).encode(), auth)

    def _send(self, what: str, body: bytes, auth: Credential) -> Reply:
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        return self.client.request(
            "POST", f"{self.base}/{what}", headers=headers, body=body, auth=auth
        )


def wanted(path: PurePosixPath | str, **more: object) -> dict[str, Any]:
    """One file of a stage request; `more` replaces or adds keys."""
    return {"path": str(path), "diskLifetime": LIFETIME, **more}


@dataclass(frozen=True)
class Progress:
    """How far a stage request is, as the answer to a poll tells it."""

    reply: Reply

    @property
    def document(self) -> dict[str, Any]:
        """The JSON object of the answer; empty when it is none."""
        return _object(self.reply.body) if self.reply.ok else {}

    @property
    def files(self) -> list[dict[str, Any]]:
        """What is said of each file."""
        listed = self.document.get("files")
        return [file for file in listed if isinstance(file, dict)] if _is_list(listed) else []

    @property
    def paths(self) -> list[str]:
        """The path of each file, without slashes too many."""
        return [normalised(str(file.get("path"))) for file in self.files]

    def of(self, path: PurePosixPath) -> dict[str, Any]:
        """What is said of the file at `path`; empty for nothing."""
        return next((f for f in self.files if normalised(str(f.get("path"))) == str(path)), {})

    def state(self, path: PurePosixPath) -> str:
        """Its state; ON DISK, NOT ON DISK or FAILED where `onDisk` is told instead of one."""
        file = self.of(path)
        if isinstance(file.get("state"), str):
            return str(file["state"])
        if file.get("error"):
            return "FAILED"
        told = file.get("onDisk")
        return ("ON DISK" if told else "NOT ON DISK") if isinstance(told, bool) else "unknown"

    def on_disk(self, path: PurePosixPath) -> bool:
        """Whether it says that the file is on disk now."""
        return self.state(path) in ("COMPLETED", "ON DISK")

    def ended(self, path: PurePosixPath) -> bool:
        """Whether nothing more is going to happen to the file in this request."""
        return self.state(path) in ENDED


@dataclass(frozen=True)
class Localities:
    """Where files are, as an answer to archiveinfo tells it."""

    reply: Reply

    @property
    def entries(self) -> list[dict[str, Any]]:
        """What is said of each file; empty when the answer is no list."""
        listed = _json(self.reply.body) if self.reply.ok else None
        return [one for one in listed if isinstance(one, dict)] if _is_list(listed) else []

    def of(self, path: PurePosixPath) -> dict[str, Any]:
        """What is said of the file at `path`; empty for nothing."""
        return _entry(self.entries, path)

    def locality(self, path: PurePosixPath) -> str | None:
        """Where the file at `path` is; None when that is not told."""
        return locality_of(self.reply, path)


@dataclass(frozen=True)
class Discovery:
    """What a door answered when it was asked where its tape API is."""

    reply: Reply

    @property
    def document(self) -> dict[str, Any]:
        """The JSON object of the answer; empty when it is none."""
        return _object(self.reply.body) if self.reply.ok else {}

    @property
    def sitename(self) -> str:
        """Under which name metadata are for this site; empty when there is none."""
        named = self.document.get("sitename")
        return named if isinstance(named, str) else ""

    @property
    def endpoints(self) -> list[dict[str, Any]]:
        """The endpoints that it names, one a version."""
        listed = self.document.get("endpoints")
        return [one for one in listed if isinstance(one, dict)] if _is_list(listed) else []


def api_url(body: bytes) -> str | None:
    """The https URL of version 1 that a discovery document names; None when it names none."""
    document = _object(body)
    endpoints = document.get("endpoints")
    for endpoint in endpoints if isinstance(endpoints, list) else []:
        if not isinstance(endpoint, dict) or endpoint.get("version") != VERSION:
            continue
        url = endpoint.get("uri")
        if isinstance(url, str) and _is_https(url):
            return url.rstrip("/")
    return None


def request_of(reply: Reply) -> str | None:
    """The stage request that an answer names, in its body or by Location; None for neither."""
    named = _object(reply.body).get("requestId")
    if not isinstance(named, str):
        named = urlsplit(reply.headers.get("Location", "")).path.rstrip("/").rpartition("/")[2]
    return named if _REQUEST_ID.fullmatch(named) and ".." not in named else None


def locality_of(reply: Reply, path: PurePosixPath) -> str | None:
    """Where an answer to archiveinfo says that `path` is; None when it says an error or nothing."""
    listed = _json(reply.body) if reply.ok else None
    locality = _entry(listed, path).get("locality")
    return locality if isinstance(locality, str) else None


def state_of(reply: Reply, path: PurePosixPath) -> str | None:
    """The state of `path` in the progress of a request; None when it does not tell.

    Storages that say `onDisk` instead of a state say FAILED by an error.
    """
    entry = _entry(_object(reply.body).get("files"), path)
    state = entry.get("state")
    if isinstance(state, str):
        return state
    return "FAILED" if entry.get("error") else None


def normalised(path: str) -> str:
    """A path without slashes too many."""
    return str(PurePosixPath(f"/{path.lstrip('/')}")) if path.startswith("/") else path


def _is_list(found: object) -> TypeGuard[list[Any]]:
    return isinstance(found, list)


def _entry(listed: object, path: PurePosixPath) -> dict[str, Any]:
    for entry in listed if isinstance(listed, list) else []:
        if isinstance(entry, dict) and normalised(str(entry.get("path"))) == str(path):
            return entry
    return {}


def _object(body: bytes) -> dict[str, Any]:
    found = _json(body)
    return found if isinstance(found, dict) else {}


def _json(body: bytes) -> object:
    try:
        return json.loads(body)
    except ValueError:
        return None


def _is_https(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme == "https" and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
