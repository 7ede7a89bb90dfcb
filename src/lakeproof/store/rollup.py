"""The roll-ups, kept up to date as runs come in: tallies of visits, spans of series, daily counts.

A visit that comes after all that is rolled up only lengthens spans or begins new ones. One that
comes late, or grew, has the spans of its endpoint made again from its own time on.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Row, and_, bindparam, delete, func, select, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite

from lakeproof.store.changes import Spell
from lakeproof.store.database import Store, insert_new
from lakeproof.store.parts import parts
from lakeproof.store.schema import Answer, Daily, Endpoint, Question, Series, Span, Visit
from lakeproof.store.settings import kept_since
from lakeproof.verdict import Outcome

Counts = Mapping[str, Mapping[str, int]]
Found = Row[*tuple[Any, ...]]


def roll_up(store: Store) -> int:
    """Roll up every visit that is not yet, one transaction an endpoint; how many those were."""
    with store.read() as connection:
        waiting = list(
            connection.scalars(
                select(Visit.endpoint_id)
                .where(Visit.rolled.is_(False))
                .distinct()
                .order_by(Visit.endpoint_id)
            )
        )
    number = 0
    for endpoint in waiting:
        with store.write() as connection:
            number += _endpoint(connection, endpoint)
    return number


def _endpoint(connection: Connection, endpoint: int) -> int:
    # Two that roll up the same endpoint take turns (SQLite has one writer anyway).
    connection.execute(select(Endpoint.id).where(Endpoint.id == endpoint).with_for_update())
    visits = connection.execute(
        select(Visit.id, Visit.started, Visit.tallies)
        .where(Visit.endpoint_id == endpoint, Visit.rolled.is_(False))
        .order_by(Visit.started, Visit.id)
    ).all()
    if not visits:
        return 0
    since = visits[0].started
    _count(connection, endpoint, visits)
    _cut(connection, endpoint, since)
    _go_on(connection, endpoint, since)
    for part in parts([visit.id for visit in visits]):
        connection.execute(update(Visit).where(Visit.id.in_(part)).values(rolled=True))
    return len(visits)


def _count(connection: Connection, endpoint: int, visits: Sequence[Found]) -> None:
    """Tallies of these visits, and what they add to (or take from) the days they began on."""
    fresh: dict[int, dict[str, dict[str, int]]] = {visit.id: {} for visit in visits}
    for part in parts(list(fresh)):
        counted = connection.execute(
            select(Answer.visit_id, Question.suite, Answer.outcome, func.count())
            .join(Series, Series.id == Answer.series_id)
            .join(Question, Question.id == Series.question_id)
            .where(Answer.visit_id.in_(part))
            .group_by(Answer.visit_id, Question.suite, Answer.outcome)
        )
        for visit_id, suite, outcome, number in counted:
            fresh[visit_id].setdefault(suite, {})[outcome.value] = number
    added: Counter[tuple[date, str, Outcome]] = Counter()
    for visit in visits:
        day = visit.started.date()
        for suite, outcome, number in _flat(fresh[visit.id]):
            added[day, suite, outcome] += number
        for suite, outcome, number in _flat(visit.tallies):
            added[day, suite, outcome] -= number
    connection.execute(
        update(Visit).where(Visit.id == bindparam("me")).values(tallies=bindparam("fresh")),
        [{"me": visit.id, "fresh": fresh[visit.id]} for visit in visits],
    )
    _add(connection, endpoint, added)


def _flat(tallies: Counts) -> Iterator[tuple[str, Outcome, int]]:
    for suite, outcomes in tallies.items():
        for outcome, number in outcomes.items():
            yield suite, Outcome(outcome), number


def _add(
    connection: Connection, endpoint: int, added: Mapping[tuple[date, str, Outcome], int]
) -> None:
    module = sqlite if connection.dialect.name == "sqlite" else postgresql
    rows = [
        {"endpoint_id": endpoint, "day": day, "suite": suite, "outcome": outcome, "number": number}
        for (day, suite, outcome), number in added.items()
        if number
    ]
    for part in parts(rows):
        statement = module.insert(Daily).values(part)
        connection.execute(
            statement.on_conflict_do_update(
                index_elements=["endpoint_id", "day", "suite", "outcome"],
                set_={"number": Daily.number + statement.excluded.number},
            )
        )


def _cut(connection: Connection, endpoint: int, since: datetime) -> None:
    """Take back from this endpoint's spans what they say of `since` and later."""
    mine = select(Series.id).where(Series.endpoint_id == endpoint)
    later = and_(Span.series_id.in_(mine), Span.last_at >= since)
    if connection.scalar(select(Span.id).where(later).limit(1)) is None:
        return
    connection.execute(delete(Span).where(later, Span.first_at >= since))
    for span in connection.execute(select(Span).where(later)).all():
        _shorten(connection, endpoint, span, since)
    newest = (
        select(func.max(Span.first_at), Span.series_id)
        .where(Span.series_id.in_(mine))
        .group_by(Span.series_id)
    )
    connection.execute(
        update(Span).where(tuple_(Span.first_at, Span.series_id).in_(newest)).values(newest=True)
    )


