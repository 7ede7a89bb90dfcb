"""Profiles: named selections of checks, as data in `catalogue/profiles.yaml`."""

from __future__ import annotations

import difflib
import fnmatch
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from lakeproof.check import Check
from lakeproof.data import load
from lakeproof.readiness.needs import needs
from lakeproof.verdict import Level

LEVELS = {
    "must": {Level.MUST},
    "should": {Level.MUST, Level.SHOULD},
    "may": set(Level),
}


class UnknownProfileError(ValueError):
    """There is no profile of this name: names the nearest."""


@dataclass(frozen=True)
class Profile:
    """One selection; see the head of the file for what its parts mean."""

    name: str
    title: str
    says: str
    checks: tuple[str, ...]
    level: str = "may"
    options: tuple[str, ...] = ()
    requires: tuple[str, ...] = ()
    manual: tuple[str, ...] = ()

    def includes(self, check: Check) -> bool:
        """Whether `check` belongs to it."""
        named = any(fnmatch.fnmatchcase(check.id, glob) for glob in self.checks)
        return named and check.level in LEVELS[self.level]


@cache
def profiles() -> dict[str, Profile]:
    """Every profile by name, in the file's order."""
    return {
        name: Profile(
            name,
            entry["title"],
            entry["says"],
            tuple(entry["checks"]) if "checks" in entry else _elsewhere(entry["checks_of"]),
            entry.get("level", "may"),
            *(tuple(entry.get(part, ())) for part in ("options", "requires", "manual")),
        )
        for name, entry in load("profiles").items()
    }


def _elsewhere(file: str) -> tuple[str, ...]:
    """The globs that another file of the catalogue names; raises KeyError for one that has none."""
    return {"readiness": tuple(dict.fromkeys(needs().globs()))}[file]


def find(names: Iterable[str]) -> tuple[Profile, ...]:
    """The profiles of these names; raises UnknownProfileError."""
    return tuple(_find(name) for name in names)


def _find(name: str) -> Profile:
    known = profiles()
    if name in known:
        return known[name]
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    nearest = f"; did you mean {close[0]}?" if close else f"; there are {', '.join(known)}"
    raise UnknownProfileError(f"there is no profile {name}{nearest}")
