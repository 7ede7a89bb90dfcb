"""How an endpoint stands after a run, in the few numbers that other programs ask for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from lakeproof.results import Result
from lakeproof.verdict import Level, Outcome, Severity
from lakeproof.wording import JUDGED, endpoint_sentence


@dataclass(frozen=True)
class Standing:
    """One endpoint's results, which are never empty: of one run, or the newest of each check."""

    site: str
    endpoint: str
    rows: tuple[Result, ...]

    @property
    def count(self) -> Mapping[Outcome, int]:
        """How many results of each outcome, of those that there are none 0."""
        counted = Counter(row.outcome for row in self.rows)
        return {outcome: counted[outcome] for outcome in Outcome}

    @property
    def failed(self) -> Mapping[Severity, int]:
        """How many failures of each severity."""
        failing = (row.severity for row in self.rows if row.outcome is Outcome.FAIL)
        counted = Counter(failing)
        return {severity: counted[severity] for severity in Severity}

    @property
    def core(self) -> tuple[int, int]:
        """Of the requirements (MUST) that were judged: how many are met, and how many there are."""
        judged = [r for r in self.rows if r.level is Level.MUST and r.outcome in JUDGED]
        met = sum(row.outcome in (Outcome.PASS, Outcome.FIXED) for row in judged)
        return met, len(judged)

    @property
    def judged(self) -> int:
        """How many results are a judgement of the endpoint."""
        return sum(row.outcome in JUDGED for row in self.rows)

    @property
    def flaky(self) -> int:
        """How many were not the same when tried twice."""
        return sum(row.flaky for row in self.rows)

    @property
    def began(self) -> datetime:
        """When the first check of its last run began (UTC)."""
        run = self.last.run
        return min(_moment(row) for row in self.rows if row.run == run)

    @property
    def ended(self) -> datetime:
        """When its last check ended (UTC)."""
        return max(_moment(row) + timedelta(seconds=row.duration_s) for row in self.rows)

    @property
    def last(self) -> Result:
        """Its last result, which knows the most about technology and version."""
        return max(reversed(self.rows), key=_moment)

    @property
    def sentence(self) -> str:
        """The endpoint in one sentence."""
        return endpoint_sentence(self.rows)


def standings(results: Iterable[Result]) -> list[Standing]:
    """The results of a run by site and endpoint, in the order in which they first appear."""
    grouped: dict[tuple[str, str], list[Result]] = {}
    for row in results:
        grouped.setdefault((row.site, row.endpoint), []).append(row)
    return [Standing(*name, tuple(rows)) for name, rows in grouped.items()]


def _moment(row: Result) -> datetime:
    moment = datetime.fromisoformat(row.started)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
