"""Runs made for tests: a letter an outcome (see test_changes), a run an hour."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from lakeproof.results import Result
from lakeproof.store import Store
from lakeproof.store.ingest import Imported, folders_in, import_runs
from lakeproof.verdict import Outcome
from tests.unit.core.samples import SAMPLE

BEGIN = datetime(2026, 11, 1, tzinfo=UTC)
LETTERS = dict(zip("PFNKXUBER", Outcome, strict=True))
VIOLATED = (Outcome.FAIL, Outcome.NONSTRICT, Outcome.KNOWN)


@dataclass(frozen=True)
class Written:
    """A run's folder, and what is in it."""

    folder: Path
    results: tuple[Result, ...]


def run_name(hour: int) -> str:
    """The id of the run of this hour."""
    return f"lp-{BEGIN + hour * timedelta(hours=1):%Y%m%dT%H%M%SZ}-{hour:08x}"


def result(hour: int, number: int, letter: str, **more: Any) -> Result:  # noqa: ANN401
    """One result of the run of this hour; a violation has texts that name run and directory."""
    moment = BEGIN + timedelta(hours=hour, seconds=number)
    outcome, run = LETTERS[letter.upper()], run_name(hour)
    said: dict[str, Any] = {}
    if outcome in VIOLATED:
        path = f"/area/{run}/{number:04d}-put-{hour % 256:06x}/f"
        said = {"actual": f"PUT {path} answered 500", "reproduce": f"curl -T f https://x{path}"}
    base = replace(
        SAMPLE, run=run, started=moment.isoformat(), outcome=outcome, flaky=letter.islower()
    )
    return replace(base, **{**said, **more})


def write_run(
    out: Path,
    hour: int,
    answers: Mapping[str, Mapping[str, str]],
    *,
    version: str = "1.0",
    finished: bool = True,
    **more: Any,  # noqa: ANN401
) -> Written:
    """A run's folder with `answers`: of each endpoint, of each check, the letter of its outcome."""
    results = tuple(
        result(
            hour,
            number,
            letter,
            **{"endpoint": endpoint, "check": check, "suite_version": version, **more},
        )
        for endpoint, checks in answers.items()
        for number, (check, letter) in enumerate(checks.items())
    )
    folder = out / "runs" / run_name(hour)
    folder.mkdir(parents=True)
    write_results(folder, results)
    moment = BEGIN + timedelta(hours=hour)
    about: dict[str, Any] = {
        "run": run_name(hour),
        "suite_version": version,
        "started": moment.isoformat(),
        "finished": (moment + timedelta(minutes=5)).isoformat() if finished else None,
        "totals": {},
    }
    (folder / "run.json").write_text(json.dumps(about))
    return Written(folder, results)


def write_results(folder: Path, results: tuple[Result, ...]) -> None:
    """results.jsonl anew."""
    lines = "".join(json.dumps(each.as_dict()) + "\n" for each in results)
    (folder / "results.jsonl").write_text(lines)


def take_in(store: Store, *places: Path) -> list[Imported]:
    """Import all runs at these places."""
    return list(import_runs(store, [folder for place in places for folder in folders_in(place)]))
