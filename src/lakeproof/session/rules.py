"""Asks Rucio about a rule, or FTS about a job, for the copies that do not come about."""

from __future__ import annotations

from dataclasses import replace

from lakeproof.blame import Look, Seen
from lakeproof.session.case import Case, read_job, read_rule
from lakeproof.session.rse import Rse
from lakeproof.session.sessions import Sessions
from lakeproof.session.stuck import MOST_TRIED, credential_for
from lakeproof.verdict import Blame, NotRun, Unjudged
from lakeproof.wire.reply import NotReached
from lakeproof.wire.rucio import Answer

NO_RUCIO = (
    "the inventory names no Rucio, or of no endpoint by which RSE Rucio knows it: it needs "
    "`rucio: {url: …, account: …, auth: oidc}` and an endpoint with `rse:`"
)
NO_FTS = "the inventory names no FTS: it needs `fts: {url: …}`"
# What Rucio's clients raise when they are refused, and when nobody answers.
REFUSED = frozenset({"CannotAuthenticate", "AccessDenied", "NoAuthInformation"})
NO_RULE = ("RuleNotFound", "Badly formatted rule id")
SILENT = frozenset({"ServerConnectionException", "ConnectionError", "ReadTimeout", "SSLError"})


class NoSuchRule(Exception):  # noqa: N818  reads as a fact
    """Rucio or FTS does not know what was asked about."""


def cases_of_rule(sessions: Sessions, rule: str, most: int, patience_s: float) -> list[Case]:
    """The copies of a rule that do not come about, `most` at most.

    Raises NotRun where the inventory names no Rucio, NoSuchRule, and Unjudged.
    """
    answer = _rse(sessions).examine(rule, most)
    if answer.ok:
        return read_rule(answer.value, patience_s)
    if answer.kind in REFUSED:
        return [_shut(rule, Look.RUCIO_ADMITS, answer)]
    if answer.kind in SILENT:
        case = _shut(rule, Look.RUCIO_ANSWERS, answer)
        return [replace(case, books={**case.books, Look.NETWORK: _network(sessions)})]
    if any(word in answer.describe() for word in NO_RULE):
        raise NoSuchRule(f"Rucio knows no rule {rule}")
    raise Unjudged(f"Rucio says nothing of the rule {rule}: {answer.describe()}", Blame.PARTNER)


def _shut(rule: str, look: Look, answer: Answer) -> Case:
    """Nothing is known of the rule; only why."""
    first = answer.describe().partition("; ")[0]  # the client tried, and complains, several times
    books = {look: Seen.of(False, first)}
    return Case(f"rule {rule}", "", "", asked=rule, books=books)


def _network(sessions: Sessions) -> Seen:
    """Whether any endpoint answers: else it is this machine that reaches nobody."""
    for target in sessions.plan.everything[:MOST_TRIED]:
        if sessions.get(target.name).obstacle is None:
            return Seen.of(True, f"{target.name} answers")
    return Seen.of(False, "no endpoint answers either")


def _rse(sessions: Sessions) -> Rse:
    """Rucio, asked as the first endpoint that has an RSE would be; raises NotRun without one."""
    for target in sessions.plan.everything:
        if target.rucio is not None:
            return sessions.get(target.name).rse
    raise NotRun(NO_RUCIO)


def cases_of_job(sessions: Sessions, job: str) -> list[Case]:
    """The files of a job of FTS that are not FINISHED, asked for as the first endpoint would.

    Raises NotRun where the inventory names no FTS, NoSuchRule, and CredentialError.
    """
    if sessions.plan.fts is None:
        raise NotRun(NO_FTS)
    name = sessions.plan.everything[0].name
    fts = sessions.fts_of(name)
    try:
        found = fts.job(job, auth=credential_for(fts))
    except NotReached as error:
        network = _network(sessions)
        books = {Look.FTS_ANSWERS: Seen.of(False, error.sentence), Look.NETWORK: network}
        return [Case(f"job {job}", "", "", asked=job, books=books)]
    if not found.state:
        raise NoSuchRule(f"FTS at {fts.url} knows no job {job}, or does not show it to us")
    return read_job(found)
