"""`lakeproof profiles list | show`: which selections there are, and what is in one."""

from __future__ import annotations

from collections import Counter

import click

from lakeproof import tree
from lakeproof.exitcode import ExitCode
from lakeproof.profiles import Profile, UnknownProfileError, find, profiles


@click.group("profiles")
def group() -> None:
    """Look up the selections of checks that --profile NAME takes."""


@group.command("list")
def list_profiles() -> None:
    """One line a profile: name, number of checks, title."""
    checks = list(tree.load_checks())
    width = max(len(name) for name in profiles())
    for name, profile in profiles().items():
        number = sum(profile.includes(check) for check in checks)
        click.echo(f"{name:{width}}  {number:4} checks  {profile.title}")


@group.command()
@click.argument("name", metavar="NAME")
def show(name: str) -> None:
    """Everything about one profile, with its checks by suite."""
    try:
        (profile,) = find([name])
    except UnknownProfileError as error:
        click.echo(str(error), err=True)
        raise SystemExit(int(ExitCode.USAGE)) from None
    for label, text in _facts(profile):
        click.echo(f"{label:<12} {text}")


def _facts(profile: Profile) -> list[tuple[str, str]]:
    suites = Counter(check.suite for check in tree.load_checks() if profile.includes(check))
    facts = [
        ("Profile", profile.name),
        ("Title", profile.title),
        ("Says", profile.says),
        ("Checks", ", ".join(f"{suite} {number}" for suite, number in sorted(suites.items()))),
        ("Selected by", " ".join(profile.checks)),
        ("Level", f"{profile.level} or above"),
    ]
    facts += [("Comes with", f"--{option}") for option in profile.options]
    facts += [("Requires", f"--{option}") for option in profile.requires]
    facts += [("By hand", item) for item in profile.manual]
    return facts
