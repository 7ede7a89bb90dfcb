"""The tables as they are, as migrations make them, and what is done with other stores."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text

from lakeproof.store import Store, StoreError, codes, database, open_store
from lakeproof.store.schema import REVISION, Base
from lakeproof.verdict import Blame, Level, Outcome, Severity
from tests.unit.store.contents import rolled_up
from tests.unit.store.made import take_in, write_run

SECOND = """
import sqlalchemy as sa
from alembic import op

revision = "r9999"
down_revision = "{revision}"


def upgrade() -> None:
    op.add_column("run", sa.Column("mood", sa.Text(), nullable=True))
    op.execute("UPDATE run SET mood = 'good'")
"""


def _emptied(connection: Connection) -> None:
    Base.metadata.drop_all(connection)
    connection.execute(text("DELETE FROM alembic_version"))


def differences(store: Store) -> list[object]:
    """How the migrated tables differ from the declared ones."""
    with store.write() as connection:
        _emptied(connection)
        database.migrate(connection)
    with store.read() as connection:
        found = compare_metadata(MigrationContext.configure(connection), Base.metadata)
        return list(found)


def test_migrations_lead_to_the_declared_tables(store: Store) -> None:
    assert differences(store) == []
    with store.read() as connection:
        assert connection.scalar(text("SELECT version_num FROM alembic_version")) == REVISION


def test_the_declared_revision_is_the_newest_migration() -> None:
    assert ScriptDirectory(str(database.MIGRATIONS)).get_heads() == [REVISION]


def test_a_new_store_is_the_same_without_migrations(store: Store) -> None:
    with store.read() as connection:
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, Base.metadata) == []
        assert context.get_current_revision() == REVISION


def test_an_older_store_is_migrated_with_what_is_in_it(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A revision that only this test knows comes after the newest one."""
    write_run(tmp_path, 0, {"A": {"a.b.c": "P"}})
    take_in(store, tmp_path)
    before = rolled_up(store)
    migrations = tmp_path / "migrations"
    (migrations / "versions").mkdir(parents=True)
    for path in (*database.MIGRATIONS.glob("*.py"), *database.MIGRATIONS.glob("versions/r*.py")):
        (migrations / path.relative_to(database.MIGRATIONS)).write_text(path.read_text())
    (migrations / "versions" / "r9999.py").write_text(SECOND.format(revision=REVISION))
    monkeypatch.setattr(database, "MIGRATIONS", migrations)
    monkeypatch.setattr(database, "REVISION", "r9999")

    newer = open_store(store.name)

    assert rolled_up(newer) == before
    with newer.read() as connection:
        assert connection.scalar(text("SELECT mood FROM run")) == "good"
        assert "mood" in {column["name"] for column in inspect(connection).get_columns("run")}
    newer.close()


def test_a_store_of_a_newer_lakeproof_is_refused(store: Store) -> None:
    with store.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = 'r9999'"))

    with pytest.raises(StoreError, match="update lakeproof"):
        open_store(store.name)


def test_tables_of_somebody_else_are_left_alone(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "other.sqlite"
    other = open_store(path)
    with other.write() as connection:
        connection.execute(text("DROP TABLE alembic_version"))
    other.close()

    with pytest.raises(StoreError, match="not lakeproof's"):
        open_store(path)


@pytest.mark.parametrize("url", ["mysql://x/y", "postgresql://[", "oracle://x"])
def test_other_databases_are_refused(url: str) -> None:
    with pytest.raises(StoreError):
        open_store(url)


@pytest.mark.parametrize(
    ("members", "numbers"),
    [
        (Outcome, codes.OUTCOMES),
        (Level, codes.LEVELS),
        (Severity, codes.SEVERITIES),
        (Blame, codes.BLAMES),
    ],
)
def test_every_member_has_a_number_of_its_own(
    members: type[Outcome], numbers: dict[Outcome, int]
) -> None:
    assert set(numbers) == set(members)
    assert len(set(numbers.values())) == len(numbers)


def test_numbers_that_are_on_disk_stay() -> None:
    assert {outcome.value: number for outcome, number in codes.OUTCOMES.items()} == {
        "pass": 0,
        "fail": 1,
        "nonstrict": 2,
        "known": 3,
        "fixed": 4,
        "unsupported": 5,
        "blocked": 6,
        "error": 7,
        "notrun": 8,
    }
