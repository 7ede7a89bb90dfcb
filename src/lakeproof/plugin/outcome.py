"""The one place where the exception a check ended with becomes an outcome."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from lakeproof.credentials.errors import CannotNarrow, CredentialError
from lakeproof.verdict import (
    Blame,
    Blocked,
    Level,
    NotRun,
    Outcome,
    Unjudged,
    Unsupported,
    Violation,
)
from lakeproof.wire.guard import origin_of
from lakeproof.wire.redact import redactor
from lakeproof.wire.redirect import InsecureBearer
from lakeproof.wire.reply import NotReached, Throttled
from lakeproof.wire.storage import BudgetExceeded, SetUpFailed


@dataclass(frozen=True)
class Judgement:
    """An outcome with what was expected and seen; for other outcomes `actual` is the reason."""

    outcome: Outcome
    expected: str | None = None
    actual: str | None = None
    blame: Blame | None = None
    known_issue: str | None = None

    def redacted(self) -> Judgement:
        """The same, with every secret taken out of its sentences."""
        return Judgement(
            self.outcome,
            redactor.text(self.expected) if self.expected else None,
            redactor.text(self.actual) if self.actual else None,
            self.blame,
            self.known_issue,
        )


@dataclass(frozen=True)
class Listing:
    """The known-failure entry that covers this check on this endpoint."""

    issue: str
    reason: str
    sometimes: bool = False

    @property
    def when_fixed(self) -> str:
        """What to say when the check passes all the same."""
        return f"it passes: remove the entry from the known failures ({self.issue})"


def judge(
    raised: BaseException | None,
    *,
    in_call: bool,
    level: Level,
    listed: Listing | None,
    origin: str = "",
) -> Judgement:
    """The outcome of a check that ended with `raised` (None: it ran through).

    Only a Violation of the call phase is the endpoint's; an entry among the known failures
    turns that into `known`, and a pass into `fixed` unless it fails only sometimes, and hides
    nothing else. `origin` is the
    endpoint's own `scheme://host:port`, to tell its silence from its partner's.
    """
    if raised is None:
        if listed is not None and not listed.sometimes:
            return Judgement(
                Outcome.FIXED,
                expected=f"still fails as listed ({listed.reason})",
                actual=listed.when_fixed,
                known_issue=listed.issue,
            )
        return Judgement(Outcome.PASS)
    if isinstance(raised, Violation) and in_call:
        if listed is not None:
            outcome = Outcome.KNOWN
        else:
            outcome = Outcome.FAIL if level is Level.MUST else Outcome.NONSTRICT
        return Judgement(
            outcome,
            raised.expected,
            raised.actual,
            known_issue=listed.issue if listed else None,
        )
    return _not_judged(raised, origin)


def _not_judged(raised: BaseException, origin: str) -> Judgement:
    for kind, outcome in (
        (Blocked, Outcome.BLOCKED),
        (Unsupported, Outcome.UNSUPPORTED),
        (CannotNarrow, Outcome.UNSUPPORTED),
        (NotRun, Outcome.NOTRUN),
        (BudgetExceeded, Outcome.NOTRUN),
        (SetUpFailed, Outcome.BLOCKED),
        (pytest.skip.Exception, Outcome.NOTRUN),
    ):
        if isinstance(raised, kind):
            return Judgement(outcome, actual=str(raised))
    if isinstance(raised, Unjudged):
        return Judgement(Outcome.ERROR, actual=raised.sentence, blame=raised.blame)
    if isinstance(raised, CredentialError):
        return Judgement(Outcome.ERROR, actual=raised.sentence, blame=Blame.CREDENTIAL)
    if isinstance(raised, InsecureBearer):
        return Judgement(Outcome.ERROR, actual=str(raised), blame=Blame.CREDENTIAL)
    if isinstance(raised, NotReached):
        elsewhere = bool(raised.url) and origin_of(raised.url) != origin_of(origin)
        silent = Blame.ENDPOINT if isinstance(raised, Throttled) else Blame.NETWORK
        blame = Blame.PARTNER if elsewhere else silent
        return Judgement(Outcome.ERROR, actual=raised.sentence, blame=blame)
    sentence = f"lakeproof itself failed: {type(raised).__name__}: {raised}"
    return Judgement(Outcome.ERROR, actual=sentence, blame=Blame.US)
