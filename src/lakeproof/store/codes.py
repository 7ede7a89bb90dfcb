"""The numbers that stand for outcomes, levels, severities and blames in the store.

They are on disk: a number is never given a second meaning, a new member takes the next one.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Generic, TypeVar

from sqlalchemy import Dialect, SmallInteger
from sqlalchemy.types import TypeDecorator

from lakeproof.verdict import Blame, Level, Outcome, Severity

E = TypeVar("E", bound=StrEnum)

OUTCOMES: Mapping[Outcome, int] = {
    Outcome.PASS: 0,
    Outcome.FAIL: 1,
    Outcome.NONSTRICT: 2,
    Outcome.KNOWN: 3,
    Outcome.FIXED: 4,
    Outcome.UNSUPPORTED: 5,
    Outcome.BLOCKED: 6,
    Outcome.ERROR: 7,
    Outcome.NOTRUN: 8,
}
LEVELS: Mapping[Level, int] = {Level.MUST: 0, Level.SHOULD: 1, Level.MAY: 2}
SEVERITIES: Mapping[Severity, int] = {
    Severity.CRITICAL: 0,
    Severity.HIGH: 1,
    Severity.MEDIUM: 2,
    Severity.LOW: 3,
}
BLAMES: Mapping[Blame, int] = {
    Blame.ENDPOINT: 0,
    Blame.PARTNER: 1,
    Blame.US: 2,
    Blame.NETWORK: 3,
    Blame.CREDENTIAL: 4,
}


class Coded(TypeDecorator[Any], Generic[E]):
    """A column of small numbers that Python sees as members of an enumeration."""

    impl = SmallInteger
    cache_ok = True

    def __init__(self, codes: Mapping[E, int]) -> None:
        super().__init__()
        self.codes = tuple(codes.items())  # part of SQLAlchemy's cache key, hence hashable
        self._number = dict(codes)
        self._member = {number: member for member, number in codes.items()}

    def process_bind_param(self, value: E | None, dialect: Dialect) -> int | None:
        """The number to write."""
        return None if value is None else self._number[value]

    def process_result_value(self, value: int | None, dialect: Dialect) -> E | None:
        """The member that was read."""
        return None if value is None else self._member[value]
