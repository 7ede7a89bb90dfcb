"""What a store says, without its numbers: two stores with the same history are equal here."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import aliased

from lakeproof.store import Store
from lakeproof.store.schema import Daily, Endpoint, Question, Run, Series, Span, Visit


def rolled_up(store: Store) -> dict[str, list[tuple[Any, ...]]]:
    """Spans, daily counts and tallies, in an order of their own."""
    first, last = aliased(Visit), aliased(Visit)
    first_run, last_run = aliased(Run), aliased(Run)
    spans = (
        select(
            Endpoint.name,
            Question.check_id,
            Question.cell,
            Series.partner,
            Span.outcome,
            Span.flaky,
            first_run.name,
            Span.first_at,
            last_run.name,
            Span.last_at,
            Span.runs,
            Span.newest,
        )
        .join(Series, Series.id == Span.series_id)
        .join(Endpoint, Endpoint.id == Series.endpoint_id)
        .join(Question, Question.id == Series.question_id)
        .join(first, first.id == Span.first_visit_id)
        .join(first_run, first_run.id == first.run_id)
        .join(last, last.id == Span.last_visit_id)
        .join(last_run, last_run.id == last.run_id)
    )
    days = select(Endpoint.name, Daily.day, Daily.suite, Daily.outcome, Daily.number).join(
        Endpoint, Endpoint.id == Daily.endpoint_id
    )
    tallies = (
        select(Run.name, Endpoint.name, Visit.tallies, Visit.rolled)
        .join(Run, Run.id == Visit.run_id)
        .join(Endpoint, Endpoint.id == Visit.endpoint_id)
    )
    with store.read() as connection:
        found = {
            "spans": connection.execute(spans).all(),
            "days": [row for row in connection.execute(days).all() if row.number],
            "tallies": connection.execute(tallies).all(),
        }
    return {name: sorted(map(tuple, rows), key=repr) for name, rows in found.items()}
