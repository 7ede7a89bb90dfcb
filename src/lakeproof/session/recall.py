"""One recall of the file that the operator names, looked at step by step; nothing is judged."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from lakeproof.session.tape_desk import FIRST_PAUSE_S, LONGEST_PAUSE_S, TapeDesk, credential_for
from lakeproof.verdict import Blocked
from lakeproof.wire.reply import Reply
from lakeproof.wire.tape import Progress, request_of

if TYPE_CHECKING:
    from lakeproof.session.endpoint import EndpointSession
    from lakeproof.wire.storage import StorageElement

READ_S = 15
"""How long a read of a file on tape is waited for: some storages begin to recall it."""
SOME = 65_536
FIRST_ERROR = 400
TAPE = "TAPE"


@dataclass
class Recall:
    """What was seen: the file at rest, a recall that was cancelled, a whole one, its release.

    `size` is None where HEAD does not tell. Localities are None where none is told. Of the two
    recalls nothing is known unless the file was on tape only.
    """

    path: PurePosixPath
    within_s: float
    size: int | None
    before: str | None
    early: Reply
    running: Progress | None = None
    foreign: Reply | None = None
    after_foreign: Progress | None = None
    cancelled: Reply | None = None
    after_cancel: Progress | None = None
    staged: Reply | None = None
    looks: list[Progress] = field(default_factory=list)
    after: str | None = None
    read: Reply | None = None
    again: Progress | None = None
    released: Reply | None = None
    localities: list[str | None] = field(default_factory=list)

    @property
    def refused_early(self) -> bool:
        """Whether reading the file before it was staged was answered by an error."""
        return self.early.failure is None and self.early.status >= FIRST_ERROR

    @property
    def has_content(self) -> bool:
        """Whether reading the recalled file gave bytes."""
        read = self.read
        return read is not None and 0 < read.status < FIRST_ERROR and read.length > 0

    @property
    def read_as(self) -> str:
        """What reading the recalled file was answered."""
        return "it was not read" if self.read is None else self.read.describe()

    @property
    def begun(self) -> Reply:
        """The answer to the stage request; Blocked when the file was on disk before."""
        if self.staged is None:
            raise Blocked(
                f"{self.path} is not on tape only ({self.before or 'no locality is told'}): "
                "name another file, or have this one released"
            )
        return self.staged

    @property
    def last(self) -> Progress:
        """The last look at the whole recall; Blocked when it did not bring the file."""
        if not self.begun.ok or not self.looks:
            raise Blocked(f"the file cannot be staged: {self.begun.describe()}")
        return self.looks[-1]

    @property
    def stopped(self) -> tuple[Progress, Reply, Progress, Progress]:
        """Of the cancelled recall: running, the foreign cancel, after it, after our own.

        Blocked when it was over before it could be cancelled.
        """
        _ = self.begun
        seen = (self.running, self.foreign, self.after_foreign, self.after_cancel)
        running, foreign, after_foreign, after_cancel = seen
        if not (running and foreign is not None and after_foreign and after_cancel):
            raise Blocked(f"the file cannot be staged: {self.begun.describe()}")
        if running.ended(self.path):
            raise Blocked("the recall was over at once, so there was nothing to cancel")
        return running, foreign, after_foreign, after_cancel


def recall(session: EndpointSession) -> Recall:
    """Recall the named file, once a process: it costs the site a mount of a tape."""
    if session.recall is None:
        path, named = session.recallable, session.target.endpoint.tape
        if path is None or named is None or session.tape.api is None:
            raise ValueError("no file to recall is named, or there is no tape API")
        own = credential_for(session, path, session.run_directory)
        desk = TapeDesk(session.tape.api, own, session.target.timeouts.settle_s)
        try:
            session.recall = _recall(desk, session.storage, path, named.within_s)
        finally:
            desk.forget()
    return session.recall


def _recall(desk: TapeDesk, se: StorageElement, path: PurePosixPath, within_s: float) -> Recall:
    head = se.head(path, auth=desk.own)
    length = head.headers.get("Content-Length", "") if head.ok else ""
    before = desk.info(path).locality(path)
    early = _read(desk, se, path)
    seen = Recall(path, within_s, int(length) if length.isdigit() else None, before, early)
    if before == TAPE and desk.info(path).locality(path) == TAPE:
        _cancelled(desk, seen, se.directory / "foreign")
        _whole(desk, se, seen)
    return seen


def _read(desk: TapeDesk, se: StorageElement, path: PurePosixPath) -> Reply:
    return se.client.request("GET", path, auth=desk.own, max_body=SOME, timeout_s=READ_S)


def _cancelled(desk: TapeDesk, seen: Recall, foreign: PurePosixPath) -> None:
    reply = desk.stage(seen.path)
    request = request_of(reply)
    if not reply.ok or request is None:
        return
    seen.running = desk.shown(request)
    seen.foreign = desk.cancel(request, seen.path, foreign)
    seen.after_foreign = desk.shown(request)
    seen.cancelled = desk.cancel(request, seen.path)
    seen.after_cancel = desk.shown(request)
    desk.drop(request)


def _whole(desk: TapeDesk, se: StorageElement, seen: Recall) -> None:
    path = seen.path
    seen.staged = desk.stage(path)
    request = request_of(seen.staged)
    if not seen.staged.ok or request is None:
        return
    seen.looks = desk.polled(request, path, seen.within_s)
    if not seen.looks[-1].on_disk(path):
        return
    seen.after = desk.info(path).locality(path)
    seen.read = _read(desk, se, path)
    again = desk.request(path)
    seen.again = desk.settled(again, path)
    # Some storages count requests, and keep the file until each of them has released it.
    desk.release(again, path)
    seen.released = desk.release(request, path)
    seen.localities = _left(desk, path)


def _left(desk: TapeDesk, path: PurePosixPath) -> list[str | None]:
    """Where the file is after its release, until it is on tape only or nothing more is awaited."""
    end, pause_s = time.monotonic() + desk.settle_s, FIRST_PAUSE_S
    found = [desk.info(path).locality(path)]
    while found[-1] != TAPE and time.monotonic() < end:
        time.sleep(pause_s)
        pause_s = min(pause_s * 2, LONGEST_PAUSE_S)
        found.append(desk.info(path).locality(path))
    return found
