"""Many small requests to one place at the same time, over kept connections: for measuring.

Nothing of an answer is kept: each is shown to a judge as it comes, and only what the judge calls it
is counted. So no transcript holds one of thousands of tokens.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from lakeproof.wire.connection import TlsConfig, tls_context
from lakeproof.wire.line import LARGEST_ANSWER, BadAnswerError, Line

HOPELESS = 0.5
"""Where more than this share of the answers is wrong, nothing more is asked."""

_SCHEDULING = Path("/proc/thread-self/schedstat")

Judge = Callable[[int, int, bytes], str]
"""Number of a request, status, body; gives "" for a right answer, else a phrase without secrets."""


@dataclass(frozen=True)
class Order:
    """What is sent: a POST of `body(number)` to `url`, which holds no secret; `headers` may."""

    url: str
    body: Callable[[int], bytes]
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    tls: TlsConfig = field(default_factory=TlsConfig)


@dataclass(frozen=True)
class Bounds:
    """What ends a step, whichever comes first: requests, seconds, or bytes of answers.

    `rate` is how many requests a second are sent at most; `answer_s` is how long one answer may
    take. A step lasts at most `seconds` and twice `answer_s`.
    """

    rate: float = 1000
    seconds: float = 3
    requests: int = 20_000
    received: int = 64 * 1024 * 1024
    answer_s: float = 30


@dataclass
class Step:
    """What came of the requests of one step, `at_a_time` of them under way.

    `taken` are seconds from sending to the last byte of each right answer, without the first one
    over each connection; `span_s` is from the first of them to the last. `failed` counts by phrase
    what was wrong, the first answers too. `busy` is the share of the span in which we worked,
    `starved` that in which we could have and other processes had the processor (0 where the system
    does not tell): when both together are near 1 it is us who were measured.
    """

    at_a_time: int
    taken: list[float] = field(default_factory=list)
    failed: Counter[str] = field(default_factory=Counter)
    answered: int = 0
    received: int = 0
    span_s: float = 0.0
    busy: float = 0.0
    starved: float = 0.0

    @property
    def per_s(self) -> float:
        """Right answers a second."""
        return len(self.taken) / self.span_s if self.span_s > 0 else 0.0

    @property
    def hopeless(self) -> bool:
        """Whether it makes no sense to go on."""
        return self.failed.total() > HOPELESS * max(self.answered, 1)


def crowd(order: Order, judge: Judge, steps: Sequence[int], bounds: Bounds) -> list[Step]:
    """Send what `order` says with rising numbers at a time; ends early where it is hopeless.

    Raises OSError or ssl.SSLError for authorities that cannot be read.
    """
    return asyncio.run(_Crowd(order, judge, bounds).run(steps))


class _Crowd:
    def __init__(self, order: Order, judge: Judge, bounds: Bounds) -> None:
        self._order = order
        self._judge = judge
        self._bounds = bounds
        self._sent = 0

    async def run(self, steps: Sequence[int]) -> list[Step]:
        url, headers = self._order.url, {**self._order.headers, "Accept-Encoding": "identity"}
        context = tls_context(self._order.tls, None)
        lines = [Line(url, headers, context) for _ in range(max(steps))]
        done: list[Step] = []
        try:
            for at_a_time in steps:
                done.append(await self._step(lines[:at_a_time]))
                if done[-1].hopeless:
                    break
        finally:
            for line in lines:
                line.close()
            await asyncio.sleep(0)  # in which the connections go
        return done

    async def _step(self, lines: Sequence[Line]) -> Step:
        step = Step(len(lines))
        # The first answer over a connection takes its set-up as well: judged, but not timed.
        await asyncio.gather(*(self._ask(line, step) for line in lines))
        if step.hopeless:
            return step
        worked_s, waited_s, begun = time.thread_time(), _starved_s(), time.perf_counter()
        turns = _Turns(self._bounds, len(lines), begun)
        await asyncio.gather(*(self._go_on(line, step, turns) for line in lines))
        step.span_s = time.perf_counter() - begun
        step.busy = (time.thread_time() - worked_s) / step.span_s
        step.starved = (_starved_s() - waited_s) / step.span_s
        return step

    async def _go_on(self, line: Line, step: Step, turns: _Turns) -> None:
        while step.received < self._bounds.received and await turns.come():
            taken = await self._ask(line, step)
            if taken is not None:
                step.taken.append(taken)

    async def _ask(self, line: Line, step: Step) -> float | None:
        """Seconds of one right answer; None for any other, which is counted."""
        number, self._sent = self._sent, self._sent + 1
        begun = time.perf_counter()
        try:
            async with asyncio.timeout(self._bounds.answer_s):
                status, body = await line.post(self._order.body(number))
            taken = time.perf_counter() - begun
        except BadAnswerError as error:
            wrong = str(error)
        except OSError as error:  # a time-out is one
            wrong = f"no answer ({type(error).__name__})"
        else:
            step.received += len(body)
            too_long = len(body) > LARGEST_ANSWER
            wrong = "an endless answer" if too_long else self._judge(number, status, body)
        step.answered += 1
        if wrong:
            step.failed[wrong] += 1
            return None
        return taken


class _Turns:
    """When the next request of a step may be sent, and whether there is one."""

    def __init__(self, bounds: Bounds, at_a_time: int, begun: float) -> None:
        self._bounds = bounds
        self._at_once = at_a_time
        self._begun = begun
        self._given = 0

    async def come(self) -> bool:
        """Wait for a turn; False when the step is over."""
        number, self._given = self._given, self._given + 1
        # All lines begin together, and then nothing is sent before its time.
        due = self._begun + (number / self._bounds.rate if number >= self._at_once else 0.0)
        end = self._begun + self._bounds.seconds
        if number >= self._bounds.requests or due >= end:
            return False
        wait_s = due - time.perf_counter()
        if wait_s > 0:
            await asyncio.sleep(wait_s)
        return time.perf_counter() < end


def _starved_s() -> float:
    """Seconds that this thread has waited for a processor, where Linux tells; else 0."""
    try:
        return int(_SCHEDULING.read_text().split()[1]) / 1e9
    except (OSError, ValueError, IndexError):
        return 0.0
