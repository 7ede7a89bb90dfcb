"""`lakeproof mesh`: who can copy to whom, and whom all the copies together accuse."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NoReturn

import click
from rich.console import Console

from lakeproof.commands.clean import Age
from lakeproof.commands.store import opened
from lakeproof.exitcode import ExitCode
from lakeproof.mesh.seen import Copy, copies_of, newest, works
from lakeproof.mesh.suspects import find_suspects
from lakeproof.mesh.view import print_mesh
from lakeproof.recorded import RecordedError, folders_below, read_results
from lakeproof.store.queries import Mesh, Reader
from lakeproof.store_place import HELP
from lakeproof.wording import printable


@click.command("mesh")
@click.argument(
    "runs",
    nargs=-1,
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    metavar="DIR...",
)
@click.option("--out", default="reports", type=click.Path(path_type=Path), help="Where runs are.")
@click.option("--store", "said", metavar="WHERE", help=HELP)
@click.option(
    "--since",
    type=Age(),
    default="7d",
    show_default=True,
    metavar="AGE",
    help="Of the store: what is not older than 24h, 7d, …; of each pair the newest counts.",
)
@click.option(
    "--last",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    metavar="N",
    help="Suspect by the last N copies of each pair: a single pair shows only when tried again.",
)
def mesh(
    *, runs: tuple[Path, ...], out: Path, said: str | None, since: timedelta, last: int
) -> None:
    """Show which endpoint can copy to which, and which of them is suspected.

    DIR is the folder of a run, or one that has such in it; without: the store. The hint
    weighs all copies together: a source that fails with everybody has a row of failures, and no
    destination is to blame for it. It is computed here and stored nowhere.

    \b
    lakeproof run --check 'tpc.mesh.*'
    lakeproof mesh
    """
    try:
        copies = _of_runs(runs) if runs else _of_store(said, out, since, last)
    except RecordedError as error:
        _stop(str(error))
    if not copies:
        _stop(
            "no copy between two endpoints is known: `lakeproof run --check 'tpc.mesh.*'` makes "
            "them, `lakeproof store import DIR` brings in those of other machines"
        )
    console = Console(file=sys.stdout, highlight=False, soft_wrap=True)
    print_mesh(console, copies, find_suspects(newest(copies, last)))


def _of_runs(places: tuple[Path, ...]) -> list[Copy]:
    folders = folders_below(places)
    return [copy for folder in folders for copy in copies_of(read_results(folder))]


def _of_store(said: str | None, out: Path, since: timedelta, last: int) -> list[Copy]:
    oldest = datetime.now(UTC) - since
    with opened(said, out) as store, Reader(store) as read:
        found = list(_copies_in(read.mesh(earlier=last)))
    return [copy for copy in found if datetime.fromisoformat(copy.at) >= oldest]


def _copies_in(mesh: Mesh) -> Iterator[Copy]:
    """What a failure before the newest copy said, the store does not tell."""
    for cell in mesh.cells:
        for copy in copies_of([cell.latest.result]):
            for outcome, at in cell.earlier:
                yield replace(
                    copy, works=works(outcome), said="", at=at.isoformat(), outcome=outcome
                )
            yield copy


def _stop(sentence: str) -> NoReturn:
    click.echo(printable(sentence), err=True)
    raise SystemExit(int(ExitCode.USAGE))
