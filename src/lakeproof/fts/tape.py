"""Tape through the WLCG Tape REST API: staging before a copy, archive monitoring after it."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlsplit

from lakeproof.fts import errors
from lakeproof.fts.ends import HttpEnd
from lakeproof.fts.errors import CopyFailed
from lakeproof.wire.reply import Reply

DISCOVERY = "/.well-known/wlcg-tape-rest-api"
VERSIONS = ("v1", "v0")
ON_TAPE = frozenset({"TAPE", "DISK_AND_TAPE"})
ON_DISK = frozenset({"DISK", "DISK_AND_TAPE"})
STAGING, ARCHIVING = "STAGING", "ARCHIVING"


class Tape:
    """The tape interface of the storage that `end` is at; errors are of `scope`."""

    def __init__(self, end: HttpEnd, scope: str) -> None:
        """Raises CopyFailed when the storage has none."""
        self._end = end
        self._scope = scope
        url = self._discover()
        # A storage's tape interface may be another server than its door.
        self._client = end.server(url)
        self._base = urlsplit(url).path

    def request_stage(self, pin_s: int) -> str:
        """Ask for the file to be brought to disk; returns the storage's id of the request."""
        lifetime = {"diskLifetime": f"PT{pin_s}S"} if pin_s > 0 else {}
        answer = self._json("POST", "stage", {"files": [{"path": self._path, **lifetime}]})
        found = answer.get("requestId") if isinstance(answer, dict) else None
        if not isinstance(found, str):
            raise CopyFailed(self._scope, errors.EIO, "The storage gave no id of a stage request")
        return found

    def staged(self, request: str) -> bool:
        """Whether the file of that request is on disk; raises CopyFailed when it never will be."""
        answer = self._json("GET", f"stage/{request}")
        files = answer.get("files") if isinstance(answer, dict) else None
        for file in files if isinstance(files, list) else []:
            if isinstance(file, dict) and file.get("error"):
                raise CopyFailed(self._scope, errors.EIO, str(file["error"])[:300])
            if isinstance(file, dict) and file.get("state") in ("FAILED", "CANCELLED"):
                raise CopyFailed(self._scope, errors.EIO, f"Stage request {file['state']}")
        return self.locality() in ON_DISK

    def cancel(self, request: str) -> None:
        """Ask for it no longer."""
        self._ask("POST", f"stage/{request}/cancel", {"paths": [self._path]})

    def release(self, request: str) -> None:
        """Say that the file of that request need not stay on disk; raises CopyFailed."""
        reply = self._ask("POST", f"release/{request}", {"paths": [self._path]})
        if not reply.ok:
            raise CopyFailed(self._scope, errors.EIO, f"Tape REST API: {reply.describe()}")

    def locality(self) -> str:
        """DISK, TAPE, DISK_AND_TAPE, LOST, NONE or UNAVAILABLE."""
        answer = self._json("POST", "archiveinfo", {"paths": [self._path]})
        entry = answer[0] if isinstance(answer, list) and answer else {}
        if not isinstance(entry, dict) or entry.get("error"):
            said = entry.get("error") if isinstance(entry, dict) else "bad answer"
            raise CopyFailed(self._scope, errors.ENOENT, f"Tape REST API: {said}")
        return str(entry.get("locality"))

    @property
    def _path(self) -> str:
        return str(self._end.path)

    def _discover(self) -> str:
        reply = self._end.client.request("GET", DISCOVERY, auth=self._end.auth)
        found = _decoded(reply)
        endpoints = found.get("endpoints") if reply.ok and isinstance(found, dict) else None
        for version in VERSIONS:
            for one in endpoints if isinstance(endpoints, list) else []:
                if isinstance(one, dict) and one.get("version") == version and one.get("uri"):
                    return str(one["uri"]).rstrip("/")
        raise CopyFailed(self._scope, errors.ENOTSUP, "The storage has no Tape REST API")

    def _json(self, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401  any JSON
        reply = self._ask(method, path, body)
        if not reply.ok:
            failed = self._end.failed(reply)
            raise CopyFailed(self._scope, failed.code, f"Tape REST API: {failed.text}")
        return _decoded(reply)

    def _ask(self, method: str, path: str, body: object = None) -> Reply:
        return self._client.request(
            method,
            f"{self._base}/{path}",
            auth=self._end.auth,
            headers={"Content-Type": "application/json"},
            body=None if body is None else json.dumps(body).encode(),
        )


def _decoded(reply: Reply) -> Any:  # noqa: ANN401  any JSON
    try:
        return json.loads(reply.body)
    except ValueError:
        return None
