"""The element's files and collections, on a local disk.

Reads and writes block the event loop for one chunk at a time: the disk is local and cached,
so handing every chunk to a thread would cost more than it saves.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path, PurePosixPath

from lakeproof.emulator import paths
from lakeproof.emulator.answer import Refused, not_found
from lakeproof.emulator.checksums import of_file
from lakeproof.emulator.faults import Faults


@dataclass(frozen=True)
class Node:
    """A file or a collection as it is on disk; `disk` is its real path, times are POSIX seconds."""

    path: PurePosixPath
    disk: Path
    is_collection: bool
    size: int
    modified_ns: int
    inode: int

    @property
    def modified(self) -> int:
        """Modification time, whole POSIX seconds."""
        return self.modified_ns // 1_000_000_000

    @property
    def etag(self) -> str:
        """A strong entity tag: changes with every replacement of the content."""
        return f'"{self.inode:x}-{self.size:x}-{self.modified_ns:x}"'


@dataclass(frozen=True)
class Previous:
    """What a path held before it was last overwritten; kept only while a fault serves it."""

    disk: Path
    digests: dict[str, bytes]


class Namespace:
    """Everything below `root/tree`; uploads are written aside and renamed when complete."""

    def __init__(self, root: Path, quota: int) -> None:
        self.faults = Faults()
        self.quota = quota
        self.tree = root / "tree"
        self.aside = root / "aside"
        self.tree.mkdir(parents=True, exist_ok=True)
        self.aside.mkdir(exist_ok=True)
        self.used = sum(f.stat().st_size for f in self.tree.rglob("*") if f.is_file())
        self.previous: dict[PurePosixPath, Previous] = {}
        self.ghosts: dict[PurePosixPath, Node] = {}
        self._digests: dict[tuple[int, int, int], dict[str, bytes]] = {}

    def locate(self, path: PurePosixPath) -> Path:
        """The place on disk of `path`; never outside the tree."""
        parts = paths.resolve(path).parts[1:]
        if self.faults.has("put-name-case-folded"):
            return self._any_case(parts)
        return self.tree.joinpath(*parts)

    def _any_case(self, parts: tuple[str, ...]) -> Path:
        """The place of a path on a disk that does not tell upper from lower case."""
        place = self.tree
        for part in parts:
            there = place.iterdir() if place.is_dir() else iter(())
            alike = [one for one in there if one.name.casefold() == part.casefold()]
            place = alike[0] if alike else place / part
        return place

    def find(self, path: PurePosixPath) -> Node | None:
        """What lies at `path`, or None."""
        disk = self.locate(path)
        try:
            facts = disk.stat()
        except (FileNotFoundError, NotADirectoryError):
            return None
        is_collection = disk.is_dir()
        size = 0 if is_collection else facts.st_size
        return Node(path, disk, is_collection, size, facts.st_mtime_ns, facts.st_ino)

    def get(self, path: PurePosixPath) -> Node:
        """What lies at `path`; raises Refused 404."""
        node = self.find(path)
        if node is None:
            raise not_found(path)
        return node

    def children(self, path: PurePosixPath) -> list[Node]:
        """The members of a collection, by name."""
        names = sorted(entry.name for entry in self.locate(path).iterdir())
        found = [self.find(path / name) for name in names]
        return [node for node in found if node is not None]

    def below(self, path: PurePosixPath) -> Iterator[Node]:
        """Everything below `path`, depth first."""
        for child in self.children(path):
            yield child
            if child.is_collection:
                yield from self.below(child.path)

    def aside_path(self) -> Path:
        """A fresh path on the same disk, outside the tree."""
        return self.aside / uuid.uuid4().hex

    def digests(self, node: Node, *algorithms: str) -> dict[str, bytes]:
        """Raw checksums of a file; computed once for each content."""
        known = self._digests.setdefault((node.inode, node.size, node.modified_ns), {})
        missing = [name for name in algorithms if name not in known]
        if missing:
            known.update(of_file(node.disk, missing))
        return {name: known[name] for name in algorithms}

    def remember_digests(self, path: PurePosixPath, values: dict[str, bytes]) -> None:
        """Keep the checksums that were computed while `path` was written."""
        node = self.find(path)
        if node is not None:
            self._digests[node.inode, node.size, node.modified_ns] = dict(values)

    def adopt(self, temporary: Path, path: PurePosixPath, *, exclusive: bool = False) -> None:
        """Make a complete file visible at `path` in one step.

        Raises FileExistsError when `exclusive` and something is there already, and Refused
        409 when the parent is missing or a file.
        """
        disk = self.locate(path)
        old = self.find(path)
        size = temporary.stat().st_size
        if old is not None and not exclusive:
            self._keep_previous(old)
        try:
            if exclusive:
                os.link(temporary, disk)
                temporary.unlink()
            else:
                temporary.replace(disk)
        except (FileNotFoundError, NotADirectoryError):
            raise Refused(HTTPStatus.CONFLICT, f"No such collection: {path.parent}") from None
        self.used += size - (old.size if old else 0)
        self.ghosts.pop(path, None)

    def make_collection(self, path: PurePosixPath, *, parents: bool) -> None:
        """Create a collection; raises Refused 405 for an existing one, 409 without a parent."""
        try:
            self.locate(path).mkdir(parents=parents)
        except FileExistsError:
            raise Refused(HTTPStatus.METHOD_NOT_ALLOWED, f"File exists: {path}") from None
        except (FileNotFoundError, NotADirectoryError):
            raise Refused(HTTPStatus.CONFLICT, f"No such collection: {path.parent}") from None

    def remove(self, node: Node) -> None:
        """Remove a file, or a collection with everything in it."""
        if node.is_collection:
            self.used -= sum(child.size for child in self.below(node.path))
            shutil.rmtree(node.disk)
        else:
            self.used -= node.size
            if self.faults.has("delete-still-listed"):
                self.ghosts[node.path] = node
            with contextlib.suppress(FileNotFoundError):
                node.disk.unlink()

    def move(self, node: Node, to: PurePosixPath) -> None:
        """Rename `node` to `to`, replacing a file or an existing tree there."""
        target = self.find(to)
        if target is not None:
            self.remove(target)
        try:
            node.disk.rename(self.locate(to))
        except (FileNotFoundError, NotADirectoryError):
            raise Refused(HTTPStatus.CONFLICT, f"No such collection: {to.parent}") from None

    def touch(self, path: PurePosixPath) -> None:
        """Give `path` the present as modification time."""
        os.utime(self.locate(path), ns=(time.time_ns(), time.time_ns()))

    def _keep_previous(self, old: Node) -> None:
        if old.is_collection or not self.faults.any("get-stale", "digest-stale"):
            return
        kept = self.aside_path()
        os.link(old.disk, kept)
        self.previous[old.path] = Previous(kept, self.digests(old, "adler32", "md5"))
