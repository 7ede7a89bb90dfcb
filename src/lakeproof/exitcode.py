"""Exit codes of a run (DESIGN §5)."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum

from lakeproof.results import Result
from lakeproof.verdict import Outcome


class ExitCode(IntEnum):
    """What the shell learns from a run."""

    NOTHING_FAILED = 0
    FAILED = 1
    NOT_JUDGED = 2
    USAGE = 3
    INTERRUPTED = 130


def exit_code(results: Iterable[Result], *, interrupted: bool, harness_broken: bool) -> ExitCode:
    """The code for these results; `harness_broken` means pytest itself reported errors."""
    if interrupted:
        return ExitCode.INTERRUPTED
    outcomes = {result.outcome for result in results}
    if outcomes & {Outcome.FAIL, Outcome.FIXED}:
        return ExitCode.FAILED
    if harness_broken or Outcome.ERROR in outcomes:
        return ExitCode.NOT_JUDGED
    return ExitCode.NOTHING_FAILED
