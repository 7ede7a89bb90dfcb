"""Known failures: what an implementation is known to fail, with issue, reason and review date.

They apply to `lakeproof run` where the inventory names them. An entry never hides an error,
and an entry that has become wrong makes the run fail (outcome `fixed`).
"""

from __future__ import annotations

import fnmatch
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import yaml
from packaging.specifiers import SpecifierSet
from packaging.version import InvalidVersion, Version
from pydantic import BaseModel, ConfigDict, ValidationError, field_validator

from lakeproof.check import Registry
from lakeproof.matrix import OWN, table


class KnownFailuresError(Exception):
    """A known-failures file is wrong: names the file, the entry and what to change."""


class KnownFailure(BaseModel):
    """One entry: which check fails, on which versions, why, and where that is tracked.

    For a check that runs once a cell of the scope matrix, `cells` are the ids of those that fail.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    check: str
    issue: str
    reason: str
    review: date
    cells: tuple[str, ...] = ()
    versions: str = ""
    fixed_in: str | None = None
    # What fails in some runs, as two requests meet or do not: a pass says nothing then.
    sometimes: bool = False

    @field_validator("issue")
    @classmethod
    def _is_link(cls, value: str) -> str:
        if not value.startswith(("https://", "http://")):
            raise ValueError("the issue must be a link (https://…)")
        return value

    @field_validator("versions")
    @classmethod
    def _is_specifier(cls, value: str) -> str:
        SpecifierSet(value)
        return value

    def names(self, check_id: str) -> bool:
        """Whether the entry's id or wildcard is about this check id."""
        return fnmatch.fnmatchcase(check_id, self.check)

    def applies(self, check_id: str, version: str | None) -> bool:
        """Whether this entry is about that check on that observed version.

        An entry with a version condition does not apply while the version is unknown.
        """
        if not self.names(check_id):
            return False
        if not self.versions:
            return True
        try:
            return version is not None and Version(version) in SpecifierSet(self.versions)
        except InvalidVersion:
            return False


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    implementation: str
    entries: list[KnownFailure]
    passes: list[str] = []


@dataclass(frozen=True)
class KnownFailures:
    """The entries of one implementation, checked against the registry of checks.

    `passes` are checks that pass here although another file, named beside this one, lists them.
    """

    implementation: str
    entries: tuple[KnownFailure, ...]
    passes: frozenset[str] = frozenset()

    def find(
        self, check_id: str, version: str | None, *was: str, cell: str | None = None
    ) -> KnownFailure | None:
        """The entry that covers this check, or an earlier id of it, on this version; or None."""
        ids = (check_id, *was)
        about = [e for e in self.entries if (cell in e.cells if cell else not e.cells)]
        return next((e for e in about for name in ids if e.applies(name, version)), None)


def load(path: Path, registry: Registry) -> KnownFailures:
    """Read one file; raises KnownFailuresError for an unknown check, a duplicate, a wide wildcard.

    `registry` holds every check that exists, whether or not it is selected for this run.
    """
    try:
        parsed = _File.model_validate(yaml.safe_load(path.read_text("utf-8")))
    except OSError as error:
        raise KnownFailuresError(f"{path}: cannot be read: {error.strerror}") from None
    except yaml.YAMLError as error:
        raise KnownFailuresError(f"{path}: not valid YAML: {error}") from None
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(str(part) for part in problem['loc'])}: {problem['msg']}"
            for problem in error.errors()
        )
        raise KnownFailuresError(f"{path}: {problems}") from None
    seen: set[tuple[str, str, str]] = set()
    for entry in parsed.entries:
        _verify(path, entry, registry)
        keys = {(entry.check, entry.versions, cell) for cell in entry.cells or ("",)}
        if keys & seen:
            raise KnownFailuresError(f"{path}: {entry.check} is listed twice; remove one entry")
        seen |= keys
    names = {check.id for check in registry}
    for strange in sorted(set(parsed.passes) - names):
        raise KnownFailuresError(f"{path}: passes: there is no check {strange}")
    return KnownFailures(parsed.implementation, tuple(parsed.entries), frozenset(parsed.passes))


def _verify(path: Path, entry: KnownFailure, registry: Registry) -> None:
    if set("*?[") & set(entry.check.partition(".")[0]):
        raise KnownFailuresError(
            f"{path}: {entry.check} spans more than one suite; write <suite>.… before the wildcard"
        )
    named = {check.id for check in registry if any(map(entry.names, (check.id, *check.was)))}
    own = {cell.id for name in named for cell in table().of(name) if name.startswith(OWN)}
    strange = sorted(set(entry.cells) - own)
    if strange:
        raise KnownFailuresError(f"{path}: {entry.check} has no cells {', '.join(strange)}")
    if own and not entry.cells:
        raise KnownFailuresError(
            f"{path}: {entry.check} needs `cells:`, the list of those that fail"
        )
    if not named:
        raise KnownFailuresError(
            f"{path}: no check is called {entry.check}; `lakeproof checks list` has the names"
        )
