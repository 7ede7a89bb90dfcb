"""`lakeproof lake build`: the newer XRootD from a shell."""

from __future__ import annotations

import click

from lakeproof.lake.built.recipe import NAME
from lakeproof.lake.built.steps import build
from lakeproof.lake.errors import LakeError


@click.command("build")
@click.argument("what", type=click.Choice([NAME]))
def command(what: str) -> None:
    """Build WHAT for the lake: a newer XRootD than Debian's, which `up` then starts too.

    From its source distribution on PyPI, with Debian's compiler and libraries, below
    $XDG_CACHE_HOME; some 5 minutes. A build that was stopped goes on where it was.
    """
    try:
        build(click.echo)
    except LakeError as error:
        raise click.ClickException(str(error)) from error
