"""`lakeproof checklist`: a profile as a list that a site can print, sign and hand in."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from lakeproof import tree
from lakeproof.commands.report import known_failures
from lakeproof.commands.store import opened
from lakeproof.exitcode import ExitCode
from lakeproof.known import KnownFailuresError
from lakeproof.pages.checklist import Checklist, write
from lakeproof.pages.places import file_name
from lakeproof.profiles import UnknownProfileError, find
from lakeproof.store.queries import Reader
from lakeproof.store_place import HELP
from lakeproof.wire.printing import CannotPrintError, print_to_pdf
from lakeproof.wording import printable


@click.command("checklist")
@click.option("--profile", required=True, metavar="NAME", help="See lakeproof profiles list.")
@click.option(
    "--endpoint", "endpoints", multiple=True, metavar="NAME", help="Only this one (repeatable)."
)
@click.option(
    "--out",
    default="reports",
    show_default=True,
    type=click.Path(path_type=Path),
    help="Where runs are; the lists go into the folder `checklists` in it.",
)
@click.option("--store", "said", metavar="WHERE", help=HELP)
@click.option("--pdf", is_flag=True, help="Print it to PDF, too; needs Chromium.")
def checklist(
    *, profile: str, endpoints: tuple[str, ...], out: Path, said: str | None, pdf: bool
) -> None:
    """A profile as a checklist of each endpoint, from stored results: HTML to print, and Markdown.

    It has a verdict, the evidence, what is waived, what a person has to look at, and a place to
    sign. What was not judged is never a yes.

    \b
    lakeproof run --profile escape-rse
    lakeproof checklist --profile escape-rse
    """
    try:
        (chosen,) = find([profile])
        listed = known_failures()
    except (UnknownProfileError, KnownFailuresError) as error:
        click.echo(printable(str(error)), err=True)
        raise SystemExit(int(ExitCode.USAGE)) from None
    now = datetime.now(UTC)
    with opened(said, out) as store, Reader(store) as read:
        lines = read.fleet().endpoints
        unknown = sorted(set(endpoints) - {line.endpoint for line in lines})
        if unknown or not lines:
            what = printable(", ".join(unknown)) or "any endpoint"
            click.echo(f"the store has no result of {what}", err=True)
            raise SystemExit(int(ExitCode.USAGE))
        for line in lines:
            if endpoints and line.endpoint not in endpoints:
                continue
            view = read.endpoint(line.site, line.endpoint)
            made = Checklist(chosen, view, tree.load_checks(), listed, now)
            path = out / "checklists" / f"{chosen.name}-{file_name(line.endpoint)}"
            write([(path, made)])
            click.echo(f"{printable(line.endpoint)}  {made.verdict}  {path}.html")
            if pdf:
                _print(path)


def _print(path: Path) -> None:
    try:
        print_to_pdf(path.with_name(f"{path.name}.html"), path.with_name(f"{path.name}.pdf"))
    except CannotPrintError as error:
        click.echo(str(error), err=True)
        raise SystemExit(int(ExitCode.NOT_JUDGED)) from None
