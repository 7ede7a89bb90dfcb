"""The sentences that only pages say: whose turn it is, and what the words on them mean."""

from __future__ import annotations

import shlex
from urllib.parse import urlsplit

from lakeproof.results import Result
from lakeproof.store.changes import Change
from lakeproof.verdict import Blame, Level, Outcome, Severity
from lakeproof.wording import printable

LEVEL_MEANING = {
    Level.MUST: "the specification demands it",
    Level.SHOULD: "the specification recommends it",
    Level.MAY: "the specification allows it, or says nothing",
}
SEVERITY_MEANING = {
    Severity.CRITICAL: "data lost, or open to strangers",
    Severity.HIGH: "transfers or jobs fail",
    Severity.MEDIUM: "wrong or missing information, with a way around",
    Severity.LOW: "cosmetic",
}
CHANGE_WORDS = {
    Change.REGRESSED: "Got worse",
    Change.BROKEN: "Cannot be judged any more",
    Change.NEW: "Judged for the first time",
    Change.FLAKY: "Goes to and fro",
    Change.FIXED: "Got better",
}
_UNJUDGED = {
    Blame.ENDPOINT: "the site: its endpoint did not let it be tried",
    Blame.PARTNER: "the other endpoint{partner}",
    Blame.US: "whoever runs lakeproof: the fault is on our side",
    Blame.NETWORK: "whoever runs the network in between",
    Blame.CREDENTIAL: "whoever runs lakeproof: a credential is missing or was refused",
}


def turn(result: Result) -> str:
    """Who has to do something about this result; empty when nobody has."""
    bug = "known bug:" in (result.do or "")
    update = ", by an update (see below)" if bug else ""
    partner = f": {printable(result.partner)}" if result.partner else ""
    if result.outcome is Outcome.ERROR:
        return _UNJUDGED[result.blame or Blame.US].format(partner=partner)
    return {
        Outcome.FAIL: f"the site{update}",
        Outcome.NONSTRICT: f"the site, if it wants to{update}",
        Outcome.KNOWN: f"the developers of {result.technology or 'the storage system'}",
        Outcome.FIXED: "whoever keeps the list of known failures: remove the entry",
        Outcome.BLOCKED: "nobody yet: what it waits for comes first",
    }.get(result.outcome, "")


def rerun(result: Result) -> str:
    """The command that runs this check on this endpoint again."""
    host = urlsplit(result.url).hostname or ""
    which = ["--check", result.check]
    if result.site == host:  # given as a URL, not from an inventory
        which = ["check", result.url, *which]
    else:
        which = ["run", "--endpoint", result.endpoint, *which]
    return shlex.join(["lakeproof", *map(printable, which)])


def about(result: Result) -> str:
    """What tells this result from others of the same check: the cell, the partner."""
    partner = f"with {printable(result.partner)}" if result.partner else ""
    return ", ".join(filter(None, (printable(result.cell or ""), partner)))
