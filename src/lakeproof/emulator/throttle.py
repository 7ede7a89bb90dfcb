"""dCache's limiter: a client that fails to authenticate too often is shut out for a while."""

from __future__ import annotations

import time
from collections import defaultdict, deque
from http import HTTPStatus

from lakeproof.emulator.answer import Refused
from lakeproof.emulator.dialect import Limiter


class Throttle:
    """Counts 401s by client address; `limiter` None never refuses."""

    def __init__(self, limiter: Limiter | None, block_s: float | None) -> None:
        self.limiter = limiter
        self.block_s = block_s if block_s is not None else (limiter.block_s if limiter else 0.0)
        self._failures: dict[str, deque[float]] = defaultdict(deque)
        self._blocked_until: dict[str, float] = {}

    def admit(self, client: str) -> None:
        """Raise Refused 429 with Retry-After while the client is shut out."""
        left = self._blocked_until.get(client, 0.0) - time.monotonic()
        if self.limiter is not None and left > 0:
            headers = {"Retry-After": str(max(1, round(left + 0.5)))}
            raise Refused(HTTPStatus.TOO_MANY_REQUESTS, self.limiter.text, headers)

    def failed(self, client: str) -> None:
        """Count one 401 of this client."""
        if self.limiter is None or self.block_s <= 0:
            return
        now, recent = time.monotonic(), self._failures[client]
        recent.append(now)
        while recent and now - recent[0] > self.limiter.window_s:
            recent.popleft()
        if len(recent) >= self.limiter.failures:
            self._blocked_until[client] = now + self.block_s
            recent.clear()
