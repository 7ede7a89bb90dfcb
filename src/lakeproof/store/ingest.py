"""From a run's folder into the store: as often as you like, by as many as you like.

The lines of results.jsonl go in by chunks, each with the number of bytes that are in; a killed
import goes on from there. A result that is in already is left alone.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Row, select, update

from lakeproof.results import Result
from lakeproof.store import names, rollup
from lakeproof.store.database import Store, StoreError, hold_texts, insert_new
from lakeproof.store.fold import fold, place_of
from lakeproof.store.names import Names
from lakeproof.store.schema import Answer, Extra, Run, Visit
from lakeproof.store.settings import kept_since

CHUNK = 2_000
SECOND_MS = 1000
Found = Row[*tuple[Any, ...]]


class UnreadableRunError(StoreError):
    """A folder does not hold what a run writes: names the file, and the line by its first byte."""


@dataclass(frozen=True)
class Imported:
    """What one folder brought: results that are new here, of how many that were read.

    `too_old`: it was left out, because the store no longer keeps that time. `problem`: why no more
    of it could be read.
    """

    run: str
    new: int = 0
    read: int = 0
    too_old: bool = False
    problem: str | None = None


def import_runs(
    store: Store, folders: Iterable[Path], renamed: Mapping[str, str] | None = None
) -> Iterator[Imported]:
    """Import the runs in these folders (each with a results.jsonl), oldest first, and roll up.

    `renamed` are earlier ids of checks, and what they are called now: their history goes on.
    Raises StoreError when the store cannot be written; what came before is in it.
    """
    known = Names(renamed or {})
    if renamed:
        with store.write() as connection:
            known.rename(connection)
    try:
        for folder in sorted(folders, key=lambda path: path.name):
            yield _import(store, folder, known)
    finally:
        rollup.roll_up(store)


def _import(store: Store, folder: Path, known: Names) -> Imported:
    done = Imported(folder.name)
    try:
        about = _about(folder)
        with store.write() as connection:
            run = _run(connection, about)
        done = replace(done, run=about["run"], too_old=run is None)
        if run is None:
            return done
        for results, end in _chunks(folder / "results.jsonl", run.imported):
            with store.write() as connection:
                new = _insert(connection, known, run, results)
                further = update(Run).where(Run.id == run.id, Run.imported < end)
                connection.execute(further.values(imported=end))
            done = replace(done, new=done.new + new, read=done.read + len(results))
    except UnreadableRunError as error:
        return replace(done, problem=str(error))
    return done


def folders_in(place: Path) -> list[Path]:
    """The folders with results at `place`: itself, below it (`<out>/runs/*`), or in `runs/`."""
    if (place / "results.jsonl").is_file():
        return [place]
    found = {path.parent for path in place.glob("*/results.jsonl")}
    found |= {path.parent for path in place.glob("runs/*/results.jsonl")}
    # `latest` is a link to one of the others
    return sorted(path for path in found if not path.is_symlink())


def _about(folder: Path) -> dict[str, Any]:
    """What run.json says; of a folder without one (a torn artifact) what its first line says."""
    path = folder / "run.json"
    try:
        if path.is_file():
            content: dict[str, Any] = json.loads(path.read_text("utf-8"))
            _moment(content["started"])
            str(content["run"]), str(content["suite_version"])
            return content
        with (folder / "results.jsonl").open(encoding="utf-8") as stream:
            first = Result.from_dict(json.loads(stream.readline()))
    except OSError as error:
        raise UnreadableRunError(f"{error.filename}: {error.strerror}") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UnreadableRunError(f"{path}: not what a run writes: {error!r}") from error
    return {"run": first.run, "suite_version": first.suite_version, "started": first.started}


def _run(connection: Connection, about: Mapping[str, Any]) -> Found | None:
    """The run's row, made or brought up to date; None for a new one older than what is kept."""
    started, finished = _moment(about["started"]), about.get("finished")
    wanted = select(Run.id, Run.name, Run.started, Run.imported).where(Run.name == about["run"])
    values = {
        "finished": _moment(finished) if finished else None,
        "about": {key: value for key, value in about.items() if key != "totals"},
    }
    found = connection.execute(wanted).first()
    if started < kept_since(connection):
        return None
    if found is None:
        fresh = {
            "name": about["run"],
            "suite_version": about["suite_version"],
            "started": started,
            "imported": 0,
        }
        insert_new(connection, Run, [fresh | values])
        return connection.execute(wanted).one()
    if finished:
        connection.execute(update(Run).where(Run.id == found.id).values(**values))
    return found


