"""Transitions out of the spans: each span's first run is where something may have changed."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, select

from lakeproof.store.changes import JUDGED, Change, Spell, change, failing_since
from lakeproof.store.fold import unfold
from lakeproof.store.load import spell_of, texts
from lakeproof.store.parts import parts
from lakeproof.store.schema import Answer, Endpoint, Question, Run, Series, Span, Visit
from lakeproof.store.views import Transition
from lakeproof.verdict import Outcome

URGENCY = (Change.REGRESSED, Change.BROKEN, Change.NEW, Change.FLAKY, Change.FIXED)
Found = Row[*tuple[Any, ...]]


@dataclass(frozen=True)
class Turn:
    """The span with which something changed, and all spans of its series until then."""

    endpoint_id: int
    series: int
    change: Change
    history: Sequence[Spell]


def turns(connection: Connection, *which: ColumnElement[bool]) -> list[Turn]:
    """What the first runs of the spans of `which` (conditions on Span, Series, Question) changed.

    An endpoint's first run changes nothing.
    """
    begun = {
        row.id: row.series_id
        for row in connection.execute(
            select(Span.id, Span.series_id)
            .join(Series, Series.id == Span.series_id)
            .join(Question, Question.id == Series.question_id)
            .where(*which)
        )
    }
    histories = _histories(connection, begun.values())
    first = _first_visits(
        connection, {spans[0].endpoint_id for spans in histories.values() if spans}
    )
    found = []
    for series, spans in histories.items():
        history = [spell_of(span) for span in spans]
        for number, span in enumerate(spans):
            if span.id not in begun or span.first_visit_id == first.get(span.endpoint_id):
                continue
            what = change(history[: number + 1])
            if what is not None:
                found.append(Turn(span.endpoint_id, series, what, history[: number + 1]))
    return found


def failing(connection: Connection, series: Collection[int]) -> dict[int, datetime]:
    """Since when these series fail, of those that do."""
    found = {
        number: failing_since([spell_of(span) for span in spans])
        for number, spans in _histories(connection, series).items()
    }
    return {number: since for number, since in found.items() if since is not None}


def judged_before(
    connection: Connection, series: Collection[int], number: int
) -> dict[int, tuple[tuple[Outcome, datetime], ...]]:
    """The last so many judgements of each of these series before its newest result.

    Oldest first; the moment is that of the last run that said the same.
    """
    if number == 0:
        return {}
    return {
        one: tuple(_judged_before([spell_of(span) for span in spans], number))[::-1]
        for one, spans in _histories(connection, series).items()
    }


def _judged_before(spells: Sequence[Spell], number: int) -> Iterator[tuple[Outcome, datetime]]:
    """Newest first."""
    left, skip = number, 1
    for spell in reversed(spells):
        if spell.outcome in JUDGED:
            told = min(spell.runs - skip, left)
            yield from itertools.repeat((spell.outcome, spell.last_at), told)
            left -= told
        skip = 0


def transitions(connection: Connection, found: Sequence[Turn]) -> tuple[Transition, ...]:
    """The turns in full, newest run first, in it the most urgent first."""
    facts = _facts(connection, {turn.series for turn in found})
    visits = {spell.first for turn in found for spell in turn.history[-1:]}
    visits |= {spell.last for turn in found for spell in turn.history[-2:-1]}
    runs = _runs(connection, visits)
    versions = _versions_before(connection, found, facts, runs)
    actuals = _actuals(connection, found, runs)
    whole = [
        _transition(turn, facts[turn.series], runs, versions, actuals.get(turn_key(turn)))
        for turn in found
    ]
    return tuple(sorted(whole, key=_urgency))


def turn_key(turn: Turn) -> tuple[int, int]:
    """The visit and the series of the result that it is about."""
    return turn.history[-1].first, turn.series


def _transition(
    turn: Turn,
    fact: Found,
    runs: Mapping[int, Found],
    versions: Mapping[int, str],
    actual: str | None,
) -> Transition:
    now = turn.history[-1]
    run = runs[now.first]
    if len(turn.history) > 1:
        version = runs[turn.history[-2].last].suite_version
    else:
        version = versions.get(now.first, run.suite_version)
    return Transition(
        site=fact.site,
        endpoint=fact.name,
        change=turn.change,
        check=fact.check_id,
        title=fact.title,
        level=fact.level,
        severity=fact.severity,
        cell=fact.cell or None,
        partner=fact.partner or None,
        direction=fact.direction,
        before=turn.history[-2].outcome if len(turn.history) > 1 else None,
        after=now.outcome,
        at=now.first_at,
        run=run.name,
        suite_changed=(version, run.suite_version) if version != run.suite_version else None,
        failing_since=failing_since(turn.history),
        actual=actual,
    )


def _urgency(found: Transition) -> tuple[object, ...]:
    return (
        -found.at.timestamp(),
        found.site,
        found.endpoint,
        URGENCY.index(found.change),
        found.severity.rank,
        found.check,
        found.cell or "",
        found.partner or "",
    )


def _histories(connection: Connection, series: Iterable[int]) -> dict[int, list[Found]]:
    """All spans of these series, oldest first."""
    wanted = sorted(set(series))
    found: dict[int, list[Found]] = defaultdict(list)
    for part in parts(wanted):
        for span in connection.execute(
            select(Span, Series.endpoint_id)
            .join(Series, Series.id == Span.series_id)
            .where(Span.series_id.in_(part))
            .order_by(Span.series_id, Span.first_at, Span.id)
        ):
            found[span.series_id].append(span)
    return found


def _first_visits(connection: Connection, endpoints: Iterable[int]) -> dict[int, int | None]:
    """The first visit of each of these endpoints."""
    return {
        endpoint: connection.scalar(
            select(Visit.id)
            .where(Visit.endpoint_id == endpoint)
            .order_by(Visit.started, Visit.id)
            .limit(1)
        )
        for endpoint in endpoints
    }


def _facts(connection: Connection, series: Collection[int]) -> dict[int, Found]:
    return {
        row.id: row
        for part in parts(sorted(series))
        for row in connection.execute(
            select(
                Series.id,
                Series.partner,
                Series.endpoint_id,
                Endpoint.site,
                Endpoint.name,
                Question.check_id,
                Question.cell,
                Question.title,
                Question.level,
                Question.severity,
                Question.direction,
            )
            .join(Question, Question.id == Series.question_id)
            .join(Endpoint, Endpoint.id == Series.endpoint_id)
            .where(Series.id.in_(part))
        )
    }


def _runs(connection: Connection, visits: Collection[int]) -> dict[int, Found]:
    """The run of each visit, with the visit's beginning and endpoint."""
    return {
        row.id: row
        for part in parts(sorted(visits))
        for row in connection.execute(
            select(Visit.id, Visit.endpoint_id, Visit.started, Run.name, Run.suite_version)
            .join(Run, Run.id == Visit.run_id)
            .where(Visit.id.in_(part))
        )
    }


