"""`lakeproof inventory import | drift`, which ask others, beside the commands that do not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click

from lakeproof.credentials.errors import CredentialError
from lakeproof.exitcode import ExitCode
from lakeproof.inventory.commands import group, refuse
from lakeproof.inventory.loader import parse
from lakeproof.inventory.merge import merge
from lakeproof.inventory.problems import InventoryError
from lakeproof.inventory.sources import cric, rucio, srr
from lakeproof.inventory.sources.found import Harvest, SourceError
from lakeproof.results import new_run_id
from lakeproof.session.census import LIVE, read_rucio
from lakeproof.session.drift import Difference, from_endpoint, from_source
from lakeproof.session.plan import from_inventory
from lakeproof.session.sessions import Sessions
from lakeproof.wire.document import DocumentError, read_document

__all__ = ["group"]

HARVESTERS = {"Rucio": rucio.harvest, "CRIC": cric.harvest}


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
        refuse(error)
    if not dry_run and merged.text != before:
        unfinished = into.with_suffix(".new")
        unfinished.write_text(merged.text, "utf-8")
        unfinished.replace(into)
    for line in merged.lines(found.remarks):
        click.echo(line)
    would = "would have" if dry_run else "has"
    click.echo(f"{into}: {would} {merged.counts(len(found.remarks))}")


@group.command()
@click.argument("path", type=click.Path(path_type=Path), default=Path("endpoints.yaml"))
@click.option("--rucio", metavar="SOURCE", help="A rucio export: a file, a URL, or - .")
@click.option("--cric", metavar="SOURCE", help="CRIC's answer: a file, a URL, or - .")
@click.option("--ca", type=click.Path(path_type=Path, exists=True), help="CA of the sources' URLs.")
@click.option("--endpoint", "endpoints", multiple=True, help="Only this endpoint (repeatable).")
@click.option("--offline", is_flag=True, help="Do not ask the endpoints themselves.")
def drift(
    path: Path,
    rucio: str | None,
    cric: str | None,
    ca: Path | None,
    endpoints: tuple[str, ...],
    offline: bool,
) -> None:
    """Compare PATH with Rucio, with CRIC, and with what the endpoints really serve.

    Nothing is changed anywhere. Exit code 0: all say the same; 1: they differ; 3: a document or
    the inventory cannot be used.

    \\b
    lakeproof inventory drift --rucio rucio-export.json
    """
    try:
        differences = list(_of_sources(path, {"Rucio": rucio, "CRIC": cric}, ca))
        differences = [d for d in differences if not endpoints or d.endpoint in endpoints]
        if not offline:
            differences += _of_endpoints(path, endpoints)
    except (InventoryError, DocumentError, SourceError, CredentialError) as error:
        click.echo(str(error), err=True)
        raise SystemExit(int(ExitCode.USAGE)) from None
    for difference in differences:
        click.echo(difference)
    count = len(differences)
    click.echo(f"{path}: {count} difference{'s' * (count != 1)}" if count else f"{path}: no drift")
    raise SystemExit(int(ExitCode.FAILED) if differences else 0)


def _of_sources(
    path: Path, sources: dict[str, str | None], ca: Path | None
) -> Iterator[Difference]:
    for who, place in sources.items():
        if place is not None:
            harvest = HARVESTERS[who](read_document(place, ca))
            yield from from_source(path.read_text("utf-8"), harvest, who)


def _of_endpoints(path: Path, names: tuple[str, ...]) -> Iterator[Difference]:
    sessions = Sessions(from_inventory(path, (), names), new_run_id(), read_only=True)
    try:
        for target in sessions.plan.targets:
            click.echo(f"asking {target.name}", err=True)
            yield from from_endpoint(sessions.get(target.name))
    finally:
        sessions.close()
