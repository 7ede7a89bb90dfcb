"""Keeps requests that may be answered 401 below the limit of doors that count them.

dCache shuts an address out for a while when it was answered 401 too often: everything is then
answered 429, good credentials included. Waiting before the limit is cheaper than being shut out.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from lakeproof.wire.auth import Credential
from lakeproof.wire.dates import http_date
from lakeproof.wire.reply import Reply

UNAUTHORISED = 401
TOO_MANY = 429
MARGIN_S = 0.2
"""Added to the window: the door's clock and ours do not start at the same moment."""
_PENDING_S = 0.05


@dataclass(frozen=True)
class Limiter:
    """After `unauthorised` answers 401 within `window_s` seconds nothing is let in for `block_s`.

    `unauthorised` is at least 2, or nothing could be refused without being shut out.
    """

    unauthorised: int
    window_s: float
    block_s: float


class Pacer:
    """Counts the 401s of one door and spaces what may provoke more; several threads may use it.

    A credential that the door has let in once is not held back. `waits` and `waited_s` say how
    often and how long requests were held back. Without a limiter it only counts.
    """

    def __init__(
        self,
        limiter: Limiter | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.limiter = limiter
        self.waits = 0
        self.waited_s = 0.0
        self.throttled = 0
        self._clock, self._sleep = clock, sleep
        self._lock = threading.Lock()
        self._refused: deque[float] = deque()
        self._pending = 0
        self._good: set[Credential | None] = set()

    def before(self, credential: Credential | None) -> bool:
        """Wait until one more 401 would do no harm; True when a place was taken for it.

        None stands for a request that may be refused whatever was let in before.
        """
        held = False
        while True:
            with self._lock:
                if self.limiter is None or credential in self._good:
                    return False
                wait_s = self._wait(self.limiter)
                if wait_s is None:
                    self._pending += 1
                    return True
                self.waits += not held
                self.waited_s += wait_s
            held = True
            self._sleep(wait_s)

    def after(self, credential: Credential | None, status: int, *, placed: bool) -> None:
        """Note what was answered; status 0 when nothing was. `placed` is what `before` gave."""
        with self._lock:
            self._pending -= placed
            if status == UNAUTHORISED:
                self._refused.append(self._clock())
                self._good -= {credential}
            elif credential is not None and status not in (0, TOO_MANY):
                self._good.add(credential)
            self.throttled += status == TOO_MANY

    def _wait(self, limiter: Limiter) -> float | None:
        now, span = self._clock(), limiter.window_s + MARGIN_S
        while self._refused and now - self._refused[0] >= span:
            self._refused.popleft()
        if len(self._refused) + self._pending < limiter.unauthorised - 1:
            return None
        # Others under way may turn out to be good: look again soon.
        return max(self._refused[0] + span - now, 0.001) if self._refused else _PENDING_S

    @property
    def note(self) -> str:
        """One phrase for the summary, empty when nothing was held back or throttled."""
        said = []
        if self.waits and self.limiter is not None:
            said.append(
                f"{self.waits} requests waited {self.waited_s:.0f} s in all, because the door "
                f"shuts out whoever is answered 401 {self.limiter.unauthorised} times in "
                f"{self.limiter.window_s:g} s"
            )
        if self.throttled:
            said.append(f"it answered 429 (throttled) {self.throttled} times")
        return "; ".join(said)


def retry_after(reply: Reply) -> float | None:
    """Seconds that an answer asks to wait, None when it does not say (RFC 9110 10.2.3)."""
    said = reply.headers.get("Retry-After", "").strip()
    if said.isdigit():
        return float(said)
    moment = http_date(said)
    return None if moment is None else max(0.0, (moment - datetime.now(UTC)).total_seconds())


def throttled_sentence(reply: Reply, tries: int) -> str:
    """What is to be said of an answer 429 after `tries` further attempts."""
    said = reply.headers.get("Retry-After", "")
    asked = f" with Retry-After: {said}" if said else ""
    times = f", {tries + 1} times" if tries else ""
    return f"throttled: {reply.describe()}{asked}{times}"
