"""Whose turn it is: every ordered pair of endpoints, some in each run, nobody in too many at once.

A round-robin tournament. With an even number N of endpoints the circle method makes N - 1 rounds,
in each of which every endpoint meets exactly one other; with an odd number there are N rounds and
one endpoint rests in each. Every round is played twice, so that each endpoint is once the one that
makes the copies (`active`) and once the other: a leg. So there are 2 * (N - 1) legs, or 2 * N, and
in a leg every endpoint is in one pair at most.

Legs of which `at_once` go together are a slot: in a slot no endpoint is in more than `at_once`
pairs, and slots come one after the other. A run plays `per_run` slots, and the next run goes on
where this one ended. So after `runs` runs in a row every ordered pair was played once:
ceil(legs / (at_once * per_run)), from whichever turn one counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import ceil
from typing import NamedTuple


class Match(NamedTuple):
    """One ordered pair: `active` makes the copies, a pull from `passive` and a push to it."""

    active: str
    passive: str


Slot = tuple[Match, ...]


@dataclass(frozen=True)
class Rotation:
    """All ordered pairs of `names`, in turns.

    Without slots (`per_run` 0) nobody has a turn. Raises ValueError for a name that is there twice,
    and for numbers that make no sense.
    """

    names: tuple[str, ...]
    at_once: int = 1
    per_run: int = 4

    def __post_init__(self) -> None:
        if len(set(self.names)) != len(self.names):
            raise ValueError("an endpoint is named twice")
        if self.at_once < 1 or self.per_run < 0:
            raise ValueError("expected at least one pair at once, and no negative slots a run")

    @property
    def runs(self) -> int:
        """After how many runs in a row every ordered pair was played; 0: nothing is played."""
        if self.per_run == 0:
            return 0
        return ceil(len(self.slots) / self.per_run)

    @property
    def pairs(self) -> int:
        """How many ordered pairs there are."""
        return len(self.names) * (len(self.names) - 1)

    @cached_property
    def slots(self) -> tuple[Slot, ...]:
        """All slots of the rotation, in order."""
        legs = list(_legs(self.names))
        return tuple(
            tuple(match for leg in legs[at : at + self.at_once] for match in leg)
            for at in range(0, len(legs), self.at_once)
        )

    def turn(self, number: int) -> tuple[Slot, ...]:
        """The slots of run `number`, counted from 0 and on and on."""
        if self.runs == 0:
            return ()
        at = number % self.runs * self.per_run
        return self.slots[at : at + self.per_run]


def _legs(names: Sequence[str]) -> list[Slot]:
    """First all rounds one way, then all the other way round: a pair waits half a rotation."""
    rounds = _rounds(names) if len(names) > 1 else []
    return [*rounds, *(tuple(Match(b, a) for a, b in each) for each in rounds)]


def _rounds(names: Sequence[str]) -> list[Slot]:
    """The circle method: one stays, the others move on by one seat."""
    seats: list[str | None] = [*names, *([None] * (len(names) % 2))]
    half, rounds = len(seats) // 2, []
    for number in range(len(seats) - 1):
        met = zip(seats[:half], reversed(seats[half:]), strict=True)
        pairs = [(a, b) for a, b in met if a is not None and b is not None]
        # Alternating who is active keeps one leg from being all of the first endpoint's.
        rounds.append(tuple(Match(b, a) if number % 2 else Match(a, b) for a, b in pairs))
        seats = [seats[0], seats[-1], *seats[1:-1]]
    return rounds
