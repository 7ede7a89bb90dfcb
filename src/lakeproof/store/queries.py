"""What pages ask the store: every answer is a plain value of `lakeproof.store.views`."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import TracebackType
from typing import Any, Literal, Self, cast

from sqlalchemy import Connection, Row, select

from lakeproof.matrix import Seen, overlay
from lakeproof.store import news
from lakeproof.store.changes import Change
from lakeproof.store.database import Store
from lakeproof.store.load import Standing, standing
from lakeproof.store.names import MESH
from lakeproof.store.news import Turn
from lakeproof.store.schema import Answer, Daily, Endpoint, Question, Run, Series, Span, Visit
from lakeproof.store.views import (
    HISTORY,
    CheckLine,
    CheckView,
    Day,
    EndpointLine,
    EndpointView,
    Fleet,
    Latest,
    Mark,
    Mesh,
    MeshCell,
    MeshEnd,
    RunLine,
    Site,
    SuiteStrip,
    Transition,
)
from lakeproof.verdict import Outcome

__all__ = [
    "HISTORY",
    "STANDS",
    "CheckLine",
    "CheckView",
    "Day",
    "EndpointLine",
    "EndpointView",
    "Fleet",
    "Latest",
    "Mark",
    "Mesh",
    "MeshCell",
    "MeshEnd",
    "Reader",
    "RunLine",
    "Site",
    "SuiteStrip",
    "Transition",
]

STANDS = timedelta(days=30)
"""A result counts no more when its endpoint's last run is so much newer: the check is gone."""

UNJUDGED = frozenset({Outcome.BLOCKED, Outcome.ERROR, Outcome.NOTRUN, Outcome.UNSUPPORTED})
Found = Row[*tuple[Any, ...]]


@dataclass(frozen=True)
class _Recent:
    """An endpoint with its newest visits, newest first; the first of them decides what stands."""

    id: int
    site: str
    name: str
    visits: Sequence[Found]

    @property
    def last(self) -> Found:
        return self.visits[0]

    @property
    def stands_since(self) -> datetime:
        moment: datetime = self.last.started - STANDS
        return moment


