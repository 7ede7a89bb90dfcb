"""`lakeproof check` and `lakeproof run`: pytest on the checks, with the shared options."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable, Sequence
from typing import Any

import click
import pytest

from lakeproof import tree
from lakeproof.exitcode import ExitCode
from lakeproof.plugin.options import AUTO, MOST, OPTIONS, Command, Option

EPILOG = (
    "Exit code: 0 nothing failed, 1 something failed, 2 something could not be judged, "
    "3 wrong usage or inventory, 130 interrupted (what was done is kept and reported)."
)


def shared_options(command: Command) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Add every option of the table that `command` offers, and -j."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        function = click.option(
            "-j",
            "jobs",
            type=Jobs(),
            default="1",
            show_default=True,
            help="Endpoints checked at the same time, each in a process of its own; auto: all of "
            f"them, {MOST} at most. They are waited for more than they are worked for.",
        )(function)
        for option in reversed(OPTIONS):
            if command in option.commands:
                function = _click_option(option)(function)
        return function

    return decorate


class Jobs(click.ParamType[str]):
    """A number of endpoints, or `auto`."""

    name = "N|auto"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The same text, when it makes sense."""
        if value != AUTO and not (value.isdecimal() and int(value)):
            self.fail(f"found {value!r}, expected a number from 1, or {AUTO}", param, ctx)
        return value


def _click_option(option: Option) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    names = [*([option.short] if option.short else []), f"--{option.name}"]
    names.append(option.name.replace("-", "_"))
    if option.flag:
        return click.option(*names, is_flag=True, help=option.help)
    kind = click.Choice(option.choices) if option.choices else click.STRING
    return click.option(
        *names,
        type=kind,
        metavar=option.metavar,
        multiple=option.multiple,
        default=None if not option.multiple else (),
        help=option.help,
    )


@click.command("check", epilog=EPILOG)
@click.argument("urls", nargs=-1, required=True, metavar="URL [URL...]")
@shared_options("check")
def check(urls: Sequence[str], jobs: str, **said: object) -> None:
    """Check endpoints by URL, without an inventory.

    \b
    lakeproof check davs://se.example.org:443/vo/area --token file:token
    """
    raise SystemExit(run_checks([f"--url={url}" for url in urls], said, jobs))


@click.command("run", epilog=EPILOG)
@shared_options("run")
def run(jobs: str, **said: object) -> None:
    """Check the endpoints of the inventory (endpoints.yaml), all of them or the named ones."""
    raise SystemExit(run_checks([], said, jobs))


def run_checks(arguments: Sequence[str], said: dict[str, object], jobs: str) -> int:
    """Run pytest on the checks and give the exit code of the contract."""
    root = tree.root()
    command = [
        str(root / "suites"),
        f"--rootdir={root}",
        f"-c{root / 'pyproject.toml'}",
        # Warnings are errors in our own tests only: Ctrl-C leaves sockets for Python to close.
        "--override-ini=filterwarnings=ignore::ResourceWarning",
        "--progress",
        *arguments,
        *_as_arguments(said),
    ]
    command += _at_a_time(jobs)
    # What is imported stays: the collector need not walk through it again and again.
    gc.freeze()
    code = pytest.main(command)
    usage = (pytest.ExitCode.USAGE_ERROR, pytest.ExitCode.NO_TESTS_COLLECTED)
    if code in usage and isinstance(code, pytest.ExitCode):
        return int(ExitCode.USAGE)
    return int(code)


def _at_a_time(jobs: str) -> list[str]:
    """How pytest is told; where a process cannot safely fork, pytest-xdist starts new ones."""
    if jobs == "1" or sys.platform == "linux":
        return [f"--jobs={jobs}"]
    number = str(os.cpu_count() or 1) if jobs == AUTO else jobs
    return [f"-n{number}", "--dist=loadgroup", "--max-worker-restart=2"]


def _as_arguments(said: dict[str, object]) -> list[str]:
    arguments: list[str] = []
    for option in OPTIONS:
        value = said.get(option.name.replace("-", "_"))
        if option.flag:
            arguments += [f"--{option.name}"] if value else []
        elif isinstance(value, tuple):
            arguments += [f"--{option.name}={each}" for each in value]
        elif value is not None:
            arguments.append(f"--{option.name}={value}")
    return arguments
