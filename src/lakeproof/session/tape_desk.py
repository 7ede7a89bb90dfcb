"""The tape API as checks ask it: with a credential for all of it, and leaving nothing behind."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from lakeproof.verdict import Blocked
from lakeproof.wire.auth import Credential
from lakeproof.wire.reply import Reply
from lakeproof.wire.tape import Localities, Progress, TapeApi, request_of, wanted

if TYPE_CHECKING:
    from lakeproof.session.endpoint import EndpointSession

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.05, 15.0


def credential_for(session: EndpointSession, *paths: PurePosixPath) -> Credential:
    """What may read and stage these: a token of just that, else what the endpoint is shown."""
    if session.wallet.can_narrow:
        scopes = (f"storage.{name}:{path}" for path in paths for name in ("read", "stage"))
        return session.wallet.bearer(*scopes)
    return session.wallet.for_operation("GET", paths[0])


class TapeDesk:
    """Asks the tape API with `own` unless told otherwise, and remembers the requests it made."""

    def __init__(self, api: TapeApi, own: Credential, settle_s: float) -> None:
        self.api = api
        self.own = own
        self.settle_s = settle_s
        self._made: list[str] = []

    def info(self, *paths: PurePosixPath, auth: Credential | None = None) -> Localities:
        """Ask where files are."""
        return Localities(self.api.archiveinfo(*paths, auth=auth or self.own))

    def stage(
        self,
        *files: PurePosixPath | Mapping[str, Any],
        auth: Credential | None = None,
        more: Mapping[str, Any] | None = None,
    ) -> Reply:
        """Ask for files, by path or as the API has them; `more` are further keys."""
        asked = [wanted(file) if isinstance(file, PurePosixPath) else file for file in files]
        return self.noted(self.api.stage_all(asked, auth=auth or self.own, more=more))

    def info_apart(self, *paths: PurePosixPath, slash: str = "") -> Localities:
        """Ask where files are over a connection of its own, which may not survive it.

        `slash` goes to the end of the URL.
        """
        api = self.api.clone()
        try:
            return Localities(api.archiveinfo(*paths, auth=self.own, slash=slash))
        finally:
            api.client.close()

    def apart(self, path: PurePosixPath) -> Reply:
        """Ask for a file over a connection of its own, from any thread; `noted` remembers it."""
        api = self.api.clone()
        try:
            return api.stage(path, auth=self.own)
        finally:
            api.client.close()

    def garbled(self) -> Reply:
        """Ask for a stage request with what is no JSON."""
        return self.noted(self.api.garbled(auth=self.own))

    def noted(self, reply: Reply) -> Reply:
        """Remember the request that an answer names, to delete it later."""
        request = request_of(reply) if reply.ok else None
        if request is not None:
            self._made.append(request)
        return reply

    def id_of(self, reply: Reply) -> str:
        """The id of the request that an answer accepts; Blocked for any other answer."""
        request = request_of(reply)
        if not reply.ok or request is None:
            raise Blocked(f"no stage request is accepted: {reply.describe()}")
        return request

    def request(self, *files: PurePosixPath | Mapping[str, Any]) -> str:
        """The id of a new stage request; Blocked when none is accepted."""
        return self.id_of(self.stage(*files))

    def progress(self, request: str, auth: Credential | None = None) -> Progress:
        """How far a request is."""
        return Progress(self.api.progress(request, auth=auth or self.own))

    def shown(self, request: str) -> Progress:
        """How far a request is; Blocked when that is not told."""
        seen = self.progress(request)
        if not seen.document:
            raise Blocked(f"no progress is told: {seen.reply.describe()}")
        return seen

    def settled(self, request: str, path: PurePosixPath) -> Progress:
        """The same once the file has ended, which on disk takes no time, or the last look."""
        return self.polled(request, path, self.settle_s)[-1]

    def polled(self, request: str, path: PurePosixPath, within_s: float) -> list[Progress]:
        """Every look at a request until the file has ended, or the time is over."""
        end, pause_s = time.monotonic() + within_s, FIRST_PAUSE_S
        looks = [self.shown(request)]
        while not looks[-1].ended(path) and time.monotonic() < end:
            time.sleep(min(pause_s, max(end - time.monotonic(), 0)))
            pause_s = min(pause_s * 2, LONGEST_PAUSE_S)
            looks.append(self.shown(request))
        return looks

    def cancel(self, request: str, *paths: PurePosixPath, auth: Credential | None = None) -> Reply:
        """Cancel files of a request."""
        return self.api.cancel(request, *paths, auth=auth or self.own)

    def release(self, request: str, *paths: PurePosixPath, auth: Credential | None = None) -> Reply:
        """Release files of a request."""
        return self.api.release(request, *paths, auth=auth or self.own)

    def drop(self, request: str, auth: Credential | None = None) -> Reply:
        """DELETE a request."""
        reply = self.api.drop(request, auth=auth or self.own)
        if reply.ok and request in self._made:
            self._made.remove(request)
        return reply

    def forget(self) -> None:
        """Delete every request that was made here."""
        for request in self._made:
            self.api.drop(request, auth=self.own)
        self._made.clear()
