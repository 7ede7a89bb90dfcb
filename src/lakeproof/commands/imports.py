"""`lakeproof inventory import`: endpoints from Rucio, CRIC or a storage resource report."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from lakeproof.commands.speech import progress, refuse
from lakeproof.exitcode import ExitCode
from lakeproof.inventory.loader import parse
from lakeproof.inventory.merge import merge
from lakeproof.inventory.problems import InventoryError
from lakeproof.inventory.sources import cric as cric_source
from lakeproof.inventory.sources import rucio as rucio_source
from lakeproof.inventory.sources import srr
from lakeproof.inventory.sources.found import Harvest, SourceError
from lakeproof.session.census import LIVE, read_rucio
from lakeproof.wire.document import DocumentError, read_document


@click.group("import")
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
        lambda: read_rucio(source, ca, rses, progress),
        lambda document: rucio_source.harvest(document, zero_is_off=zero_is_off),
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
        lambda document: cric_source.harvest(document, zero_is_off=not zero_counts),
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
        refuse(error)
    if not dry_run and merged.text != before:
        unfinished = into.with_suffix(".new")
        unfinished.write_text(merged.text, "utf-8")
        unfinished.replace(into)
    for line in merged.lines(found.remarks):
        click.echo(line)
    would = "would have" if dry_run else "has"
    click.echo(f"{into}: {would} {merged.counts(len(found.remarks))}")
