"""How the store of results does when it is nearly empty, and when it holds millions of results.

A fleet is checked hour after hour. The first runs and the last ones go in as any run does, from
their results.jsonl; those between are written to the tables directly, because the time of that is
not the question, and are rolled up as usual. All times are of the processor, which other work on
the machine changes little; figures compare within one run only.
"""

from __future__ import annotations

import json
import random
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import click
from sqlalchemy import Table, func, insert, select

from lakeproof.results import Result
from lakeproof.store import Store, open_store
from lakeproof.store.ingest import import_runs
from lakeproof.store.queries import Reader
from lakeproof.store.retention import prune
from lakeproof.store.rollup import roll_up
from lakeproof.store.schema import Answer, Detail, Endpoint, Question, Run, Series, Visit
from lakeproof.store.size import size
from lakeproof.verdict import Level, Outcome, Severity

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
REAL = 3
FAILING, TURNS = 0.03, 0.02
HOUR = timedelta(hours=1)
YEAR_ROWS = 60_000_000


@dataclass
class Fleet:
    """Endpoints whose checks mostly say what they said the hour before; always the same draw."""

    endpoints: int
    checks: int
    out: Path
    hour: int = 0
    lines: int = 0
    characters: int = 0
    _drawn: random.Random = field(default_factory=lambda: random.Random(1))  # noqa: S311
    _fails: list[bool] = field(default_factory=list)

    def turn(self) -> list[bool]:
        """Which of all series fail in the next hour."""
        if not self._fails:
            number = self.endpoints * self.checks
            self._fails = [self._drawn.random() < FAILING for _ in range(number)]
        for each in self._drawn.sample(range(len(self._fails)), int(TURNS * len(self._fails))):
            self._fails[each] = not self._fails[each] and self._drawn.random() < 2 * FAILING
        self.hour += 1
        return self._fails

    def write(self) -> Path:
        """The next hour's run as a folder."""
        fails = self.turn()
        started = BEGIN + self.hour * HOUR
        run = f"lp-{started:%Y%m%dT%H%M%SZ}-{self.hour:08x}"
        folder = self.out / run
        folder.mkdir(parents=True)
        lines = [
            json.dumps(self._result(run, number, failed=failed).as_dict())
            for number, failed in enumerate(fails)
        ]
        self.lines += len(lines)
        self.characters += sum(map(len, lines)) + len(lines)
        (folder / "results.jsonl").write_text("\n".join(lines) + "\n")
        moments = {"started": started.isoformat(), "finished": (started + HOUR / 2).isoformat()}
        (folder / "run.json").write_text(json.dumps({"run": run, "suite_version": "1"} | moments))
        return folder

    def _result(self, run: str, number: int, *, failed: bool) -> Result:
        endpoint, check = divmod(number, self.checks)
        suite = ("webdav", "tpc", "tokens", "integrity")[check % 4]
        place = f"/data/lakeproof/{run}/{number % 10_000:04d}-check-{self.hour % 4096:06x}/f"
        return Result(
            run=run,
            started=(BEGIN + self.hour * HOUR + timedelta(seconds=check)).isoformat(),
            duration_s=0.05,
            site=f"SITE-{endpoint:03}",
            endpoint=f"SE-{endpoint:03}",
            url=f"https://se{endpoint:03}.example.org/data",
            check=f"{suite}.topic.check-{check:03}-states-the-required-behaviour",
            title="The endpoint must do what this sentence of ordinary length says that it must.",
            req="rfc4918/put",
            level=Level.MUST,
            severity=Severity.HIGH,
            outcome=Outcome.FAIL if failed else Outcome.PASS,
            technology="dcache",
            observed_version="9.2.30",
            expected="201 or 204" if failed else None,
            actual=f"PUT {place} answered 500" if failed else None,
            do="dcache: the setting and the file that it stands in" if failed else None,
            reproduce=f"curl -T f -H 'Authorization: Bearer $TOKEN' {place}" if failed else None,
            transcript=f"transcripts/SE-{endpoint:03}/{suite}.topic.check-{check:03}.txt",
        )


