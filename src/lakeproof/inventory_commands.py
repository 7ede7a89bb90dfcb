"""`lakeproof inventory import | drift`, which ask others, beside the commands that do not."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from lakeproof.credentials.errors import CredentialError
from lakeproof.exitcode import ExitCode
from lakeproof.inventory.commands import group, refuse
from lakeproof.inventory.loader import load, parse
from lakeproof.inventory.merge import merge
from lakeproof.inventory.model import Endpoint
from lakeproof.inventory.problems import InventoryError
from lakeproof.inventory.sources import cric as cric_source
from lakeproof.inventory.sources import rucio as rucio_source
from lakeproof.inventory.sources import srr
from lakeproof.inventory.sources.found import Harvest, SourceError
from lakeproof.results import new_run_id
from lakeproof.session.census import LIVE, read_rucio
from lakeproof.session.drift import Case, Row, compare, unknown
from lakeproof.session.drift.served import Served, ServedBy
from lakeproof.session.drift.view import print_rows
from lakeproof.session.plan import from_inventory
from lakeproof.session.sessions import Sessions
from lakeproof.wire.document import DocumentError, read_document

__all__ = ["group"]


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
        lambda: read_rucio(source, ca, rses, _progress),
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


@group.command()
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
        yield "Rucio", rucio_source.harvest(read_rucio(rucio, ca, None, _progress))
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
            _progress(f"asking {endpoint.name}")
        out = harvest.left_out.get(name) if harvest else None
        asked = served.get(endpoint.name)
        yield from compare(Case(endpoint, who, left.pop(name, None), out, asked))
    if who is not None and all_known:
        yield from (unknown(found, who) for found in left.values())


def _progress(line: str) -> None:
    click.echo(line, err=True)
