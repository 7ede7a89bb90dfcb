"""The `lakeproof` command; a subcommand is a module of commands/, or lives in its own room."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import click

from lakeproof import __version__
from lakeproof.exitcode import ExitCode

COMMANDS: Mapping[str, str] = {
    "check": "lakeproof.plugin.commands:check",
    "run": "lakeproof.plugin.commands:run",
    "demo": "lakeproof.lake.demo:demo",
    "lake": "lakeproof.lake.commands:group",
    "inventory": "lakeproof.commands.inventory:group",
    "checklist": "lakeproof.commands.checklist:checklist",
    "checks": "lakeproof.commands.checks:group",
    "matrix": "lakeproof.commands.matrix:matrix",
    "mesh": "lakeproof.commands.mesh:mesh",
    "profiles": "lakeproof.commands.profiles:group",
    "blame": "lakeproof.commands.blame:blame",
    "rucio": "lakeproof.commands.rucio:group",
    "report": "lakeproof.commands.report:report",
    "store": "lakeproof.commands.store:group",
    "token": "lakeproof.commands.token:group",
    "ci": "lakeproof.commands.ci:group",
    "export": "lakeproof.commands.export:group",
    "probe": "lakeproof.commands.export:probe",
    "clean": "lakeproof.commands.clean:clean",
}
"""Subcommand, and where it is; imported when it is asked for, because together they take long."""


class _Lazy(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        """Every subcommand by name."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The subcommand of this name, imported now; None when there is none."""
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name].partition(":")
        found: Any = getattr(import_module(module), name)
        return found if isinstance(found, click.Command) else None


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="lakeproof")
def group() -> None:
    """Is this storage endpoint fit for a scientific data lake, and what to change if not.

    \b
    Try it on this machine:        lakeproof demo
    Check your own endpoint:       lakeproof check davs://se.example.org/vo/area --token file:tok
    Check a list of endpoints:     lakeproof run -i endpoints.yaml
    """


def main() -> None:
    """Run the command; wrong usage ends with exit code 3 (the contract of the command line)."""
    try:
        code = group.main(standalone_mode=False)
    except click.UsageError as error:
        error.show()
        code = ExitCode.USAGE
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        code = ExitCode.INTERRUPTED
    raise SystemExit(int(code or 0))


if __name__ == "__main__":
    main()
