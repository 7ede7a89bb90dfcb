from __future__ import annotations

import inspect

import pytest

from lakeproof import MAY, MUST, SHOULD
from lakeproof.credentials.errors import CannotNarrow, CredentialError, NoScopeRoot
from lakeproof.plugin.outcome import Judgement, Listing, judge
from lakeproof.verdict import (
    OUTCOME_MEANING,
    Blame,
    Blocked,
    Level,
    NotRun,
    Outcome,
    Unjudged,
    Unsupported,
    Violation,
)
from lakeproof.wire.redact import redactor
from lakeproof.wire.redirect import InsecureBearer
from lakeproof.wire.reply import NotReached

ORIGIN = "https://se.example.org:2880"
LISTING = Listing("https://example.org/7", "a real defect")
VIOLATION = Violation("201", "500")

# What is no verdict is the same in every phase, at every level, listed or not.
NO_VERDICT: list[tuple[BaseException, Outcome, Blame | None]] = [
    (Blocked("control failed"), Outcome.BLOCKED, None),
    (Unsupported("declared absent"), Outcome.UNSUPPORTED, None),
    (CannotNarrow("a file gives one token"), Outcome.UNSUPPORTED, None),
    (NotRun("not opted in"), Outcome.NOTRUN, None),
    (pytest.skip.Exception("skipped"), Outcome.NOTRUN, None),
    (Unjudged("no answer", Blame.ENDPOINT), Outcome.ERROR, Blame.ENDPOINT),
    (Unjudged("partner down", Blame.PARTNER), Outcome.ERROR, Blame.PARTNER),
    (CredentialError("not set"), Outcome.ERROR, Blame.CREDENTIAL),
    (NoScopeRoot("none fits"), Outcome.ERROR, Blame.CREDENTIAL),
    (InsecureBearer("tokens need https"), Outcome.ERROR, Blame.CREDENTIAL),
    (NotReached("refused", "refused", f"{ORIGIN}/x"), Outcome.ERROR, Blame.NETWORK),
    (NotReached("refused", "refused"), Outcome.ERROR, Blame.NETWORK),
    (NotReached("dns", "no such name", "https://other/x"), Outcome.ERROR, Blame.PARTNER),
    (NotReached("refused", "refused", f"{ORIGIN}1/x"), Outcome.ERROR, Blame.PARTNER),
    (KeyError("a bug"), Outcome.ERROR, Blame.US),
    (AssertionError("a bare assert"), Outcome.ERROR, Blame.US),
    (pytest.fail.Exception("pytest.fail"), Outcome.ERROR, Blame.US),
]


def _judge(
    raised: BaseException | None,
    *,
    in_call: bool = True,
    level: Level = MUST,
    listed: Listing | None = None,
) -> Judgement:
    return judge(raised, in_call=in_call, level=level, listed=listed, origin=ORIGIN)


@pytest.mark.parametrize("listed", [None, LISTING], ids=["unlisted", "listed"])
@pytest.mark.parametrize("level", Level)
@pytest.mark.parametrize("in_call", [True, False], ids=["call", "setup"])
@pytest.mark.parametrize(
    ("raised", "outcome", "blame"), NO_VERDICT, ids=[repr(row[0])[:40] for row in NO_VERDICT]
)
def test_only_a_violation_is_a_verdict(
    raised: BaseException,
    outcome: Outcome,
    blame: Blame | None,
    in_call: bool,
    level: Level,
    listed: Listing | None,
) -> None:
    judged = _judge(raised, in_call=in_call, level=level, listed=listed)

    assert (judged.outcome, judged.blame, judged.known_issue) == (outcome, blame, None)
    assert judged.actual


@pytest.mark.parametrize(
    ("level", "listed", "outcome"),
    [
        (MUST, None, Outcome.FAIL),
        (SHOULD, None, Outcome.NONSTRICT),
        (MAY, None, Outcome.NONSTRICT),
        (MUST, LISTING, Outcome.KNOWN),
        (SHOULD, LISTING, Outcome.KNOWN),
    ],
)
def test_violation(level: Level, listed: Listing | None, outcome: Outcome) -> None:
    judged = _judge(VIOLATION, level=level, listed=listed)

    assert (judged.outcome, judged.expected, judged.actual) == (outcome, "201", "500")
    assert judged.known_issue == (listed.issue if listed else None)


@pytest.mark.parametrize("listed", [None, LISTING])
def test_violation_in_the_set_up_is_our_bug(listed: Listing | None) -> None:
    judged = _judge(VIOLATION, in_call=False, listed=listed)

    assert (judged.outcome, judged.blame) == (Outcome.ERROR, Blame.US)


def test_nothing_raised_is_a_pass_unless_it_is_listed() -> None:
    assert _judge(None).outcome is Outcome.PASS
    fixed = _judge(None, listed=LISTING)
    assert (fixed.outcome, fixed.known_issue) == (Outcome.FIXED, LISTING.issue)
    assert "remove the entry" in (fixed.actual or "")


def test_sentences_of_a_judgement_are_redacted() -> None:
    redactor.register("hush-hush-value", "token")
    judged = _judge(Violation("no hush-hush-value", "got hush-hush-value")).redacted()

    assert "hush" not in f"{judged.expected}{judged.actual}"
    assert judged.outcome is Outcome.FAIL


def test_every_outcome_has_a_meaning() -> None:
    assert set(OUTCOME_MEANING) == set(Outcome)


def test_violation_says_both_sides() -> None:
    assert str(VIOLATION) == "expected 201; actual 500"


def test_verdicts_are_no_ordinary_assertion() -> None:
    for kind in (Blocked, Unsupported, NotRun):
        assert issubclass(kind, pytest.skip.Exception)
        assert inspect.getdoc(kind)
    assert not issubclass(Unjudged, AssertionError)
