"""Who is to blame in the mesh: the fewest causes that explain which copies fail.

A copy has two ends, so a failing one accuses both, and the way between them. The whole mesh tells
them apart: a broken source has a red row, a broken destination a red column, and every other
explanation of that row needs one culprit for each of its cells.

The method, a greedy minimum explanation weighed by likelihood:

1. Every place (see `places`) is a hypothesis: "copies in here fail". Of the copies in it that no
   named suspect explains yet, `tried` were judged and `failed` failed. Its weight is how much
   likelier that is if the place is broken than if it is sound, as a logarithm. A copy between sound
   ends fails by NOISE, and one in a broken place succeeds as rarely, so the weight is
   `(failed - works) * ln((1 - NOISE) / NOISE)`: a place where most copies work is not broken, and
   one that is red throughout weighs more than a larger one that is half red. A pair is compared
   with what else its two ends do: where these fail now and then, so may the pair by chance.
2. From the weight goes the price of naming a place of that kind: the logarithm of how many there
   are (with 3540 pairs some fail twice by chance), and of how seldom a hint may be wrong
   (WRONG). So a pair needs more failures than an endpoint, and more in a larger mesh.
3. The heaviest place is named, what it explains is set aside, and so on until none is worth its
   price. Then each suspect is taken back once: where narrower ones explain more together, or the
   others explain it all, they stand.

Why not a count of red cells in rows and columns: with three bad sources of six, half of every
column is red, and all six destinations would be accused. Why not an exact search: five culprits of
60 sites are 10^14 combinations, and the greedy choice differs from it only where the evidence does
not decide either.

What was not judged (blocked, error, unsupported, not run) is no evidence: an end that is down makes
its copies unjudged, and accuses nobody. Where two places have the same weight (only one source was
ever tried with a destination), both are named: `alternatives`. All this is a hint with its
evidence, computed when it is shown. It is never an outcome and never stored.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import log

from lakeproof.mesh.places import RANK, Kind, Place, places_of
from lakeproof.mesh.seen import Copy

NOISE = 0.02
WRONG = 0.01
SAME = 1e-6
"""Weights that differ by less are the same."""


@dataclass(frozen=True)
class Suspect:
    """A suspected place and its evidence.

    Of the `tried` copies in it `failed` failed, with `partners` other ends. `elsewhere` is (failed,
    tried) of all other copies of the same ends. `said` is what most failures say, `times` how many.
    `explained`: failures that no suspect before it explains. `odds`: a power of ten, how much
    likelier what was seen is if this place is broken than if it is sound. `alternatives` explain
    the same copies as well.
    """

    place: Place
    failed: int
    tried: int
    explained: int
    partners: int
    elsewhere: tuple[int, int]
    odds: float
    said: str
    times: int
    alternatives: tuple[Place, ...] = ()


@dataclass(frozen=True)
class Findings:
    """The suspects, heaviest first; the failures that none explains; the ends without a judgement.

    `unjudged`: endpoints that took part in copies of which not one was judged.
    """

    suspects: tuple[Suspect, ...]
    unexplained: tuple[Copy, ...]
    unjudged: tuple[str, ...]
    tried: int
    failed: int


def find_suspects(copies: Iterable[Copy]) -> Findings:
    """The places that explain the failing ones of `copies`; several of one cell count each."""
    everything = list(copies)
    judged = [copy for copy in everything if copy.works is not None]
    mesh = _Mesh(judged)
    named = _refined(mesh, mesh.explain())
    left = set(range(len(judged)))
    suspects = []
    for number in named:
        suspects.append(mesh.suspect(number, left))
        left.difference_update(mesh.cells[number])
    heard = {end for copy in judged for end in (copy.source, copy.destination)}
    ends = {end for copy in everything for end in (copy.source, copy.destination)}
    return Findings(
        tuple(sorted(suspects, key=lambda suspect: -suspect.odds)),
        tuple(judged[at] for at in sorted(left) if not judged[at].works),
        tuple(sorted(ends - heard)),
        len(judged),
        sum(not copy.works for copy in judged),
    )


class _Mesh:
    """The judged copies, and which of them lie in which place; places go by their number."""

    def __init__(self, copies: Sequence[Copy]) -> None:
        self.copies = copies
        self.bad = [not copy.works for copy in copies]
        by_protocol = len({copy.protocol for copy in copies}) > 1
        self.numbers: dict[Place, int] = {}
        self.cells: list[list[int]] = []
        self.around: list[list[int]] = []
        for at, copy in enumerate(copies):
            mine = []
            for place in places_of(copy, by_protocol=by_protocol):
                number = self.numbers.setdefault(place, len(self.cells))
                if number == len(self.cells):
                    self.cells.append([])
                self.cells[number].append(at)
                mine.append(number)
            self.around.append(mine)
        self.places = list(self.numbers)
        kinds = Counter(place.kind for place in self.places)
        price = {kind: log(number) + log(1 / WRONG) for kind, number in kinds.items()}
        self.price = [price[place.kind] for place in self.places]

    def explain(self, kept: Sequence[int] = (), without: int | None = None) -> list[int]:
        """The places that explain what those that are `kept` do not, the heaviest first."""
        left = _Left(self)
        for number in kept:
            left.set_aside(number)
        named: list[int] = []
        while worth := [
            (left.worth(number), number) for number in left.accused() if number != without
        ]:
            best, number = min(worth, key=self._order)
            if best <= 0:
                break
            named.append(number)
            left.set_aside(number)
        return named

    def total(self, named: Sequence[int]) -> float:
        """What an explanation is worth: the weight that each place adds, less its price."""
        left, worth = _Left(self), 0.0
        for number in named:
            worth += left.worth(number)
            left.set_aside(number)
        return worth

    def suspect(self, number: int, left: set[int]) -> Suspect:
        """The place with its evidence; `left` is what no suspect before it explains."""
        place, cells = self.places[number], self.cells[number]
        mine = {at for at in cells if at in left}
        failing = [self.copies[at] for at in cells if self.bad[at]]
        beside = set(self._beside(place)) - set(cells)
        said = Counter(copy.said for copy in failing if copy.said).most_common(1)
        explained = sum(self.bad[at] for at in mine)
        return Suspect(
            place=place,
            failed=len(failing),
            tried=len(cells),
            explained=explained,
            partners=len({end for copy in failing for end in _ends(copy)} - set(place.names)),
            elsewhere=(sum(self.bad[at] for at in beside), len(beside)),
            odds=weight(explained, len(mine)) / log(10),
            said=said[0][0] if said else "",
            times=said[0][1] if said else 0,
            alternatives=tuple(self._alternatives(place, mine, left)),
        )

    def _alternatives(self, place: Place, mine: set[int], left: set[int]) -> Iterator[Place]:
        """Other causes of the very same copies; the same ends under a condition are none."""
        like = {(place.kind, place.names)}
        shared = set.intersection(*(set(self.around[at]) for at in mine))
        for other in sorted(shared, key=lambda number: _plainest(self.places[number])):
            kind, names, *_ = self.places[other]
            if (kind, names) in like:
                continue
            if {at for at in self.cells[other] if at in left} == mine:
                like.add((kind, names))
                yield self.places[other]

    def ends_of_pair(self, number: int) -> list[int]:
        """All copies of either end, as places; empty for what is no pair."""
        place = self.places[number]
        if place.kind not in (Kind.PAIR, Kind.BETWEEN):
            return []
        return [self.numbers[Place(Kind.ENDPOINT, (name,))] for name in place.names]

    def _beside(self, place: Place) -> Iterator[int]:
        for name in place.names:
            yield from self.cells[self.numbers[Place(Kind.ENDPOINT, (name,))]]

    def _order(self, worth: tuple[float, int]) -> tuple[int, tuple[object, ...]]:
        """Sort key: the heaviest first, and of equals what says least."""
        return -round(worth[0] / SAME), _plainest(self.places[worth[1]])


class _Left:
    """What no named place explains yet: of each place how many were tried and failed."""

    def __init__(self, mesh: _Mesh) -> None:
        self.mesh = mesh
        self.tried = [len(cells) for cells in mesh.cells]
        self.failed: Counter[int] = Counter()
        for at, bad in enumerate(mesh.bad):
            if bad:
                self.failed.update(mesh.around[at])
        self.gone: set[int] = set()

    def set_aside(self, number: int) -> None:
        """Take out what this place explains."""
        for at in self.mesh.cells[number]:
            if at not in self.gone:
                self.gone.add(at)
                for other in self.mesh.around[at]:
                    self.tried[other] -= 1
                    self.failed[other] -= self.mesh.bad[at]

    def accused(self) -> Iterator[int]:
        """The places in which most copies fail."""
        for number, failed in self.failed.items():
            if 2 * failed > self.tried[number]:
                yield number

    def worth(self, number: int) -> float:
        """The weight of what is left in it, less its price."""
        said = weight(self.failed[number], self.tried[number], self._usual(number))
        return said - self.mesh.price[number]

    def _usual(self, number: int) -> float:
        """How often copies fail by chance: of a pair, as often as other copies of its ends do."""
        ends = self.mesh.ends_of_pair(number)
        failed = sum(self.failed[end] - self.failed[number] for end in ends)
        tried = sum(self.tried[end] - self.tried[number] for end in ends)
        return min(max(failed / tried, NOISE), 1 - NOISE) if tried else NOISE


def weight(failed: int, tried: int, usual: float = NOISE) -> float:
    """How much likelier this is of a broken place than of one where the `usual` share fails.

    As a natural logarithm.
    """
    works = tried - failed
    return failed * log((1 - NOISE) / usual) + works * log(NOISE / (1 - usual))


def _refined(mesh: _Mesh, named: list[int]) -> list[int]:
    """`named` after each was taken back once, and what explains its copies better was tried."""
    for number in list(named):
        if number not in named:
            continue
        others = [each for each in named if each != number]
        again = [*others, *mesh.explain(others, without=number)]
        if mesh.total(again) > mesh.total(named) + SAME:
            named = again
    return named


def _plainest(place: Place) -> tuple[object, ...]:
    """Sort key: what says least comes first."""
    names = (place.names, place.direction or "", place.protocol or "")
    return (place.conditions, RANK[place.kind], *names)


def _ends(copy: Copy) -> tuple[str, str]:
    return copy.source, copy.destination
