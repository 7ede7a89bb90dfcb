"""From what was seen to one sentence. Nothing is asked here, and nothing is guessed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lakeproof.blame.facts import Layer, Look, Observations, Seen, State
from lakeproof.blame.reasons import Kind, read_reason
from lakeproof.blame.table import Row, rows

TITLES = {
    Layer.SOURCE: "Endpoint A (the source, {source})",
    Layer.DESTINATION: "Endpoint B (the destination, {destination})",
    Layer.PAIR: "The pair ({source} to {destination})",
    Layer.FTS: "FTS",
    Layer.RUCIO: "Rucio",
    Layer.CREDENTIAL: "The credential",
}
DONE = "Nothing is stuck: {said}."
BY_NOW = (
    "No layer can be named any more: by now the file is copied. Then it was: {reason}. Rucio "
    "tries a rule that is STUCK again by itself; `rucio rule update RULE --boost-rule` is sooner."
)
YET = "No layer can be named yet: {said}, which is not long (--patience)."
NOTHING = "No layer can be named: nothing that was looked at is wrong{unseen}{reason}."


@dataclass(frozen=True)
class Deduction:
    """Which layers are suspected, by which rows, and the sentence that says it.

    `unseen` are questions that could not be answered, each with the reason.
    """

    layers: tuple[Layer, ...]
    sentence: str
    do: tuple[str, ...] = ()
    rows: tuple[str, ...] = ()
    unseen: tuple[str, ...] = ()

    @property
    def layer(self) -> Layer | None:
        """The one that is named; None when there are several suspects, or none."""
        return self.layers[0] if len(self.layers) == 1 else None


def deduce(observed: Observations) -> Deduction:
    """Name the layer, the several that it may be, or none; never one without evidence."""
    found = [row for row in rows() if row.fits(observed)]
    first: dict[Layer, Row] = {}
    for row in found:
        first.setdefault(row.layer, row)
    return Deduction(
        tuple(first),
        _sentence(observed, list(first.values())),
        tuple(row.do for row in first.values()),
        tuple(row.name for row in found),
        tuple(_unseen(observed)),
    )


def whose(
    reason: str, source: str, destination: str, seen: Mapping[Look, bool] | None = None
) -> str:
    """The sentence from FTS's or Rucio's words, and from what a check has seen already.

    For failure texts: a check that knows whether the raw copy of the pair works says so with
    `{Look.COPY: True}`.
    """
    known = {look: Seen.of(good) for look, good in (seen or {}).items()}
    return deduce(Observations(source, destination, known, read_reason(reason))).sentence


def _sentence(observed: Observations, named: Sequence[Row]) -> str:
    told = [f"{_title(row.layer, observed)}: {row.told(observed)}".rstrip(": ") for row in named]
    if len(told) == 1:
        return _ended(told[0])
    if told:
        return _ended(f"Several suspects. {'; or '.join(told)}")
    waits = observed.of(Look.RULE_WAITS)
    if waits.state is State.NO:
        return DONE.format(said=waits.said or "the copy is made")
    reason = observed.reason
    copied = observed.of(Look.COPY_FILE).state is State.YES
    if copied and reason.kind is not Kind.NONE and observed.of(Look.FTS_COPIES).state is State.YES:
        return BY_NOW.format(reason=reason.text)
    waits_for = _waits_for(observed)
    if waits_for and reason.kind is Kind.NONE:
        return YET.format(said=waits_for)
    left = len(_unseen(observed))
    return NOTHING.format(
        unseen=f"; {left} of {len(observed.seen)} questions stay open" if left else "",
        reason=f"; the only word is: {reason.text}" if reason.text else "",
    )


def _waits_for(observed: Observations) -> str:
    """What is still going on, as far as that was seen."""
    for look in (Look.FTS_PROMPT, Look.FOLLOWED, Look.SUBMITTED, Look.HANDED_ON):
        seen = observed.of(look)
        if look in observed.seen and seen.state is State.UNSEEN and seen.said.endswith(" s"):
            return seen.said
    return ""


def _title(layer: Layer, observed: Observations) -> str:
    return TITLES[layer].format(source=observed.source, destination=observed.destination)


def _ended(text: str) -> str:
    return text if text.endswith(".") else f"{text}."


def _unseen(observed: Observations) -> list[str]:
    return [
        f"{look.question}: {seen.said}" if seen.said else look.question
        for look, seen in observed.seen.items()
        if seen.state is State.UNSEEN
    ]
