"""The answer to COPY: performance markers while a transfer runs, then one terminal line."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

from lakeproof.emulator.exchange import Exchange
from lakeproof.emulator.remote import TransferFailedError
from lakeproof.emulator.tpc_transfer import Transfer

LOOK_S = 0.1
GARBAGE = "java.io.IOException: Broken pipe\n"


async def report(exchange: Exchange, transfer: Transfer) -> AsyncIterator[bytes]:
    """Run `transfer` and yield its report; ends it when the client goes away."""
    task = asyncio.get_running_loop().create_task(transfer.run())
    interval, last, count = exchange.element.config.marker_interval_s, time.monotonic(), 0
    try:
        while not task.done():
            await asyncio.wait({task}, timeout=min(interval, LOOK_S))
            if exchange.client_gone:
                return
            if not task.done() and time.monotonic() - last >= interval:
                last, count = time.monotonic(), count + 1
                yield marker(exchange, transfer, count)
        repeats = 3 if exchange.faults.has("tpc-marker-decreasing") else 1
        for _ in range(repeats if exchange.dialect.tpc.final_marker else 0):
            count += 1
            yield marker(exchange, transfer, count)
        yield terminal(exchange, transfer, task.exception())
    finally:
        await _end(exchange, task)


async def _end(exchange: Exchange, task: asyncio.Task[None]) -> None:
    if task.done():
        return
    if exchange.faults.has("tpc-cancel-ignored"):
        exchange.element.keep(task)
        return
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def marker(exchange: Exchange, transfer: Transfer, count: int) -> bytes:
    """One performance marker, the `count`-th of its transfer."""
    faults, form = exchange.faults, exchange.dialect.tpc
    if faults.has("tpc-no-markers"):
        return b""
    now = time.time()
    facts = {
        "timestamp": int(now * (1000 if faults.has("tpc-marker-timestamp") else 1)),
        "started": int(transfer.started),
        "elapsed": int(now - transfer.started),
        "bytes": _bytes(exchange, transfer, count),
        "connections": transfer.connections,
    }
    if faults.has("tpc-marker-connections"):
        facts["connections"] = "somewhere over there"
    lines = [form.indent + line.format(**facts) for line in form.fields]
    lines = [line for line in lines if not line.endswith(": ")]
    block = "\n".join(["Perf Marker", *lines, *([] if _endless(exchange) else ["End"])]) + "\n"
    return ((GARBAGE if faults.has("tpc-marker-garbage") else "") + block).encode()


def _endless(exchange: Exchange) -> bool:
    return exchange.faults.has("tpc-marker-no-end")


def _bytes(exchange: Exchange, transfer: Transfer, count: int) -> object:
    """Stripe Bytes Transferred: what was moved so far, or what a fault says."""
    faults, size = exchange.faults, transfer.size or transfer.moved
    if faults.has("tpc-marker-not-number"):
        return "many"
    if faults.has("tpc-marker-decreasing"):
        return max(0, size - 1000 * count)
    if faults.has("tpc-marker-scheduled"):
        return size
    if faults.has("tpc-marker-beyond-size"):
        return 2 * size
    return transfer.moved


def terminal(exchange: Exchange, transfer: Transfer, why: BaseException | None) -> bytes:
    """The last line of a report."""
    faults, dialect = exchange.faults, exchange.dialect
    if faults.has("tpc-no-terminal-line"):
        return b""
    success = dialect.sentence("tpc_success")
    line = success if why is None else _failure(exchange, transfer, why)
    if faults.has("tpc-two-terminal-lines"):
        line = f"{success}\n{dialect.sentence('tpc_failure', **_where(exchange, transfer, '-'))}"
    coding = "latin-1" if faults.has("tpc-report-latin-1") else "utf-8"
    return (line + ("\n" if dialect.tpc.final_newline else "")).encode(coding, "replace")


def _failure(exchange: Exchange, transfer: Transfer, why: BaseException) -> str:
    reason = str(why) if isinstance(why, TransferFailedError) else "Internal transfer failure"
    if exchange.faults.has("tpc-failure-no-reason"):
        return "failure:"
    if exchange.faults.has("tpc-failure-generic"):
        reason = "Internal error"
    if exchange.faults.has("tpc-secret-in-failure"):
        reason += f" (headers: {transfer.remote.headers})"
    # One line, whatever the reason holds: the client takes every line for a field or an end.
    if exchange.faults.has("tpc-report-latin-1"):
        reason += f" (écriture de {exchange.path})"
    return " ".join(
        exchange.dialect.sentence("tpc_failure", **_where(exchange, transfer, reason)).split()
    )


def _where(exchange: Exchange, transfer: Transfer, reason: str) -> dict[str, object]:
    return {"reason": reason, "path": exchange.path, "remote": transfer.remote.shown}
