"""`lakeproof checks list | show`: what is checked, why, and what proves that it can fail."""

from __future__ import annotations

import difflib
from typing import get_args

import click

from lakeproof import bugs, lookup, tree
from lakeproof.check import Check
from lakeproof.exitcode import ExitCode
from lakeproof.inventory.model import Technology


@click.group("checks")
def group() -> None:
    """Look up what is checked: requirement, specification, hints."""


@group.command("list")
@click.option("--suite", multiple=True, help="Only this suite (repeatable).")
def list_checks(suite: tuple[str, ...]) -> None:
    """One line a check: id, level, severity, requirement."""
    checks = [check for check in tree.load_checks() if not suite or check.suite in suite]
    width = max((len(check.id) for check in checks), default=0)
    for check in checks:
        click.echo(f"{check.id:{width}}  {check.level:6}  {check.severity:8}  {check.title}")
    click.echo(f"{len(checks)} checks")


@group.command()
@click.argument("check_id", metavar="ID")
def show(check_id: str) -> None:
    """Everything about one check."""
    registry = tree.load_checks()
    check = registry.get(check_id)
    if check is None:
        close = difflib.get_close_matches(check_id, [known.id for known in registry], n=1)
        nearest = f"; did you mean {close[0]}?" if close else "; see lakeproof checks list"
        click.echo(f"no check is called {check_id}{nearest}", err=True)
        raise SystemExit(int(ExitCode.USAGE))
    for label, text in _facts(check):
        click.echo(f"{label:<12} {text}")


def _facts(check: Check) -> list[tuple[str, str]]:
    facts = [
        ("Check", check.id),
        ("Requirement", check.title),
        ("Why", check.harm),
        ("Level", f"{check.level}, severity {check.severity}"),
    ]
    required = lookup.requirement(check.req)
    if required is not None:
        facts.append(("Says", f"{required.citation}  {required.url}"))
        mark = "in short" if required.paraphrase else "quote"
        facts.append(("", f"({mark}) {required.quote}"))
    facts.append(("Needs", ", ".join(sorted(check.needs)) or "nothing"))
    facts.append(("Proven by", ", ".join(sorted(check.catches))))
    rows = [lookup.rows()[row] for row in sorted(check.rows)]
    facts += [("Row", f"{row.id}  {row.says}") for row in rows]
    for technology in get_args(Technology):
        text = lookup.hints().get(check.id, {}).get(technology)
        if text:
            facts.append(("Do", f"{technology}: {text}"))
    facts += [
        ("Bug", f"{bug.technology}: {bug.symptom}, {bug.repaired}: {bug.issue}")
        for bug in bugs.of_check(check.id)
    ]
    facts.append(("Source", f"{check.source}:{check.line}"))
    return facts
