"""`lakeproof store`: the history of results, from a shell."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import NoReturn

import click

from lakeproof import tree
from lakeproof.commands.clean import Age
from lakeproof.exitcode import ExitCode
from lakeproof.store import Store, StoreError, open_store, retention
from lakeproof.store.changes import CHANGE_MEANING, GOOD, Change
from lakeproof.store.ingest import Imported, folders_in, import_runs
from lakeproof.store.queries import Latest, Reader, Transition
from lakeproof.store.size import size
from lakeproof.store_place import HELP, StorePlaceError, store_place
from lakeproof.verdict import Outcome
from lakeproof.wording import printable

SHOWN = 10


@click.group(name="store")
def group() -> None:
    """The history of results: what changed, what fails since when, what is kept.

    Every run is appended by itself. $LAKEPROOF_STORE, or --store, says where the store is.
    """


def _options(command: Callable[..., None]) -> Callable[..., None]:
    command = click.option(
        "--out",
        default="reports",
        show_default=True,
        type=click.Path(path_type=Path),
        help="Where runs are.",
    )(command)
    return click.option("--store", "said", metavar="WHERE", help=HELP)(command)


@group.command("import")
@click.argument("places", nargs=-1, type=click.Path(path_type=Path, exists=True), metavar="DIR...")
@_options
def import_(places: Sequence[Path], said: str | None, out: Path) -> None:
    """Bring runs into the store: from the folders of runs, or folders with such in them.

    Harmless to repeat: a result that is there already is left alone, an import that was killed
    goes on where it was. Without DIR: all runs below --out.

    \b
    lakeproof store import artifacts/*/reports --store postgresql://lakeproof@db.example.org/results
    """
    folders = [folder for place in places or (out,) for folder in folders_in(place)]
    if not folders:
        _stop(f"there is no results.jsonl in {', '.join(map(str, places or (out,)))}")
    problem = False
    with opened(said, out) as store:
        for done in import_runs(store, folders, tree.load_checks().renamed):
            click.echo(_sentence(done))
            if done.problem:
                problem = True
                click.echo(printable(done.problem), err=True)
    raise SystemExit(int(ExitCode.NOT_JUDGED) if problem else 0)


@group.command()
@click.option("--since", type=Age(), metavar="AGE", help="All of the last 24h, 7d, …")
@click.option("--site", metavar="NAME", help="Only this site.")
@click.option("--endpoint", metavar="NAME", help="Only this endpoint.")
@click.option("--all", "whole", is_flag=True, help=f"More than {SHOWN} of a kind, too.")
@_options
def changes(
    *,
    since: timedelta | None,
    site: str | None,
    endpoint: str | None,
    whole: bool,
    said: str | None,
    out: Path,
) -> None:
    """What changed: in the last run of each endpoint, or in all of the last hours or days."""
    moment = None if since is None else datetime.now(UTC) - since
    with opened(said, out) as store, Reader(store) as read:
        found = read.changes(moment, site, endpoint)
        _require([(line.site, line.endpoint) for line in read.fleet().endpoints], site, endpoint)
    for (run, where), together in groupby(found, lambda each: (each.run, each.endpoint)):
        _print_run(where, run, list(together), None if whole else SHOWN)
    if not found:
        click.echo("nothing changed")
    for change in Change:
        if any(each.change is change for each in found):
            click.echo(f"{change.value:<10} {CHANGE_MEANING[change]}")


@group.command()
@click.option("--site", metavar="NAME", help="Only this site.")
@click.option("--endpoint", metavar="NAME", help="Only this endpoint.")
@_options
def failing(*, site: str | None, endpoint: str | None, said: str | None, out: Path) -> None:
    """What fails, and since when: the newest result of every check, the gravest first."""
    with opened(said, out) as store, Reader(store) as read:
        known = [(line.site, line.endpoint) for line in read.fleet().endpoints]
        _require(known, site, endpoint)
        wanted = [each for each in known if site in (None, each[0]) and endpoint in (None, each[1])]
        for each in wanted:
            _print_failing(each[1], read.endpoint(*each).latest)


@group.command()
@click.option(
    "--results",
    type=Age(),
    default=f"{retention.RESULTS.days}d",
    show_default=True,
    metavar="AGE",
    help="How long single results stay; the newest one of each check stays for ever.",
)
@click.option(
    "--history",
    type=Age(),
    default=f"{retention.HISTORY.days}d",
    show_default=True,
    metavar="AGE",
    help="How long it stays what failed since when, and how many a day.",
)
@_options
def prune(results: timedelta, history: timedelta, said: str | None, out: Path) -> None:
    """Remove what is old; runs may go on writing meanwhile. Never touches the runs' folders."""
    with opened(said, out) as store:
        gone = retention.prune(store, datetime.now(UTC), results=results, history=history)
        click.echo(
            f"removed {gone.results} results, {gone.texts} texts, {gone.visits} visits of endpoints"
        )


@group.command()
@_options
def status(said: str | None, out: Path) -> None:
    """Where the store is, and how much is in it."""
    with opened(said, out) as store:
        found = size(store)
        click.echo(f"{'store':<10} {store.name} (schema {found.revision})")
        for name, number in found.rows.items():
            click.echo(f"{name:<10} {number}")
        if found.oldest and found.newest:
            click.echo(
                f"{'runs':<10} {found.oldest:%Y-%m-%d %H:%M} to {found.newest:%Y-%m-%d %H:%M}"
            )
        click.echo(f"{'size':<10} {found.megabytes:.1f} MB")


@contextmanager
def opened(said: str | None, out: Path) -> Iterator[Store]:
    """The store that was meant; ends the command with a sentence when there is none."""
    try:
        place = store_place(said, out)
        if place is None:
            _stop("there is no store: $LAKEPROOF_STORE, or --store, says none")
        store = open_store(place)
        try:
            yield store
        finally:
            store.close()
    except StorePlaceError as error:
        _stop(f"--store: {error}")
    except StoreError as error:
        click.echo(printable(str(error)), err=True)
        raise SystemExit(int(ExitCode.NOT_JUDGED)) from None


def _stop(sentence: str) -> NoReturn:
    click.echo(printable(sentence), err=True)
    raise SystemExit(int(ExitCode.USAGE))


def _require(known: Sequence[tuple[str, str]], site: str | None, endpoint: str | None) -> None:
    """Stop at the name of a site or endpoint that has no result."""
    for name, place in ((site, 0), (endpoint, 1)):
        if name is not None and name not in {each[place] for each in known}:
            _stop(f"the store has no result of {name}")


def _print_failing(endpoint: str, latest: Sequence[Latest]) -> None:
    found = [each for each in latest if each.result.outcome is Outcome.FAIL]
    click.echo(f"{printable(endpoint)}  {len(found)} failing" + ("" if found else "\n"))
    for each in sorted(found, key=lambda each: (each.result.severity.rank, each.failing_since)):
        result = each.result
        which = " ".join(filter(None, (result.check, result.cell, result.partner)))
        since = f"since {each.failing_since:%Y-%m-%d %H:%M}"
        click.echo(f"  {result.severity.value:<8} {since}  {printable(which)}")
        click.echo(f"{'':11}{printable(result.actual or '')}")
    if found:
        click.echo()


def _sentence(done: Imported) -> str:
    if done.too_old:
        return f"{printable(done.run)}: left out, older than what the store keeps"
    return f"{printable(done.run)}: {done.new} new of {done.read} results read"


def _print_run(endpoint: str, run: str, found: Sequence[Transition], at_most: int | None) -> None:
    """One run's transitions, of each kind the most urgent ones."""
    click.echo(f"{printable(endpoint)}  {found[0].at:%Y-%m-%d %H:%M} UTC  {printable(run)}")
    versions = {each.suite_changed for each in found if each.suite_changed}
    for before, after in sorted(versions):
        click.echo(f"  the suite changed too, from {before} to {after}: marked with *")
    passing = [each for each in found if each.change is Change.NEW and each.after in GOOD]
    others = [each for each in found if each not in passing]
    for _, alike in groupby(others, lambda each: each.change):
        together = list(alike)
        for each in together[:at_most]:
            _print_transition(each)
        if len(together) > len(together[:at_most]):
            number = len(together) - len(together[:at_most])
            click.echo(f"  {'':10} … and {number} more {together[0].change.value} (--all)")
    if passing:
        click.echo(f"  {Change.NEW.value:<10} {len(passing)} pass, the first time judged")
    click.echo()


def _print_transition(each: Transition) -> None:
    which = " ".join(filter(None, (each.check, each.cell, each.partner)))
    was = each.before.value if each.before else "nothing"
    mark = "*" if each.suite_changed else " "
    click.echo(
        f"{mark} {each.change.value:<10} {each.severity.value:<8} {was} -> {each.after.value}"
        f"  {printable(which)}"
    )
    if each.after not in GOOD and each.actual:
        click.echo(f"{'':13}{printable(each.actual)}")
