"""Runs that are over, read back from their folders."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

from lakeproof.results import Result, started_at

FILE = "results.jsonl"


class RecordedError(Exception):
    """There is no such run, or what is there is no result: one sentence."""


def run_folder(run: Path | None, out: Path) -> Path:
    """The folder of this run (a path, or a name below `<out>/runs`); the latest for None."""
    folders = [out / "latest"] if run is None else [run, out / "runs" / run]
    for folder in folders:
        if (folder / FILE).is_file():
            return folder
    raise RecordedError(f"there is no {FILE} in {' nor in '.join(map(str, folders))}")


def folders_below(places: Sequence[Path]) -> list[Path]:
    """Every folder with results at or below these places, each once."""
    # `latest` is a link to one of the others
    found = {path.parent.resolve() for place in places for path in place.rglob(FILE)}
    if not found:
        raise RecordedError(f"there is no {FILE} in {', '.join(map(str, places))}")
    return sorted(found)


def runs_since(out: Path, oldest: datetime) -> list[Path]:
    """The folders of the runs below `out` that began at `oldest` or later, oldest first."""
    every = sorted(path.parent for path in (out / "runs").glob(f"*/{FILE}"))
    if not every:
        raise RecordedError(f"there is no {FILE} in {out / 'runs'}/*")
    return [run for run in every if (begun := started_at(run.name)) is None or begun >= oldest]


def read_results(folder: Path) -> Iterator[Result]:
    """The results of one run; raises RecordedError with the line that is none."""
    path = folder / FILE
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            try:
                yield Result.from_dict(json.loads(line))
            except (ValueError, TypeError, KeyError, AttributeError) as error:
                raise RecordedError(
                    f"{path}:{number}: expected a result, found: {type(error).__name__} {error}"
                ) from None
