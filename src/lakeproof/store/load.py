"""From the store's rows back to results."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, select

from lakeproof.results import Result
from lakeproof.store.changes import Spell
from lakeproof.store.fold import unfold
from lakeproof.store.names import TEXTS
from lakeproof.store.parts import parts
from lakeproof.store.schema import (
    Answer,
    Detail,
    Endpoint,
    Extra,
    Question,
    Run,
    Series,
    Span,
    Visit,
    Words,
)

SECOND_MS = 1000


@dataclass(frozen=True)
class Standing:
    """The newest result of a series, and the newest span, which it ends."""

    series: int
    endpoint_id: int
    visit: int
    spell: Spell
    result: Result


def standing(connection: Connection, *which: ColumnElement[bool]) -> list[Standing]:
    """The newest result of every series of `which`: conditions on Series, Question, Endpoint.

    By site, endpoint, check, cell and partner.
    """
    rows = connection.execute(
        select(
            Span.id,
            Span.series_id,
            Span.first_visit_id,
            Span.first_at,
            Span.last_visit_id,
            Span.last_at,
            Span.runs,
            Answer.outcome,
            Answer.flaky,
            Answer.blame,
            Answer.after_ms,
            Answer.duration_ms,
            Answer.place,
            Answer.detail_id,
            Question.check_id,
            Question.cell,
            Question.title,
            Question.req,
            Question.level,
            Question.severity,
            Question.direction,
            Series.endpoint_id,
            Series.partner,
            Endpoint.site,
            Endpoint.name,
            Visit.started,
            Visit.url,
            Visit.technology,
            Visit.observed_version,
            Visit.emulated,
            Visit.stand_ins,
            Run.name.label("run"),
            Run.suite_version,
            Extra.attempts,
            Extra.measured,
        )
        .join(Series, Series.id == Span.series_id)
        .join(Question, Question.id == Series.question_id)
        .join(Endpoint, Endpoint.id == Series.endpoint_id)
        .join(
            Answer,
            and_(Answer.visit_id == Span.last_visit_id, Answer.series_id == Span.series_id),
        )
        .join(Visit, Visit.id == Span.last_visit_id)
        .join(Run, Run.id == Visit.run_id)
        .outerjoin(
            Extra,
            and_(Extra.visit_id == Span.last_visit_id, Extra.series_id == Span.series_id),
        )
        .where(Span.newest.is_(True), *which)
        .order_by(Endpoint.site, Endpoint.name, Question.check_id, Question.cell, Series.partner)
    ).all()
    said = texts(connection, {row.detail_id for row in rows if row.detail_id is not None})
    return [_standing(row, said.get(row.detail_id, {})) for row in rows]


def texts(connection: Connection, details: Collection[int]) -> dict[int, dict[str, str | None]]:
    """The folded texts of these rows of `detail`, by their number and then by name."""
    found = [
        row
        for part in parts(sorted(details))
        for row in connection.execute(select(Detail).where(Detail.id.in_(part)))
    ]
    wanted = {getattr(row, name) for row in found for name in TEXTS} - {None}
    words: dict[int | None, str] = {
        row.id: row.body
        for part in parts(sorted(wanted))
        for row in connection.execute(select(Words.id, Words.body).where(Words.id.in_(part)))
    }
    return {row.id: {name: words.get(getattr(row, name)) for name in TEXTS} for row in found}


def spell_of(span: Row[*tuple[Any, ...]]) -> Spell:
    """A row with the columns of a span, by their names, as a spell of visits."""
    return Spell(
        span.outcome,
        span.flaky,
        span.first_visit_id,
        span.first_at,
        span.last_visit_id,
        span.last_at,
        span.runs,
    )


def _standing(row: Row[*tuple[Any, ...]], folded: dict[str, str | None]) -> Standing:
    said: dict[str, Any] = {
        name: None if text is None else unfold(text, row.run, row.place)
        for name, text in folded.items()
    }
    result = Result(
        run=row.run,
        started=(row.started + timedelta(milliseconds=row.after_ms)).isoformat(),
        duration_s=row.duration_ms / SECOND_MS,
        site=row.site,
        endpoint=row.name,
        url=row.url,
        check=row.check_id,
        title=row.title,
        req=row.req,
        level=row.level,
        severity=row.severity,
        outcome=row.outcome,
        technology=row.technology,
        observed_version=row.observed_version,
        blame=row.blame,
        cell=row.cell or None,
        direction=row.direction,
        emulated=row.emulated,
        stand_ins=tuple(row.stand_ins),
        flaky=row.flaky,
        attempts=tuple(row.attempts or ()),
        measured=row.measured or {},
        suite_version=row.suite_version,
        **said,
    )
    return Standing(row.series_id, row.endpoint_id, row.last_visit_id, spell_of(row), result)
