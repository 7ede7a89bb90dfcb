"""The `lakeproof` command; each subcommand lives in the room whose business it is."""

from __future__ import annotations

import click

from lakeproof import __version__, check_commands
from lakeproof.exitcode import ExitCode
from lakeproof.inventory import commands as inventory_commands
from lakeproof.lake import commands as lake_commands
from lakeproof.lake import demo as lake_demo
from lakeproof.plugin import commands as plugin_commands
from lakeproof.session import commands as session_commands


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="lakeproof")
def group() -> None:
    """Is this storage endpoint fit for a scientific data lake, and what to change if not.

    \b
    Try it on this machine:        lakeproof demo
    Check your own endpoint:       lakeproof check davs://se.example.org/vo/area --token file:tok
    Check a list of endpoints:     lakeproof run -i endpoints.yaml
    """


group.add_command(plugin_commands.check)
group.add_command(plugin_commands.run)
group.add_command(lake_demo.demo)
group.add_command(lake_commands.group)
group.add_command(inventory_commands.group)
group.add_command(check_commands.group)
group.add_command(session_commands.clean)


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
