"""`lakeproof lake`: the laptop lake from a shell."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from lakeproof.lake import built, control
from lakeproof.lake.built.command import command as build
from lakeproof.lake.errors import LakeError
from lakeproof.lake.layout import CACHE, REDIRECTOR, Layout, default_directory
from lakeproof.lake.ports import COUNT, DEFAULT_PORT_BASE
from lakeproof.lake.services import LOGS, SUPERVISOR

CONTEXT = {"help_option_names": ["-h", "--help"]}


@click.group(name="lake", context_settings=CONTEXT)
def group() -> None:
    """A whole data lake on this machine: token issuer, two XRootD sites, four emulated ones.

    Before the XRootD sites stand a cache of one and a redirector with two data servers.
    `up` starts it, `env` prints what a shell needs to use it, `down` stops it; `build` adds two
    sites of a newer XRootD than Debian's. Everything a lake keeps is in one directory:
    $LAKEPROOF_LAKE, or lakeproof/lake below $XDG_STATE_HOME.
    """


group.add_command(build)

with_option = click.option(
    "--with",
    "extras",
    type=click.Choice(["rucio"]),
    multiple=True,
    help="Also a Rucio (server, daemons, database, FTS stand-in) that knows every site.",
)


def _directory_option(command: Callable[..., None]) -> Callable[..., None]:
    return click.option(
        "--directory",
        type=click.Path(path_type=Path, file_okay=False),
        default=default_directory,
        help="Where the lake keeps everything; default: $LAKEPROOF_LAKE or the state directory.",
    )(command)


without_option = click.option(
    "--without",
    "left_out",
    type=click.Choice([built.NAME, CACHE, REDIRECTOR]),
    multiple=True,
    help=f"No such site: no cache, no redirector, none of what was built (`{built.COMMAND}`).",
)


@group.command()
@_directory_option
@click.option(
    "--port-base",
    type=click.IntRange(0, 65000),
    help=f"First of {COUNT} ports; default {DEFAULT_PORT_BASE}, 0: any free ones.",
)
@click.option("--emulated", is_flag=True, help="Only emulated sites: needs no XRootD, no root.")
@with_option
@without_option
def up(
    directory: Path,
    port_base: int | None,
    extras: tuple[str, ...],
    left_out: tuple[str, ...],
    *,
    emulated: bool,
) -> None:
    """Start the lake; harmless when it runs. Without XRootD all its sites are emulated."""
    with _one_sentence():
        control.up(
            directory,
            progress=click.echo,
            port_base=port_base,
            emulated=emulated,
            rucio="rucio" in extras,
            newer=built.NAME not in left_out,
            fronts={CACHE, REDIRECTOR}.difference(left_out),
        )
    click.echo('to use it: eval "$(lakeproof lake env)"; to stop it: lakeproof lake down')


@group.command()
@_directory_option
@click.option("--purge", is_flag=True, help="Delete its files, keys and certificates too.")
def down(directory: Path, *, purge: bool) -> None:
    """Stop the lake; harmless when it does not run."""
    with _one_sentence():
        stopped = control.down(directory, purge=purge)
    click.echo("the lake is down" if stopped else "no lake was running")


@group.command()
@click.argument("service", type=click.Choice([name for name in LOGS if name != SUPERVISOR]))
@_directory_option
def restart(service: str, directory: Path) -> None:
    """Start SERVICE once more on its ports, also when it was killed; the others go on."""
    with _one_sentence():
        control.restart(directory, service)
    click.echo(f"{service} is up again")


@group.command()
@_directory_option
@click.pass_context
def status(context: click.Context, directory: Path) -> None:
    """Say how each service is; exit code 1 unless all of them answer."""
    with _one_sentence():
        services = control.status(directory)
    width = max(len(service.name) for service in services)
    for service in services:
        process = f"pid {service.pid}" if service.alive else "not running"
        port = "answers" if service.listening and service.alive else "no answer"
        click.echo(f"{service.name:{width}} {process:12} {port:10} {service.address}")
    if not all(service.alive and service.listening for service in services):
        context.exit(1)


@group.command()
@_directory_option
def env(directory: Path) -> None:
    """Print export lines, and the line that checks the lake."""
    with _one_sentence():
        lake = control.find(directory)
        exported = control.environment(lake)
    first, second = (control.url_variable(site) for site in lake.sites[:2])
    for name, value in exported.items():
        click.echo(f"export {name}={shlex.quote(value)}")
    for client in ("CLIENT", "OTHER_CLIENT"):
        click.echo(f'export LAKE_{client}_SECRET="$(cat "$LAKE_{client}_SECRET_FILE")"')
    click.echo(
        f'# lakeproof check "${first}" --partner "${second}" --ca "$LAKE_CA" '
        '--token "client:$LAKE_ISSUER" --client-id "$LAKE_CLIENT_ID" '
        '--client-secret-file "$LAKE_CLIENT_SECRET_FILE" --odd-tokens --proxy "$LAKE_X509" '
        '--other-proxy "$LAKE_OTHER_X509" --peer-url "$LAKE_PEER_URL" '
        '--peer-other-url "$LAKE_PEER_OTHER_URL" '
        '--peer-certificate "$LAKE_PEER"'
    )


@group.command()
@click.argument("service", type=click.Choice(LOGS))
@click.option("-n", "lines", type=click.IntRange(1), default=40, show_default=True)
@_directory_option
def logs(service: str, lines: int, directory: Path) -> None:
    """Print the last lines of SERVICE's log; the emulated sites share one."""
    with _one_sentence():
        last = control.tail(Layout(directory.absolute()), service, lines)
    for line in last:
        click.echo(line)


@contextmanager
def _one_sentence() -> Iterator[None]:
    """A LakeError becomes its sentence and exit code 1."""
    try:
        yield
    except LakeError as error:
        raise click.ClickException(str(error)) from error
