"""Faults by name: the ways in which the emulated storage element can be broken."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from lakeproof.data import load


class UnknownFaultError(ValueError):
    """A fault was named that `catalogue/faults/` does not have."""


@dataclass(frozen=True)
class Fault:
    """One deviation: its name, what the broken server does, where it was seen."""

    name: str
    does: str
    seen_in: str


@cache
def catalogue() -> dict[str, Fault]:
    """Every fault of `catalogue/faults/`, by name."""
    return {
        name: Fault(name, entry["does"], entry.get("seen_in", ""))
        for name, entry in load("faults").items()
    }


class Faults:
    """The set of deviations an element currently has; empty means conformant."""

    def __init__(self, names: Iterable[str] = ()) -> None:
        self.names = frozenset(names)
        unknown = self.names - catalogue().keys()
        if unknown:
            raise UnknownFaultError(f"no such fault: {', '.join(sorted(unknown))}")

    def has(self, name: str) -> bool:
        """Whether the deviation `name` is switched on."""
        return name in self.names

    def any(self, *names: str) -> bool:
        """Whether at least one of `names` is switched on."""
        return not self.names.isdisjoint(names)
