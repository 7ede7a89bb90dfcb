"""Checks several endpoints at the same time, in forks of the process that has collected.

A run waits for the network most of the time, so there may be far more of them than processors. A
fork starts with all that is imported and collected, within milliseconds; a worker of pytest-xdist,
which plain `pytest -n` still uses, is a new interpreter that imports and collects everything again.
"""

from __future__ import annotations

import gc
import itertools
import multiprocessing
import os
import signal
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from typing import Any

import pytest

from lakeproof.plugin import peer
from lakeproof.plugin.collect import endpoint_of
from lakeproof.plugin.control import Controller
from lakeproof.plugin.crew import REPORTS, TOLD, Interruption, work
from lakeproof.plugin.options import AUTO, MOST
from lakeproof.plugin.peer import Contact
from lakeproof.plugin.run import Run

FORK = multiprocessing.get_context("fork")
LOSSES = 2
"""How many processes may be lost before the rest of the run is given up."""


def number_of(said: str) -> int:
    """How many at a time `--jobs` asks for; raises UsageError for what is no number."""
    if said == AUTO:
        return MOST
    if not said.isdecimal() or int(said) < 1:
        raise pytest.UsageError(f'--jobs: found "{said}", expected a number from 1, or {AUTO}')
    return int(said)


@dataclass
class Hand:
    """One process as this one sees it: `at` is the item it is at, `end` the one after its last."""

    name: str
    process: multiprocessing.process.BaseProcess
    channel: Connection
    at: int = 0
    end: int = 0


class Pool:
    """Forks when everything is collected, hands out endpoints, and gathers the reports."""

    def __init__(
        self, config: pytest.Config, run: Run, jobs: int, start_peer: Callable[[], Contact]
    ) -> None:
        self.config = config
        self.run = run
        self.jobs = jobs
        self._start_peer = start_peer
        self._hands: list[Hand] = []
        self._waiting: deque[tuple[int, int]] = deque()
        self._numbers = itertools.count()
        self._lost = 0
        self._interruption = Interruption()

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Fork, unless there is only one endpoint; before any thread is started."""
        groups = groups_of(session.items)
        jobs = min(self.jobs, len(groups))
        if jobs > 1 and not session.testsfailed:
            self._waiting.extend(groups)
            # What exists now stays: no collector may touch, and so copy, its memory.
            gc.collect()
            gc.freeze()
            for _ in range(jobs):
                self._fork(session)
        self.run.contact = self._start_peer()
        peer.join(self.run, self.run.contact)

    def _fork(self, session: pytest.Session) -> Hand:
        ours, theirs = FORK.Pipe()
        name = f"gw{next(self._numbers)}"
        inherited = [*(hand.channel for hand in self._hands), ours]
        process = FORK.Process(
            target=work, args=(session, self.run, name, theirs, inherited), daemon=True
        )
        process.start()
        theirs.close()
        hand = Hand(name, process, ours)
        self._hands.append(hand)
        return hand

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool | None:
        """Hand out endpoints until none is left; None leaves the loop to pytest."""
        if not self._hands:
            return None
        with self._interruption.on():
            try:
                with self._interruption.held():
                    for hand in list(self._hands):
                        self._welcome(session, hand)
                while self._hands:
                    self._gather(session)
                    _stop_if_told(session)
            except BaseException:
                self._interrupt(session)
                raise
        return True

    def _welcome(self, session: pytest.Session, hand: Hand) -> None:
        with suppress(OSError):  # lost already: its channel tells in the next round
            hand.channel.send(self.run.contact)
        self._next(session, hand)

    def _next(self, session: pytest.Session, hand: Hand) -> None:
        """Give this process its next endpoint, or send it home."""
        order = self._waiting.popleft() if self._waiting else None
        hand.at, hand.end = order or (0, 0)
        with suppress(OSError):
            hand.channel.send(order)

    def _gather(self, session: pytest.Session) -> None:
        ready = wait([hand.channel for hand in self._hands])
        with self._interruption.held():
            for hand in [hand for hand in self._hands if hand.channel in ready]:
                self._hear(session, hand)

    def _hear(self, session: pytest.Session, hand: Hand) -> None:
        try:
            kind, content = hand.channel.recv()
        except (EOFError, OSError):
            self._miss(session, hand)
            return
        if kind == REPORTS:
            self._report(session.items[hand.at], content)
            hand.at += 1
            if hand.at == hand.end:
                self._next(session, hand)
        elif kind == TOLD:
            self._say(content)
        else:
            self._part_with(hand)
            self._controller.finished(content)

    def _report(self, item: pytest.Item, contents: Sequence[dict[str, Any]]) -> None:
        hook = self.config.hook
        item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
        for content in contents:
            report = hook.pytest_report_from_serializable(config=self.config, data=content)
            item.ihook.pytest_runtest_logreport(report=report)
        item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)

    def _miss(self, session: pytest.Session, hand: Hand) -> None:
        """A process ended before it was told to: what it was at counts, the rest is for another."""
        self._part_with(hand)
        self._controller.lost_workers = True
        self._lost += 1
        if hand.at == hand.end:
            return
        item = session.items[hand.at]
        said = f"the process that checked {endpoint_of(item)} ended, with {hand.process.exitcode}"
        report = pytest.TestReport(
            item.nodeid, item.location, dict.fromkeys(item.keywords, 1), "failed", said, "call"
        )
        item.ihook.pytest_runtest_logreport(report=report)
        if hand.at + 1 < hand.end and self._lost <= LOSSES:
            self._waiting.appendleft((hand.at + 1, hand.end))
        if self._waiting and self._lost <= LOSSES:
            self._welcome(session, self._fork(session))

    def _part_with(self, hand: Hand) -> None:
        self._hands.remove(hand)
        hand.channel.close()
        hand.process.join()

    def _interrupt(self, session: pytest.Session) -> None:
        """Have every process clean up and end; being interrupted once more ends them at once."""
        self._waiting.clear()
        self._lost = LOSSES
        try:
            for hand in self._hands:
                if hand.process.pid is not None:
                    with suppress(ProcessLookupError):
                        os.kill(hand.process.pid, signal.SIGINT)
            while self._hands:
                self._gather(session)
        except KeyboardInterrupt:
            self._controller.lost_workers = True
            for hand in self._hands:
                hand.process.kill()

    def _say(self, sentence: str) -> None:
        progress = self._controller.progress
        if progress is not None:
            progress.note(sentence)

    @property
    def _controller(self) -> Controller:
        found = self.config.pluginmanager.get_plugin("lakeproof-controller")
        if not isinstance(found, Controller):
            raise TypeError("there is no controller in this process")
        return found


def groups_of(items: Sequence[pytest.Item]) -> list[tuple[int, int]]:
    """Where the items of each endpoint begin and end; they stand together."""
    groups, begin = [], 0
    for _, members in itertools.groupby(items, endpoint_of):
        end = begin + len(list(members))
        groups.append((begin, end))
        begin = end
    return groups


def _stop_if_told(session: pytest.Session) -> None:
    if session.shouldfail:
        raise session.Failed(session.shouldfail)
    if session.shouldstop:
        raise session.Interrupted(session.shouldstop)
