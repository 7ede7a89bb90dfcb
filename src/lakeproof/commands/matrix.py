"""`lakeproof matrix`: which scope allows what on an endpoint, from the results of a run."""

from __future__ import annotations

import sys
from pathlib import Path

import click
from rich.console import Console

from lakeproof.exitcode import ExitCode
from lakeproof.matrix_view import print_matrix
from lakeproof.recorded import RecordedError, read_results, run_folder
from lakeproof.results import Result


@click.command("matrix")
@click.argument("run", required=False, type=click.Path(path_type=Path), metavar="[RUN]")
@click.option("--out", default="reports", type=click.Path(path_type=Path), help="Where runs are.")
@click.option("--endpoint", multiple=True, metavar="NAME", help="Only this one (repeatable).")
@click.option("--ascii", "plain", is_flag=True, help="Letters instead of signs.")
def matrix(run: Path | None, out: Path, endpoint: tuple[str, ...], *, plain: bool) -> None:
    """Show which token may do what: each kind of scope, each operation, each place.

    RUN is the folder of a run or its name below reports/runs; the latest when it is left out.

    \b
    lakeproof run --suite tokens
    lakeproof matrix
    """
    results = _results(run, out)
    console = Console(file=sys.stdout, highlight=False, soft_wrap=True)
    if not print_matrix(console, results, endpoint, plain=plain):
        click.echo("this run has no cell of the scope matrix: run `--suite tokens` first", err=True)
        raise SystemExit(int(ExitCode.USAGE))


def _results(run: Path | None, out: Path) -> list[Result]:
    try:
        return list(read_results(run_folder(run, out)))
    except RecordedError as error:
        click.echo(str(error), err=True)
        raise SystemExit(int(ExitCode.USAGE)) from None
