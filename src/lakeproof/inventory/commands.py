"""`lakeproof inventory validate | show | import`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import click

from lakeproof.exitcode import ExitCode
from lakeproof.inventory.loader import load, parse
from lakeproof.inventory.merge import merge
from lakeproof.inventory.model import Inventory
from lakeproof.inventory.problems import InventoryError
from lakeproof.inventory.rows import COLUMNS, describe
from lakeproof.inventory.sources import cric, rucio, srr
from lakeproof.inventory.sources.found import Harvest, SourceError
from lakeproof.inventory.sources.live import LIVE, read_rucio
from lakeproof.wire.document import DocumentError, read_document

_path = click.argument("path", type=click.Path(path_type=Path), default=Path("endpoints.yaml"))


@click.group("inventory")
def group() -> None:
    """Look at the endpoint inventory: is it right, and what does it say?"""


@group.command()
@_path
def validate(path: Path) -> None:
    """Check PATH (default: endpoints.yaml) and name every problem with its line and column."""
    inventory = _load(path)
    endpoints = list(inventory.endpoints())
    counts = f"sites: {len(inventory.sites)}, endpoints: {len(endpoints)}"
    click.echo(f"{path}: sound ({counts})")


@group.command()
@_path
@click.option("--site", "sites", multiple=True, help="Only this site (repeatable).")
@click.option("--endpoint", "endpoints", multiple=True, help="Only this endpoint (repeatable).")
@click.option("--yaml", "as_yaml", is_flag=True, help="As YAML, the way it was understood.")
def show(path: Path, sites: tuple[str, ...], endpoints: tuple[str, ...], as_yaml: bool) -> None:
    """Show the endpoints of PATH (default: endpoints.yaml); secrets appear by name only."""
    inventory = _load(path)
    try:
        selected = {endpoint.name for _, endpoint in inventory.select(sites, endpoints)}
    except InventoryError as error:
        _refuse(error)
    if as_yaml:
        click.echo(inventory.as_yaml(), nl=False)
        return
    for row in describe(inventory):
        if row["endpoint"] in selected:
            click.echo(_block(row))


@group.group("import")
def import_() -> None:
    """Take endpoints over from Rucio, CRIC or a storage resource report.

    What people wrote in the file stays: the source has the say about doors, and adds the rest only
    where the file is silent. Run it again whenever the source has changed.

    \b
    lakeproof inventory import cric 'https://cric.example.org/api/doma/rse/query/?json&preset=doma'
    lakeproof inventory import rucio --into endpoints.yaml --tokens iam
    """


def _import_options(command: Callable[..., None]) -> Callable[..., None]:
    options = (
        click.option(
            "--into",
            type=click.Path(path_type=Path, dir_okay=False),
            default=Path("endpoints.yaml"),
            show_default=True,
            help="The inventory; made when it is not there.",
        ),
        click.option("--tokens", help="What new endpoints' auth names: an issuer or a source."),
        click.option("--ca", type=click.Path(path_type=Path, exists=True), help="CA of SOURCE."),
        click.option("--dry-run", is_flag=True, help="Say what would change; write nothing."),
    )
    for option in reversed(options):
        command = option(command)
    return command


@import_.command("rucio")
@click.argument("source", default=LIVE)
@_import_options
@click.option("--rses", metavar="EXPRESSION", help="Only these of a running Rucio: tier=1&disk")
@click.option("--zero-is-off", is_flag=True, help="Priority 0 means: not offered (old exports).")
def import_rucio(
    source: str,
    rses: str | None,
    zero_is_off: bool,
    ca: Path | None,
    **said: Any,  # noqa: ANN401  click's
) -> None:
    """RSEs with their protocols, from a running Rucio, an export or an answer of its REST.

    SOURCE is `live` (if not said), a file, a URL, or - for standard input. With `live` the
    rucio-clients of this machine ask the Rucio that your rucio.cfg names, as `rucio whoami` does.
    """
    if rses is not None and source != LIVE:
        raise click.UsageError("--rses is for a running Rucio, so without SOURCE")
    _import(
        lambda: read_rucio(source, ca, rses, lambda line: click.echo(line, err=True)),
        lambda document: rucio.harvest(document, zero_is_off=zero_is_off),
        **said,
    )


@import_.command("cric")
@click.argument("source")
@_import_options
@click.option("--zero-counts", is_flag=True, help="Priority 0 is the highest, not: not offered.")
def import_cric(
    source: str,
    zero_counts: bool,
    ca: Path | None,
    **said: Any,  # noqa: ANN401  click's
) -> None:
    """The catalogue of the WLCG or of ESCAPE: its RSEs, or ATLAS's ddmendpoints.

    SOURCE is a file, a URL, or - for standard input.
    """
    _import(
        lambda: read_document(source, ca),
        lambda document: cric.harvest(document, zero_is_off=not zero_counts),
        **said,
    )


@import_.command("srr")
@click.argument("source")
@_import_options
def import_srr(source: str, ca: Path | None, **said: Any) -> None:  # noqa: ANN401  click's
    """A storage resource report: one endpoint for each share that has a path.

    SOURCE is a file, a URL, or - for standard input.
    """
    _import(lambda: read_document(source, ca), srr.harvest, **said)


def _import(
    read: Callable[[], object],
    harvest: Callable[[object], Harvest],
    into: Path,
    tokens: str | None,
    dry_run: bool,
) -> None:
    try:
        found = harvest(read())
        before = into.read_text("utf-8") if into.exists() else None
        merged = merge(before, found, tokens=tokens)
        parse(merged.text, into)
    except (DocumentError, SourceError) as error:
        click.echo(str(error), err=True)
        raise SystemExit(int(ExitCode.USAGE)) from None
    except InventoryError as error:
        _refuse(error)
    if not dry_run and merged.text != before:
        unfinished = into.with_suffix(".new")
        unfinished.write_text(merged.text, "utf-8")
        unfinished.replace(into)
    for line in merged.lines(found.remarks):
        click.echo(line)
    would = "would have" if dry_run else "has"
    click.echo(f"{into}: {would} {merged.counts(len(found.remarks))}")


def _block(row: dict[str, str]) -> str:
    facts = [name for name in COLUMNS if name not in ("site", "endpoint") and row[name]]
    width = max(map(len, COLUMNS))
    lines = [f"  {name:{width}}  {row[name]}" for name in facts]
    return "\n".join([f"{row['endpoint']}  at {row['site']}", *lines])


def _load(path: Path) -> Inventory:
    try:
        return load(path)
    except InventoryError as error:
        _refuse(error)


def _refuse(error: InventoryError) -> NoReturn:
    for problem in error.problems:
        click.echo(problem, err=True)
    raise SystemExit(int(ExitCode.USAGE))