class Reader:
    """One look at the store: everything asked inside its `with` is of one moment."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._stack = ExitStack()
        self._connection: Connection | None = None

    def __enter__(self) -> Self:
        self._connection = self._stack.enter_context(self._store.read())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._connection = None
        self._stack.__exit__(kind, error, trace)

    def fleet(self) -> Fleet:
        """Every endpoint in one line."""
        lines = tuple(self._line(each, self._turns_of(each)) for each in self._endpoints(2))
        newest = max((line.last.started for line in lines), default=None)
        return Fleet(lines, newest)

    def site(self, site: str) -> Site:
        """A site with all of its endpoints; raises KeyError for one without results."""
        found = self._endpoints(HISTORY + 1, Endpoint.site == site)
        if not found:
            raise KeyError(site)
        return Site(site, tuple(self._view(each) for each in found))

    def endpoint(self, site: str, endpoint: str) -> EndpointView:
        """One endpoint; raises KeyError for one without results."""
        return self._view(self._one(site, endpoint, HISTORY + 1))

    def mesh(self) -> Mesh:
        """Who copies from whom, by the newest copy of each pair and direction."""
        endpoints = self._endpoints(1)
        cells = []
        for each in endpoints:
            found = self._standing(each, Question.check_id.startswith(MESH))
            cells += [_cell(latest) for latest in self._latest(each, found)]
        named = {end for cell in cells for end in (cell.source, cell.destination)}
        ends = [self._end(each) for each in endpoints if each.name in named]
        others = sorted(named - {end.name for end in ends})
        ends += [MeshEnd(name, None, None, emulated=False, healthy=None) for name in others]
        return Mesh(tuple(ends), tuple(cells))

    def checks(self) -> tuple[CheckLine, ...]:
        """Every check of which a result stands, by id."""
        return tuple(self._check_lines())

    def check(self, check: str) -> CheckView:
        """One check at every endpoint; raises KeyError for one of which no result stands."""
        lines = self._check_lines(check)
        if not lines:
            raise KeyError(check)
        found: list[tuple[str, str, Latest]] = []
        for each in self._endpoints(1):
            mine = self._standing(each, Question.check_id == check)
            found += [(each.site, each.name, latest) for latest in self._latest(each, mine)]
        return CheckView(lines[0], tuple(found))

    def matrix(self, site: str, endpoint: str) -> tuple[Seen, ...]:
        """The scope matrix of an endpoint; empty when no cell was tried. Raises KeyError."""
        each = self._one(site, endpoint, 1)
        results = [found.result for found in self._standing(each, Question.suite == "tokens")]
        return tuple(overlay(results).get(endpoint, ()))

    def changes(
        self, since: datetime | None = None, site: str | None = None, endpoint: str | None = None
    ) -> tuple[Transition, ...]:
        """What changed since a moment (None: in the last run of each endpoint), newest first."""
        which = [Endpoint.site == site] if site is not None else []
        which += [Endpoint.name == endpoint] if endpoint is not None else []
        turns: list[Turn] = []
        for each in self._endpoints(1, *which):
            if since is None:
                turns += self._turns_of(each)
            else:
                mine = Series.endpoint_id == each.id
                turns += news.turns(self._open, mine, Span.first_at >= since)
        return news.transitions(self._open, turns)

    def days(self, site: str, endpoint: str, last: int = 365) -> tuple[Day, ...]:
        """The days with results among the last ones before the newest, oldest first.

        Raises KeyError.
        """
        each = self._one(site, endpoint, 1)
        first = (each.last.started - timedelta(days=last)).date()
        days: dict[Any, dict[str, dict[Outcome, int]]] = defaultdict(lambda: defaultdict(dict))
        for row in self._open.execute(
            select(Daily.day, Daily.suite, Daily.outcome, Daily.number)
            .where(Daily.endpoint_id == each.id, Daily.day > first, Daily.number > 0)
            .order_by(Daily.day, Daily.suite, Daily.outcome)
        ):
            days[row.day][row.suite][row.outcome] = row.number
        return tuple(Day(day, dict(suites)) for day, suites in days.items())

    @property
    def _open(self) -> Connection:
        if self._connection is None:
            raise RuntimeError("a Reader answers inside its `with` only")
        return self._connection

    def _endpoints(self, visits: int, *which: Any) -> list[_Recent]:  # noqa: ANN401  conditions
        """Endpoints with their newest visits (as many as there are), by site and name."""
        found = []
        for row in self._open.execute(
            select(Endpoint.id, Endpoint.site, Endpoint.name).where(*which)
        ).all():
            newest = self._open.execute(
                select(Visit, Run.name, Run.suite_version, Run.finished, Run.about)
                .join(Run, Run.id == Visit.run_id)
                .where(Visit.endpoint_id == row.id, Visit.rolled.is_(True))
                .order_by(Visit.started.desc(), Visit.id.desc())
                .limit(visits)
            ).all()
            if newest:
                found.append(_Recent(row.id, row.site, row.name, newest))
        return sorted(found, key=lambda each: (each.site.casefold(), each.name.casefold()))

    def _one(self, site: str, endpoint: str, visits: int) -> _Recent:
        found = self._endpoints(visits, Endpoint.site == site, Endpoint.name == endpoint)
        if not found:
            raise KeyError(f"{site}/{endpoint}")
        return found[0]

    def _turns_of(self, each: _Recent) -> list[Turn]:
        """What the endpoint's last run changed."""
        mine = Series.endpoint_id == each.id
        return news.turns(self._open, mine, Span.first_visit_id == each.last.id)

    def _standing(self, each: _Recent, *which: Any) -> list[Standing]:  # noqa: ANN401  conditions
        mine = Series.endpoint_id == each.id
        return standing(self._open, mine, Span.last_at >= each.stands_since, *which)

    def _line(self, each: _Recent, turns: Iterable[Turn]) -> EndpointLine:
        counted: Counter[Outcome] = Counter()
        new_failures = 0
        for row in self._open.execute(
            select(Span.outcome, Span.first_visit_id)
            .join(Series, Series.id == Span.series_id)
            .where(
                Series.endpoint_id == each.id,
                Span.newest.is_(True),
                Span.last_at >= each.stands_since,
            )
        ):
            counted[row.outcome] += 1
            new_failures += row.outcome is Outcome.FAIL and row.first_visit_id == each.last.id
        lines = _run_lines(each.visits[:2])
        return EndpointLine(
            site=each.site,
            endpoint=each.name,
            url=each.last.url,
            technology=each.last.technology,
            observed_version=each.last.observed_version,
            emulated=each.last.emulated,
            last=lines[-1],
            previous=lines[-2] if len(lines) > 1 else None,
            standing=dict(counted),
            changed=dict(Counter(turn.change for turn in turns)),
            new_failures=new_failures if len(lines) > 1 else 0,
        )

    def _view(self, each: _Recent) -> EndpointView:
        turns = self._turns_of(each)
        latest = self._latest(each, self._standing(each), turns, strips=True)
        runs = _run_lines(each.visits)[-HISTORY:]
        visits = list(reversed(each.visits))[-HISTORY:]
        suites = sorted({suite for visit in visits for suite in visit.tallies})
        return EndpointView(
            line=self._line(each, turns),
            runs=tuple(runs),
            latest=tuple(latest),
            suites=tuple(
                SuiteStrip(suite, tuple(_suite(visit, suite) for visit in visits))
                for suite in suites
            ),
            transitions=news.transitions(self._open, turns),
        )

    def _latest(
        self,
        each: _Recent,
        found: Sequence[Standing],
        turns: Iterable[Turn] | None = None,
        *,
        strips: bool = False,
    ) -> list[Latest]:
        """The standing results of an endpoint with what the history says about them."""
        turns = self._turns_of(each) if turns is None else turns
        changed: Mapping[int, Change] = {turn.series: turn.change for turn in turns}
        failing = news.failing(self._open, [one.series for one in found])
        visits = [visit.id for visit in reversed(each.visits)][-HISTORY:] if strips else []
        marks = self._marks(visits)
        return [
            Latest(
                result=one.result,
                since=one.spell.first_at,
                failing_since=failing.get(one.series),
                changed=changed.get(one.series),
                in_last_run=one.visit == each.last.id,
                strip=tuple(marks.get((visit, one.series)) for visit in visits),
            )
            for one in found
        ]

    def _marks(self, visits: Sequence[int]) -> dict[tuple[int, int], Mark]:
        alike = {(o, flaky): Mark(o, flaky) for o in Outcome for flaky in (False, True)}
        return {
            (row.visit_id, row.series_id): alike[row.outcome, row.flaky]
            for row in self._open.execute(
                select(Answer.visit_id, Answer.series_id, Answer.outcome, Answer.flaky).where(
                    Answer.visit_id.in_(visits)
                )
            )
        }

    def _end(self, each: _Recent) -> MeshEnd:
        outcomes = self._open.scalars(
            select(Span.outcome)
            .join(Series, Series.id == Span.series_id)
            .join(Question, Question.id == Series.question_id)
            .where(
                Series.endpoint_id == each.id,
                Question.suite == "webdav",
                Span.newest.is_(True),
                Span.last_at >= each.stands_since,
            )
        ).all()
        healthy = any(outcome not in UNJUDGED for outcome in outcomes) if outcomes else None
        return MeshEnd(each.name, each.site, each.last.technology, each.last.emulated, healthy)

    def _check_lines(self, check: str | None = None) -> list[CheckLine]:
        since = {each.id: each.stands_since for each in self._endpoints(1)}
        counted: dict[str, Counter[Outcome]] = defaultdict(Counter)
        facts: dict[str, Found] = {}
        for row in self._open.execute(
            select(Question, Series.endpoint_id, Span.outcome, Span.last_at)
            .join(Series, Series.question_id == Question.id)
            .join(Span, Span.series_id == Series.id)
            .where(
                Span.newest.is_(True),
                *([Question.check_id == check] if check is not None else []),
            )
            .order_by(Question.check_id, Question.cell)
        ):
            if row.endpoint_id in since and row.last_at >= since[row.endpoint_id]:
                counted[row.check_id][row.outcome] += 1
                facts.setdefault(row.check_id, row)
        return [
            CheckLine(
                check=name,
                suite=row.suite,
                title=row.title,
                req=row.req,
                level=row.level,
                severity=row.severity,
                standing=dict(counted[name]),
            )
            for name, row in facts.items()
        ]


