"""`lakeproof inventory validate | show | import | drift`."""

from __future__ import annotations

from pathlib import Path

import click

from lakeproof.commands.drift import drift
from lakeproof.commands.imports import import_
from lakeproof.commands.speech import refuse
from lakeproof.inventory.loader import load
from lakeproof.inventory.model import Inventory
from lakeproof.inventory.problems import InventoryError
from lakeproof.inventory.rows import COLUMNS, describe

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
        refuse(error)
    if as_yaml:
        click.echo(inventory.as_yaml(), nl=False)
        return
    for row in describe(inventory):
        if row["endpoint"] in selected:
            click.echo(_block(row))


def _block(row: dict[str, str]) -> str:
    facts = [name for name in COLUMNS if name not in ("site", "endpoint") and row[name]]
    width = max(map(len, COLUMNS))
    lines = [f"  {name:{width}}  {row[name]}" for name in facts]
    return "\n".join([f"{row['endpoint']}  at {row['site']}", *lines])


def _load(path: Path) -> Inventory:
    try:
        return load(path)
    except InventoryError as error:
        refuse(error)


group.add_command(import_)
group.add_command(drift)
