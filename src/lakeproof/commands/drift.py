"""`lakeproof inventory drift`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from lakeproof.commands.speech import progress, refuse
from lakeproof.credentials.errors import CredentialError
from lakeproof.exitcode import ExitCode
from lakeproof.inventory.loader import load
from lakeproof.inventory.model import Endpoint
from lakeproof.inventory.problems import InventoryError
from lakeproof.inventory.sources import cric as cric_source
from lakeproof.inventory.sources import rucio as rucio_source
from lakeproof.inventory.sources.found import Harvest, SourceError
from lakeproof.results import new_run_id
from lakeproof.session.census import read_rucio
from lakeproof.session.drift import Case, Row, compare, unknown
from lakeproof.session.drift.served import Served, ServedBy
from lakeproof.session.drift.view import print_rows
from lakeproof.session.plan import from_inventory
from lakeproof.session.sessions import Sessions
from lakeproof.wire.document import DocumentError, read_document


@click.command()
@click.argument("path", type=click.Path(path_type=Path), default=Path("endpoints.yaml"))
@click.option("--rucio", metavar="SOURCE", help="live, or a rucio export: a file, a URL, or - .")
@click.option("--cric", metavar="SOURCE", help="CRIC's answer: a file, a URL, or - .")
@click.option("--ca", type=click.Path(path_type=Path, exists=True), help="CA of the sources' URLs.")
@click.option("--endpoint", "endpoints", multiple=True, help="Only this endpoint (repeatable).")
@click.option("--offline", is_flag=True, help="Do not ask the endpoints themselves.")
@click.option("--all", "everything", is_flag=True, help="Also what they agree on.")
@click.option("--json", "as_json", is_flag=True, help="The rows as JSON.")
def drift(
    path: Path,
    endpoints: tuple[str, ...],
    offline: bool,
    everything: bool,
    as_json: bool,
    **sources: Any,  # noqa: ANN401  click's
) -> None:
    """Compare PATH with Rucio, with CRIC, and with what the endpoints really serve.

    Nothing is changed anywhere: endpoints are only read. `--rucio live` asks the running Rucio, as
    `inventory import rucio` does. Exit code 0: all say the same; 1: they differ; 3: a document or
    the inventory cannot be used.

    \b
    lakeproof inventory drift --rucio live
    lakeproof inventory drift --rucio rucio-export.json --offline
    """
    try:
        found = _compared(path, endpoints, dict(_harvests(**sources)), offline=offline)
    except InventoryError as error:
        refuse(error)
    except (DocumentError, SourceError, CredentialError) as error:
        click.echo(str(error), err=True)
        raise SystemExit(int(ExitCode.USAGE)) from None
    count = sum(not row.agree for rows in found.values() for row in rows)
    shown = {who: [r for r in rows if everything or not r.agree] for who, rows in found.items()}
    if as_json:
        entries = [{"with": who, **asdict(row)} for who, rows in shown.items() for row in rows]
        click.echo(json.dumps(entries, indent=1))
    else:
        for who, rows in shown.items():
            print_rows(Console(highlight=False), rows, who or "Rucio")
        said = f"{count} difference{'s' * (count != 1)}" if count else "no drift"
        click.echo(f"{path}: {said}")
    raise SystemExit(int(ExitCode.FAILED) if count else 0)


def _compared(
    path: Path, names: tuple[str, ...], harvests: dict[str, Harvest], *, offline: bool
) -> dict[str | None, list[Row]]:
    """The rows of each source, or by None those of the inventory and the endpoints alone."""
    endpoints = [endpoint for _, endpoint in load(path).select((), names)]
    pairs: list[tuple[str | None, Harvest | None]] = [*harvests.items()] or [(None, None)]
    with _served(path, () if offline else [each.name for each in endpoints]) as served:
        return {
            who: list(_rows(endpoints, who, harvest, served, all_known=not names))
            for who, harvest in pairs
        }


def _harvests(
    rucio: str | None, cric: str | None, ca: Path | None
) -> Iterator[tuple[str, Harvest]]:
    if rucio is not None:
        yield "Rucio", rucio_source.harvest(read_rucio(rucio, ca, None, progress))
    if cric is not None:
        yield "CRIC", cric_source.harvest(read_document(cric, ca))


@contextmanager
def _served(path: Path, names: Sequence[str]) -> Iterator[dict[str, Served]]:
    """The endpoints of these names as they can be asked; connections end with it."""
    if not names:
        yield {}
        return
    sessions = Sessions(from_inventory(path, (), names), new_run_id(), read_only=True)
    try:
        yield {name: ServedBy(sessions.get(name)) for name in names}
    finally:
        sessions.close()


def _rows(
    endpoints: Sequence[Endpoint],
    who: str | None,
    harvest: Harvest | None,
    served: dict[str, Served],
    *,
    all_known: bool,
) -> Iterator[Row]:
    left = {found.name: found for found in harvest.endpoints} if harvest else {}
    for endpoint in endpoints:
        name = endpoint.rse or endpoint.name
        if served:
            progress(f"asking {endpoint.name}")
        out = harvest.left_out.get(name) if harvest else None
        asked = served.get(endpoint.name)
        yield from compare(Case(endpoint, who, left.pop(name, None), out, asked))
    if who is not None and all_known:
        yield from (unknown(found, who) for found in left.values())