def fill(store: Store, fleet: Fleet, runs: int) -> None:
    """The next `runs` hours straight into the tables, with the texts of results that are there."""
    with store.write() as connection:
        endpoints = connection.execute(select(Endpoint.id).order_by(Endpoint.name)).scalars().all()
        rows = connection.execute(
            select(Series.id, Series.endpoint_id, Endpoint.name, Question.check_id)
            .join(Endpoint, Endpoint.id == Series.endpoint_id)
            .join(Question, Question.id == Series.question_id)
        ).all()
        series = sorted(rows, key=lambda row: (row.name, row.check_id.partition("check-")[2]))
        details = connection.execute(select(Detail.id).limit(2)).scalars().all()
    for _ in range(runs):
        fails = fleet.turn()
        started = BEGIN + fleet.hour * HOUR
        with store.write() as connection:
            values = {"suite_version": "1", "started": started, "finished": started + HOUR / 2}
            name = f"lp-{started:%Y%m%dT%H%M%SZ}-{fleet.hour:08x}"
            run = connection.scalar(insert(Run).values(name=name, **values).returning(Run.id))
            visits = {}
            for endpoint in endpoints:
                row: dict[str, Any] = {
                    "run_id": run,
                    "endpoint_id": endpoint,
                    "url": "https://se",
                    "tallies": {},
                }
                row |= {"started": started, "ended": started + HOUR / 2}
                row |= {"technology": "dcache", "observed_version": "9", "emulated": False}
                statement = insert(Visit).values(**row).returning(Visit.id)
                visits[endpoint] = connection.scalar(statement)
            same = {"flaky": False, "blame": None, "duration_ms": 50, "place": None}
            connection.execute(
                insert(cast("Table", Answer.__table__)),
                [
                    {
                        "visit_id": visits[each.endpoint_id],
                        "series_id": each.id,
                        "outcome": Outcome.FAIL if failed else Outcome.PASS,
                        "after_ms": 1000 * number % 3_600_000,
                        "detail_id": details[failed],
                        **same,
                    }
                    for number, (each, failed) in enumerate(zip(series, fails, strict=True))
                ],
            )


@dataclass
class Clock:
    """Processor seconds of named things."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def of(self, name: str) -> Iterator[None]:
        """Measure what is inside."""
        begin = time.process_time()
        yield
        self.seconds[name] = time.process_time() - begin


PAGES: dict[str, Callable[[Reader, Fleet], Any]] = {
    "fleet": lambda read, _: read.fleet(),
    "one site": lambda read, _: read.site("SITE-000"),
    "one check": lambda read, _: read.check(read.checks()[0].check),
    "all checks": lambda read, _: read.checks(),
    "changes of a day": lambda read, fleet: read.changes(BEGIN + (fleet.hour - 24) * HOUR),
    "a year of days": lambda read, _: read.days("SITE-000", "SE-000"),
}
"""What pages ask for, by the words of the table."""


def pages(store: Store, fleet: Fleet) -> dict[str, float]:
    """Processor seconds of each question, asked a second time (the first one compiles)."""
    clock = Clock()
    for name, ask in PAGES.items():
        for _ in range(2):
            with Reader(store) as read, clock.of(name):
                ask(read, fleet)
    return clock.seconds


def by_scan(store: Store) -> float:
    """Processor seconds to ask the results themselves since when one endpoint's checks fail."""
    clock = Clock()
    passed = (
        select(Answer.series_id, func.max(Visit.started).label("at"))
        .join(Visit, Visit.id == Answer.visit_id)
        .join(Endpoint, Endpoint.id == Visit.endpoint_id)
        .where(Endpoint.name == "SE-000", Answer.outcome == Outcome.PASS)
        .group_by(Answer.series_id)
    )
    with store.read() as connection, clock.of("scan"):
        connection.execute(passed).all()
    return clock.seconds["scan"]


def imported(store: Store, fleet: Fleet, runs: int) -> float:
    """Microseconds of the processor for each result of the next runs."""
    folders = [fleet.write() for _ in range(runs)]
    clock = Clock()
    with clock.of("import"):
        done = list(import_runs(store, folders))
    number = sum(each.new for each in done)
    if number != runs * fleet.endpoints * fleet.checks:
        raise RuntimeError(f"{number} results got in")
    return clock.seconds["import"] / number * 1e6


def floor(fleet: Fleet) -> float:
    """Microseconds a result to read its line and put one row of ten columns into bare SQLite."""
    folder = fleet.write()
    bare = sqlite3.connect(fleet.out / "floor.sqlite")
    bare.execute("PRAGMA journal_mode=WAL")
    bare.execute("CREATE TABLE r (a, b, c, d, e, f, g, h, i, j, PRIMARY KEY (a, b)) WITHOUT ROWID")
    clock = Clock()
    names = ("endpoint", "check", "run", "started", "outcome", "expected", "actual", "do")
    with clock.of("floor"), bare, (folder / "results.jsonl").open() as stream:
        lines = [json.loads(line) for line in stream]
        rows = ([line[name] for name in (*names, "reproduce", "transcript")] for line in lines)
        bare.executemany("INSERT INTO r VALUES (?,?,?,?,?,?,?,?,?,?)", rows)
    bare.close()
    return clock.seconds["floor"] / len(lines) * 1e6


