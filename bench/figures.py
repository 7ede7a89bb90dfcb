"""From what was measured to the figures, and from the figures to the table."""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

FACTOR = 3
TARGET_CHECK_S = 0.010
IMPOSED_S = 0.1
"""A request that a bare client waits this long for, with little to carry, waits for the server."""

LITTLE = 1024 * 1024
SLOWEST = 10


def spread(values: Sequence[float]) -> dict[str, float]:
    """Median, 90th percentile and maximum."""
    if not values:
        return {"median": 0.0, "p90": 0.0, "max": 0.0}
    ordered = sorted(values)
    nearest = min(len(ordered) - 1, int(0.9 * len(ordered)))
    return {"median": statistics.median(ordered), "p90": ordered[nearest], "max": ordered[-1]}


def imposed_waits(floor: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Seconds that each check has to wait for the server however bare the client is.

    Of a request it is what exceeds the median of its method, and never more than the run itself
    waited: a check may give up sooner. Where the replay is answered otherwise (a peer that is
    gone, an upload that was broken off), the run's own time counts.
    """
    usual: dict[str, list[float]] = defaultdict(list)
    for request in floor:
        usual[request["method"]].append(request["seconds"])
    waits: dict[str, float] = defaultdict(float)
    for request in floor:
        carried = request["sent"] + request["received"]
        same = request["status"] == request["first_status"]
        first = request["first_seconds"]
        seconds = min(request["seconds"], first) if same else first
        if seconds >= IMPOSED_S and carried < LITTLE:
            spare = seconds - statistics.median(usual[request["method"]])
            waits[request["check"]] += max(spare, 0.0)
    return dict(sorted(waits.items(), key=lambda item: -item[1]))


def watching(checks: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Seconds in which each check neither asks nor computes: it watches what the server does.

    For example whether a cancelled copy really ends, as our own peer sees it.
    """
    waits: dict[str, float] = defaultdict(float)
    for check in checks:
        idle = check["call_s"] - check["in_requests_s"] - check["cpu_s"]
        if idle >= IMPOSED_S:
            waits[check["check"]] += idle
    return dict(sorted(waits.items(), key=lambda item: -item[1]))


def _rate(run: Mapping[str, Any]) -> dict[str, Any]:
    waits, watched = imposed_waits(run["floor"]), watching(run["checks"])
    floor_s = sum(request["seconds"] for request in run["floor"])
    # What the replay itself waited, were it for an answer that never came, is no floor.
    replayed = [
        {**r, "first_status": r["status"], "first_seconds": r["seconds"]} for r in run["floor"]
    ]
    in_floor_s = sum(imposed_waits(replayed).values())
    imposed_s = sum(waits.values()) + sum(watched.values())
    return {
        "run": run,
        "waits": waits,
        "watched": watched,
        "wall_s": run["wall_s"],
        "floor_s": floor_s,
        "bare_s": floor_s - in_floor_s,
        "imposed_s": imposed_s,
        "factor": (run["wall_s"] - imposed_s) / max(floor_s - in_floor_s, 1e-9),
    }


def figures(
    walls: Sequence[float],
    tapped: Sequence[Mapping[str, Any]],
    checks: Sequence[Sequence[Mapping[str, Any]]],
) -> dict[str, Any]:
    """Everything that is reported.

    `walls` are the plain runs' seconds, `tapped` what the wiretap wrote of each run with it,
    `checks` the result lines of each plain run.
    """
    # A run and the replay behind it meet the same machine; minutes later it may be a busier one.
    rated = sorted((_rate(run) for run in tapped), key=lambda rate: rate["factor"])
    rate = rated[(len(rated) - 1) // 2]
    middle = rate["run"]
    otherwise = [r for r in middle["floor"] if r["status"] != r["first_status"]]
    by_check: dict[str, list[float]] = defaultdict(list)
    for run in checks:
        for line in run:
            by_check[line["check"]].append(line["duration_s"])
    durations = {name: statistics.median(values) for name, values in by_check.items()}
    slowest = sorted(durations.items(), key=lambda item: -item[1])[:SLOWEST]
    inside: dict[str, float] = defaultdict(float)
    count: dict[str, int] = defaultdict(int)
    for request in middle["requests"]:
        inside[request["check"]] += request["duration_s"]
        count[request["check"]] += request["wire_requests"]
    return {
        "runs": len(walls),
        "wall_s": {"median": statistics.median(walls), "best": min(walls), "all": list(walls)},
        "checks": len(durations),
        "requests": len(middle["floor"]),
        "bytes_sent": sum(request["sent"] for request in middle["floor"]),
        "bytes_received": sum(request["received"] for request in middle["floor"]),
        "same_run_s": rate["wall_s"],
        "floor_s": rate["floor_s"],
        "bare_s": rate["bare_s"],
        "floor_answers_otherwise": len(otherwise),
        "imposed_s": rate["imposed_s"],
        "imposed_by_check_s": rate["waits"],
        "watched_by_check_s": rate["watched"],
        "factors": [each["factor"] for each in rated],
        "factor": rate["factor"],
        "met": rate["factor"] <= FACTOR,
        "waiting_share": max(0.0, 1 - middle["cpu_s"] / middle["wall_s"]),
        "inside_requests_share": middle["inside_requests_s"] / middle["wall_s"],
        "own_cpu_s": middle["cpu_s"],
        "phases_s": middle["phases_s"],
        "check_s": spread(list(durations.values())),
        "check_met": spread(list(durations.values()))["median"] < TARGET_CHECK_S,
        "slowest": [
            {
                "check": name,
                "seconds": seconds,
                "in_requests_s": inside[name],
                "requests": count[name],
            }
            for name, seconds in slowest
        ],
    }


def table(found: Mapping[str, Any]) -> str:
    """The figures for a person."""
    ms = 1000
    check = found["check_s"]
    lines = [
        f"wall time of a fresh process   {found['wall_s']['median']:8.2f} s   "
        f"(median of {found['runs']}, best {found['wall_s']['best']:.2f} s)",
        f"checks, requests               {found['checks']:8d}     {found['requests']} requests, "
        f"{found['bytes_sent'] / 1e6:.0f} MB sent, {found['bytes_received'] / 1e6:.0f} MB received",
        f"one run with the wiretap       {found['same_run_s']:8.2f} s",
        f"floor: its bare requests       {found['floor_s']:8.2f} s   "
        f"({found['floor_answers_otherwise']} answered otherwise than in the run)",
        f"waits that the server imposes  {found['imposed_s']:8.2f} s",
        f"floor without waits            {found['bare_s']:8.2f} s",
        f"(run - imposed) / (floor - waits)  {found['factor']:5.2f}   "
        f"at most {FACTOR}: {'met' if found['met'] else 'MISSED'}",
        f"a check: median, p90, max      {check['median'] * ms:8.1f} ms  "
        f"{check['p90'] * ms:.0f} ms, {check['max'] * ms:.0f} ms; "
        f"median below {TARGET_CHECK_S * ms:.0f} ms: {'met' if found['check_met'] else 'MISSED'}",
        f"waiting (wall - own CPU)       {found['waiting_share']:8.0%}     "
        f"inside requests {found['inside_requests_share']:.0%} of the wall time",
        "",
        "where the time goes (one run with the wiretap)",
    ]
    lines += [f"  {name:<33}{seconds:8.2f} s" for name, seconds in found["phases_s"].items()]
    lines += ["", "waits that the server imposes, by check"]
    waits = found["imposed_by_check_s"]
    lines += [f"  {seconds:8.2f} s  {name}" for name, seconds in waits.items()] or ["  none"]
    lines += ["", "waits while watching what the server does, between requests, by check"]
    watched = found["watched_by_check_s"]
    lines += [f"  {seconds:8.2f} s  {name}" for name, seconds in watched.items()] or ["  none"]
    lines += ["", f"the slowest {SLOWEST} checks"]
    lines += [
        f"  {row['seconds'] * ms:8.0f} ms  {row['check']}  "
        f"({row['requests']} requests, {row['in_requests_s'] * ms:.0f} ms in them)"
        for row in found["slowest"]
    ]
    return "\n".join(lines)
