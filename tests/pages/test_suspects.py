"""Whom a mesh points at: small ones by hand, and simulated ones of 60 sites with noise."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Literal

import pytest

from lakeproof.pages.suspects import Suspect, suspects
from lakeproof.store.views import Latest, MeshCell
from lakeproof.verdict import Outcome
from tests.unit.core.samples import SAMPLE

NOW = datetime(2026, 11, 24, tzinfo=UTC)
DIRECTIONS: tuple[Literal["pull", "push"], ...] = ("pull", "push")
SITES = 60
NOISE = 0.02
SEEDS = range(6)
Judge = Callable[[str, str, str], Outcome]
LATEST = {
    outcome: Latest(replace(SAMPLE, outcome=outcome), NOW, None, None, in_last_run=True)
    for outcome in Outcome
}


def _mesh(names: Iterable[str], judge: Judge) -> list[MeshCell]:
    every = list(names)
    return [
        MeshCell(
            source,
            destination,
            direction,
            destination if direction == "pull" else source,
            LATEST[judge(source, destination, direction)],
        )
        for source in every
        for destination in every
        for direction in DIRECTIONS
        if source != destination
    ]


def _verdict(bad: bool) -> Outcome:
    return Outcome.FAIL if bad else Outcome.PASS


def _named(found: Iterable[Suspect]) -> set[tuple[tuple[str, ...], tuple[tuple[str, str], ...]]]:
    return {(each.names, each.roles) for each in found}


def test_sound_mesh_accuses_nobody() -> None:
    assert suspects(_mesh("ABCDE", lambda *_: Outcome.PASS)) == ()


@pytest.mark.parametrize("outcome", [Outcome.BLOCKED, Outcome.ERROR, Outcome.NOTRUN])
def test_what_was_not_judged_accuses_nobody(outcome: Outcome) -> None:
    assert (
        suspects(_mesh("ABCDE", lambda source, *_: outcome if source == "A" else Outcome.PASS))
        == ()
    )


def test_source_of_pushes() -> None:
    (found,) = suspects(_mesh("ABCDE", lambda s, _, way: _verdict(s == "A" and way == "push")))

    assert (found.names, found.roles) == (("A",), (("push", "source"),))
    assert (found.bad, found.judged) == (4, 4)
    assert "Each time it is the active party." in found.sentence


def test_destination_in_both_directions_is_one_suspect() -> None:
    (found,) = suspects(_mesh("ABCDE", lambda _, d, __: _verdict(d == "A")))

    assert found.roles == (("pull", "destination"), ("push", "destination"))
    assert "active party" not in found.sentence


def test_direction_is_accused_instead_of_everybody() -> None:
    (found,) = suspects(_mesh("ABCDE", lambda *pair: _verdict(pair[2] == "push")))

    assert (found.names, found.roles) == ((), (("push", ""),))
    assert found.sentence.startswith("push: 20 of 20 copies go wrong")


def test_pair_that_works_with_others() -> None:
    (found,) = suspects(_mesh("ABCDE", lambda s, d, _: _verdict({s, d} == {"A", "B"})))

    assert (found.names, found.bad) == (("A", "B"), 4)
    assert "both work with others" in found.sentence


def test_mesh_of_two_is_too_small_to_accuse_one_end() -> None:
    assert {s.names for s in suspects(_mesh("AB", lambda *_: Outcome.FAIL))} <= {("A", "B")}


@dataclass(frozen=True)
class _Culprit:
    """Breaks every copy of an end in one role and direction, or of a pair."""

    names: tuple[str, ...]
    roles: tuple[tuple[str, str], ...]

    def breaks(self, source: str, destination: str, direction: str) -> bool:
        if len(self.names) > 1:
            return {source, destination} == set(self.names)
        return any(
            direction == way and (source if role == "source" else destination) == self.names[0]
            for way, role in self.roles
        )


def _culprits(chance: random.Random, names: list[str]) -> list[_Culprit]:
    """One to five, each of its own sites, of every kind."""
    free = chance.sample(names, len(names))
    roles = [(way, role) for way in DIRECTIONS for role in ("source", "destination")]
    found = []
    for _ in range(chance.randint(1, 5)):
        if chance.random() < 0.25:
            found.append(_Culprit(tuple(sorted((free.pop(), free.pop()))), ()))
        else:
            mine = tuple(sorted(chance.sample(roles, chance.choice((1, 1, 2)))))
            found.append(_Culprit((free.pop(),), mine))
    return found


@pytest.mark.parametrize("seed", SEEDS)
def test_culprits_are_found_among_sixty_sites_with_noise(seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311  a simulation
    names = [f"S{number:02}" for number in range(SITES)]
    culprits = _culprits(chance, names)

    def judge(source: str, destination: str, direction: str) -> Outcome:
        bad = any(each.breaks(source, destination, direction) for each in culprits)
        return _verdict(bad != (chance.random() < NOISE))

    found = _named(suspects(_mesh(names, judge)))

    assert found == {(each.names, each.roles) for each in culprits}