def measure(store: Store, fleet: Fleet, results: int) -> dict[str, Any]:
    """Everything, on an empty store that is filled with so many results."""
    per_run = fleet.endpoints * fleet.checks
    found: dict[str, Any] = {"endpoints": fleet.endpoints, "checks": fleet.checks}
    found["floor_us"] = floor(fleet)
    found["import_us"] = {"first": imported(store, fleet, REAL)}
    small = size(store)
    found["pages_s"] = {"small": pages(store, fleet)}
    middle = max(24, (results - small.rows["results"]) // per_run - REAL)
    fill(store, fleet, middle)
    clock = Clock()
    with clock.of("roll-up"):
        roll_up(store)
    found["rollup_us"] = clock.seconds["roll-up"] / (middle * per_run) * 1e6
    found["import_us"]["last"] = imported(store, fleet, REAL)
    large = size(store)
    found["rows"] = {"small": small.rows, "large": dict(large.rows)}
    found["megabytes"] = large.megabytes
    found["line_bytes"] = fleet.characters / fleet.lines
    found["row_bytes"] = large.megabytes * 1e6 / large.rows["results"]
    found["pages_s"]["large"] = pages(store, fleet)
    found["scan_s"] = by_scan(store)
    with clock.of("prune"):
        gone = prune(store, BEGIN + fleet.hour * HOUR, results=middle * HOUR / 2)
    found["prune"] = {"results": gone.results, "us": clock.seconds["prune"] / gone.results * 1e6}
    found["pages_s"]["pruned"] = pages(store, fleet)
    return found


def table(found: dict[str, Any]) -> str:
    """The figures for a person."""
    rows, imports, row_bytes = found["rows"], found["import_us"], found["row_bytes"]
    small, large = rows["small"]["results"], rows["large"]["results"]
    lines = [
        f"{found['endpoints']} endpoints, {found['checks']} checks each; {large:,} results, "
        f"{rows['large']['visits']:,} visits, {rows['large']['spans']:,} spans",
        f"a result takes {row_bytes:.0f} bytes in the store with all that belongs to it, "
        f"{found['line_bytes']:.0f} in results.jsonl: 1 : {found['line_bytes'] / row_bytes:.0f}",
        f"a year of {YEAR_ROWS // 1_000_000} million: {row_bytes * YEAR_ROWS / 1e9:.1f} GB whole, "
        f"{row_bytes * YEAR_ROWS / 1e9 * 90 / 365:.1f} GB with 90 days kept",
        "",
        f"{'processor time':<34} {'us':>8} {'ratio':>7}",
        f"{'bare: read a line, insert a row':<34} {found['floor_us']:>8.0f} {1:>7.2f}",
        *(
            f"{name:<34} {value:>8.0f} {value / found['floor_us']:>7.2f}"
            for name, value in (
                (f"import a result, store of {small:,}", imports["first"]),
                (f"import a result, store of {large:,}", imports["last"]),
                ("roll up a result, many at once", found["rollup_us"]),
                ("prune a result", found["prune"]["us"]),
            )
        ),
        "",
        f"{'page, processor time':<20} {small:>12,} {large:>12,} {'ratio':>7} {'half pruned':>12}",
    ]
    for name in PAGES:
        before, after, pruned = (found["pages_s"][which][name] for which in found["pages_s"])
        lines.append(
            f"{name:<20} {before * 1e3:>9.1f} ms {after * 1e3:>9.1f} ms "
            f"{after / before:>7.1f} {pruned * 1e3:>9.1f} ms"
        )
    lines.append(
        f"{'since when, without roll-ups: one endpoint':<46} {found['scan_s'] * 1e3:>9.1f} ms"
    )
    return "\n".join(lines)


@click.command()
@click.option("--results", default=2_000_000, show_default=True, help="How many, about.")
@click.option("--endpoints", default=100, show_default=True)
@click.option("--checks", default=70, show_default=True)
@click.option("--store", "place", metavar="URL", help="An empty PostgreSQL. Default: SQLite.")
@click.option("--report", type=click.Path(path_type=Path), default=Path("reports/bench"))
def main(results: int, endpoints: int, checks: int, place: str | None, report: Path) -> None:
    """How the store of results does when it is nearly empty and when it is full."""
    with tempfile.TemporaryDirectory() as folder:
        store = open_store(place or Path(folder) / "store.sqlite")
        if size(store).rows["results"]:
            raise click.UsageError("this store is not empty")
        found = measure(store, Fleet(endpoints, checks, Path(folder) / "runs"), results)
        found["database"] = store.engine.dialect.name
        store.close()
    report.mkdir(parents=True, exist_ok=True)
    (report / "store.json").write_text(json.dumps(found, indent=1) + "\n")
    click.echo(table(found))


if __name__ == "__main__":
    main()
