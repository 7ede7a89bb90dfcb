"""Opening a store: which database, how it is set up for several writers, and its migrations."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from sqlalchemy import (
    Connection,
    Engine,
    Table,
    create_engine,
    event,
    func,
    inspect,
    literal,
    select,
    text,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DatabaseError, SQLAlchemyError
from sqlalchemy.orm import DeclarativeBase

from lakeproof.store.schema import REVISION, Base

BUSY_TIMEOUT_S = 120
WRITES = "lakeproof_writes"
# Any numbers; they only have to be the same for everybody who opens this kind of store.
OPENING, TEXTS = 0x6C616B65, 0x6C616B66
MIGRATIONS = Path(__file__).parent / "migrations"


class StoreError(Exception):
    """The store cannot be used: one sentence, without any password."""


@dataclass(frozen=True)
class Store:
    """An open store, of this version of the schema; every transaction is one of these two."""

    engine: Engine

    @property
    def name(self) -> str:
        """Where it is, without a password."""
        url = self.engine.url
        return url.database or "" if _is_sqlite(url) else url.render_as_string(hide_password=True)

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that writes; one at a time in SQLite, where others wait for it.

        Raises StoreError in place of what the database raises.
        """
        with self._sentence(), self.engine.execution_options(**{WRITES: True}).begin() as found:
            yield found

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that sees the store as it is at its begin; raises StoreError likewise."""
        engine = self.engine
        if engine.dialect.name == "postgresql":
            engine = engine.execution_options(isolation_level="REPEATABLE READ")
        with self._sentence(), engine.begin() as found:
            yield found

    def close(self) -> None:
        """Give up its connections."""
        self.engine.dispose()

    @contextmanager
    def _sentence(self) -> Iterator[None]:
        try:
            yield
        except DatabaseError as error:
            raise StoreError(f"{self.name}: {_said(error)}") from error


def open_store(said: str | Path) -> Store:
    """The store at a path or URL (sqlite, postgresql), made or migrated when it needs to be.

    Raises StoreError.
    """
    url = _url(str(said))
    try:
        engine = create_engine(url, **_options(url))
    except ModuleNotFoundError:
        raise StoreError("PostgreSQL needs a driver: pip install 'psycopg[binary]'") from None
    if _is_sqlite(url):
        event.listen(engine, "connect", _set_up_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    store = Store(engine)
    try:
        if _is_sqlite(url) and url.database:
            Path(url.database).parent.mkdir(parents=True, exist_ok=True)
        _bring_up_to_date(store)
    except OSError as error:
        raise StoreError(f"{store.name}: {error.strerror}") from error
    except SQLAlchemyError as error:
        raise StoreError(f"{store.name}: {_said(error)}") from error
    return store


def insert_new(
    connection: Connection, table: type[DeclarativeBase], rows: Iterable[Mapping[str, Any]]
) -> int:
    """Insert the rows that do not break a unique key; how many those were."""
    everything = [dict(row) for row in rows]
    if not everything:
        return 0
    # The table and not its class: rows by the thousand need no unit of work.
    fresh = cast("Table", table.__table__)
    if connection.dialect.name == "sqlite":
        statement = sqlite.insert(fresh).on_conflict_do_nothing()
        return connection.execute(statement, everything).rowcount
    # PostgreSQL's driver does not count the rows of many, but gives them back.
    returning = postgresql.insert(fresh).on_conflict_do_nothing().returning(literal(1))
    return len(connection.execute(returning, everything).all())


def hold_texts(connection: Connection, *, alone: bool) -> None:
    """Until this transaction ends, nobody removes texts that it refers to (`alone`: refers to any).

    SQLite has one writer at a time.
    """
    if connection.dialect.name == "postgresql":
        function = func.pg_advisory_xact_lock if alone else func.pg_advisory_xact_lock_shared
        connection.execute(select(function(TEXTS)))


def _url(said: str) -> URL:
    if "://" not in said:
        return URL.create("sqlite", database=str(Path(said).absolute()))
    try:
        url = make_url(said)
    except ArgumentError:
        raise StoreError("the store's URL cannot be read; postgresql://USER@HOST/NAME") from None
    if url.get_backend_name() in ("postgresql", "postgres"):
        return url.set(drivername="postgresql+psycopg")
    if url.get_backend_name() != "sqlite":
        raise StoreError(f"a store is in SQLite or PostgreSQL, not in {url.get_backend_name()}")
    return url


def _options(url: URL) -> dict[str, Any]:
    if _is_sqlite(url):
        return {"connect_args": {"timeout": BUSY_TIMEOUT_S}}
    return {"pool_pre_ping": True, "connect_args": {"application_name": "lakeproof"}}


def _is_sqlite(url: URL) -> bool:
    return url.get_backend_name() == "sqlite"


def _set_up_sqlite(connection: Any, _: object) -> None:  # noqa: ANN401  a driver's connection
    # Transactions begin where we say (below) and not where Python's module thinks they should.
    connection.isolation_level = None
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}").close()


def _begin_sqlite(connection: Connection) -> None:
    # A transaction that reads first and then writes would fail, not wait, when another one
    # has written in between.
    writes = connection.get_execution_options().get(WRITES)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _bring_up_to_date(store: Store) -> None:
    with store.engine.begin() as connection:
        if _revision(connection) == REVISION:
            return
    with store.engine.execution_options(**{WRITES: True}).begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(select(func.pg_advisory_xact_lock(OPENING)))
        found = _revision(connection)  # another process may have been faster
        if found == REVISION:
            return
        if found is None:
            _create(store, connection)
        else:
            migrate(connection)


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return found


def _create(store: Store, connection: Connection) -> None:
    """All tables at once: what the migrations lead to (a test compares), without their cost."""
    taken = set(inspect(connection).get_table_names()) & Base.metadata.tables.keys()
    if taken:
        raise StoreError(f"{store.name} has a table {min(taken)} that is not lakeproof's")
    Base.metadata.create_all(connection)
    connection.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)"))
    connection.execute(
        text("INSERT INTO alembic_version (version_num) VALUES (:revision)"),
        {"revision": REVISION},
    )


def migrate(connection: Connection, revision: str = "head") -> None:
    """Run the migrations up to `revision`; raises StoreError for a store of a newer lakeproof."""
    from alembic import command  # noqa: PLC0415  slow, and rarely needed
    from alembic.config import Config  # noqa: PLC0415
    from alembic.util import CommandError  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, revision)
    except CommandError as error:
        raise StoreError(
            f"the store is of another version than this lakeproof ({error}); update lakeproof"
        ) from error


def _said(error: SQLAlchemyError) -> str:
    """The database's own first line; statements and their values stay out of it."""
    cause = getattr(error, "orig", None) or error
    lines = str(cause).strip().splitlines()
    return lines[0] if lines else type(cause).__name__
