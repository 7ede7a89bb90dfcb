"""`lakeproof rucio ready`: what Rucio needs of an endpoint, from the results of a run."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from lakeproof.exitcode import ExitCode
from lakeproof.readiness import view
from lakeproof.readiness.judge import judge
from lakeproof.readiness.place import places
from lakeproof.results import Result


@click.group("rucio")
def group() -> None:
    """What Rucio, which keeps track of the files of a data lake, needs of storages."""


@group.command()
@click.argument("run", required=False, type=click.Path(path_type=Path), metavar="[RUN]")
@click.option("--out", default="reports", type=click.Path(path_type=Path), help="Where runs are.")
@click.option("--endpoint", multiple=True, metavar="NAME", help="Only this one (repeatable).")
@click.option("--json", "as_json", is_flag=True, help="For machines.")
def ready(run: Path | None, out: Path, endpoint: tuple[str, ...], *, as_json: bool) -> None:
    """Show whether Rucio can use the endpoints of a run, how, and which commands add them to it.

    RUN is the folder of a run or its name below reports/runs; the latest when it is left out.

    \b
    lakeproof run --profile rucio-ready
    lakeproof rucio ready
    """
    folder = _folder(run, out)
    text = (folder / "results.jsonl").read_text("utf-8")
    results = [Result.from_dict(json.loads(line)) for line in text.splitlines()]
    known = places(_read(folder / "run.json"), results)
    unknown = [name for name in endpoint if name not in known]
    if unknown:
        click.echo(f"this run has no endpoint {unknown[0]}; it has {', '.join(known)}", err=True)
        raise SystemExit(int(ExitCode.USAGE))
    found = judge([known[name] for name in endpoint or known], results)
    if as_json:
        click.echo(json.dumps(view.as_json(found), indent=1, ensure_ascii=False))
    else:
        view.print_lines(Console(file=sys.stdout, highlight=False), found)


def _folder(run: Path | None, out: Path) -> Path:
    folders = [out / "latest"] if run is None else [run, out / "runs" / run]
    for folder in folders:
        if (folder / "results.jsonl").is_file():
            return folder
    click.echo(f"there is no results.jsonl in {' nor in '.join(map(str, folders))}", err=True)
    raise SystemExit(int(ExitCode.USAGE))


def _read(path: Path) -> dict[str, Any]:
    """A run's own file; empty where the run died before it was whole."""
    content: dict[str, Any] = json.loads(path.read_text("utf-8")) if path.is_file() else {}
    return content
