"""Runs the checks of one endpoint as fresh processes, plain and with the wiretap."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from bench.figures import figures, table
from bench.wiretap_names import BEGAN, INTO
from lakeproof.lake import control

ROOT = Path(__file__).resolve().parents[1]
# They do not speak HTTP, or are about something else than a storage endpoint.
NOT_HTTP = frozenset({"root", "rucio", "fts", "issuer", "load"})
UNUSABLE = 3


@dataclass(frozen=True)
class Command:
    """The lakeproof command to measure, and the environment it needs."""

    words: tuple[str, ...]
    environment: Mapping[str, str]

    def plain(self, out: Path) -> float:
        """Seconds of one run as a fresh process."""
        began = time.perf_counter()
        self._run(out, self.environment)
        return time.perf_counter() - began

    def tapped(self, out: Path) -> dict[str, Any]:
        """What the wiretap wrote about one run and its replay."""
        into = out / "wiretap.json"
        out.mkdir(parents=True, exist_ok=True)
        self._run(
            out,
            {
                **self.environment,
                "PYTEST_PLUGINS": "bench.wiretap",
                "PYTHONPATH": str(ROOT),
                INTO: str(into),
                BEGAN: repr(time.time()),
            },
        )
        found: dict[str, Any] = json.loads(into.read_text("utf-8"))
        return found

    def _run(self, out: Path, environment: Mapping[str, str]) -> None:
        done = subprocess.run(  # noqa: S603  our own command
            [*self.words, "--out", str(out)],
            env=dict(environment),
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode >= UNUSABLE or not (out / "latest" / "results.jsonl").exists():
            raise click.ClickException(
                f"{' '.join(self.words)} ended with {done.returncode}:\n{done.stdout}{done.stderr}"
            )


def results(out: Path) -> list[dict[str, Any]]:
    """The lines of the newest run in `out`."""
    text = (out / "latest" / "results.jsonl").read_text("utf-8")
    return [json.loads(line) for line in text.splitlines()]


@contextmanager
def own_lake(*, emulated: bool) -> Iterator[tuple[list[str], dict[str, str]]]:
    """Start a lake of our own on free ports; gives what `lakeproof run` needs to check it."""
    directory = Path(tempfile.mkdtemp(prefix="lp-bench-"))
    lake = control.up(directory, port_base=0, owner_pid=os.getpid(), emulated=emulated)
    try:
        environment = {**os.environ, **control.environment(lake)}
        yield ["run", "-i", str(lake.inventory), "--endpoint", lake.sites[0].name], environment
    finally:
        control.down(directory, purge=True)


def http_suites() -> list[str]:
    """The suites that talk HTTP to a storage endpoint."""
    found = {path.parent.name for path in (ROOT / "suites").glob("*/test_*.py")}
    return sorted(found - NOT_HTTP)


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@click.option("--runs", default=5, show_default=True, type=click.IntRange(1), help="Plain runs.")
@click.option(
    "--floors",
    default=3,
    show_default=True,
    type=click.IntRange(1),
    help="Runs with the wiretap, each with its replay.",
)
@click.option("--suite", "suites", multiple=True, help="Only this suite. Default: all over HTTP.")
@click.option("--emulated", is_flag=True, help="Own lake without XRootD (for trying the bench).")
@click.option(
    "--report",
    type=click.Path(path_type=Path),
    default=ROOT / "reports" / "bench",
    help="Folder for one-endpoint.json, requests.jsonl and floor.jsonl. Default: reports/bench.",
)
def main(
    arguments: Sequence[str],
    *,
    runs: int,
    floors: int,
    suites: Sequence[str],
    emulated: bool,
    report: Path,
) -> None:
    """Measure `lakeproof` on one endpoint against its own bare requests.

    Without ARGUMENTS it starts a lake of its own on loopback and checks its first XRootD. With
    them it runs `lakeproof check ARGUMENTS`:

    \b
    bench/one_endpoint davs://se.example.org/vo/area --token file:token

    The floor is what a keep-alive loop of http.client needs for the same requests (method,
    path, headers, sizes), replayed at the end of the same run with the same tokens.
    """
    chosen = [f"--suite={name}" for name in (suites or http_suites())]
    if arguments:
        _measure(["check", *arguments, *chosen], dict(os.environ), (runs, floors), report)
        return
    with own_lake(emulated=emulated) as (words, environment):
        _measure([*words, *chosen], environment, (runs, floors), report)


def _measure(
    words: Sequence[str], environment: Mapping[str, str], counts: tuple[int, int], report: Path
) -> None:
    command = Command((str(Path(sys.executable).with_name("lakeproof")), *words), environment)
    walls, checks, tapped = [], [], []
    with tempfile.TemporaryDirectory(prefix="lp-bench-out-") as folder:
        for number in range(counts[0]):
            out = Path(folder) / f"plain-{number}"
            walls.append(command.plain(out))
            checks.append(results(out))
            click.echo(f"plain run {number + 1}: {walls[-1]:.2f} s", err=True)
        for number in range(counts[1]):
            tapped.append(command.tapped(Path(folder) / f"tapped-{number}"))
            seconds = sum(request["seconds"] for request in tapped[-1]["floor"])
            click.echo(f"floor {number + 1}: {seconds:.2f} s", err=True)
    found = figures(walls, tapped, checks)
    report.mkdir(parents=True, exist_ok=True)
    (report / "one-endpoint.json").write_text(json.dumps(found, indent=1) + "\n", "utf-8")
    for name in ("requests", "floor"):
        record = "".join(json.dumps(request) + "\n" for request in tapped[-1][name])
        (report / f"{name}.jsonl").write_text(record, "utf-8")
    click.echo(table(found))
    click.echo(f"\nwritten: {report}/: one-endpoint.json, requests.jsonl, floor.jsonl")
