"""How long what is kept: single results for months, what they amount to for years.

What goes: results older than `results`, but for the newest one of every series; spans, visits,
runs and daily counts older than `history`, but for what still stands.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, and_, delete, exists, select

from lakeproof.store import rollup
from lakeproof.store.database import Store, hold_texts
from lakeproof.store.names import TEXTS
from lakeproof.store.schema import (
    Answer,
    Daily,
    Detail,
    Extra,
    Run,
    Span,
    Visit,
    Words,
)
from lakeproof.store.settings import keep_since

RESULTS = timedelta(days=90)
HISTORY = timedelta(days=730)
VISITS_AT_ONCE = 500


@dataclass(frozen=True)
class Pruned:
    """How many rows went."""

    results: int
    texts: int
    visits: int


def prune(
    store: Store, now: datetime, *, results: timedelta = RESULTS, history: timedelta = HISTORY
) -> Pruned:
    """Remove what is older, in short transactions, so that runs can write meanwhile."""
    rollup.roll_up(store)
    since = now - results
    with store.write() as connection:
        keep_since(connection, since)
    gone = sum(_remove_results(store, visits) for visits in _old_visits(store, since))
    with store.write() as connection:
        texts = _remove_texts(connection)
    with store.write() as connection:
        visits = _remove_history(connection, min(now - history, since))
    return Pruned(gone, texts, visits)


def _old_visits(store: Store, since: datetime) -> Iterator[list[int]]:
    with store.read() as connection:
        found = list(
            connection.scalars(
                select(Visit.id)
                .where(Visit.started < since, exists().where(Answer.visit_id == Visit.id))
                .order_by(Visit.id)
            )
        )
    for start in range(0, len(found), VISITS_AT_ONCE):
        yield found[start : start + VISITS_AT_ONCE]


def _remove_results(store: Store, visits: list[int]) -> int:
    number = 0
    with store.write() as connection:
        for table in (Extra, Answer):
            stands = exists().where(
                Span.series_id == table.series_id,
                Span.last_visit_id == table.visit_id,
                Span.newest.is_(True),
            )
            number = connection.execute(
                delete(table).where(table.visit_id.in_(visits), ~stands)
            ).rowcount
    return number


def _remove_texts(connection: Connection) -> int:
    hold_texts(connection, alone=True)
    used = select(Answer.detail_id).where(Answer.detail_id.is_not(None))
    connection.execute(delete(Detail).where(Detail.id.not_in(used)))
    columns = [getattr(Detail, name) for name in TEXTS]
    named = [
        Words.id.not_in(select(column).where(column.is_not(None)).distinct()) for column in columns
    ]
    return connection.execute(delete(Words).where(and_(*named))).rowcount


def _remove_history(connection: Connection, since: datetime) -> int:
    connection.execute(delete(Span).where(Span.last_at < since, Span.newest.is_(False)))
    connection.execute(delete(Daily).where(Daily.day < since.date()))
    unused = and_(
        Visit.started < since,
        ~exists().where(Answer.visit_id == Visit.id),
        Visit.id.not_in(select(Span.first_visit_id)),
        Visit.id.not_in(select(Span.last_visit_id)),
    )
    gone = connection.execute(delete(Visit).where(unused)).rowcount
    connection.execute(
        delete(Run).where(Run.started < since, ~exists().where(Visit.run_id == Run.id))
    )
    return gone
