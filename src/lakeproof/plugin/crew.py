"""What a fork of the run does: it runs the items of one endpoint after another, and reports."""

from __future__ import annotations

import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from types import FrameType
from typing import Any

import pytest
from _pytest.junitxml import xml_key

from lakeproof.plugin import peer
from lakeproof.plugin.run import Run

REPORTS, TOLD, ENDED = "reports", "told", "ended"
CONTROLLING = ("lakeproof-pool", "lakeproof-controller", "lakeproof-progress", "terminalreporter")
"""Plugins of the process that writes results; here they must not hear of anything."""


class Interruption:
    """Ctrl-C while this is on: raised at once, but inside `held` not before its end.

    So no message between two processes is cut in two. With `once`, everything after the first
    one is ignored.
    """

    def __init__(self, *, once: bool = False) -> None:
        self._once = once
        self._held = False
        self._due = False

    @contextmanager
    def on(self) -> Iterator[None]:
        """Be in force, unless this process ignores Ctrl-C altogether."""
        before = signal.getsignal(signal.SIGINT)
        if before is not signal.SIG_IGN:
            signal.signal(signal.SIGINT, self._notice)
        try:
            yield
        finally:
            if not self._once:
                signal.signal(signal.SIGINT, before)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Put it off for the block."""
        self._held = True
        try:
            yield
        finally:
            self._held = False
        if self._due:
            self._due = False
            raise KeyboardInterrupt

    def _notice(self, _number: int, _frame: FrameType | None) -> None:
        if self._once:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
        if not self._held:
            raise KeyboardInterrupt
        self._due = True


class Reporter:
    """Sends what was reported of an item, and what is said meanwhile, to the parent."""

    def __init__(
        self, config: pytest.Config, channel: Connection, interruption: Interruption
    ) -> None:
        self.config = config
        self.channel = channel
        self._interruption = interruption
        self._of_item: list[dict[str, Any]] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep it until the item has ended."""
        to_plain = self.config.hook.pytest_report_to_serializable
        self._of_item.append(to_plain(config=self.config, report=report))

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_logfinish(self) -> None:
        """All reports of the item at once."""
        told, self._of_item = self._of_item, []
        self._send(REPORTS, told)

    def note(self, sentence: str) -> None:
        """Something worth knowing while a check runs."""
        self._send(TOLD, sentence)

    def _send(self, kind: str, content: object) -> None:
        with self._interruption.held():
            self.channel.send((kind, content))


def work(
    session: pytest.Session,
    run: Run,
    name: str,
    channel: Connection,
    inherited: Sequence[Connection],
) -> None:
    """The whole life of a fork: take orders, run items, clean up."""
    for other in inherited:  # else their processes would never see that the parent is gone
        other.close()
    config, interruption = session.config, Interruption(once=True)
    with interruption.on():
        _become_worker(config, run, name)
        reporter = Reporter(config, channel, interruption)
        config.pluginmanager.register(reporter, "lakeproof-progress")
        # Its end of the pipe tells that the parent is gone; Ctrl-C reaches us as well.
        with suppress(EOFError, OSError, KeyboardInterrupt):
            peer.join(run, channel.recv())
            while (order := channel.recv()) is not None:
                _run_items(session.items[slice(*order)])
    config.hook.pytest_sessionfinish(session=session, exitstatus=pytest.ExitCode.OK)
    with suppress(OSError):
        channel.send((ENDED, config.workeroutput["lakeproof"]))  # type: ignore[attr-defined]


def _run_items(items: Sequence[pytest.Item]) -> None:
    for item, following in zip(items, [*items[1:], None], strict=True):
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)


def _become_worker(config: pytest.Config, run: Run, name: str) -> None:
    """Be to every plugin what a worker of pytest-xdist is to it; have a directory of our own."""
    config.workerinput = {"workerid": name}  # type: ignore[attr-defined]
    config.workeroutput = {}  # type: ignore[attr-defined]
    plugins = config.pluginmanager
    for each in (*map(plugins.get_plugin, CONTROLLING), config.stash.get(xml_key, None)):
        if each is not None and plugins.is_registered(each):
            plugins.unregister(each)
    capture = plugins.get_plugin("capturemanager")
    if capture is not None and capture.is_globally_capturing():
        # The files that output is caught in are shared with all other forks.
        capture.stop_global_capturing()
        capture.start_global_capturing()
        capture.suspend_global_capture()
    run.become(name)
