"""The WLCG Tape REST API, version 1: where it is, its requests, and what its answers say.

Nothing is judged here. Files are named by their paths as WebDAV has them.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from lakeproof.wire.auth import Credential
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


@dataclass(frozen=True)
class TapeApi:
    """The API at `base`, its path on the server of `client`, without a slash at its end."""

    client: HttpClient
    base: str

    def stage(self, path: PurePosixPath, *, auth: Credential) -> Reply:
        """Ask for a file to be brought to disk; `request_of` its answer names the request."""
        files = [{"path": str(path), "diskLifetime": LIFETIME}]
        return self._post("stage", {"files": files}, auth)

    def progress(self, request: str, *, auth: Credential) -> Reply:
        """How far a stage request is."""
        return self.client.request("GET", f"{self.base}/stage/{request}", auth=auth)

    def cancel(self, request: str, path: PurePosixPath, *, auth: Credential) -> Reply:
        """Cancel one file of a stage request."""
        return self._post(f"stage/{request}/cancel", {"paths": [str(path)]}, auth)

    def drop(self, request: str, *, auth: Credential) -> Reply:
        """DELETE a stage request, which cancels all of it."""
        return self.client.request("DELETE", f"{self.base}/stage/{request}", auth=auth)

    def release(self, request: str, path: PurePosixPath, *, auth: Credential) -> Reply:
        """Say that a staged file need not stay on disk."""
        return self._post(f"release/{request}", {"paths": [str(path)]}, auth)

    def archiveinfo(self, path: PurePosixPath, *, auth: Credential) -> Reply:
        """Ask where a file is: on disk, on tape, on both."""
        return self._post("archiveinfo", {"paths": [str(path)]}, auth)

    def _post(self, what: str, content: dict[str, Any], auth: Credential) -> Reply:
        return self.client.request(
            "POST",
            f"{self.base}/{what}",
            headers={"Content-Type": "application/json", "Accept": "application/json"},
            body=json.dumps(content).encode(),
            auth=auth,
        )


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


def _entry(listed: object, path: PurePosixPath) -> dict[str, Any]:
    for entry in listed if isinstance(listed, list) else []:
        if isinstance(entry, dict) and entry.get("path") == str(path):
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
