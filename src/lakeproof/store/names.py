"""Numbers for what results name: endpoints, questions, series and texts, made when they are new.

Rows are inserted in the order of their keys: two writers that need the same ones wait for each
other, and neither for ever.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from hashlib import blake2b
from typing import Any, TypeVar, cast

from sqlalchemy import Connection, Table, bindparam, select, tuple_, update
from sqlalchemy.orm import DeclarativeBase, InstrumentedAttribute

from lakeproof.results import Result
from lakeproof.store.database import insert_new
from lakeproof.store.parts import parts
from lakeproof.store.schema import Detail, Endpoint, Question, Series, Words

DIGEST_BYTES = 16
TEXTS = ("expected", "actual", "do", "reproduce", "known_issue", "transcript", "partner")
"""The columns of `detail`, which are fields of a result as well."""
MESH = "tpc.mesh."
PAIRED = (MESH, "fts.jobs.job-finishes-where-plain-copy-does")
"""What the ids of the checks begin with that run once for each partner (a test compares)."""

UNCHANGING = ("check_id", "cell", "suite")

EndpointKey = tuple[str, str]
QuestionKey = tuple[str, str]
SeriesKey = tuple[int, int, str]
Texts = tuple[str | None, ...]
K = TypeVar("K", tuple[str, str], tuple[int, int, str], bytes, int)


def endpoint_key(result: Result) -> EndpointKey:
    """Site and name."""
    return result.site, result.endpoint


def question_key(result: Result) -> QuestionKey:
    """Check and cell."""
    return result.check, result.cell or ""


def pair_of(result: Result) -> str:
    """The partner, where a check is about one; who is there by chance is no part of a series."""
    return result.partner or "" if result.check.startswith(PAIRED) else ""


class Names:
    """The numbers that one import has met; they stay valid, as nobody removes what they are of.

    `renamed` are earlier ids of checks, and what they are called now.
    """

    def __init__(self, renamed: Mapping[str, str]) -> None:
        self._renamed = renamed
        self._endpoints: dict[EndpointKey, int] = {}
        self._questions: dict[QuestionKey, int] = {}
        self._series: dict[SeriesKey, int] = {}

    def as_now(self, result: Result) -> Result:
        """The result with its check's present id."""
        now = self._renamed.get(result.check)
        return result if now is None else replace(result, check=now)

    def rename(self, connection: Connection) -> None:
        """Give questions their check's present id, but where the same one has that already."""
        there = connection.execute(select(Question.id, Question.check_id, Question.cell)).all()
        taken = {(row.check_id, row.cell) for row in there}
        for row in there:
            now = self._renamed.get(row.check_id)
            if now is not None and (now, row.cell) not in taken:
                suite = now.partition(".")[0]
                statement = update(Question).where(Question.id == row.id)
                connection.execute(statement.values(check_id=now, suite=suite))

    def endpoints(
        self, connection: Connection, results: Iterable[Result]
    ) -> dict[EndpointKey, int]:
        """The numbers of the endpoints of `results`, among others."""
        keys = {endpoint_key(result) for result in results} - self._endpoints.keys()
        rows = {key: {"site": key[0], "name": key[1]} for key in keys}
        columns = (Endpoint.site, Endpoint.name)
        self._endpoints |= _ids(connection, Endpoint, columns, rows)
        return self._endpoints

    def questions(
        self, connection: Connection, results: Iterable[Result], asked: datetime
    ) -> dict[QuestionKey, int]:
        """The numbers of the questions of `results`, of a run that began at `asked`, among others.

        The words of an older run's are replaced by these.
        """
        rows = {question_key(result): _question(result, asked) for result in results}
        columns = (Question.check_id, Question.cell)
        fresh = {key: row for key, row in rows.items() if key not in self._questions}
        self._questions |= _ids(connection, Question, columns, fresh)
        self._reword(connection, rows, asked)
        return self._questions

    def series(self, connection: Connection, keys: Collection[SeriesKey]) -> dict[SeriesKey, int]:
        """The numbers of the series with these endpoints, questions, partners, among others."""
        names = ("endpoint_id", "question_id", "partner")
        fresh = set(keys) - self._series.keys()
        rows = {key: dict(zip(names, key, strict=True)) for key in fresh}
        columns = (Series.endpoint_id, Series.question_id, Series.partner)
        self._series |= _ids(connection, Series, columns, rows)
        return self._series

    def _reword(
        self, connection: Connection, rows: Mapping[QuestionKey, dict[str, Any]], asked: datetime
    ) -> None:
        wanted = {self._questions[key]: row for key, row in sorted(rows.items())}
        older = [
            number
            for part in parts(list(wanted))
            for number in connection.scalars(
                select(Question.id).where(Question.id.in_(part), Question.asked < asked)
            )
        ]
        if older:
            table = Question.__table__
            changing = [name for name in next(iter(wanted.values())) if name not in UNCHANGING]
            connection.execute(
                update(cast("Table", table))
                .where(table.c.id == bindparam("me"))
                .values({name: bindparam(name) for name in changing}),
                [
                    {"me": number, **{name: wanted[number][name] for name in changing}}
                    for number in older
                ],
            )


