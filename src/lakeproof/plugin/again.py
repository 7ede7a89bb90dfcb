"""A check that went wrong is tried once more, so that bad luck is told from a defect.

Nothing is hidden: a violation stays what it was when it was seen first, both attempts are in
the result, and a check whose attempts disagree is flaky.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from lakeproof.check import Check
from lakeproof.results import Result
from lakeproof.session.tested import Tested
from lakeproof.verdict import Outcome
from lakeproof.wire.reply import NotReached, Throttled
from lakeproof.wire.transcript import Exchange, Transcript

UNAVAILABLE = 503
SERVER_ERROR = 500
NOT_OFFERED = frozenset({501, 505})
VIOLATIONS = (Outcome.FAIL, Outcome.NONSTRICT)
VERDICTS = (*VIOLATIONS, Outcome.PASS)
NOT_TRIED = (Outcome.ERROR, Outcome.BLOCKED)


class SecondChances:
    """Decides which checks are tried again; each endpoint has its number of second attempts."""

    def __init__(self) -> None:
        self._used: Counter[str] = Counter()

    def grant(
        self,
        check: Check,
        session: Tested,
        outcome: Outcome,
        raised: BaseException | None,
        seen: Transcript,
    ) -> bool:
        """Whether this attempt, the first, is to be followed by another; counts it if so."""
        if check.suite == "reachability" or session.given_up or isinstance(raised, Throttled):
            return False
        if self._used[session.name] >= session.second_attempts:
            return False
        due = _doubtful(outcome, raised, seen)
        self._used[session.name] += due
        return due


def _doubtful(outcome: Outcome, raised: BaseException | None, seen: Transcript) -> bool:
    if outcome in VIOLATIONS:
        return True
    if outcome in NOT_TRIED:
        return isinstance(raised, NotReached) or any(map(_broke, seen.exchanges))
    return outcome is Outcome.PASS and unavailable(seen)


def unavailable(seen: Transcript) -> bool:
    """Whether a server said that it is busy for a moment: a refusal by that is none."""
    return any(exchange.status == UNAVAILABLE for exchange in seen.exchanges)


def _broke(exchange: Exchange) -> bool:
    ours = exchange.status >= SERVER_ERROR and exchange.status not in NOT_OFFERED
    return ours or bool(exchange.failure)


def merge(first: Result, second: Result, *, lucky: bool) -> Result:
    """The result of a check that was tried twice.

    A violation counts, whichever attempt showed it (the first one's, when both did); then a
    pass; else what came first. `lucky`: the first passed over an answer 503, the second without.
    """
    chosen = min(first, second, key=_weight)  # the first of two equals
    shown = replace(first, actual="although a request was answered 503") if lucky else first
    return replace(
        chosen,
        started=first.started,
        duration_s=round(first.duration_s + second.duration_s, 6),
        flaky=_disagree(first, second) or (lucky and second.outcome is Outcome.PASS),
        attempts=tuple(_attempt(result) for result in (shown, second)),
    )


def _weight(result: Result) -> int:
    if result.outcome in VIOLATIONS:
        return 0
    return 1 if result.outcome is Outcome.PASS else 2


def _disagree(first: Result, second: Result) -> bool:
    judged = first.outcome in VERDICTS or second.outcome in VERDICTS
    return judged and first.outcome is not second.outcome


def _attempt(result: Result) -> dict[str, object]:
    return {
        "outcome": result.outcome.value,
        "expected": result.expected,
        "actual": result.actual,
        "duration_s": result.duration_s,
        "transcript": result.transcript,
    }
