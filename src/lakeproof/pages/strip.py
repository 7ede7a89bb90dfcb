"""History strips: one bar a run, oldest first, the taller the worse; colour is never alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from lakeproof.verdict import Outcome

STEP, WIDTH, HEIGHT = 6, 5, 16
# From what hurts most to what says least; the height of a bar in the same order.
HEIGHTS: dict[Outcome, int] = {
    Outcome.FAIL: 16,
    Outcome.FIXED: 13,
    Outcome.ERROR: 11,
    Outcome.BLOCKED: 11,
    Outcome.KNOWN: 8,
    Outcome.NONSTRICT: 6,
    Outcome.PASS: 4,
    Outcome.UNSUPPORTED: 2,
    Outcome.NOTRUN: 2,
}


@dataclass(frozen=True)
class Drawing:
    """A strip as SVG paths, one an outcome, and the words for it."""

    width: int
    height: int
    paths: tuple[tuple[str, str], ...]
    says: str


def worst(counts: Mapping[Outcome, int]) -> Outcome | None:
    """The outcome that a bar of several results shows; blocked only where most of them are.

    Some check is blocked nearly everywhere: a bar that always said so would say nothing.
    """
    blocked = counts.get(Outcome.BLOCKED, 0)
    mostly = blocked * 2 >= sum(counts.values())
    order = [each for each in HEIGHTS if mostly or each is not Outcome.BLOCKED]
    return next((outcome for outcome in order if counts.get(outcome)), None)


def drawn(outcomes: Iterable[Outcome | None]) -> Drawing:
    """The strip of these runs, oldest first; None is a run without a result. Newest is right."""
    shown: Sequence[Outcome | None] = list(outcomes)
    paths: dict[Outcome, list[str]] = {}
    for place, outcome in enumerate(shown):
        if outcome is not None:
            tall = HEIGHTS[outcome]
            bar = f"M{place * STEP} {HEIGHT - tall}h{WIDTH}v{tall}h-{WIDTH}z"
            paths.setdefault(outcome, []).append(bar)
    counted = Counter(outcome for outcome in shown if outcome is not None)
    parts = [f"{counted[outcome]} {outcome.value}" for outcome in HEIGHTS if counted[outcome]]
    last = next((outcome for outcome in reversed(shown) if outcome is not None), None)
    says = f"{len(shown)} runs, oldest first: {', '.join(parts) or 'no result'}"
    return Drawing(
        width=max(len(shown), 1) * STEP,
        height=HEIGHT,
        paths=tuple((outcome.value, "".join(bars)) for outcome, bars in paths.items()),
        says=f"{says}; newest {last.value}" if last else says,
    )
