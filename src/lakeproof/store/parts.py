"""Long lists of numbers by parts that fit into one statement's parameters."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

T = TypeVar("T")
AT_ONCE = 5_000
"""SQLite takes 32,766 parameters a statement, PostgreSQL 65,535; a key has up to three."""


def parts(things: Sequence[T]) -> Iterator[Sequence[T]]:
    """`things` in order, at most AT_ONCE at a time."""
    for start in range(0, len(things), AT_ONCE):
        yield things[start : start + AT_ONCE]
