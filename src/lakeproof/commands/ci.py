"""`lakeproof ci generate | rotation`: the scheduled fleet as a GitLab pipeline."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from lakeproof.commands.clean import Age
from lakeproof.commands.speech import refuse
from lakeproof.fleet.pipeline import Fleet, Settings, as_yaml, coverage, summary
from lakeproof.inventory import InventoryError, load

WAYS = ((1, 1), (1, 4), (2, 4), (2, 10), (4, 10))
HEADS = {
    "endpoints": "endpoints",
    "pairs": "pairs",
    "at_once": "at once",
    "slots": "slots a run",
    "pairs_a_run": "pairs a run",
    "runs": "runs",
}


@click.group(name="ci")
def group() -> None:
    """A GitLab pipeline that tries all endpoints, on a schedule."""


@group.command()
@click.option(
    "-i",
    "--inventory",
    type=click.Path(path_type=Path),
    default=Path("endpoints.yaml"),
    show_default=True,
    metavar="FILE",
    help="The endpoints; the jobs read the same file.",
)
@click.option(
    "--into",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write the pipeline here. Default: standard output.",
)
@click.option(
    "--every",
    type=Age(),
    default="1h",
    show_default=True,
    metavar="AGE",
    help="How often the schedule runs: from that follows whose turn it is in the mesh.",
)
@click.option("--turn", type=click.IntRange(0), metavar="N", help="Whose turn, counted from 0.")
@click.option(
    "--at-once",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    metavar="K",
    help="In how many pairs of the mesh an endpoint may be at the same time.",
)
@click.option(
    "--slots",
    type=click.IntRange(0),
    default=4,
    show_default=True,
    metavar="N",
    help="How many times K pairs of each endpoint a run tries, one after the other; 0: no mesh.",
)
@click.option(
    "--pairs-per-job",
    type=click.IntRange(1),
    default=10,
    show_default=True,
    metavar="N",
    help="How many pairs of a slot share one job.",
)
@click.option(
    "--workers",
    type=click.IntRange(1),
    default=4,
    show_default=True,
    metavar="N",
    help="How many of them a job tries at the same time.",
)
@click.option("--image", default=Settings.image, show_default=True, help="Container image.")
@click.option(
    "--setup",
    multiple=True,
    default=Settings.setup,
    show_default=True,
    metavar="COMMAND",
    help="What each job does first (repeatable).",
)
@click.option(
    "--lakeproof",
    "command",
    default=Settings.command,
    show_default=True,
    metavar="COMMAND",
    help="How the jobs call lakeproof.",
)
@click.argument("options", nargs=-1, metavar="[-- RUN_OPTIONS...]")
def generate(  # noqa: PLR0913  click's
    *,
    inventory: Path,
    into: Path | None,
    every: timedelta,
    turn: int | None,
    at_once: int,
    slots: int,
    pairs_per_job: int,
    workers: int,
    image: str,
    setup: tuple[str, ...],
    command: str,
    options: tuple[str, ...],
) -> None:
    """Write a child pipeline: a job for each endpoint, the mesh's turn, and one that publishes.

    An endpoint in a downtime is left out. That an endpoint fails does not make the pipeline red;
    that something could not be judged does, after one more try. RUN_OPTIONS are for the endpoints'
    jobs, not for the mesh. docs/fleet.md has the parent pipeline, schedule and variables.

    \b
    lakeproof ci generate --into fleet.yml -- --profile escape-rse
    """
    now = datetime.now(UTC)
    if turn is None:
        turn = int(now.timestamp() // every.total_seconds())
    try:
        endpoints = load(inventory)
    except InventoryError as error:
        refuse(error)
    settings = Settings(
        inventory=str(inventory),
        now=now,
        turn=turn,
        at_once=at_once,
        slots=slots,
        pairs_per_job=pairs_per_job,
        workers=workers,
        image=image,
        setup=setup,
        command=command,
        options=options,
    )
    fleet = Fleet.of(endpoints, settings)
    if into is None:
        click.echo(as_yaml(fleet), nl=False)
        return
    into.write_text(as_yaml(fleet), encoding="utf-8")
    for line in summary(fleet):
        click.echo(line)


@group.command()
@click.argument("numbers", nargs=-1, type=click.IntRange(2, 1000), metavar="NUMBER...")
@click.option("--at-once", type=click.IntRange(1), metavar="K", help="Only this; with --slots.")
@click.option("--slots", type=click.IntRange(1), metavar="N", help="Only this; with --at-once.")
def rotation(numbers: tuple[int, ...], at_once: int | None, slots: int | None) -> None:
    """After how many runs the mesh of so many endpoints is whole (default: 10, 60 and 200).

    At 1 at once an endpoint makes or serves one copy at a time. Each pair is a pull and a push.
    """
    if (at_once is None) != (slots is None):
        raise click.UsageError("--at-once and --slots go together")
    ways = WAYS if at_once is None or slots is None else ((at_once, slots),)
    click.echo("  ".join(f"{head:>11}" for head in HEADS.values()))
    for number in numbers or (10, 60, 200):
        for row in coverage(number, ways):
            click.echo("  ".join(f"{row[key]:>11}" for key in HEADS))
