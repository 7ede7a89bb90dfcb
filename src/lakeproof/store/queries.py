"""What pages ask the store: every answer is a plain value of `lakeproof.store.views`."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from types import TracebackType
from typing import Any, Literal, Self, cast

from sqlalchemy import Connection, Row, select

from lakeproof.matrix import Seen, overlay
from lakeproof.store import news
from lakeproof.store.changes import BAD, Change
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
        self._fleet: list[_Recent] | None = None

    def __enter__(self) -> Self:
        self._connection = self._stack.enter_context(self._store.read())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._connection = self._fleet = None
        self._stack.__exit__(kind, error, trace)

    def fleet(self) -> Fleet:
        """Every endpoint in one line."""
        endpoints = self._everybody()
        turns = _by_endpoint(self._last_turns(endpoints))
        stand = self._stand(endpoints)
        lines = tuple(_line(each, turns[each.id], stand[each.id]) for each in endpoints)
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

    def mesh(self, earlier: int = 0) -> Mesh:
        """Who copies from whom, by the newest copy of each pair and direction.

        With the outcomes of so many judged copies of each pair before it.
        """
        endpoints = self._everybody()
        pairs = Question.check_id.startswith(MESH)
        copies = self._standing(endpoints, pairs)
        turns = self._last_turns(endpoints, pairs)
        latest = self._latest(endpoints, copies, turns)
        before = news.judged_before(self._open, latest, earlier)
        cells = [_cell(one, before.get(series, ())) for series, one in latest.items()]
        named = {end for cell in cells for end in (cell.source, cell.destination)}
        stand = self._stand(endpoints, Question.suite == "webdav")
        ends = [_end(each, stand[each.id]) for each in endpoints if each.name in named]
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
        endpoints = self._everybody()
        mine = self._standing(endpoints, Question.check_id == check)
        turns = self._last_turns(endpoints, Question.check_id == check)
        found = [
            (latest.result.site, latest.result.endpoint, latest)
            for latest in self._latest(endpoints, mine, turns).values()
        ]
        return CheckView(lines[0], tuple(found))

    def matrix(self, site: str, endpoint: str) -> tuple[Seen, ...]:
        """The scope matrix of an endpoint; empty when no cell was tried. Raises KeyError."""
        each = self._one(site, endpoint, 1)
        tokens = Question.suite == "tokens"
        results = [found.result for found in self._standing([each], tokens)]
        return tuple(overlay(results).get(endpoint, ()))

    def changes(
        self, since: datetime | None = None, site: str | None = None, endpoint: str | None = None
    ) -> tuple[Transition, ...]:
        """What changed since a moment (None: in the last run of each endpoint), newest first."""
        which = [Endpoint.site == site] if site is not None else []
        which += [Endpoint.name == endpoint] if endpoint is not None else []
        endpoints = self._endpoints(1, *which)
        if since is None:
            turns = self._last_turns(endpoints)
        else:
            mine = Series.endpoint_id.in_([each.id for each in endpoints])
            turns = news.turns(self._open, mine, Span.first_at >= since)
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

    def _everybody(self) -> list[_Recent]:
        """Every endpoint with its last two visits, asked for once."""
        if self._fleet is None:
            self._fleet = self._endpoints(2)
        return self._fleet

    def _last_turns(self, endpoints: Sequence[_Recent], *which: Any) -> list[Turn]:  # noqa: ANN401
        """What the last run of each of these endpoints changed; `which` are conditions."""
        last = Span.first_visit_id.in_([each.last.id for each in endpoints])
        return news.turns(self._open, last, *which)

    def _standing(self, endpoints: Sequence[_Recent], *which: Any) -> list[Standing]:  # noqa: ANN401
        """What stands at these endpoints; `which` are conditions."""
        since = {each.id: each.stands_since for each in endpoints}
        found = standing(self._open, Series.endpoint_id.in_(list(since)), *which)
        return [one for one in found if one.spell.last_at >= since[one.endpoint_id]]

    def _stand(
        self,
        endpoints: Sequence[_Recent],
        *which: Any,  # noqa: ANN401  conditions
    ) -> dict[int, list[Found]]:
        """Outcome and first visit of the newest span of all that stands, by endpoint."""
        since = {each.id: each.stands_since for each in endpoints}
        found: dict[int, list[Found]] = {number: [] for number in since}
        for row in self._open.execute(
            select(Series.endpoint_id, Span.outcome, Span.first_visit_id, Span.last_at)
            .join(Series, Series.id == Span.series_id)
            .join(Question, Question.id == Series.question_id)
            .where(Span.newest.is_(True), Series.endpoint_id.in_(list(since)), *which)
        ):
            if row.last_at >= since[row.endpoint_id]:
                found[row.endpoint_id].append(row)
        return found

    def _view(self, each: _Recent) -> EndpointView:
        turns = self._last_turns([each])
        visits = list(reversed(each.visits))[-HISTORY:]
        latest = self._latest([each], self._standing([each]), turns)
        marks = self._marks([visit.id for visit in visits])
        suites = sorted({suite for visit in visits for suite in visit.tallies})
        return EndpointView(
            line=_line(each, turns, self._stand([each])[each.id]),
            runs=tuple(_run_lines(each.visits)[-HISTORY:]),
            latest=tuple(
                replace(one, strip=tuple(marks.get((visit.id, series)) for visit in visits))
                for series, one in latest.items()
            ),
            suites=tuple(
                SuiteStrip(suite, tuple(_suite(visit, suite) for visit in visits))
                for suite in suites
            ),
            transitions=news.transitions(self._open, turns),
        )

    def _latest(
        self,
        endpoints: Sequence[_Recent],
        found: Sequence[Standing],
        turns: Iterable[Turn],
    ) -> dict[int, Latest]:
        """Standing results, by their series, with what the history says about them."""
        last = {each.id: each.last.id for each in endpoints}
        changed: Mapping[int, Change] = {turn.series: turn.change for turn in turns}
        bad = [one.series for one in found if one.result.outcome in BAD]
        failing = news.failing(self._open, bad)
        return {
            one.series: Latest(
                result=one.result,
                since=one.spell.first_at,
                failing_since=failing.get(one.series),
                changed=changed.get(one.series),
                in_last_run=one.visit == last[one.endpoint_id],
            )
            for one in found
        }

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

    def _check_lines(self, check: str | None = None) -> list[CheckLine]:
        since = {each.id: each.stands_since for each in self._everybody()}
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


def _by_endpoint(turns: Iterable[Turn]) -> defaultdict[int, list[Turn]]:
    found: defaultdict[int, list[Turn]] = defaultdict(list)
    for turn in turns:
        found[turn.endpoint_id].append(turn)
    return found


def _line(each: _Recent, turns: Iterable[Turn], stand: Sequence[Found]) -> EndpointLine:
    lines = _run_lines(each.visits[:2])
    return EndpointLine(
        site=each.site,
        endpoint=each.name,
        url=each.last.url,
        technology=each.last.technology,
        observed_version=each.last.observed_version,
        emulated=each.last.emulated,
        stand_ins=tuple(each.last.stand_ins),
        last=lines[-1],
        previous=lines[-2] if len(lines) > 1 else None,
        standing=dict(Counter(row.outcome for row in stand)),
        changed=dict(Counter(turn.change for turn in turns)),
        new_failures=sum(
            row.outcome is Outcome.FAIL and row.first_visit_id == each.last.id for row in stand
        )
        if len(lines) > 1
        else 0,
    )


def _end(each: _Recent, webdav: Sequence[Found]) -> MeshEnd:
    healthy = any(row.outcome not in UNJUDGED for row in webdav) if webdav else None
    return MeshEnd(each.name, each.site, each.last.technology, each.last.emulated, healthy)


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


def _cell(latest: Latest, earlier: tuple[tuple[Outcome, datetime], ...]) -> MeshCell:
    result = latest.result
    partner = result.partner or ""
    pulls = result.direction == "pull"
    return MeshCell(
        source=partner if pulls else result.endpoint,
        destination=result.endpoint if pulls else partner,
        direction=cast("Literal['pull', 'push']", result.direction),
        active=result.endpoint,
        latest=latest,
        earlier=earlier,
    )
