"""How much is in a store."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select, text

from lakeproof.store.database import Store
from lakeproof.store.schema import REVISION, Answer, Endpoint, Question, Run, Span, Visit

MEGABYTE = 1_000_000


@dataclass(frozen=True)
class Size:
    """Rows of what a person knows by name, the time they span, and megabytes (10^6 bytes)."""

    revision: str
    rows: Mapping[str, int]
    oldest: datetime | None
    newest: datetime | None
    megabytes: float


def size(store: Store) -> Size:
    """Count it all, which reads the whole of a big store."""
    tables = {
        "endpoints": Endpoint,
        "checks": Question,
        "visits": Visit,
        "results": Answer,
        "spans": Span,
    }
    with store.read() as connection:
        rows = {
            name: connection.scalar(select(func.count()).select_from(table)) or 0
            for name, table in tables.items()
        }
        oldest = connection.scalar(select(func.min(Run.started)))
        newest = connection.scalar(select(func.max(Run.started)))
        return Size(REVISION, rows, oldest, newest, _bytes(connection) / MEGABYTE)


def _bytes(connection: Connection) -> int:
    if connection.dialect.name == "postgresql":
        return connection.scalar(text("SELECT pg_database_size(current_database())")) or 0
    pages = connection.scalar(text("PRAGMA page_count")) or 0
    return pages * (connection.scalar(text("PRAGMA page_size")) or 0)
