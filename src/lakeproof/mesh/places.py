"""Where the cause of failing copies may lie: an end in a role, a pair, a direction, a protocol."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import NamedTuple

from lakeproof.mesh.seen import Copy


class Kind(StrEnum):
    """What sort of thing is suspected; the earlier one is named where both explain the same."""

    EVERYTHING = "everything"
    ENDPOINT = "endpoint"
    SOURCE = "source"
    DESTINATION = "destination"
    ACTIVE = "active"
    PASSIVE = "passive"
    BETWEEN = "between"
    PAIR = "pair"

    __hash__ = str.__hash__  # Enum's own is ten times slower, and a mesh has many places


RANK = {kind: at for at, kind in enumerate(Kind)}


class Place(NamedTuple):
    """A set of cells with one possible cause; None: both directions, every protocol.

    `names`: one endpoint, or (source, destination) of a pair, or the two ends either way round.
    """

    kind: Kind
    names: tuple[str, ...] = ()
    direction: str | None = None
    protocol: str | None = None

    @property
    def conditions(self) -> int:
        """How many of direction and protocol it is narrowed to."""
        return (self.direction is not None) + (self.protocol is not None)

    @property
    def sentence(self) -> str:
        """`XRD-B as destination of pulls`."""
        copies = {None: "copies", "pull": "pulls", "push": "pushes"}[self.direction]
        by = f" over {self.protocol}" if self.protocol else ""
        first, *rest = self.names or ("",)
        end = rest[0] if rest else ""
        return {
            Kind.EVERYTHING: f"all {copies}{by}",
            Kind.ENDPOINT: f"{first}, source or destination, of {copies}{by}",
            Kind.SOURCE: f"{first} as source of {copies}{by}",
            Kind.DESTINATION: f"{first} as destination of {copies}{by}",
            Kind.ACTIVE: f"{first} as the end that makes the copy{by}",
            Kind.PASSIVE: f"{first} as the end that is read or written by the other{by}",
            Kind.BETWEEN: f"{copies} between {first} and {end}, either way{by}",
            Kind.PAIR: f"{copies} from {first} to {end}{by}",
        }[self.kind]


def places_of(copy: Copy, *, by_protocol: bool) -> Iterator[Place]:
    """Every place that `copy` lies in; places of one protocol only if there is another."""
    source, destination, way = copy.source, copy.destination, copy.direction
    active, passive = (destination, source) if way == "pull" else (source, destination)
    ends = (min(source, destination), max(source, destination))
    for protocol in (None, copy.protocol) if by_protocol else (None,):
        yield Place(Kind.ACTIVE, (active,), None, protocol)
        yield Place(Kind.PASSIVE, (passive,), None, protocol)
        for direction in (None, way):
            yield Place(Kind.EVERYTHING, (), direction, protocol)
            yield Place(Kind.ENDPOINT, (source,), direction, protocol)
            yield Place(Kind.ENDPOINT, (destination,), direction, protocol)
            yield Place(Kind.SOURCE, (source,), direction, protocol)
            yield Place(Kind.DESTINATION, (destination,), direction, protocol)
            yield Place(Kind.BETWEEN, ends, direction, protocol)
            yield Place(Kind.PAIR, (source, destination), direction, protocol)
