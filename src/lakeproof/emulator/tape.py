"""A simulated tape system behind one area: archiving, recalls with latency, release."""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import PurePosixPath

from lakeproof.emulator.config import EmulatorConfig
from lakeproof.emulator.faults import Faults
from lakeproof.emulator.namespace import Namespace, Node
from lakeproof.emulator.paths import within


class State(StrEnum):
    """Where a file of a stage request is."""

    SUBMITTED = "SUBMITTED"
    STARTED = "STARTED"
    CANCELLED = "CANCELLED"
    FAILED = "FAILED"
    COMPLETED = "COMPLETED"


RUNNING = frozenset({State.SUBMITTED, State.STARTED})


@dataclass
class StageFile:
    """One file of a stage request; times are POSIX seconds, `pinned_s` its disk lifetime."""

    path: PurePosixPath
    pinned_s: float
    state: State = State.STARTED
    started: float = field(default_factory=time.time)
    finished: float | None = None
    error: str = ""


@dataclass
class StageRequest:
    """A bulk request to bring files to disk; `again` are those that it named once more."""

    files: dict[PurePosixPath, StageFile]
    id: str = field(default_factory=lambda: uuid.uuid4().hex)
    created: float = field(default_factory=time.time)
    again: tuple[PurePosixPath, ...] = ()
    polls: int = 0

    @property
    def completed(self) -> float | None:
        """When the last file ended, None while one is under way."""
        ends = [f.finished for f in self.files.values()]
        return None if None in ends else max((e for e in ends if e is not None), default=None)


class TapeSystem:
    """Which files are on disk, which on tape, and the requests in between."""

    def __init__(self, namespace: Namespace, config: EmulatorConfig) -> None:
        self.namespace = namespace
        self.area = config.tape_path
        self.latency_s = config.tape_latency_s
        self.faults = Faults()
        self.requests: dict[str, StageRequest] = {}
        # By inode and time of writing: a file written later may get the same inode.
        self._evicted: set[tuple[int, int]] = set()
        self._released: set[tuple[int, int]] = set()
        self._archived_early: set[tuple[int, int]] = set()

    def on_disk(self, node: Node) -> bool:
        """Whether a file can be read now."""
        self.advance()
        return _key(node) not in self._evicted

    def locality(self, node: Node) -> str:
        """The Tape REST locality of a file."""
        if self.faults.has("tape-release-loses") and _key(node) in self._released:
            return "LOST"
        if not self.on_disk(node):
            return "DISK" if self.faults.has("tape-locality-wrong") else "TAPE"
        if self._archived(node):
            return "TAPE" if self.faults.has("tape-locality-stale") else "DISK_AND_TAPE"
        return "DISK"

    def _archived(self, node: Node) -> bool:
        if self.area is None or not within(node.path, self.area) or node.size == 0:
            return False
        if _key(node) in self._archived_early:
            return True
        return time.time() - node.modified_ns / 1e9 >= self.latency_s

    def stage(
        self, wanted: dict[PurePosixPath, float], again: tuple[PurePosixPath, ...] = ()
    ) -> StageRequest:
        """Ask for files, each with its disk lifetime in seconds."""
        files = {path: self._file(path, pin) for path, pin in wanted.items()}
        if self.faults.has("tape-requests-merged"):
            for known in self.requests.values():
                if known.files.keys() == files.keys():
                    return known
        request = StageRequest(files, again=again)
        self.requests[request.id] = request
        return request

    def forget_all_of(self, request: StageRequest) -> None:
        """Drop every request that has a file of this one, as only a faulty server does."""
        for known in [*self.requests.values()]:
            if known.files.keys() & request.files.keys():
                del self.requests[known.id]

    def cancel(self, request: StageRequest, paths: list[PurePosixPath]) -> None:
        """Stop recalling these files of a request."""
        self.advance()
        for file in (request.files[path] for path in paths if path in request.files):
            if file.state in RUNNING and not self.faults.has("tape-cancel-ignored"):
                file.state, file.finished = State.CANCELLED, time.time()

    def release(self, paths: list[PurePosixPath], *, evict: bool) -> None:
        """Give up the disk copies of archived files; without `evict` they stay as a cache."""
        for path in paths:
            node = self.namespace.find(path)
            if node is not None:
                self._released.add(_key(node))
            if evict and not self.faults.has("tape-release-ignored"):
                self.evict(path)

    def evict(self, path: PurePosixPath) -> None:
        """Drop the disk copy of a file that lies on tape."""
        node = self.namespace.find(path)
        if node is not None and not node.is_collection and self._archived(node):
            self._evicted.add(_key(node))

    def put_away(self, path: PurePosixPath) -> None:
        """Have a file on tape only, as if it had been archived long ago."""
        node = self.namespace.find(path)
        if node is not None:
            self._evicted.add(_key(node))
            self._archived_early.add(_key(node))
            self._released.discard(_key(node))

    def advance(self) -> None:
        """Bring every recall and every pin to where it is by now."""
        now = time.time()
        for request in self.requests.values():
            for file in request.files.values():
                self._advance(file, now)

    def _file(self, path: PurePosixPath, pin: float) -> StageFile:
        file = StageFile(path, pin)
        node = None if self.faults.has("tape-root-prefix") else self.namespace.find(path)
        error = self._unfit(node)
        if error:
            file.state, file.finished, file.error = State.FAILED, file.started, error
        elif node is None or _key(node) not in self._evicted:
            file.state, file.finished = State.COMPLETED, file.started
        return file

    def _unfit(self, node: Node | None) -> str:
        """Why a file cannot be staged; nothing for one that can, or under the fault for that."""
        fault, error = "", ""
        if node is None:
            fault, error = "tape-missing-completed", "No such file"
        elif node.is_collection:
            fault, error = "tape-collection-completed", "Not a file"
        elif node.size == 0:
            fault, error = "tape-empty-completed", "The file is empty"
        elif _key(node) not in self._evicted:
            error = "The file is not on tape" if self.faults.has("tape-on-disk-failed") else ""
        return "" if fault and self.faults.has(fault) else error

    def _advance(self, file: StageFile, now: float) -> None:
        arrived = file.state in RUNNING and now - file.started >= self.latency_s
        node = self.namespace.find(file.path)
        if arrived and node is not None and not self.faults.has("tape-stage-never-ends"):
            file.state, file.finished = State.COMPLETED, now
            self._evicted.discard(_key(node))
        pin_over = file.finished is not None and now - file.finished > file.pinned_s > 0
        if file.state is State.COMPLETED and pin_over:
            file.pinned_s = 0
            self.evict(file.path)


def _key(node: Node) -> tuple[int, int]:
    return node.inode, node.modified_ns
