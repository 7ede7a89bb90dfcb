"""Requests that come at the same time, for the faults that only a loaded element has."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Hashable
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from weakref import WeakKeyDictionary

FULL = 5
PATIENCE_S = 0.5


@dataclass
class Company:
    """The requests of one kind that wait for each other: their files, in order of arrival."""

    files: list[Path] = field(default_factory=list)
    full: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(frozen=True)
class Place:
    """A request among `FULL` of its kind: whether it came last, and the first one's file."""

    last: bool
    first_file: Path


class Crowd:
    """Who is there at the moment; used while a fault of the suite load is on only.

    `fought` are the paths that a crowd has wanted, `uploads` counts those that are under way.
    """

    def __init__(self) -> None:
        self.fought: set[PurePosixPath] = set()
        self.uploads = 0
        self._waiting: dict[Hashable, Company] = {}
        self._heads: WeakKeyDictionary[asyncio.Transport, Counter[str]] = WeakKeyDictionary()

    async def join(self, kind: Hashable, file: Path) -> Place | None:
        """Wait until `FULL` requests of this kind are there; None when they do not come."""
        company = self._waiting.setdefault(kind, Company())
        company.files.append(file)
        if len(company.files) == FULL:
            del self._waiting[kind]
            company.full.set()
            return Place(last=True, first_file=company.files[0])
        try:
            await asyncio.wait_for(company.full.wait(), PATIENCE_S)
        except TimeoutError:
            company.files.remove(file)
            return None
        return Place(last=False, first_file=company.files[0])

    def in_a_row(self, transport: asyncio.Transport, method: str) -> int:
        """How many requests of this method have come over a connection without another one."""
        count = self._heads.setdefault(transport, Counter())
        for other in set(count) - {method}:
            del count[other]
        count[method] += 1
        return count[method]
