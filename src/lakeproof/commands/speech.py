"""What several commands say in the same way."""

from __future__ import annotations

from typing import NoReturn

import click

from lakeproof.exitcode import ExitCode
from lakeproof.inventory.problems import InventoryError


def refuse(error: InventoryError) -> NoReturn:
    """Say every problem and end, as for wrong usage."""
    for problem in error.problems:
        click.echo(problem, err=True)
    raise SystemExit(int(ExitCode.USAGE))


def progress(line: str) -> None:
    """Say it where it does not get into what the command gives."""
    click.echo(line, err=True)
