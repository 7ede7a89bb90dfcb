"""Reads off a run's results what of Rucio's needs an endpoint meets."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from lakeproof.readiness.needs import Attribute, Domain, Globs, Implementation, Item, matches, needs
from lakeproof.readiness.place import Place
from lakeproof.results import Result
from lakeproof.verdict import Outcome

PASSED = (Outcome.PASS, Outcome.FIXED)
ROOT_SCHEME = "root"
VIOLATED = (Outcome.FAIL, Outcome.NONSTRICT, Outcome.KNOWN)
NONE = "none"
UNSELECTED = "None of its checks was run."
UNKNOWN = {
    "scope_root": 'what a token\'s path "/" means is not known',
    "checksums": "which checksums are right is not known",
}
INCOMPLETE = "Not all of the checks that it takes were run."


class Standing(StrEnum):
    """How it is with one need."""

    MET = "met"
    UNMET = "not met"
    OPEN = "not looked at"


@dataclass(frozen=True)
class Finding:
    """One item: its standing, which checks passed, what speaks against it, what was not judged.

    `reason` is why, in the words of the checks that could not be tried.
    """

    item: Item
    standing: Standing
    passed: tuple[Result, ...]
    against: tuple[Result, ...]
    unjudged: int
    reason: str


@dataclass(frozen=True)
class Fitness:
    """One of Rucio's implementations: whether it works, what keeps it, what is not known of it."""

    implementation: Implementation
    standing: Standing
    against: tuple[Result, ...]
    unknown: tuple[str, ...]

    def loss(self, check: str) -> str:
        """What the implementation does where `check` is violated."""
        return self.implementation.needs[check]


@dataclass(frozen=True)
class Setting:
    """An attribute to set."""

    attribute: Attribute
    value: str


