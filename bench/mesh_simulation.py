"""Simulated meshes with known culprits, and how well `lakeproof mesh` finds them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from random import Random

import click

from lakeproof.mesh.places import Kind, Place, places_of
from lakeproof.mesh.seen import DIRECTIONS, Copy, Direction
from lakeproof.mesh.suspects import Findings, find_suspects

WEAK = 0.15
PROTOCOLS = ("https", "root")


@dataclass(frozen=True)
class Setting:
    """One kind of mesh; `noise`, `missing` are shares of cells, `hit` of a culprit's cells fail.

    `rounds`: how often every cell was tried. `unhealthy`: ends of which nothing is judged.
    `weak`: innocent ends, as which WEAK of all copies fail, so that noise is no longer even.
    """

    name: str
    sites: int = 60
    culprits: int = 5
    kinds: tuple[Kind, ...] = (Kind.SOURCE, Kind.DESTINATION)
    noise: float = 0.02
    hit: float = 0.98
    missing: float = 0.0
    unhealthy: int = 0
    weak: int = 0
    rounds: int = 1
    protocols: int = 1


ENDS = (Kind.SOURCE, Kind.DESTINATION)
WHOLE = (*ENDS, Kind.ENDPOINT, Kind.ACTIVE, Kind.PASSIVE)
SETTINGS = (
    Setting("no culprit", culprits=0),
    Setting("one role", culprits=1),
    Setting("roles"),
    Setting("roles, 5 % noise", noise=0.05),
    Setting("roles, 6 ends lose 15 % of copies", weak=6),
    Setting("roles that fail 7 times of 10", hit=0.7),
    Setting("roles, 40 % of cells missing", missing=0.4),
    Setting("roles, 90 % of cells missing", missing=0.9),
    Setting("roles, 6 unhealthy ends", unhealthy=6),
    Setting("roles, 30 % missing, 6 unhealthy", missing=0.3, unhealthy=6),
    Setting("roles or the whole end", kinds=WHOLE),
    Setting("direction of a role", kinds=(Kind.SOURCE, Kind.DESTINATION, Kind.EVERYTHING)),
    Setting("protocol of a role, two protocols", protocols=2),
    Setting("both ways between two ends", kinds=(Kind.BETWEEN,)),
    Setting("pairs, tried once", kinds=(Kind.PAIR,)),
    Setting("pairs, tried twice", kinds=(Kind.PAIR,), rounds=2),
    Setting("pairs, tried 3 times", kinds=(Kind.PAIR,), rounds=3),
    Setting("all sorts, tried 3 times", kinds=(*WHOLE, Kind.BETWEEN, Kind.PAIR), rounds=3),
    Setting("roles, 6 sites, 2 culprits", sites=6, culprits=2),
    Setting("roles, 10 sites, 3 culprits", sites=10, culprits=3),
)


def culprits_of(setting: Setting, chance: Random) -> list[Place]:
    """Different ends (or pairs) each in a role; narrowed where the setting is about that."""
    names = sites(setting)
    chosen: list[Place] = []
    free = chance.sample(names, len(names))
    for _ in range(setting.culprits):
        kind = chance.choice(setting.kinds)
        end = free.pop()
        direction: Direction | None = None
        if Kind.EVERYTHING in setting.kinds:
            kind = chance.choice(ENDS)
            direction = chance.choice(DIRECTIONS)
        protocol = chance.choice(PROTOCOLS) if setting.protocols > 1 else None
        ends: tuple[str, ...] = (end,)
        if kind in (Kind.PAIR, Kind.BETWEEN):
            ends = (end, free.pop())
            ends = (min(ends), max(ends)) if kind is Kind.BETWEEN else ends
        chosen.append(Place(kind, ends, direction, protocol))
    return chosen


def sites(setting: Setting) -> list[str]:
    """The names of the ends."""
    return [f"SE-{number:03}" for number in range(setting.sites)]


def mesh(setting: Setting, culprits: Sequence[Place], chance: Random) -> Iterator[Copy]:
    """Every cell as often as there are rounds; what touches an unhealthy end is not judged."""
    names, guilty = sites(setting), set(culprits)
    innocent = [name for name in names if not any(name in place.names for place in culprits)]
    silent = set(chance.sample(innocent, setting.unhealthy))
    weak = set(chance.sample(innocent, setting.weak))
    for _ in range(setting.rounds):
        for cell in _cells(names, setting):
            if chance.random() < setting.missing:
                continue
            works: bool | None = None
            if not silent & {cell.source, cell.destination}:
                broken = bool(guilty & set(places_of(cell, by_protocol=True)))
                usual = WEAK if weak & {cell.source, cell.destination} else setting.noise
                works = chance.random() >= (setting.hit if broken else usual)
            yield Copy(cell.source, cell.destination, cell.direction, works, cell.protocol)


def _cells(names: Sequence[str], setting: Setting) -> Iterator[Copy]:
    for source in names:
        for destination in names:
            if source == destination:
                continue
            for direction in DIRECTIONS:
                for protocol in PROTOCOLS[: setting.protocols]:
                    yield Copy(source, destination, direction, None, protocol)


@dataclass(frozen=True)
class Score:
    """Culprits that were named exactly, of all; names that were right, of all that were named.

    `innocent`: names without any end that is a culprit, whatever is said of it.
    """

    found: int
    culprits: int
    named: int
    innocent: int

    @property
    def precision(self) -> float:
        """The share of names that are right; 1 where nobody was named."""
        return self.found / self.named if self.named else 1.0

    @property
    def recall(self) -> float:
        """The share of culprits that are named; 1 where there is none."""
        return self.found / self.culprits if self.culprits else 1.0


def score(culprits: Iterable[Place], findings: Findings) -> Score:
    """Right is only the very place: end, role, direction and protocol."""
    guilty = set(culprits)
    named = {suspect.place for suspect in findings.suspects}
    ends = {name for place in guilty for name in place.names}
    strangers = [place for place in named if not ends & set(place.names)]
    return Score(len(guilty & named), len(guilty), len(named), len(strangers))


def trial(setting: Setting, seed: int) -> Score:
    """One simulated mesh, the same for the same seed."""
    chance = Random(f"{setting.name} {seed}")  # noqa: S311  repeatable, not secret
    culprits = culprits_of(setting, chance)
    return score(culprits, find_suspects(mesh(setting, culprits, chance)))


def trials(setting: Setting, seeds: Iterable[int]) -> Score:
    """Several meshes together."""
    each = [trial(setting, seed) for seed in seeds]
    return Score(
        sum(one.found for one in each),
        sum(one.culprits for one in each),
        sum(one.named for one in each),
        sum(one.innocent for one in each),
    )


def table(seeds: int, settings: Iterable[Setting] = SETTINGS) -> Iterator[str]:
    """Precision and recall of each setting, as lines."""
    yield f"{seeds} simulated meshes a line; 60 sites, 5 culprits, 2 % noise where nothing is said"
    heads = ("named", "right", "of", "innocent", "precision", "recall")
    yield f"{'setting':<36}" + "".join(f" {head:>9}" for head in heads)
    for setting in settings:
        got = trials(setting, range(seeds))
        yield (
            f"{setting.name:<36} {got.named:>9} {got.found:>9} {got.culprits:>9} "
            f"{got.innocent:>9} {got.precision:>9.3f} {got.recall:>9.3f}"
        )


@click.command()
@click.option("--meshes", default=20, show_default=True, help="How many of each kind.")
@click.option("--only", default="", metavar="TEXT", help="Only settings with this in their name.")
def main(meshes: int, only: str) -> None:
    """Say how often the culprits of simulated meshes are named, and how often somebody else."""
    chosen = [setting for setting in SETTINGS if only in setting.name]
    for line in table(meshes, chosen):
        click.echo(line)
