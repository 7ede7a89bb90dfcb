"""`lakeproof clean`: remove what earlier, killed runs left behind."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import click

from lakeproof.credentials.errors import CredentialError
from lakeproof.exitcode import ExitCode
from lakeproof.inventory import InventoryError
from lakeproof.results import new_run_id, unfinished_runs
from lakeproof.session.adhoc import AdHoc
from lakeproof.session.leftovers import remove_leftovers
from lakeproof.session.plan import Plan, from_inventory
from lakeproof.session.sessions import Sessions
from lakeproof.verdict import Blocked, Unjudged
from lakeproof.wire.reply import NotReached

UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
HTTP = ("davs://", "https://", "dav://", "http://")


class Age(click.ParamType[timedelta]):
    """A span of time such as 90m, 24h or 2d."""

    name = "age"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> timedelta:
        """Parse it, or say what was expected."""
        if isinstance(value, timedelta):
            return value
        found = re.fullmatch(r"(\d+)([smhd])", str(value))
        if found is None:
            self.fail(f"found {value!r}, expected a number and s, m, h or d: 24h", param, ctx)
        return timedelta(**{UNITS[found[2]]: int(found[1])})


@click.command("clean")
@click.argument("endpoints", nargs=-1, metavar="[ENDPOINT|URL...]")
@click.option("-i", "--inventory", default="endpoints.yaml", show_default=True, metavar="FILE")
@click.option(
    "--older-than",
    type=Age(),
    default="24h",
    show_default=True,
    help="Runs that started longer ago than this. Killed runs of this machine go at any age.",
)
@click.option("--token", metavar="SOURCE", help="As for check; only for URLs.")
@click.option("--client-id", metavar="ID", help="As for check.")
@click.option("--client-secret-file", metavar="PATH", help="As for check.")
@click.option("--other-token", metavar="SOURCE", help="As for check.")
@click.option("--other-client-id", metavar="ID", help="As for check.")
@click.option("--other-client-secret-file", metavar="PATH", help="As for check.")
@click.option("--other-area", metavar="PATH", help="As for check.")
@click.option("--audience", metavar="A", help="As for check.")
@click.option("--scope-root", metavar="PATH", help="As for check.")
@click.option("--proxy", metavar="PATH", help="As for check.")
@click.option("--ca", metavar="PATH", help="As for check.")
@click.option("--out", default="reports", show_default=True, help="Where results are kept.")
def clean(
    endpoints: Sequence[str], inventory: str, older_than: timedelta, out: str, **access: str | None
) -> None:
    """Remove what earlier, killed runs left behind, below the endpoints' work area only.

    Without a name: every endpoint of the inventory.
    """
    urls = [name for name in endpoints if name.startswith(HTTP)]
    names = [name for name in endpoints if name not in urls]
    try:
        plans = [AdHoc(urls=urls, **access).plan()] if urls else []  # type: ignore[arg-type]
        if names or not urls:
            plans.append(from_inventory(Path(inventory), (), names))
    except (InventoryError, CredentialError) as error:
        click.echo(str(error), err=True)
        raise SystemExit(int(ExitCode.USAGE)) from None
    dead = list(unfinished_runs(Path(out)))
    problems = [_clean_plan(plan, older_than, dead) for plan in plans]
    raise SystemExit(int(ExitCode.NOT_JUDGED) if any(problems) else 0)


def _clean_plan(plan: Plan, older_than: timedelta, dead: Sequence[str]) -> bool:
    """Clean every endpoint of the plan; True when something could not be done."""
    sessions = Sessions(plan, new_run_id())
    problem = False
    for session in (each for target in plan.targets for each in sessions.all_of(target.name)):
        removed = 0
        try:
            session.require_ready()
            for removal in remove_leftovers(session, older_than=older_than, dead=dead):
                removed += 1
                click.echo(f"{session.name}: removed {removal.directory}")
                for left in removal.left:
                    problem = True
                    click.echo(f"{session.name}: could not remove {left}", err=True)
        except (Unjudged, Blocked, CredentialError, NotReached) as error:
            problem = True
            click.echo(f"{session.name}: not cleaned: {error}", err=True)
        else:
            click.echo(f"{session.name}: {removed} earlier runs removed")
    sessions.clean_up()
    sessions.close()
    return problem
