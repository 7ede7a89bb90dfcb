"""The rows of `catalogue/blame.yaml`: what has to be seen for a layer to be named."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from textwrap import shorten
from typing import Any

from lakeproof.blame.facts import Layer, Look, Observations, State
from lakeproof.blame.reasons import SCOPES, Kind
from lakeproof.data import load

LONGEST = 300
# Keys of a row, and which answers they allow.
ANSWERS: Mapping[str, frozenset[State]] = {
    "wrong": frozenset({State.NO}),
    "right": frozenset({State.YES}),
    "unseen": frozenset({State.UNSEEN}),
    "not-wrong": frozenset({State.YES, State.UNSEEN}),
}


@dataclass(frozen=True)
class Row:
    """One way to tell: when all of `when` was seen and the reason fits, it is this layer.

    Without `scope`, `kinds` and `unless` (a scope that does not) any reason fits.
    """

    name: str
    layer: Layer
    when: Mapping[Look, frozenset[State]]
    sentence: str
    do: str
    scope: str = ""
    kinds: frozenset[Kind] = frozenset()
    unless: str = ""

    def fits(self, observed: Observations) -> bool:
        """Whether everything was seen so."""
        reason = observed.reason
        return (
            self.scope in ("", reason.scope)
            and self.unless != (reason.scope or None)
            and (not self.kinds or reason.kind in self.kinds)
            and all(observed.of(look).state in states for look, states in self.when.items())
        )

    def told(self, observed: Observations) -> str:
        """The row's sentence about these observations."""
        shown = [look for look, states in self.when.items() if states == ANSWERS["wrong"]]
        return self.sentence.format(
            source=observed.source,
            destination=observed.destination,
            because=_short(observed.of(shown[0]).said) if shown else "",
            reason=_short(observed.reason.text),
        )


def _short(said: str) -> str:
    """One line that fits into a sentence; the whole of it stands among what was looked at."""
    return shorten(" ".join(said.split()), LONGEST, placeholder=" …").rstrip(".")


@cache
def rows() -> tuple[Row, ...]:
    """Every row, in the order of the file; raises ValueError for one that is not in order."""
    return tuple(_row(name, told) for name, told in load("blame").items())


def _row(name: str, told: dict[str, Any]) -> Row:
    left = dict(told)
    layer, sentence, do = (left.pop(key) for key in ("layer", "sentence", "do"))
    scope, unless = left.pop("scope", ""), left.pop("unless", "")
    kinds = frozenset(map(Kind, left.pop("kinds", [])))
    if not {scope, unless} <= {"", *SCOPES}:
        raise ValueError(f"blame.yaml: {name}: scope and unless are words of FTS")
    when = {Look(look): ANSWERS[key] for key, looks in left.items() for look in looks}
    return Row(name, Layer(layer), when, sentence, do, scope, kinds, unless)
