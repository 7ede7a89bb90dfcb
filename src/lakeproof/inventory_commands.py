"""`lakeproof inventory drift`, beside the commands that need no endpoint."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from lakeproof.credentials.errors import CredentialError
from lakeproof.exitcode import ExitCode
from lakeproof.inventory.commands import group
from lakeproof.inventory.problems import InventoryError
from lakeproof.inventory.sources import cric, rucio
from lakeproof.inventory.sources.found import SourceError
from lakeproof.results import new_run_id
from lakeproof.session.drift import Difference, from_endpoint, from_source
from lakeproof.session.plan import from_inventory
from lakeproof.session.sessions import Sessions
from lakeproof.wire.document import DocumentError, read_document

HARVESTERS = {"Rucio": rucio.harvest, "CRIC": cric.harvest}


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
