"""What the store knows about itself."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import Connection, select, update

from lakeproof.store.database import insert_new
from lakeproof.store.schema import Setting

KEPT_SINCE = "kept_since"
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


def kept_since(connection: Connection) -> datetime:
    """Since when the store has every result that it was given; older runs are not taken in."""
    found = connection.scalar(select(Setting.value).where(Setting.name == KEPT_SINCE))
    return datetime.fromisoformat(found) if found else BEGINNING


def keep_since(connection: Connection, moment: datetime) -> None:
    """Note that older results go; it never moves back."""
    said = max(moment, kept_since(connection)).isoformat()
    insert_new(connection, Setting, [{"name": KEPT_SINCE, "value": said}])
    connection.execute(update(Setting).where(Setting.name == KEPT_SINCE).values(value=said))