class Ready:
    """How ready one endpoint is, from its rows and those of which it was the partner."""

    def __init__(self, place: Place, rows: Sequence[Result], as_partner: Sequence[Result]) -> None:
        self.place = place
        self.rows = rows
        self._as_partner = as_partner

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        """Every item, in order."""
        return tuple(self._finding(item) for item in needs().items)

    @cached_property
    def fitness(self) -> tuple[Fitness, ...]:
        """Every implementation, the first that works is the one to take."""
        return tuple(self._fitness(each) for each in needs().implementations)

    @property
    def chosen(self) -> Fitness | None:
        """The implementation to take at this door, None where none is known to work.

        One for root:// comes beside it: domains, attributes and copies are read off this door.
        """
        here = [each for each in self.fitness if each.implementation.scheme != ROOT_SCHEME]
        return next((each for each in here if each.standing is Standing.MET), None)

    @cached_property
    def domains(self) -> dict[str, Standing]:
        """What Rucio may use the endpoint for."""
        return {domain.name: self._domain(domain) for domain in needs().domains}

    @cached_property
    def checksums(self) -> str | None:
        """`adler32,md5` as far as they are right, `none`, or None where that is not known."""
        seen = {name: self._standing((check,)) for name, check in needs().checksums.items()}
        right = [name for name, standing in seen.items() if standing is Standing.MET]
        absent = [
            name
            for name, check in needs().checksums.items()
            if seen[name] is Standing.UNMET or self._is_absent((check,))
        ]
        if right:
            return ",".join(right)
        return NONE if len(absent) == len(seen) else None

    @property
    def facts(self) -> dict[str, str]:
        """What is known besides, by the names of the catalogue."""
        root = self.place.scope_root
        said = {
            "site": self.place.known_site,
            "scope_root": root,
            "base_path": root if root != "/" else None,  # Rucio takes it off as text
            "checksums": self.checksums,
        }
        return {name: value for name, value in said.items() if value is not None}

    @cached_property
    def settings(self) -> tuple[Setting, ...]:
        """The attributes that what was seen supports."""
        scheme = self.chosen.implementation.scheme if self.chosen else ""
        return tuple(
            Setting(each, each.value.format(**self.facts))
            for each in needs().attributes
            if self._supported(each, scheme)
        )

    @property
    def undecided(self) -> tuple[Attribute, ...]:
        """The attributes of which it was not seen whether they are to be set."""
        return tuple(
            each
            for each in needs().attributes
            if any(self._standing((check,)) is Standing.OPEN for check in each.passed)
        )

    def finding(self, item: str) -> Finding:
        """That of one item, such as R8."""
        return next(each for each in self.findings if each.item.id == item)

    @property
    def obstacles(self) -> tuple[Result, ...]:
        """What has to change before Rucio can use the endpoint, or copy from and to it."""
        against = () if self.chosen else self.fitness[0].against
        copies: list[Result] = []
        for domain in needs().domains:
            if domain.any and self.domains[domain.name] is Standing.UNMET:
                copies += self._of(domain.any, *VIOLATED)
        return tuple({id(row): row for row in (*against, *copies)}.values())

    def _of(self, globs: Globs, *outcomes: Outcome) -> list[Result]:
        return [row for row in self.rows if row.outcome in outcomes and matches(row.check, globs)]

    def _is_absent(self, globs: Globs) -> bool:
        return bool(self._of(globs, Outcome.UNSUPPORTED)) and not self._of(globs, *PASSED)

    def _standing(self, globs: Globs) -> Standing:
        if self._of(globs, *VIOLATED):
            return Standing.UNMET
        return Standing.MET if self._of(globs, *PASSED) else Standing.OPEN

    def _finding(self, item: Item) -> Finding:
        passed = self._of(item.globs, *PASSED)
        against = self._against(item)
        missing = [fact for fact in item.facts if fact not in self.facts]
        if against or any(self.facts.get(fact) == NONE for fact in item.facts):
            standing = Standing.UNMET
        elif missing or not self._is_seen(item):
            standing = Standing.OPEN
        else:
            standing = Standing.MET
        unjudged = [row for row in self._unjudged(item) if row not in against]
        reason = self._reason(item, unjudged, INCOMPLETE if passed else UNSELECTED)
        return Finding(item, standing, tuple(passed), tuple(against), len(unjudged), reason)

    def _against(self, item: Item) -> list[Result]:
        wrong = (*VIOLATED, Outcome.UNSUPPORTED) if item.must_offer else VIOLATED
        found = self._of(item.checks, *wrong)
        each = [self._of(globs, *wrong) for globs in item.alternatives]
        if each and all(each):
            found += [row for rows in each for row in rows]
        return found

    def _is_seen(self, item: Item) -> bool:
        if not item.alternatives:
            core = item.core or (item.checks,)
            return all(self._of(_globs(each), *PASSED) for each in core)
        return any(self._standing(globs) is Standing.MET for globs in item.alternatives)

    def _unjudged(self, item: Item) -> list[Result]:
        tried = (*PASSED, *VIOLATED)
        return [r for r in self.rows if r.outcome not in tried and matches(r.check, item.globs)]

    def _reason(self, item: Item, unjudged: Sequence[Result], otherwise: str) -> str:
        """Why not all of an item was looked at."""
        said = dict.fromkeys(row.actual for row in unjudged if row.actual)
        unknown = [UNKNOWN[fact] for fact in item.facts if fact not in self.facts]
        missing = "; ".join((*said, *unknown))
        return missing or (item.open if not item.checks else "") or otherwise

    def _fitness(self, implementation: Implementation) -> Fitness:
        against = self._of(tuple(implementation.needs), *VIOLATED)
        unknown = tuple(
            check for check in implementation.needs if self._standing((check,)) is Standing.OPEN
        )
        known = Standing.OPEN if unknown or implementation.open else Standing.MET
        standing = Standing.UNMET if against else known
        return Fitness(implementation, standing, tuple(against), unknown)

    def _domain(self, domain: Domain) -> Standing:
        if domain.all:
            seen = {self._standing((glob,)) for glob in domain.all}
            worst = (Standing.UNMET, Standing.OPEN, Standing.MET)
            return next(each for each in worst if each in seen)
        others = [r for r in self._as_partner if matches(r.check, domain.partner)]
        if self._of(domain.any, *PASSED) or any(row.outcome in PASSED for row in others):
            return Standing.MET
        return Standing.UNMET if self._of(domain.any, *VIOLATED) else Standing.OPEN

    def _supported(self, attribute: Attribute, scheme: str) -> bool:
        return (
            attribute.scheme in ("", scheme)
            and all(fact in self.facts for fact in attribute.facts)
            and all(self._standing((each,)) is Standing.MET for each in attribute.passed)
            and (not attribute.violated or bool(self._of(attribute.violated, *VIOLATED)))
            and attribute.unmet in ("", *self._unmet)
            and attribute.checksums in ("", self.checksums)
        )

    @cached_property
    def _unmet(self) -> list[str]:
        return [each.item.id for each in self.findings if each.standing is Standing.UNMET]


def _globs(each: str | Globs) -> Globs:
    return (each,) if isinstance(each, str) else each


def judge(places: Iterable[Place], results: Sequence[Result]) -> list[Ready]:
    """How ready each of `places` is that has results."""
    found = []
    for place in places:
        rows = [row for row in results if row.endpoint == place.name]
        if rows:
            partner = [row for row in results if row.partner == place.name]
            found.append(Ready(place, rows, partner))
    return found


def pairs(ready: Sequence[Ready]) -> list[tuple[Ready, Ready]]:
    """Source and destination of each pair of these endpoints between which a file was copied."""
    domain = next(each for each in needs().domains if each.name == "third_party_copy_write")
    by_name = {each.place.name: each for each in ready}
    found: dict[tuple[str, str], tuple[Ready, Ready]] = {}
    for active in ready:
        for row in active.rows:
            passive = by_name.get(row.partner or "")
            if passive is None or row.outcome not in PASSED:
                continue
            if matches(row.check, domain.any):
                found[passive.place.name, active.place.name] = (passive, active)
            elif matches(row.check, domain.partner):
                found[active.place.name, passive.place.name] = (active, passive)
    return list(found.values())