def _versions_before(
    connection: Connection,
    found: Iterable[Turn],
    facts: Mapping[int, Found],
    runs: Mapping[int, Found],
) -> dict[int, str]:
    """For visits with a check that is new: the suite's version in the endpoint's run before."""
    asked = {
        turn.history[0].first: facts[turn.series].endpoint_id
        for turn in found
        if len(turn.history) == 1
    }
    versions = {}
    for visit, endpoint in asked.items():
        before = connection.scalar(
            select(Run.suite_version)
            .join(Visit, Visit.run_id == Run.id)
            .where(Visit.endpoint_id == endpoint, Visit.started < runs[visit].started)
            .order_by(Visit.started.desc())
            .limit(1)
        )
        if before is not None:
            versions[visit] = before
    return versions


def _actuals(
    connection: Connection, found: Iterable[Turn], runs: Mapping[int, Found]
) -> dict[tuple[int, int], str]:
    """What was seen, by visit and series, where the result is still there and says it."""
    by_visit: dict[int, set[int]] = defaultdict(set)
    for visit, series in map(turn_key, found):
        by_visit[visit].add(series)
    rows = [
        row
        for visit, wanted in by_visit.items()
        for part in parts(sorted(wanted))
        for row in connection.execute(
            select(Answer.visit_id, Answer.series_id, Answer.place, Answer.detail_id).where(
                Answer.visit_id == visit, Answer.series_id.in_(part)
            )
        )
    ]
    said = texts(connection, {row.detail_id for row in rows if row.detail_id is not None})
    actuals = {}
    for row in rows:
        text = said.get(row.detail_id, {}).get("actual")
        if text is not None:
            actuals[row.visit_id, row.series_id] = unfold(text, runs[row.visit_id].name, row.place)
    return actuals
