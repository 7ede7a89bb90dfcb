"""One event loop in a thread of its own, shared by all elements of the process."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from functools import cache
from typing import Any, TypeVar

T = TypeVar("T")
STOP_S = 30.0


class LoopThread:
    """A running event loop; a daemon thread, so that it never keeps the process alive."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        thread = threading.Thread(target=self._run, name="lakeproof-emulator", daemon=True)
        thread.start()

    def call(self, work: Coroutine[Any, Any, T], timeout_s: float = STOP_S) -> T:
        """Run `work` on the loop and wait for its result; raises TimeoutError."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(timeout_s)

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        self.loop.run_forever()


@cache
def shared_loop() -> LoopThread:
    """The loop of this process; started when first needed."""
    return LoopThread()
