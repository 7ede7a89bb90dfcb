"""`lakeproof mesh`: who can copy to whom, and whom all the copies together accuse."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NoReturn

import click
from rich.console import Console

from lakeproof.commands.clean import Age
from lakeproof.exitcode import ExitCode
from lakeproof.mesh.seen import copies_of, newest
from lakeproof.mesh.suspects import find_suspects
from lakeproof.mesh.view import print_mesh
from lakeproof.recorded import RecordedError, folders_below, read_results, runs_since
from lakeproof.wording import printable


@click.command("mesh")
@click.argument(
    "runs",
    nargs=-1,
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    metavar="DIR...",
)
@click.option("--out", default="reports", type=click.Path(path_type=Path), help="Where runs are.")
@click.option(
    "--since",
    type=Age(),
    default="7d",
    show_default=True,
    metavar="AGE",
    help="Of the runs below --out: those of the last 24h, 7d, …; of each pair the newest counts.",
)
@click.option(
    "--last",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    metavar="N",
    help="Suspect by the last N copies of each pair: a single pair shows only when tried again.",
)
def mesh(runs: tuple[Path, ...], out: Path, since: timedelta, last: int) -> None:
    """Show which endpoint can copy to which, and which of them is suspected.

    DIR is the folder of a run, or one that has such in it; without: the runs below --out. The hint
    weighs all copies together: a source that fails with everybody has a row of failures, and no
    destination is to blame for it. It is computed here and stored nowhere.

    \b
    lakeproof run --check 'tpc.mesh.*'
    lakeproof mesh
    """
    try:
        oldest = datetime.now(UTC) - since
        folders = folders_below(runs) if runs else runs_since(out, oldest)
        copies = [copy for folder in folders for copy in copies_of(read_results(folder))]
    except RecordedError as error:
        _stop(str(error))
    if not copies:
        _stop("no copy between two endpoints in these runs: run `--check 'tpc.mesh.*'` first")
    console = Console(file=sys.stdout, highlight=False, soft_wrap=True)
    print_mesh(console, copies, find_suspects(newest(copies, last)))


def _stop(sentence: str) -> NoReturn:
    click.echo(printable(sentence), err=True)
    raise SystemExit(int(ExitCode.USAGE))
