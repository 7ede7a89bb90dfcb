"""What Rucio's clients answer when they are asked about a rule."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from lakeproof.blame import Look, State, deduce
from lakeproof.blame.facts import Layer, Observations
from lakeproof.session.rules import NoSuchRule, cases_of_rule
from lakeproof.verdict import NotRun, Unjudged
from lakeproof.wire.rucio import Answer

RULE = "0123456789abcdef"


def _sessions(answer: Answer | None, obstacle: str | None = None) -> Any:  # noqa: ANN401  a stand-in
    target = SimpleNamespace(name="SITE", rucio=answer)
    rse = SimpleNamespace(examine=lambda *_: answer)
    session = SimpleNamespace(rse=rse, obstacle=obstacle)
    plan = SimpleNamespace(everything=(target,))
    return SimpleNamespace(plan=plan, get=lambda _: session)


def _layers(answer: Answer, obstacle: str | None = None) -> tuple[Layer, ...]:
    (case,) = cases_of_rule(_sessions(answer, obstacle), RULE, 3, 600)
    return deduce(Observations(case.source, case.destination, case.books)).layers


def test_nobody_to_ask() -> None:
    with pytest.raises(NotRun, match="names no Rucio"):
        cases_of_rule(_sessions(None), RULE, 3, 600)


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("RuleNotFound", "No replication rule found."),
        ("RucioException", "An unknown exception occurred.\nDetails: Badly formatted rule id (0)"),
    ],
)
def test_unknown_rule(kind: str, said: str) -> None:
    with pytest.raises(NoSuchRule, match=f"Rucio knows no rule {RULE}"):
        cases_of_rule(_sessions(Answer(ok=False, kind=kind, said=said)), RULE, 3, 600)


def test_what_else_goes_wrong_is_no_verdict() -> None:
    answer = Answer(ok=False, kind="DatabaseException", said="no connection left")

    with pytest.raises(Unjudged, match="no connection left"):
        cases_of_rule(_sessions(answer), RULE, 3, 600)


def test_rucio_that_lets_nobody_in_is_a_matter_of_the_credential() -> None:
    answer = Answer(ok=False, kind="CannotAuthenticate", said="Cannot authenticate to account me")

    assert _layers(answer) == (Layer.CREDENTIAL,)


def test_silent_rucio_is_blamed_only_when_somebody_else_answers() -> None:
    answer = Answer(ok=False, kind="ConnectionError", said="Connection refused; Connection refused")

    assert _layers(answer) == (Layer.RUCIO,)
    assert _layers(answer, obstacle="no route to host") == ()
    (case,) = cases_of_rule(_sessions(answer), RULE, 3, 600)
    assert case.books[Look.RUCIO_ANSWERS].said == "ConnectionError: Connection refused"
    assert case.books[Look.NETWORK].state is State.YES
