"""What changed between runs of one endpoint: pure functions over what a check said, run by run.

Outcomes are three kinds here: *good* (pass, fixed), *bad* (fail, nonstrict, known), and not judged.
Of the last, error and blocked are *broken*; unsupported and notrun are somebody's choice.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from lakeproof.verdict import Outcome

GOOD = frozenset({Outcome.PASS, Outcome.FIXED})
BAD = frozenset({Outcome.FAIL, Outcome.NONSTRICT, Outcome.KNOWN})
JUDGED = GOOD | BAD
BROKEN = frozenset({Outcome.ERROR, Outcome.BLOCKED})
# Good to bad and back and to bad again, within so many runs, is no news each time.
FLAKY_SWITCHES = 3
FLAKY_RUNS = 10


class Change(StrEnum):
    """What a run changed about one check of an endpoint."""

    REGRESSED = "regressed"
    FIXED = "fixed"
    NEW = "new"
    BROKEN = "broken"
    FLAKY = "flaky"


CHANGE_MEANING: dict[Change, str] = {
    Change.REGRESSED: "was as required when it was last judged, and is not any more",
    Change.FIXED: "was not as required, or could not be judged, and is as required now",
    Change.NEW: "judged here for the first time",
    Change.BROKEN: "was judged before, and cannot be judged any more (error or blocked)",
    Change.FLAKY: "two attempts disagreed, or it went to and fro in the last runs",
}


@dataclass(frozen=True)
class Spell:
    """A stretch of runs over which one check of one endpoint said the same.

    `first` and `last` are whatever the caller knows those runs by; `runs` is how many they were.
    """

    outcome: Outcome
    flaky: bool
    first: int
    first_at: datetime
    last: int
    last_at: datetime
    runs: int = 1

    def continues(self, other: Spell) -> bool:
        """Whether `other`, which came later, says the same."""
        return (self.outcome, self.flaky) == (other.outcome, other.flaky)

    def and_then(self, other: Spell) -> Spell:
        """Both as one, for a later one that continues this one."""
        return replace(self, last=other.last, last_at=other.last_at, runs=self.runs + other.runs)


def spells(observed: Iterable[Spell]) -> list[Spell]:
    """Single observations (or spells) of one check, oldest first, as the fewest spells."""
    found: list[Spell] = []
    for each in observed:
        if found and found[-1].continues(each):
            found[-1] = found[-1].and_then(each)
        else:
            found.append(each)
    return found


def change(history: Sequence[Spell]) -> Change | None:
    """What the first run of the last spell changed; None when that is nothing to tell.

    `history` is not empty and goes back as far as the endpoint's results do: a check without an
    earlier spell is new. That a known failure is no longer listed changes nothing here: the
    endpoint does what it did.
    """
    *before, now = history
    if now.outcome not in JUDGED:
        return Change.BROKEN if _broke(before, now) else None
    judged = [spell for spell in before if spell.outcome in JUDGED]
    if not judged:
        return Change.NEW
    if _flaky(history):
        return Change.FLAKY
    was_good, is_good = judged[-1].outcome in GOOD, now.outcome in GOOD
    if was_good != is_good:
        return Change.FIXED if is_good else Change.REGRESSED
    recovered = is_good and before[-1].outcome in BROKEN
    return Change.FIXED if recovered else None


def failing_since(history: Sequence[Spell]) -> datetime | None:
    """When the violations began that the last spell belongs to; None when it is none.

    Runs that did not judge in between end nothing.
    """
    if history[-1].outcome not in BAD:
        return None
    since = history[-1].first_at
    for spell in reversed(history):
        if spell.outcome in GOOD:
            break
        if spell.outcome in BAD:
            since = spell.first_at
    return since


def _broke(before: Sequence[Spell], now: Spell) -> bool:
    ever_judged = any(spell.outcome in JUDGED for spell in before)
    return now.outcome in BROKEN and ever_judged and before[-1].outcome not in BROKEN


def _flaky(history: Sequence[Spell]) -> bool:
    """Whether the last spell is flaky by itself and began so, or is one switch too many."""
    now, earlier = history[-1], history[-2]
    if now.flaky:
        return True
    switched = earlier.outcome not in JUDGED or (earlier.outcome in GOOD) != (now.outcome in GOOD)
    return switched and _switches(history) >= FLAKY_SWITCHES


def _switches(history: Sequence[Spell]) -> int:
    """How often it went from good to bad or back in the last FLAKY_RUNS runs."""
    recent = [spell.outcome in GOOD for spell in _recent(history) if spell.outcome in JUDGED]
    return sum(one != other for one, other in itertools.pairwise(recent))


def _recent(history: Sequence[Spell]) -> Iterator[Spell]:
    """The spells that reach into the FLAKY_RUNS runs that end with the last spell's first."""
    runs = 1
    yield history[-1]
    for spell in reversed(history[:-1]):
        if runs >= FLAKY_RUNS:
            return
        yield spell
        runs += spell.runs
