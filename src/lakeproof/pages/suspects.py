"""Where to look first when copies go wrong: a guess from the whole mesh, never an outcome.

A copy that goes wrong accuses its source, its destination, their pair, and whatever all copies of
its direction share. What explains most is taken first, and what it explains accuses nobody else:

1. a direction, when nearly all of its copies go wrong and those of the other direction do not;
2. an end in one role (source or destination) and direction, when nearly all of its copies go wrong;
   the worst one first, again and again with what is left;
3. a pair, when at least three of the four copies between two ends go wrong that nothing else
   explains, and that would be chance in fewer than one of five such meshes.

What could not be judged accuses nobody.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from math import comb

from lakeproof.store.changes import BAD, JUDGED
from lakeproof.store.views import MeshCell

NEARLY_ALL = 0.75
FEW = 0.25
LEAST = 3
CHANCE = 0.2
DIRECTIONS = ("pull", "push")
ACTIVE = {("pull", "destination"), ("push", "source")}


@dataclass(frozen=True)
class Suspect:
    """Whom the mesh points at: one end with its roles, a pair, or (no names) a whole direction.

    `roles` are pairs of direction and role; `bad` of `judged` copies went wrong.
    """

    names: tuple[str, ...]
    roles: tuple[tuple[str, str], ...]
    bad: int
    judged: int

    @property
    def sentence(self) -> str:
        """What the page says."""
        share = f"{self.bad} of {self.judged} copies go wrong"
        if not self.names:
            (direction, _), *_ = self.roles
            return (
                f"{direction}: {share}, hardly any of the other direction: look at what all of "
                "them share, such as the token issuer or our own network."
            )
        if len(self.names) > 1:
            one, other = self.names
            return f"{one} and {other}: {share} between them, both work with others."
        roles = " and ".join(f"{role} of a {direction}" for direction, role in self.roles)
        active = " Each time it is the active party." if set(self.roles) <= ACTIVE else ""
        return f"{self.names[0]} as {roles}: {share}, most others do not. Look there first.{active}"


@dataclass(frozen=True)
class _Copy:
    source: str
    destination: str
    direction: str
    bad: bool

    def end(self, role: str) -> str:
        return self.source if role == "source" else self.destination


def suspects(cells: Iterable[MeshCell]) -> tuple[Suspect, ...]:
    """Whom these copies point at; what explains most comes first."""
    copies = [
        _Copy(cell.source, cell.destination, cell.direction, cell.latest.result.outcome in BAD)
        for cell in cells
        if cell.latest.result.outcome in JUDGED
    ]
    directions = _directions(copies)
    accused = {suspect.roles[0][0] for suspect in directions}
    left = [copy for copy in copies if copy.direction not in accused]
    ends, left = _ends(left)
    return (*directions, *ends, *_pairs(left))


def _directions(copies: Sequence[_Copy]) -> list[Suspect]:
    by = {direction: [c for c in copies if c.direction == direction] for direction in DIRECTIONS}
    found = []
    for direction, other in (DIRECTIONS, DIRECTIONS[::-1]):
        mine, theirs = by[direction], by[other]
        if _share(mine) >= NEARLY_ALL and len(theirs) >= LEAST and _share(theirs) <= FEW:
            found.append(Suspect((), ((direction, ""),), _bad(mine), len(mine)))
    return found


def _ends(copies: Sequence[_Copy]) -> tuple[list[Suspect], list[_Copy]]:
    """The accused ends, and the copies that they do not explain."""
    left = list(copies)
    taken: dict[str, list[tuple[str, str, list[_Copy]]]] = defaultdict(list)
    while True:
        groups: dict[tuple[str, str, str], list[_Copy]] = defaultdict(list)
        for copy in left:
            for role in ("source", "destination"):
                groups[copy.end(role), copy.direction, role].append(copy)
        accused = {key: each for key, each in groups.items() if _is_accused(each)}
        if not accused:
            break
        worst = max(accused, key=lambda key: (_share(accused[key]), _bad(accused[key]), key))
        name, direction, role = worst
        taken[name].append((direction, role, accused[worst]))
        left = [c for c in left if c.direction != direction or c.end(role) != name]
    found = []
    for name, parts in taken.items():
        mine = [copy for _, _, copies_ in parts for copy in copies_]
        roles = tuple(sorted((direction, role) for direction, role, _ in parts))
        found.append(Suspect((name,), roles, _bad(mine), len(mine)))
    return sorted(found, key=lambda suspect: (-suspect.bad, suspect.names)), left


def _pairs(copies: Sequence[_Copy]) -> list[Suspect]:
    between: dict[tuple[str, ...], list[_Copy]] = defaultdict(list)
    for copy in copies:
        between[tuple(sorted((copy.source, copy.destination)))].append(copy)
    background = _share(copies)
    return [
        Suspect(names, (), _bad(mine), len(mine))
        for names, mine in sorted(between.items())
        if _is_accused(mine)
        and len(between) * _by_chance(_bad(mine), len(mine), background) < CHANCE
    ]


def _by_chance(bad: int, judged: int, background: float) -> float:
    """How likely so many go wrong when each does with the probability `background`."""
    return sum(
        comb(judged, number) * background**number * (1 - background) ** (judged - number)
        for number in range(bad, judged + 1)
    )


def _is_accused(copies: Collection[_Copy]) -> bool:
    return _bad(copies) >= LEAST and _share(copies) >= NEARLY_ALL


def _bad(copies: Iterable[_Copy]) -> int:
    return sum(copy.bad for copy in copies)


def _share(copies: Collection[_Copy]) -> float:
    return _bad(copies) / len(copies) if copies else 0.0
