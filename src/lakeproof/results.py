"""One run's results on disk: `results.jsonl`, one object a line, and `run.json`.

Every line is appended and flushed as its check ends, so that a run that dies keeps what it knew.
"""

from __future__ import annotations

import json
import os
import platform
import re
import secrets
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Self

from lakeproof import __version__
from lakeproof.verdict import Blame, Level, Outcome, Severity

SCHEMA = 1
# A worker's directory is the run's name and the worker's: what one removes at its end must not be
# what another still writes to.
DIRECTORY = re.compile(r"^(lp-(\d{8}T\d{6}Z)-[0-9a-f]{8})(-gw\d+)?(-other)?$")


@dataclass(frozen=True)
class Result:
    """What one check said about one endpoint; times are UTC ISO 8601.

    A check that was tried twice has both `attempts` (outcome, expected, actual, duration_s,
    transcript), and is `flaky` when they disagree. `measured` are numbers that nobody judges.
    `cell` is the cell of the scope matrix that it is about. `stand_ins` are the services with which
    the run tried the endpoint that were lakeproof's own and not real ("FTS", "token issuer").
    """

    run: str
    started: str
    duration_s: float
    site: str
    endpoint: str
    url: str
    check: str
    title: str
    req: str
    level: Level
    severity: Severity
    outcome: Outcome
    technology: str | None = None
    observed_version: str | None = None
    expected: str | None = None
    actual: str | None = None
    do: str | None = None
    blame: Blame | None = None
    partner: str | None = None
    cell: str | None = None
    direction: str | None = None
    transcript: str | None = None
    reproduce: str | None = None
    known_issue: str | None = None
    emulated: bool = False
    stand_ins: tuple[str, ...] = ()
    flaky: bool = False
    attempts: tuple[dict[str, Any], ...] = ()
    measured: dict[str, float] = field(default_factory=dict)
    schema: int = SCHEMA
    suite_version: str = __version__

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON types, in the order of the contract."""
        order = ["schema", "run", "suite_version"]
        # Not asdict(): it copies to any depth, which costs most of the time of a page.
        content = {
            key: value.value if isinstance(value, StrEnum) else value
            for key, value in vars(self).items()
        }
        content |= {"attempts": list(self.attempts), "measured": dict(self.measured)}
        content["stand_ins"] = list(self.stand_ins)
        return {key: content.pop(key) for key in order} | content

    @classmethod
    def from_dict(cls, content: dict[str, Any]) -> Self:
        """The inverse of `as_dict`; keys of a newer schema are ignored."""
        known = {f.name for f in fields(cls)}
        values = {key: value for key, value in content.items() if key in known}
        values["level"] = Level(values["level"])
        values["severity"] = Severity(values["severity"])
        values["outcome"] = Outcome(values["outcome"])
        values["blame"] = Blame(values["blame"]) if values.get("blame") else None
        values["attempts"] = tuple(values.get("attempts", ()))
        values["stand_ins"] = tuple(values.get("stand_ins", ()))
        return cls(**values)


def new_run_id(now: datetime | None = None) -> str:
    """`lp-20261122T170500Z-1a2b3c4d`: carries its start, so that leftovers can be dated."""
    moment = now or datetime.now(UTC)
    return f"lp-{moment:%Y%m%dT%H%M%SZ}-{secrets.token_hex(4)}"


def run_of(directory: str) -> str | None:
    """The id of the run that made this work directory, or None when the name is not one of ours."""
    found = DIRECTORY.match(directory)
    return found[1] if found else None


def started_at(directory: str) -> datetime | None:
    """When the run of this work directory started, or None when the name is not one of ours."""
    found = DIRECTORY.match(directory)
    if found is None:
        return None
    return datetime.strptime(found[2], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)


@dataclass
class RunFolder:
    """`<out>/runs/<run-id>/`, written by the controlling process only."""

    out: Path
    run_id: str
    options: dict[str, Any] = field(default_factory=dict)
    started: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def path(self) -> Path:
        """The folder of this run."""
        return self.out / "runs" / self.run_id

    def open(self) -> None:
        """Create the folder, note who writes it, and point `<out>/latest` at it."""
        self.path.mkdir(parents=True, exist_ok=True)
        self._write_run(finished=None, results=(), extra={})
        latest = self.out / "latest"
        fresh = self.out / f".latest-{self.run_id}"
        fresh.symlink_to(Path("runs") / self.run_id)
        fresh.replace(latest)

    def append(self, result: Result) -> None:
        """Add one line to results.jsonl and flush it."""
        with (self.path / "results.jsonl").open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(result.as_dict(), ensure_ascii=False) + "\n")

    def close(self, results: Iterable[Result], **extra: Any) -> None:  # noqa: ANN401  JSON values
        """Write the totals and the end of the run to run.json."""
        self._write_run(finished=datetime.now(UTC), results=results, extra=extra)

    def _write_run(
        self, finished: datetime | None, results: Iterable[Result], extra: dict[str, Any]
    ) -> None:
        content = {
            "schema": SCHEMA,
            "run": self.run_id,
            "suite_version": __version__,
            "host": platform.node(),
            "pid": os.getpid(),
            "started": self.started.isoformat(),
            "finished": finished.isoformat() if finished else None,
            "options": self.options,
            "totals": totals(results),
            **extra,
        }
        target = self.path / "run.json"
        fresh = target.with_suffix(".new")
        fresh.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
        fresh.replace(target)


def totals(results: Iterable[Result]) -> dict[str, dict[str, int]]:
    """Per endpoint, how many results of each outcome."""
    counted: dict[str, Counter[str]] = {}
    for result in results:
        counted.setdefault(result.endpoint, Counter())[result.outcome.value] += 1
    return {endpoint: dict(counter) for endpoint, counter in counted.items()}


def unfinished_runs(out: Path) -> Iterator[str]:
    """Ids of runs of this machine that were killed: never closed, and their process is gone."""
    for path in sorted((out / "runs").glob("*/run.json")):
        content = json.loads(path.read_text(encoding="utf-8"))
        ours = content.get("host") == platform.node()
        if ours and content.get("finished") is None and not _alive(int(content["pid"])):
            yield str(content["run"])


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
