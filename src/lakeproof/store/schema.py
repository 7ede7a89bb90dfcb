"""The tables of the store; `migrations/versions` says how an older store becomes this one.

A *series* is one question to one endpoint: a check, its cell, in the mesh its partner. A *visit* is
what one run asked of one endpoint. A *result* is where the two meet, and the only table that grows
fast: it holds numbers only. A *span* is a stretch of visits over which a series said the same;
spans, visits and *daily* counts are the roll-ups, which outlive the results.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeDecorator

from lakeproof.store.codes import BLAMES, LEVELS, OUTCOMES, SEVERITIES, Coded
from lakeproof.verdict import Blame, Level, Outcome, Severity

REVISION = "r0002"
"""The revision of the newest migration, which `create_all` of these tables amounts to."""


class Moment(TypeDecorator[datetime]):
    """An aware moment; SQLite, which has no time zones, holds it in UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """The moment in UTC."""
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """The moment, aware and in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    """What all tables share."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012  SQLAlchemy's own way
        str: Text,
        datetime: Moment,
        dict[str, Any]: JSON,
        list[Any]: JSON,
        Outcome: Coded(OUTCOMES),
        Level: Coded(LEVELS),
        Severity: Coded(SEVERITIES),
        Blame: Coded(BLAMES),
    }


class Setting(Base):
    """What the store knows about itself, by name."""

    __tablename__ = "setting"

    name: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[str]


class Run(Base):
    """One run; `imported` are the bytes of its results.jsonl that are here, `about` its run.json.

    `finished` is None for a run that was killed or still goes on.
    """

    __tablename__ = "run"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    suite_version: Mapped[str]
    started: Mapped[datetime] = mapped_column(index=True)
    finished: Mapped[datetime | None]
    imported: Mapped[int] = mapped_column(BigInteger, default=0)
    about: Mapped[dict[str, Any]] = mapped_column(default=dict)


class Endpoint(Base):
    """An endpoint of a site."""

    __tablename__ = "endpoint"
    __table_args__ = (UniqueConstraint("site", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    site: Mapped[str]
    name: Mapped[str]


class Visit(Base):
    """One run at one endpoint.

    `stand_ins` are services that took part and are not the real thing, as results name them.
    `tallies` is a mapping of suites to mappings of outcomes to numbers. `rolled`: the roll-ups
    have all of it.
    """

    __tablename__ = "visit"
    __table_args__ = (
        UniqueConstraint("run_id", "endpoint_id"),
        Index(None, "endpoint_id", "started"),
        Index(None, "started"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("run.id"))
    endpoint_id: Mapped[int] = mapped_column(ForeignKey("endpoint.id"))
    started: Mapped[datetime]
    ended: Mapped[datetime]
    url: Mapped[str]
    technology: Mapped[str | None]
    observed_version: Mapped[str | None]
    emulated: Mapped[bool]
    stand_ins: Mapped[list[Any]] = mapped_column(default=list, server_default="[]")
    tallies: Mapped[dict[str, Any]] = mapped_column(default=dict)
    rolled: Mapped[bool] = mapped_column(default=False)


class Question(Base):
    """A check, or one cell of it ('' for none), as the newest run that asked it words it."""

    __tablename__ = "question"
    __table_args__ = (UniqueConstraint("check_id", "cell"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    check_id: Mapped[str]
    cell: Mapped[str]
    suite: Mapped[str]
    title: Mapped[str]
    req: Mapped[str]
    level: Mapped[Level]
    severity: Mapped[Severity]
    direction: Mapped[str | None]
    asked: Mapped[datetime]


class Series(Base):
    """One question to one endpoint; of checks that run for each partner, about one of them.

    With whom an endpoint's other checks copy is no part of what they ask ('' here; see `Detail`).
    """

    __tablename__ = "series"
    __table_args__ = (UniqueConstraint("endpoint_id", "question_id", "partner"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    endpoint_id: Mapped[int] = mapped_column(ForeignKey("endpoint.id"))
    question_id: Mapped[int] = mapped_column(ForeignKey("question.id"), index=True)
    partner: Mapped[str]


class Words(Base):
    """A text that results share, folded (see `fold`), found by its digest."""

    __tablename__ = "words"

    id: Mapped[int] = mapped_column(primary_key=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary(16), unique=True)
    body: Mapped[str]


class Detail(Base):
    """The texts of a result, its partner among them, one row a combination that was ever seen."""

    __tablename__ = "detail"

    id: Mapped[int] = mapped_column(primary_key=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary(16), unique=True)
    expected: Mapped[int | None] = mapped_column(ForeignKey("words.id"))
    actual: Mapped[int | None] = mapped_column(ForeignKey("words.id"))
    do: Mapped[int | None] = mapped_column(ForeignKey("words.id"))
    reproduce: Mapped[int | None] = mapped_column(ForeignKey("words.id"))
    known_issue: Mapped[int | None] = mapped_column(ForeignKey("words.id"))
    transcript: Mapped[int | None] = mapped_column(ForeignKey("words.id"))
    partner: Mapped[int | None] = mapped_column(ForeignKey("words.id"))


class Answer(Base):
    """One result: `after_ms` from the visit's start, `place` is what unfolds its texts."""

    __tablename__ = "result"
    # In SQLite the rows lie in the primary key's own tree: one visit, one stretch of the file.
    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012  SQLAlchemy's own way

    visit_id: Mapped[int] = mapped_column(ForeignKey("visit.id"), primary_key=True)
    series_id: Mapped[int] = mapped_column(ForeignKey("series.id"), primary_key=True)
    outcome: Mapped[Outcome]
    flaky: Mapped[bool]
    blame: Mapped[Blame | None]
    after_ms: Mapped[int]
    duration_ms: Mapped[int]
    place: Mapped[int | None] = mapped_column(BigInteger)
    # No foreign key: it would cost an index of the one big table.
    detail_id: Mapped[int | None] = mapped_column(Integer)


class Extra(Base):
    """What few results have: both attempts, and what was measured."""

    __tablename__ = "extra"
    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012  SQLAlchemy's own way

    visit_id: Mapped[int] = mapped_column(ForeignKey("visit.id"), primary_key=True)
    series_id: Mapped[int] = mapped_column(ForeignKey("series.id"), primary_key=True)
    attempts: Mapped[list[Any]]
    measured: Mapped[dict[str, Any]]


class Span(Base):
    """A stretch of visits over which a series said the same, and how many (`runs`).

    `newest`: it is the last one of its series.
    """

    __tablename__ = "span"
    __table_args__ = (
        Index(None, "series_id", "first_at"),
        Index(None, "first_visit_id"),
        Index(None, "first_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    series_id: Mapped[int] = mapped_column(ForeignKey("series.id"))
    outcome: Mapped[Outcome]
    flaky: Mapped[bool]
    first_visit_id: Mapped[int] = mapped_column(ForeignKey("visit.id"))
    first_at: Mapped[datetime]
    last_visit_id: Mapped[int] = mapped_column(ForeignKey("visit.id"))
    last_at: Mapped[datetime]
    runs: Mapped[int]
    newest: Mapped[bool]


class Daily(Base):
    """How many results of an outcome a suite gave at an endpoint on one day (UTC)."""

    __tablename__ = "daily"
    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012  SQLAlchemy's own way

    endpoint_id: Mapped[int] = mapped_column(ForeignKey("endpoint.id"), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    suite: Mapped[str] = mapped_column(primary_key=True)
    outcome: Mapped[Outcome] = mapped_column(primary_key=True)
    number: Mapped[int]
