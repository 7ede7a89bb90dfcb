"""What a run can say about an endpoint: outcomes, who is to blame, and how a check says it.

An outcome is set once, by the pytest plugin, from the exception a check ended with.
"""

from __future__ import annotations

from enum import StrEnum

# pytest gives this class only as `pytest.skip.Exception`, which no type checker follows
from _pytest.outcomes import Skipped


class Outcome(StrEnum):
    """The result of one check on one endpoint; nothing downstream changes it."""

    PASS = "pass"  # noqa: S105  an outcome, not a password
    FAIL = "fail"
    NONSTRICT = "nonstrict"
    KNOWN = "known"
    FIXED = "fixed"
    UNSUPPORTED = "unsupported"
    BLOCKED = "blocked"
    ERROR = "error"
    NOTRUN = "notrun"


OUTCOME_MEANING: dict[Outcome, str] = {
    Outcome.PASS: "requirement met",
    Outcome.FAIL: "a MUST is violated",
    Outcome.NONSTRICT: "a SHOULD or MAY is violated, otherwise sound",
    Outcome.KNOWN: "fails as listed among the known failures",
    Outcome.FIXED: "listed as known but passes: remove the entry",
    Outcome.UNSUPPORTED: "the feature is declared absent",
    Outcome.BLOCKED: "a control or prerequisite failed; the cause is counted once, elsewhere",
    Outcome.ERROR: "not judged: our fault, the partner's, the network's or a credential's",
    Outcome.NOTRUN: "deselected, not opted in, downtime, or never reached",
}


class Level(StrEnum):
    """What the specification says: RFC 2119 words."""

    MUST = "MUST"
    SHOULD = "SHOULD"
    MAY = "MAY"


class Severity(StrEnum):
    """What a violation costs operations, from lost data down to cosmetics."""

    CRITICAL = "CRITICAL"
    HIGH = "HIGH"
    MEDIUM = "MEDIUM"
    LOW = "LOW"

    @property
    def rank(self) -> int:
        """0 for CRITICAL, rising as the cost falls: a sort key."""
        return list(Severity).index(self)


class Blame(StrEnum):
    """Whose fault it is that a check could not be judged."""

    ENDPOINT = "endpoint"
    PARTNER = "partner"
    US = "us"
    NETWORK = "network"
    CREDENTIAL = "credential"


class Violation(AssertionError):  # noqa: N818  the field's word
    """The endpoint broke the check's requirement: what was expected, what was seen.

    `evidence` is the recorded exchange that shows it, where a single one does.
    """

    def __init__(self, expected: str, actual: str, evidence: object = None) -> None:
        super().__init__(f"expected {expected}; actual {actual}")
        self.expected = expected
        self.actual = actual
        self.evidence = evidence


class Unjudged(Exception):  # noqa: N818  reads as an outcome
    """The check could not be judged (outcome error): the sentence and whose fault it was."""

    def __init__(self, sentence: str, blame: Blame) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.blame = blame


class Blocked(Skipped):
    """A control or a prerequisite failed, so the requirement itself was not tried."""


class Unsupported(Skipped):
    """The feature is declared absent, or this credential source cannot express the request."""


class NotRun(Skipped):
    """Not opted in, in downtime, read-only: with the reason."""
