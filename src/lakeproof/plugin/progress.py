"""Live progress: a bar on a terminal, one plain line a check everywhere else."""

from __future__ import annotations

from collections import Counter

import pytest
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

from lakeproof.results import Result
from lakeproof.verdict import Outcome
from lakeproof.wire.redact import redactor
from lakeproof.wording import printable

STYLE: dict[Outcome, str] = {
    Outcome.PASS: "green",
    Outcome.FAIL: "bold red",
    Outcome.NONSTRICT: "yellow",
    Outcome.KNOWN: "yellow",
    Outcome.FIXED: "bold red",
    Outcome.UNSUPPORTED: "dim",
    Outcome.BLOCKED: "magenta",
    Outcome.ERROR: "bold magenta",
    Outcome.NOTRUN: "dim",
}
QUIET_ON_A_TERMINAL = (Outcome.PASS, Outcome.UNSUPPORTED, Outcome.NOTRUN)


class ProgressReporter:
    """Takes the place of pytest's terminal reporter when the lakeproof command runs pytest."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(highlight=False, soft_wrap=True)
        self.counts: Counter[Outcome] = Counter()
        self.done = 0
        self.total = 0
        self._bar: Progress | None = None

    def begin(self, total: int) -> None:
        """`total` checks are about to run."""
        self.total = total
        if self.console.is_terminal:
            self._bar = Progress(
                TextColumn("{task.description}"),
                BarColumn(),
                MofNCompleteColumn(),
                TimeElapsedColumn(),
                console=self.console,
                transient=True,
            )
            self._bar.start()
            self._bar.add_task("starting", total=total)

    def result(self, result: Result) -> None:
        """One check ended."""
        self.done += 1
        self.counts[result.outcome] += 1
        if self._bar is None or result.flaky or result.outcome not in QUIET_ON_A_TERMINAL:
            self.console.print(self._line(result))
        if self._bar is not None:
            failed = self.counts[Outcome.FAIL] + self.counts[Outcome.FIXED]
            description = f"{result.endpoint}  {failed} failed"
            self._bar.update(self._bar.task_ids[0], completed=self.done, description=description)

    def note(self, sentence: str) -> None:
        """Something worth knowing while a check runs."""
        self.console.print(Text(printable(redactor.text(sentence)), style="dim"))

    def end(self) -> None:
        """No more checks will come."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def _line(self, result: Result) -> Text:
        width = len(str(self.total))
        line = Text(f"[{self.done:>{width}}/{self.total}] ")
        line.append(f"{result.outcome.value:<11} ", style=STYLE[result.outcome])
        which = f" [{result.cell}]" if result.cell else ""
        line.append(f"{result.endpoint}  {result.check}{which}  ")
        line.append(f"{result.duration_s * 1000:.0f} ms", style="dim")
        line.append("  flaky" if result.flaky else "", style="yellow")
        if result.outcome not in (Outcome.PASS, Outcome.BLOCKED) and result.actual:
            line.append(f"  {printable(result.actual)[:160]}")
        return line

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """A suite that cannot even be imported is said aloud."""
        if report.failed:
            self.console.print(Text(redactor.text(report.longreprtext), style="red"))

    def pytest_internalerror(self, excrepr: object) -> None:
        """Pytest itself broke: show where."""
        self.console.print(Text(redactor.text(str(excrepr)), style="red"))
