"""What a cache keeps: the blocks of files, and of which version of a file they are."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath

BLOCK = 65536


@dataclass
class Kept:
    """One file as far as it is kept: `blocks` are the numbers of those that `data` holds.

    `since` is when its first block came (monotonic seconds).
    """

    size: int
    tag: str
    data: bytearray
    blocks: set[int] = field(default_factory=set)
    since: float = field(default_factory=time.monotonic)

    @classmethod
    def nothing_of(cls, size: int, tag: str) -> Kept:
        """A file of which no block is kept yet."""
        return cls(size, tag, bytearray(size))

    @property
    def age_s(self) -> int:
        """For how many whole seconds it has been kept."""
        return int(time.monotonic() - self.since)

    @property
    def is_whole(self) -> bool:
        """Whether every block is kept."""
        return len(self.blocks) == -(-self.size // BLOCK)

    def missing(self, first: int, last: int) -> Iterator[tuple[int, int]]:
        """The bytes `first` … `last` of blocks that are not kept, in runs, both ends included."""
        wanted = [n for n in range(first // BLOCK, last // BLOCK + 1) if n not in self.blocks]
        while wanted:
            run = [wanted.pop(0)]
            while wanted and wanted[0] == run[-1] + 1:
                run.append(wanted.pop(0))
            yield run[0] * BLOCK, min((run[-1] + 1) * BLOCK, self.size) - 1

    def take(self, first: int, content: bytes) -> None:
        """Keep `content`, whole blocks from the byte `first` on."""
        self.data[first : first + len(content)] = content
        self.blocks |= {(first + at) // BLOCK for at in range(0, len(content), BLOCK)}


class Store:
    """Everything that one cache keeps, and what its faults remember beside it."""

    def __init__(self) -> None:
        self.files: dict[PurePosixPath, Kept] = {}
        self.locks: dict[PurePosixPath, asyncio.Lock] = defaultdict(asyncio.Lock)
        self.authorization = ""
        self.refused: set[PurePosixPath] = set()
        self.absent: set[PurePosixPath] = set()
        self.wanted: dict[PurePosixPath, tuple[int, int]] = {}
