"""`lakeproof demo`: the whole lake on this machine, every check on it, and down again."""

from __future__ import annotations

import os
from pathlib import Path

import click

from lakeproof.exitcode import ExitCode
from lakeproof.lake import built, control
from lakeproof.lake.commands import with_option, without_option
from lakeproof.lake.errors import LakeError
from lakeproof.lake.layout import CACHE, REDIRECTOR, default_directory
from lakeproof.lake.ports import COUNT
from lakeproof.lake.rucio import installed
from lakeproof.plugin.commands import EPILOG, run_checks, shared_options


@click.command("demo", epilog=EPILOG)
@click.option("--keep", is_flag=True, help="Leave the lake up afterwards.")
@click.option(
    "--port-base",
    type=click.IntRange(0, 65000),
    help=f"First of {COUNT} ports; default: any free ones, with --keep the usual ones.",
)
@with_option
@without_option
@click.option("--emulated", is_flag=True, help="Only emulated sites: needs no XRootD, no root.")
@shared_options("demo")
def demo(
    jobs: str,
    *,
    extras: tuple[str, ...],
    left_out: tuple[str, ...],
    keep: bool,
    port_base: int | None,
    emulated: bool,
    **said: object,
) -> None:
    """Start a data lake on this machine, run every check on it, write reports, stop it.

    Nothing leaves this machine. The lake is a token issuer, two real XRootD storages, a cache and a
    redirector before such, and four emulated storages; where XRootD is not installed, all of them
    are emulated. With Rucio, where that is installed, which knows all of them.
    """
    directory = default_directory()
    try:
        was_up = any(service.alive for service in control.status(directory))
    except LakeError:
        was_up = False
    try:
        lake = control.up(
            directory,
            progress=click.echo,
            port_base=0 if port_base is None and not (keep or was_up) else port_base,
            owner_pid=None if keep or was_up else os.getpid(),
            emulated=emulated,
            rucio="rucio" in extras or (not was_up and not installed.missing()),
            newer=built.NAME not in left_out,
            fronts={CACHE, REDIRECTOR}.difference(left_out),
        )
    except LakeError as error:
        click.echo(str(error), err=True)
        raise SystemExit(int(ExitCode.NOT_JUDGED)) from None
    try:
        code = run_checks([f"--inventory={Path(lake.inventory)}"], said, jobs)
    finally:
        if keep or was_up:
            click.echo('the lake stays up; to use it: eval "$(lakeproof lake env)"')
        else:
            control.down(directory)
            click.echo("the lake is down again; --keep leaves it up")
    raise SystemExit(code)
