"""`lakeproof blame`: a rule is stuck, or a job of FTS failed; whose fault is it?"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import click

from lakeproof.blame import Look, Seen, State
from lakeproof.commands.clean import Age
from lakeproof.credentials.errors import CredentialError
from lakeproof.exitcode import ExitCode
from lakeproof.inventory import InventoryError
from lakeproof.results import new_run_id
from lakeproof.session.plan import from_inventory
from lakeproof.session.rules import NoSuchRule, cases_of_job, cases_of_rule
from lakeproof.session.sessions import Sessions
from lakeproof.session.stuck import PATIENCE_S, READ_AT_MOST, Found, Investigation, Limits
from lakeproof.verdict import NotRun, Unjudged
from lakeproof.wire.redact import redactor

FINE, WRONG, UNKNOWN = 0, 1, 2
MARKS = {State.YES: "ok", State.NO: "NO", State.UNSEEN: "?"}
PLACES = {
    "we": "this machine",
    "rucio": "Rucio",
    "source": "endpoint A, the source",
    "destination": "endpoint B, the destination",
    "pair": "A and B together",
    "fts": "FTS",
    "credential": "our credential",
}
EPILOG = (
    "Exit code: 0 nothing is stuck, 1 a layer is named (or several are suspected), 2 nothing can "
    "be said, 3 wrong usage or inventory."
)


@click.command("blame", epilog=EPILOG)
@click.argument("rules", nargs=-1, metavar="[RULE_ID...]")
@click.option("--fts-job", "jobs", multiple=True, metavar="ID", help="A job of FTS, without Rucio.")
@click.option("-i", "--inventory", default="endpoints.yaml", show_default=True, metavar="FILE")
@click.option("--read-only", is_flag=True, help="Write nothing: then less can be told apart.")
@click.option(
    "--patience",
    type=Age(),
    default=f"{PATIENCE_S:.0f}s",
    show_default=True,
    help="So long may a request or a job wait before that counts as a fault.",
)
@click.option(
    "--most",
    type=click.IntRange(1, 100),
    default=3,
    show_default=True,
    help="Files of a rule or job that are looked at, one of each destination first.",
)
@click.option(
    "--read-at-most",
    type=click.IntRange(0),
    default=READ_AT_MOST,
    show_default=True,
    metavar="BYTES",
    help="Larger files are not read to the end, and not copied for a trial.",
)
@click.option("--json", "json_", is_flag=True, help="As JSON, for programs.")
def blame(  # noqa: PLR0913  the options, each by name
    *,
    rules: tuple[str, ...],
    jobs: tuple[str, ...],
    inventory: str,
    read_only: bool,
    patience: timedelta,
    most: int,
    read_at_most: int,
    json_: bool,
) -> None:
    """A rule is stuck, or a job of FTS failed: say whose fault it is, and what shows it.

    \b
    lakeproof blame 96d47147cbd641928dff360877f806ac
    lakeproof blame --fts-job 7e1144d0-1b20-4078-ae83-d9de055eca59

    It asks Rucio and FTS, looks at the file at both ends, has the two ends copy a small file of
    its own (and, where they do not, each with a third endpoint), has FTS make the same copy, and
    names the layer: source, destination, the pair, FTS, Rucio, or a credential.

    Of yours it changes nothing: the file is looked at and read, all that is written lies in a
    directory of this run and is removed at the end. Endpoints, RSEs (`rse:`), Rucio and FTS are
    those of the inventory.
    """
    if not rules and not jobs:
        raise click.UsageError("which rule? Give its id, or --fts-job and the id of a job")
    limits = Limits(read_at_most, patience.total_seconds())
    try:
        sessions = Sessions(
            from_inventory(Path(inventory), (), ()), new_run_id(), read_only=read_only
        )
        found, left = _looked(sessions, rules, jobs, most, limits)
    except (InventoryError, CredentialError, NoSuchRule, NotRun) as error:
        click.echo(redactor.text(str(error)), err=True)
        raise SystemExit(int(ExitCode.USAGE)) from None
    except Unjudged as error:
        click.echo(redactor.text(error.sentence), err=True)
        raise SystemExit(UNKNOWN) from None
    said = _json(found) if json_ else "\n".join(_text(found))
    click.echo(redactor.text(said))
    for url in left:
        click.echo(redactor.text(f"could not be removed: {url}"), err=True)
    raise SystemExit(_code(found))


def _looked(
    sessions: Sessions, rules: Sequence[str], jobs: Sequence[str], most: int, limits: Limits
) -> tuple[list[Found], list[str]]:
    """What was found of each copy, and what of ours is left somewhere."""
    investigation = Investigation(sessions, limits)
    try:
        cases = [
            *(c for rule in rules for c in cases_of_rule(sessions, rule, most, limits.patience_s)),
            *(c for job in jobs for c in cases_of_job(sessions, job)[:most]),
        ]
        found = []
        for case in cases:
            click.echo(f"looking at {case.name}", err=True)
            found.append(investigation.look(case))
        return found, sessions.clean_up()
    finally:
        sessions.clean_up()  # what an error left; nothing where it was done before
        investigation.close()
        sessions.close()


def _code(found: Sequence[Found]) -> int:
    if any(one.deduced.layers for one in found):
        return WRONG
    done = all(one.observed.of(Look.RULE_WAITS).state is State.NO for one in found)
    return FINE if done else UNKNOWN


def _text(found: Sequence[Found]) -> Iterator[str]:
    for one in found:
        case, observed = one.case, one.observed
        yield f"{case.name}: {case.source or 'no source'} to {case.destination}"
        if case.state:
            yield f"  {case.state}"
        if observed.reason.text:
            yield f"  reason: {observed.reason.text}"
        for place, title in PLACES.items():
            yield from _lines(title, [(k, s) for k, s in observed.seen.items() if k.place == place])
        yield ""
        yield one.deduced.sentence
        for do in one.deduced.do:
            yield f"  do: {do}"
        yield ""


def _lines(title: str, looks: Sequence[tuple[Look, Seen]]) -> Iterator[str]:
    """What was looked at in one place; what could not be seen for one reason is one line."""
    if not looks:
        return
    yield f"  {title}"
    reasons = {seen.said for _, seen in looks}
    if len(looks) > 1 and len(reasons) == 1 and looks[0][1].state is State.UNSEEN:
        yield f"    {MARKS[State.UNSEEN]:3} not looked at: {looks[0][1].said}"
        return
    for look, seen in looks:
        said = f": {seen.said}" if seen.said else ""
        yield f"    {MARKS[seen.state]:3} {look.question}{said}"


def _json(found: Sequence[Found]) -> str:
    return json.dumps([_one(one) for one in found], indent=1)


def _one(one: Found) -> dict[str, Any]:
    case, observed, deduced = one.case, one.observed, one.deduced
    return {
        "asked": case.asked,
        "file": case.name,
        "source": case.source,
        "destination": case.destination,
        "source_url": case.source_url,
        "destination_url": case.destination_url,
        "state": case.state,
        "reason": observed.reason.text,
        "fts_job": case.job,
        "layers": [str(layer) for layer in deduced.layers],
        "sentence": deduced.sentence,
        "do": list(deduced.do),
        "rows": list(deduced.rows),
        "looks": {
            str(look): {"answer": str(seen.state), "said": seen.said}
            for look, seen in observed.seen.items()
        },
    }
