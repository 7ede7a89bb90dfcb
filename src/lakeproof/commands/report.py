"""`lakeproof report`: every page anew, from the results that are stored."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from lakeproof import tree
from lakeproof.commands.clean import Age
from lakeproof.commands.store import opened
from lakeproof.exitcode import ExitCode
from lakeproof.inventory import Inventory, InventoryError
from lakeproof.inventory import load as load_inventory
from lakeproof.known import KnownFailure, KnownFailuresError
from lakeproof.known import load as load_known
from lakeproof.pages.build import Context, build
from lakeproof.store_place import HELP
from lakeproof.wording import printable

HOURS = 3600


@click.command("report")
@click.option(
    "--out",
    default="reports",
    show_default=True,
    type=click.Path(path_type=Path),
    help="Where runs are; the pages go into the folder `site` in it.",
)
@click.option("--store", "said", metavar="WHERE", help=HELP)
@click.option(
    "-i",
    "--inventory",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="FILE",
    help="Names endpoints that were never tried, and which are golden.",
)
@click.option(
    "--stale",
    type=Age(),
    default="26h",
    show_default=True,
    metavar="AGE",
    help="An endpoint without a run for so long is marked.",
)
@click.option(
    "--url",
    envvar="CI_PAGES_URL",
    default="",
    metavar="URL",
    help="Where the pages will be, for links in feeds. Default: $CI_PAGES_URL, else relative ones.",
)
def report(
    *, out: Path, said: str | None, inventory: Path | None, stale: timedelta, url: str
) -> None:
    """Build all pages from stored results: endpoints, mesh, checks.

    Beside them lie Atom feeds of what changed (changes.atom, SITE/changes.atom), a badge for each
    site (SITE/badge.svg) and metrics for Prometheus (metrics.prom).

    They need no server and no network: open the index.html that is named at the end.

    \b
    lakeproof run
    lakeproof report
    """
    try:
        listed = known_failures()
        about = load_inventory(inventory) if inventory else None
    except (InventoryError, KnownFailuresError) as error:
        click.echo(printable(str(error)), err=True)
        raise SystemExit(int(ExitCode.USAGE)) from None
    context = Context(
        registry=tree.load_checks(),
        now=datetime.now(UTC),
        stale_hours=stale.total_seconds() / HOURS,
        listed=listed,
        golden=_golden(about),
        expected=_expected(about),
        runs=out / "runs",
        url=url,
    )
    with opened(said, out) as store:
        written = build(store, out / "site", context).written
    click.echo(f"{written} files; open {(out / 'site' / 'index.html').resolve().as_uri()}")


def known_failures() -> list[KnownFailure]:
    """Every entry that is shipped."""
    files = sorted((tree.suites() / "known_failures").glob("*.yaml"))
    registry = tree.load_checks()
    return [entry for file in files for entry in load_known(file, registry).entries]


def _golden(about: Inventory | None) -> frozenset[str]:
    every = [endpoint for site in about.sites for endpoint in site.endpoints] if about else []
    return frozenset(endpoint.name for endpoint in every if "golden" in endpoint.roles)


def _expected(about: Inventory | None) -> frozenset[tuple[str, str]]:
    sites = about.sites if about else ()
    return frozenset((site.name, endpoint.name) for site in sites for endpoint in site.endpoints)
