"""`lakeproof export …` and `lakeproof probe`: a run's results for other programs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from pathlib import Path
from typing import NoReturn

import click

from lakeproof.commands.clean import Age
from lakeproof.exitcode import ExitCode
from lakeproof.machines import allure as allure_report
from lakeproof.machines import badge as badges
from lakeproof.machines import opensearch as documents
from lakeproof.machines.markdown import markdown as as_markdown
from lakeproof.machines.nagios import Line
from lakeproof.machines.nagios import probe as line_of
from lakeproof.machines.standing import Standing, standings
from lakeproof.recorded import RecordedError, read_results, run_folder, runs_since
from lakeproof.results import Result
from lakeproof.wording import printable


@click.group(name="export")
def group() -> None:
    """A run's results for monitoring, search, READMEs and merge requests.

    RUN is the folder of a run or its name below reports/runs; the latest when it is left out.
    """


def _of_a_run(command: Callable[..., None]) -> Callable[..., None]:
    command = click.argument(
        "run", required=False, type=click.Path(path_type=Path), metavar="[RUN]"
    )(command)
    command = _out(command)
    return click.option(
        "--into",
        type=click.Path(path_type=Path, dir_okay=False),
        metavar="FILE",
        help="Write it here, at once. Default: standard output.",
    )(command)


def _out(command: Callable[..., None]) -> Callable[..., None]:
    return click.option(
        "--out",
        default="reports",
        show_default=True,
        type=click.Path(path_type=Path),
        help="Where runs are.",
    )(command)


@group.command()
@_of_a_run
def prometheus(run: Path | None, out: Path, into: Path | None) -> None:
    """Metrics in Prometheus's text format: some 20 an endpoint, however many checks.

    \b
    lakeproof export prometheus --into /var/lib/node_exporter/lakeproof.prom
    """
    # takes long to import, and the others need nothing of it
    from lakeproof.machines.prometheus import metrics  # noqa: PLC0415

    _write(metrics(_results(run, out)), into)


@group.command()
@click.option(
    "--into",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write it here. Default: standard output.",
)
def grafana(into: Path | None) -> None:
    """A dashboard for the metrics of `export prometheus`; in Grafana: Dashboards, New, Import."""
    _write((files("lakeproof.machines") / "grafana.json").read_text("utf-8"), into)


@group.command()
@_of_a_run
@click.option("--index", default=documents.INDEX, show_default=True, help="Into which index.")
def opensearch(run: Path | None, out: Path, into: Path | None, index: str) -> None:
    """A document a result, for the bulk interface of OpenSearch; harmless to send again.

    \b
    lakeproof export opensearch --into bulk.ndjson
    curl -H 'Content-Type: application/x-ndjson' --data-binary @bulk.ndjson https://…/_bulk
    """
    lines = documents.bulk(_results(run, out), index)
    _write("".join(f"{line}\n" for line in lines), into)


@group.command()
@_of_a_run
def markdown(run: Path | None, out: Path, into: Path | None) -> None:
    """A table and what needs action, for a merge request or a job's summary."""
    _write(as_markdown(_results(run, out)), into)


@group.command()
@_of_a_run
@click.option("--site", metavar="NAME", help="Only this site.")
@click.option("--endpoint", metavar="NAME", help="Only this endpoint.")
@click.option("--label", default=badges.LABEL, show_default=True, help="The words on its left.")
def badge(
    run: Path | None,
    out: Path,
    into: Path | None,
    site: str | None,
    endpoint: str | None,
    label: str,
) -> None:
    """An SVG image that says how many core requirements are met, and how many checks failed."""
    found = [
        each
        for each in standings(_results(run, out))
        if site in (None, each.site) and endpoint in (None, each.endpoint)
    ]
    if not found:
        _stop(f"this run has no result of {endpoint or site}")
    _write(badges.badge(found, label), into)


@group.command()
@_of_a_run
def allure(run: Path | None, out: Path, into: Path | None) -> None:
    """A report of Allure 3 in one file, made by its own generator (npm install --global allure@3).

    \b
    lakeproof export allure --into allure.html
    """
    try:
        _write(allure_report.report(run_folder(run, out)), into)
    except (RecordedError, allure_report.AllureError) as error:
        _stop(str(error))


@click.command("probe")
@click.argument("endpoint")
@_out
@click.option(
    "--at-most",
    type=Age(),
    default="26h",
    show_default=True,
    metavar="AGE",
    help="An older run says nothing about today: UNKNOWN.",
)
def probe(endpoint: str, out: Path, at_most: timedelta) -> None:
    """One line for Nagios, Icinga, checkmk or ETF about ENDPOINT, from its newest run.

    Ends with 0 OK, 1 WARNING, 2 CRITICAL (a failure of severity critical or high) or 3 UNKNOWN. It
    reads what a run has left and runs nothing itself:

    \b
    lakeproof run --endpoint SITE-A > /dev/null; lakeproof probe SITE-A
    """
    now = datetime.now(UTC)
    try:
        standing = _newest(endpoint, out)
    except RecordedError as error:
        line = Line.unknown(str(error))
    else:
        line = (
            line_of(standing, now, at_most)
            if standing
            else Line.unknown(f"{endpoint}: no result in {out / 'runs'}")
        )
    click.echo(line.text)
    raise SystemExit(int(line.status))


def _newest(endpoint: str, out: Path) -> Standing | None:
    """How it stands after the newest run that has a result of it."""
    for folder in reversed(runs_since(out, datetime.min.replace(tzinfo=UTC))):
        for standing in standings(read_results(folder)):
            if standing.endpoint == endpoint:
                return standing
    return None


def _results(run: Path | None, out: Path) -> list[Result]:
    try:
        return list(read_results(run_folder(run, out)))
    except RecordedError as error:
        _stop(str(error))


def _write(text: str, into: Path | None) -> None:
    """To the file in one step: whoever reads it meanwhile never sees half of it."""
    if into is None:
        click.echo(text, nl=False)
        return
    fresh = into.with_name(f".{into.name}.new")
    fresh.write_text(text, encoding="utf-8")
    fresh.replace(into)


def _stop(sentence: str) -> NoReturn:
    click.echo(printable(sentence), err=True)
    raise SystemExit(int(ExitCode.USAGE))
