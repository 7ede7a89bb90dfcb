"""Several requests to one endpoint at the same time, each on a connection of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from lakeproof.wire.storage import StorageElement

T = TypeVar("T")

MOST = 50
"""Calls that may run at the same time: a check is no load test."""


def together(se: StorageElement, calls: Sequence[Callable[[StorageElement], T]]) -> list[T]:
    """Run `calls` at the same time, each with a clone of `se`; their results in order.

    All begin together, and all have ended when this returns or raises. The first error in the
    order of `calls` is raised; what the others raised is added to it as notes. ValueError for
    more than `MOST` calls.
    """
    if not 1 <= len(calls) <= MOST:
        raise ValueError(f"{len(calls)} calls at the same time; from 1 to {MOST} are possible")
    clones = [se.clone() for _ in calls]
    start = threading.Barrier(len(calls))

    def run(call: Callable[[StorageElement], T], clone: StorageElement) -> T:
        start.wait()
        return call(clone)

    try:
        with ThreadPoolExecutor(len(calls)) as pool:
            futures = [pool.submit(run, *pair) for pair in zip(calls, clones, strict=True)]
    finally:
        for clone in clones:
            clone.client.close()
    return _results(futures)


def _results(futures: Sequence[Future[T]]) -> list[T]:
    errors = [error for future in futures if (error := future.exception()) is not None]
    if errors:
        for other in errors[1:]:
            errors[0].add_note(f"at the same time: {type(other).__name__}: {other}")
        raise errors[0]
    return [future.result() for future in futures]