def detail_ids(connection: Connection, texts: Iterable[Texts]) -> dict[Texts, int]:
    """The numbers of these combinations of folded texts, each in the order of TEXTS."""
    wanted = {each: _digest(*each) for each in texts}
    known = _known(connection, Detail, (Detail.digest,), set(wanted.values()))
    fresh = {each: digest for each, digest in wanted.items() if digest not in known}
    words = _words(connection, {text for each in fresh for text in each if text is not None})
    rows = {
        digest: {
            "digest": digest,
            **{
                name: None if text is None else words[text]
                for name, text in zip(TEXTS, each, strict=True)
            },
        }
        for each, digest in fresh.items()
    }
    known |= _ids(connection, Detail, (Detail.digest,), rows)
    return {each: known[digest] for each, digest in wanted.items()}


def _words(connection: Connection, texts: Collection[str]) -> dict[str, int]:
    digests = {text: _digest(text) for text in texts}
    rows = {digest: {"digest": digest, "body": text} for text, digest in digests.items()}
    found = _ids(connection, Words, (Words.digest,), rows)
    return {text: found[digest] for text, digest in digests.items()}


def _question(result: Result, asked: datetime) -> dict[str, Any]:
    return {
        "check_id": result.check,
        "cell": result.cell or "",
        "suite": result.check.partition(".")[0],
        "title": result.title,
        "req": result.req,
        "level": result.level,
        "severity": result.severity,
        "direction": result.direction,
        "asked": asked,
    }


def _ids(
    connection: Connection,
    table: type[DeclarativeBase],
    columns: Sequence[InstrumentedAttribute[Any]],
    rows: Mapping[K, Mapping[str, Any]],
) -> dict[K, int]:
    """The number of each row, found by its key (the values of `columns`), made when it is new."""
    found: dict[K, int] = _known(connection, table, columns, rows.keys())
    fresh = sorted(rows.keys() - found.keys())
    if fresh:
        insert_new(connection, table, (rows[key] for key in fresh))
        found |= _known(connection, table, columns, fresh)
    return found


def _known(
    connection: Connection,
    table: type[DeclarativeBase],
    columns: Sequence[InstrumentedAttribute[Any]],
    keys: Collection[K],
) -> dict[K, int]:
    single = len(columns) == 1
    wanted = columns[0] if single else tuple_(*columns)
    number: InstrumentedAttribute[int] = table.id  # type: ignore[attr-defined]
    shape: Callable[[Sequence[Any]], Any] = (lambda row: row[0]) if single else tuple
    return {
        shape(row[1:]): row[0]
        for part in parts(list(keys))
        for row in connection.execute(select(number, *columns).where(wanted.in_(part)))
    }


def _digest(*texts: str | None) -> bytes:
    """Of texts that may be absent; no two combinations are written alike."""
    state = blake2b(digest_size=DIGEST_BYTES)
    for text in texts:
        encoded = b"" if text is None else text.encode()
        state.update(b"-" if text is None else f"{len(encoded)}:".encode())
        state.update(encoded)
    return state.digest()
