"""What a check measured, as named numbers: recorded in its result, never judged."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from statistics import quantiles

from lakeproof.wire.reply import Reply

PERCENTILES = (50, 95, 99)
MEGABYTE = 1_000_000


def of_replies(what: str, replies: Sequence[Reply], *, at_a_time: int) -> dict[str, float]:
    """Percentiles of how long `replies` took (s), and how many were answered a second.

    `what` is a plural, as "uploads", and begins each name: uploads_p50_s, uploads_p95_s,
    uploads_p99_s, uploads_per_s, uploads_at_a_time; for answers with a body also reads_mb_per_s.
    Replies without success are left out, and nothing is given for fewer than two. A latency
    includes redirects, and the connection's set-up where a reply is the first one over it.
    """
    good = [reply for reply in replies if reply.ok]
    if len(good) < 2:  # noqa: PLR2004  percentiles need two
        return {}
    cuts = quantiles((reply.elapsed_s for reply in good), n=100, method="inclusive")
    found = {f"{what}_p{percent}_s": round(cuts[percent - 1], 6) for percent in PERCENTILES}
    span_s = _span_s(good)
    if span_s > 0:
        found[f"{what}_per_s"] = round(len(good) / span_s, 3)
        taken = sum(reply.length for reply in good if reply.method == "GET")
        found |= {f"{what}_mb_per_s": round(taken / MEGABYTE / span_s, 3)} if taken else {}
    return found | {f"{what}_at_a_time": at_a_time}


def of_copy(took_s: float, size: int) -> dict[str, float]:
    """How long a copy of `size` bytes took, asked to told (s), and how fast that is (MB/s)."""
    if took_s <= 0:
        return {}
    return {"copy_s": round(took_s, 6), "copy_mb_per_s": round(size / MEGABYTE / took_s, 3)}


def _span_s(replies: Iterable[Reply]) -> float:
    """From the first request's start to the last answer's end, in seconds."""
    seen = [reply.exchange for reply in replies if reply.exchange is not None]
    if not seen:
        return 0.0
    ends = [exchange.started + timedelta(seconds=exchange.elapsed_s) for exchange in seen]
    return (max(ends) - min(exchange.started for exchange in seen)).total_seconds()