def _shorten(connection: Connection, endpoint: int, span: Found, since: datetime) -> None:
    """End a span before `since`, where it began earlier.

    Of a span that reaches back before what is kept the runs can only be counted from its end.
    """
    asked = (
        select(Visit.id, Visit.started)
        .join(Answer, Answer.visit_id == Visit.id)
        .where(Visit.endpoint_id == endpoint, Answer.series_id == span.series_id)
    )
    earlier = asked.where(Visit.started >= span.first_at, Visit.started < since)
    last = connection.execute(
        earlier.order_by(Visit.started.desc(), Visit.id.desc()).limit(1)
    ).first()
    if span.first_at >= kept_since(connection):
        runs = connection.scalar(select(func.count()).select_from(earlier.subquery())) or 1
    else:
        taken = asked.where(
            Visit.started >= since, Visit.started <= span.last_at, Visit.rolled.is_(True)
        )
        number = connection.scalar(select(func.count()).select_from(taken.subquery())) or 0
        runs = max(1, span.runs - number)
    connection.execute(
        update(Span)
        .where(Span.id == span.id)
        .values(
            last_visit_id=last.id if last else span.first_visit_id,
            last_at=last.started if last else span.first_at,
            runs=runs,
        )
    )


def _go_on(connection: Connection, endpoint: int, since: datetime) -> None:
    """Lengthen this endpoint's spans, and add new ones, by its results of `since` and later."""
    kept = {
        span.series_id: (span.id, _spell(span))
        for span in connection.execute(
            select(Span)
            .join(Series, Series.id == Span.series_id)
            .where(Series.endpoint_id == endpoint, Span.newest.is_(True))
        ).all()
    }
    running: dict[int, tuple[int | None, Spell]] = {}
    ended: list[tuple[int, int | None, Spell]] = []
    for row in connection.execute(
        select(Answer.series_id, Answer.outcome, Answer.flaky, Visit.id, Visit.started)
        .join(Visit, Visit.id == Answer.visit_id)
        .where(Visit.endpoint_id == endpoint, Visit.started >= since)
        .order_by(Visit.started, Visit.id)
    ):
        seen = Spell(row.outcome, row.flaky, row.id, row.started, row.id, row.started)
        number, before = running.get(row.series_id) or kept.get(row.series_id) or (None, None)
        if before is not None and before.continues(seen):
            running[row.series_id] = number, before.and_then(seen)
            continue
        if before is not None:
            ended.append((row.series_id, number, before))
        running[row.series_id] = None, seen
    _write(connection, ended, newest=False)
    _write(connection, [(series, *span) for series, span in running.items()], newest=True)


def _write(
    connection: Connection, spans: Iterable[tuple[int, int | None, Spell]], *, newest: bool
) -> None:
    """Update the spans that have a number, by what they have in common, and insert the others."""
    fresh = []
    alike: dict[tuple[int, datetime, int], list[int]] = defaultdict(list)
    for series, number, spell in spans:
        if number is not None:
            alike[spell.last, spell.last_at, spell.runs].append(number)
            continue
        fresh.append(
            {
                "series_id": series,
                "outcome": spell.outcome,
                "flaky": spell.flaky,
                "first_visit_id": spell.first,
                "first_at": spell.first_at,
                "last_visit_id": spell.last,
                "last_at": spell.last_at,
                "runs": spell.runs,
                "newest": newest,
            }
        )
    for (visit, moment, runs), numbers in alike.items():
        for part in parts(numbers):
            connection.execute(
                update(Span)
                .where(Span.id.in_(part))
                .values(last_visit_id=visit, last_at=moment, runs=runs, newest=newest)
            )
    insert_new(connection, Span, fresh)


def _spell(span: Found) -> Spell:
    return Spell(
        span.outcome,
        span.flaky,
        span.first_visit_id,
        span.first_at,
        span.last_visit_id,
        span.last_at,
        span.runs,
    )
