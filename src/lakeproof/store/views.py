"""What the store tells a page: plain values, complete, without a database behind them.

Moments are aware and in UTC. `Result` is as in results.jsonl, to a millisecond.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from lakeproof.results import Result
from lakeproof.store.changes import Change
from lakeproof.verdict import Level, Outcome, Severity

HISTORY = 30
"""How many runs a strip has."""


@dataclass(frozen=True)
class RunLine:
    """One run at one endpoint.

    `complete` is false for a run that was interrupted or killed, or still goes on. `suite_changed`:
    by another version of the suite than the run before.
    """

    run: str
    started: datetime
    ended: datetime
    suite_version: str
    complete: bool
    url: str
    technology: str | None
    observed_version: str | None
    totals: Mapping[Outcome, int]
    suite_changed: bool


@dataclass(frozen=True)
class EndpointLine:
    """An endpoint in one line.

    `standing` counts the newest result of every check, also of those the last run left out.
    `changed` counts what the last run changed, `new_failures` the results that it turned to fail.
    """

    site: str
    endpoint: str
    url: str
    technology: str | None
    observed_version: str | None
    emulated: bool
    stand_ins: tuple[str, ...]
    last: RunLine
    previous: RunLine | None
    standing: Mapping[Outcome, int]
    changed: Mapping[Change, int]
    new_failures: int


@dataclass(frozen=True)
class Fleet:
    """Every endpoint that ever had a result, by site and name."""

    endpoints: tuple[EndpointLine, ...]
    newest: datetime | None


@dataclass(frozen=True)
class Mark:
    """One run in a check's history strip."""

    outcome: Outcome
    flaky: bool


@dataclass(frozen=True)
class Latest:
    """The newest result of one check (and cell, and partner) at an endpoint.

    `since`: it says the same in every run since then. `failing_since`: the first violation of the
    present series, which runs without a judgement do not end; None when it does not fail.
    `changed`: what the endpoint's last run changed here. `strip` is oldest first, with one place
    for each of the endpoint's runs; None where the check was not in the run, or is pruned.
    """

    result: Result
    since: datetime
    failing_since: datetime | None
    changed: Change | None
    in_last_run: bool
    strip: tuple[Mark | None, ...] = ()

    @property
    def suite(self) -> str:
        """The suite of its check."""
        return self.result.check.partition(".")[0]


@dataclass(frozen=True)
class Transition:
    """What one run changed about one check of an endpoint.

    `suite_changed` has both versions of the suite when they differ: then it may be the check that
    changed and not the endpoint. `before` is None for a check without an earlier result, `actual`
    when the result has none, or was pruned.
    """

    site: str
    endpoint: str
    change: Change
    check: str
    title: str
    level: Level
    severity: Severity
    cell: str | None
    partner: str | None
    direction: str | None
    before: Outcome | None
    after: Outcome
    at: datetime
    run: str
    suite_changed: tuple[str, str] | None
    failing_since: datetime | None
    actual: str | None


@dataclass(frozen=True)
class SuiteStrip:
    """How one suite went in each of the endpoint's runs, oldest first; None: not in that run."""

    suite: str
    runs: tuple[Mapping[Outcome, int] | None, ...]


@dataclass(frozen=True)
class EndpointView:
    """All of one endpoint: its last HISTORY runs, oldest first, and how every check stands.

    `transitions` are those of the last run: regressed, broken, new, flaky, fixed, each by severity.
    """

    line: EndpointLine
    runs: tuple[RunLine, ...]
    latest: tuple[Latest, ...]
    suites: tuple[SuiteStrip, ...]
    transitions: tuple[Transition, ...]


@dataclass(frozen=True)
class Site:
    """A site and its endpoints."""

    site: str
    endpoints: tuple[EndpointView, ...]


@dataclass(frozen=True)
class MeshEnd:
    """An endpoint as one end of copies.

    `healthy` is false when nothing of its WebDAV could be judged, None when it was never tried
    itself: a partner only.
    """

    name: str
    site: str | None
    technology: str | None
    emulated: bool
    healthy: bool | None


@dataclass(frozen=True)
class MeshCell:
    """The newest copy from one end to another; `active` is the end that was asked to copy.

    `earlier`: what runs before it said and when, oldest first, as many as were asked for.
    """

    source: str
    destination: str
    direction: Literal["pull", "push"]
    active: str
    latest: Latest
    earlier: tuple[tuple[Outcome, datetime], ...] = ()


@dataclass(frozen=True)
class Mesh:
    """Every pair that was ever tried; ends are names of endpoints, or URLs of other partners."""

    ends: tuple[MeshEnd, ...]
    cells: tuple[MeshCell, ...]


@dataclass(frozen=True)
class CheckLine:
    """A check, and how many of its results (of every endpoint, cell, partner) stand how."""

    check: str
    suite: str
    title: str
    req: str
    level: Level
    severity: Severity
    standing: Mapping[Outcome, int]


@dataclass(frozen=True)
class CheckView:
    """A check at every endpoint that it was tried at: site, endpoint, newest result."""

    line: CheckLine
    latest: tuple[tuple[str, str, Latest], ...]


@dataclass(frozen=True)
class Day:
    """How many results of each outcome each suite gave on one day (UTC)."""

    day: date
    suites: Mapping[str, Mapping[Outcome, int]]