def _run_lines(visits: Sequence[Found]) -> list[RunLine]:
    """Visits (newest first) as lines, oldest first."""
    lines: list[RunLine] = []
    for visit in reversed(visits):
        totals: Counter[Outcome] = Counter()
        for counts in visit.tallies.values():
            totals.update({Outcome(outcome): number for outcome, number in counts.items()})
        lines.append(
            RunLine(
                run=visit.name,
                started=visit.started,
                ended=visit.ended,
                suite_version=visit.suite_version,
                complete=visit.finished is not None and not visit.about.get("interrupted"),
                url=visit.url,
                technology=visit.technology,
                observed_version=visit.observed_version,
                totals=dict(totals),
                suite_changed=bool(lines) and lines[-1].suite_version != visit.suite_version,
            )
        )
    return lines


def _suite(visit: Found, suite: str) -> dict[Outcome, int] | None:
    counts = visit.tallies.get(suite)
    return None if counts is None else {Outcome(name): number for name, number in counts.items()}


def _cell(latest: Latest) -> MeshCell:
    result = latest.result
    partner = result.partner or ""
    pulls = result.direction == "pull"
    return MeshCell(
        source=partner if pulls else result.endpoint,
        destination=result.endpoint if pulls else partner,
        direction=cast("Literal['pull', 'push']", result.direction),
        active=result.endpoint,
        latest=latest,
    )
