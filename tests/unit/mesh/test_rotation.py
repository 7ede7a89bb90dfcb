"""The rotation plays every ordered pair, in the runs it promises, and overloads nobody."""

from __future__ import annotations

from collections import Counter
from itertools import permutations

import pytest

from lakeproof.mesh.rotation import Match, Rotation


def _names(number: int) -> tuple[str, ...]:
    return tuple(f"SE-{each}" for each in range(number))


@pytest.mark.parametrize(
    ("sites", "at_once", "per_run", "runs"),
    [
        # legs: 2(N-1), or 2N for an odd N; runs: legs / (at once x per run), rounded up
        (10, 1, 1, 18),
        (10, 1, 4, 5),
        (10, 2, 4, 3),
        (11, 1, 4, 6),
        (60, 1, 4, 30),
        (60, 2, 4, 15),
        (60, 4, 8, 4),
        (200, 1, 4, 100),
        (200, 2, 10, 20),
        (200, 4, 24, 5),
    ],
)
def test_every_ordered_pair_is_played_once(
    sites: int, at_once: int, per_run: int, runs: int
) -> None:
    rotation = Rotation(_names(sites), at_once, per_run)

    played: Counter[Match] = Counter()
    for number in range(7, 7 + runs):  # from any turn on
        slots = rotation.turn(number)
        assert len(slots) <= per_run
        for slot in slots:
            busy = Counter(name for match in slot for name in match)
            assert max(busy.values()) <= at_once
            played.update(slot)

    assert rotation.runs == runs
    assert rotation.pairs == sites * (sites - 1)
    assert played == Counter(Match(a, b) for a, b in permutations(rotation.names, 2))


@pytest.mark.parametrize("sites", [2, 3, 4, 5, 7])
def test_small_meshes_are_whole_too(sites: int) -> None:
    rotation = Rotation(_names(sites), at_once=3, per_run=100)

    (slots,) = [rotation.turn(0)]

    assert sorted(match for slot in slots for match in slot) == sorted(
        permutations(rotation.names, 2)
    )


@pytest.mark.parametrize("names", [(), ("A",)])
def test_without_a_pair_there_is_no_turn(names: tuple[str, ...]) -> None:
    rotation = Rotation(names)

    assert (rotation.runs, rotation.turn(0), rotation.turn(5)) == (0, (), ())


def test_turns_are_the_same_whoever_asks() -> None:
    one, other = (Rotation(_names(9)) for _ in range(2))

    assert [one.turn(at) for at in range(9)] == [other.turn(at) for at in range(9)]
    assert one.turn(2) == one.turn(2 + one.runs)


@pytest.mark.parametrize(
    ("names", "at_once", "per_run"), [(("A", "A"), 1, 1), (("A", "B"), 0, 1), (("A", "B"), 1, -1)]
)
def test_nonsense_is_refused(names: tuple[str, ...], at_once: int, per_run: int) -> None:
    with pytest.raises(ValueError, match=r"twice|at least one pair"):
        Rotation(names, at_once, per_run)