def _chunks(path: Path, start: int) -> Iterator[tuple[list[Result], int]]:
    """Results of whole lines from byte `start` on, and the byte after the last one's line."""
    if not path.is_file():
        return
    with path.open("rb") as stream:
        stream.seek(start)
        results: list[Result] = []
        for line in stream:
            if not line.endswith(b"\n"):
                break  # still being written, or its writer was killed
            if line.strip():
                results.append(_result(path, start, line))
            start += len(line)
            if len(results) == CHUNK:
                yield results, start
                results = []
        if results:
            yield results, start


def _result(path: Path, start: int, line: bytes) -> Result:
    try:
        result = Result.from_dict(json.loads(line))
        _moment(result.started)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UnreadableRunError(
            f"{path}: the line at byte {start} is no result: {error!r}"
        ) from error
    return result


def _insert(connection: Connection, known: Names, run: Found, results: Sequence[Result]) -> int:
    """Insert one chunk; how many results were new."""
    results = [known.as_now(result) for result in results]
    hold_texts(connection, alone=False)
    endpoints = known.endpoints(connection, results)
    questions = known.questions(connection, results, run.started)
    visits = _visits(connection, run, results, endpoints)
    keys = {
        id(result): (
            endpoints[names.endpoint_key(result)],
            questions[names.question_key(result)],
            names.pair_of(result),
        )
        for result in results
    }
    series = known.series(connection, set(keys.values()))
    places = {id(result): _place(result) for result in results}
    texts = {id(result): _texts(result, places[id(result)]) for result in results}
    details = names.detail_ids(connection, set(texts.values()))
    rows = []
    extras = []
    for result in results:
        me = id(result)
        visit = visits[endpoints[names.endpoint_key(result)]]
        key = {"visit_id": visit.id, "series_id": series[keys[me]]}
        rows.append(
            key | _numbers(result, visit) | {"place": places[me], "detail_id": details[texts[me]]}
        )
        if result.attempts or result.measured:
            extras.append(key | {"attempts": list(result.attempts), "measured": result.measured})
    new = insert_new(connection, Answer, rows)
    insert_new(connection, Extra, extras)
    if new:
        touched = sorted(visit.id for visit in visits.values())
        connection.execute(update(Visit).where(Visit.id.in_(touched)).values(rolled=False))
    return new


def _visits(
    connection: Connection,
    run: Found,
    results: Sequence[Result],
    endpoints: Mapping[names.EndpointKey, int],
) -> dict[int, Found]:
    """The visit of each endpoint, by the endpoint's number, with what the last result knew."""
    rows: dict[int, dict[str, Any]] = {}
    for result in results:
        endpoint = endpoints[names.endpoint_key(result)]
        started = _moment(result.started)
        earlier = rows.get(endpoint, {"started": started, "ended": started})
        rows[endpoint] = {
            "run_id": run.id,
            "endpoint_id": endpoint,
            "started": min(started, earlier["started"]),
            "ended": max(started, earlier["ended"]),
            "url": result.url,
            "technology": result.technology,
            "observed_version": result.observed_version,
            "emulated": result.emulated,
            "stand_ins": list(result.stand_ins),
            "tallies": {},
            "rolled": False,
        }
    insert_new(connection, Visit, (rows[endpoint] for endpoint in sorted(rows)))
    wanted = select(Visit.id, Visit.endpoint_id, Visit.started, Visit.ended).where(
        Visit.run_id == run.id, Visit.endpoint_id.in_(rows)
    )
    found = {visit.endpoint_id: visit for visit in connection.execute(wanted)}
    latest = ("url", "technology", "observed_version", "ended")
    for endpoint in sorted(found):
        row, visit = rows[endpoint], found[endpoint]
        if row["ended"] > visit.ended:
            connection.execute(
                update(Visit)
                .where(Visit.id == visit.id)
                .values(**{name: row[name] for name in latest})
            )
    return found


def _numbers(result: Result, visit: Found) -> dict[str, Any]:
    after = _moment(result.started) - visit.started
    return {
        "outcome": result.outcome,
        "flaky": result.flaky,
        "blame": result.blame,
        "after_ms": round(after.total_seconds() * SECOND_MS),
        "duration_ms": round(result.duration_s * SECOND_MS),
    }


def _place(result: Result) -> int | None:
    return place_of([getattr(result, name) for name in names.TEXTS])


def _texts(result: Result, place: int | None) -> names.Texts:
    said = (getattr(result, name) for name in names.TEXTS)
    return tuple(None if text is None else fold(str(text), result.run, place) for text in said)


def _moment(said: object) -> datetime:
    """An aware moment; raises ValueError or TypeError for what is none."""
    found = datetime.fromisoformat(str(said))
    return found if found.tzinfo else found.replace(tzinfo=UTC)
