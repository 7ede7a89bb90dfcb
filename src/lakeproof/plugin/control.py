"""The controlling process of a run: results on disk, progress, summary, exit code.

With pytest-xdist the items run in workers and only their reports get here; without it the
same process runs the items too.
"""

from __future__ import annotations

import sys
from typing import Any

import pytest
from rich.console import Console

from lakeproof import matrix_view
from lakeproof.exitcode import exit_code
from lakeproof.plugin import history
from lakeproof.plugin.progress import ProgressReporter
from lakeproof.plugin.run import Run
from lakeproof.plugin.summary import print_summary
from lakeproof.plugin.worker import FINISHED
from lakeproof.readiness import view as readiness
from lakeproof.readiness.judge import Ready, judge
from lakeproof.readiness.place import places
from lakeproof.results import Result
from lakeproof.session.leftovers import remove_leftovers
from lakeproof.session.sessions import Sessions

HARNESS_BROKEN = (
    pytest.ExitCode.INTERNAL_ERROR,
    pytest.ExitCode.USAGE_ERROR,
    pytest.ExitCode.INTERRUPTED,
)


class Controller:
    """Owns the run's folder; the only one who writes results."""

    def __init__(self, config: pytest.Config, run: Run) -> None:
        self.config = config
        self.run = run
        self.results: list[Result] = []
        self.left: list[str] = []
        self.notes: list[str] = []
        self.requests = 0
        self.endpoints = {target.name: target.described for target in run.plan.targets}
        self.harness_broken = False
        self.interrupted = False
        self.lost_workers = False
        self.progress: ProgressReporter | None = None
        run.folder.open()
        if config.getoption("lakeproof_progress"):
            self._take_over_terminal()

    def _take_over_terminal(self) -> None:
        self.progress = ProgressReporter()
        # blocked rather than unregistered: it has not been registered yet
        self.config.pluginmanager.set_blocked("terminalreporter")
        self.config.pluginmanager.register(self.progress, "lakeproof-progress")

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:  # noqa: ANN401  xdist has no types
        """Tell a worker which run it belongs to."""
        node.workerinput["lakeproof_run"] = self.run.folder.run_id
        node.workerinput["lakeproof_peer"] = self.run.contact

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids: list[str]) -> None:
        """The first worker that has collected tells how many checks there are."""
        self._begin(len(ids))

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Without workers the count is known here."""
        if session.items:
            self._begin(len(session.items))

    def _begin(self, total: int) -> None:
        if self.progress is not None and self.progress.total == 0:
            self.progress.begin(total)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Write a result down the moment it arrives."""
        content = getattr(report, "lakeproof", None)
        if content is None:
            self.harness_broken |= report.failed
            return
        result = Result.from_dict(content)
        self.results.append(result)
        self.run.folder.append(result)
        if self.progress is not None:
            self.progress.result(result)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """A suite that cannot be imported is our fault, not an endpoint's."""
        self.harness_broken |= report.failed

    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        """Ctrl-C: what was done is kept and reported. Pytest's own stops come here as well."""
        self.interrupted |= not isinstance(excinfo.value, pytest.Session.Interrupted)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any, error: object) -> None:  # noqa: ANN401
        """A worker has ended: what it left behind, or that it died before it could say."""
        report = getattr(node, "workeroutput", {}).get("lakeproof")
        if report is None or error:
            self.lost_workers = True
            return
        self.finished(report)

    def finished(self, report: dict[str, Any]) -> None:
        """Take in what a process that ran items says at its end."""
        self.left += report["left"]
        self.notes += [note for note in report["notes"] if note not in self.notes]
        self.requests += report["requests"]
        for name, root in report["scope_roots"].items():
            if name in self.endpoints:
                self.endpoints[name]["scope_root"] = root

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> Any:  # noqa: ANN401
        """Clean up after lost workers, close the run, set the exit code."""
        result = yield
        own = self.config.stash.get(FINISHED, None)
        if own is not None:
            self.finished(own)
        if self.progress is not None:
            self.progress.end()
        # after an interruption the workers are stopped before they can report
        if self.lost_workers or (self.interrupted and own is None):
            self.left += self._clean_for_lost_workers()
        self.harness_broken |= exitstatus in HARNESS_BROKEN
        session.exitstatus = exit_code(
            self.results,
            interrupted=self.interrupted,
            harness_broken=self.harness_broken or session.testscollected == 0,
        )
        matrix_view.write(self.run.folder.path, self.results)
        self._write_metrics()
        self.run.folder.close(
            self.results,
            exit_code=int(session.exitstatus),
            interrupted=self.interrupted,
            requests=self.requests,
            left_behind=self.left,
            notes=self.notes,
            flaky=sum(result.flaky for result in self.results),
            endpoints=self.endpoints,
        )
        if self._asks_for_readiness:
            readiness.write(self.run.folder.path, self.ready)
        if self.run.store is not None and self.results:
            self.notes += history.append(self.run.folder.path, self.run.store)
        if self.progress is not None:
            self._summarise()
        return result

    def _write_metrics(self) -> None:
        # takes long to import, and no check needs it
        from lakeproof.machines import prometheus  # noqa: PLC0415

        prometheus.write(self.run.folder.path, self.results)

    def _clean_for_lost_workers(self) -> list[str]:
        """Remove the work directories of this run's workers that could not do it themselves."""
        sessions = Sessions(
            self.run.plan, self.run.folder.run_id, read_only=self.run.mode.read_only
        )
        left: list[str] = []
        for target in self.run.plan.everything:
            for session in sessions.all_of(target.name):
                if session.prepare():
                    removals = remove_leftovers(session, dead=[self.run.folder.run_id])
                    left += [url for removal in removals for url in removal.left]
        left += sessions.clean_up()
        sessions.close()
        return left

    def pytest_terminal_summary(self) -> None:
        """Under plain pytest the summary follows pytest's own report."""
        self._summarise()

    def _summarise(self) -> None:
        console = Console(file=sys.stdout, highlight=False, soft_wrap=True)
        folder = self.run.folder.out / "latest"
        print_summary(console, self.results, folder=folder, leftovers=self.left, notes=self.notes)
        if self._asks_for_readiness:
            console.print()
            readiness.print_lines(console, self.ready)

    @property
    def _asks_for_readiness(self) -> bool:
        return any(profile.name == readiness.PROFILE for profile in self.run.selection.profiles)

    @property
    def ready(self) -> list[Ready]:
        """How ready for Rucio the endpoints are, as far as the results tell."""
        return judge(places({"endpoints": self.endpoints}, self.results).values(), self.results)
