"""An endpoint as one line for Nagios and its heirs (Icinga, checkmk, ETF).

The line: STATUS, a sentence, and after a bar the numbers as `label=value;warn;crit;min`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum

from lakeproof.machines.standing import Standing
from lakeproof.verdict import Outcome, Severity
from lakeproof.wording import printable

URGENT = (Severity.CRITICAL, Severity.HIGH)


class Status(IntEnum):
    """The exit codes of the plugin interface."""

    OK = 0
    WARNING = 1
    CRITICAL = 2
    UNKNOWN = 3


@dataclass(frozen=True)
class Line:
    """What a probe prints and ends with."""

    status: Status
    text: str

    @classmethod
    def unknown(cls, sentence: str, numbers: str = "") -> Line:
        """Nothing is known: no run, or one too old."""
        text = f"LAKEPROOF UNKNOWN - {_clean(sentence)}"
        return cls(Status.UNKNOWN, f"{text} | {numbers}" if numbers else text)


def probe(standing: Standing, now: datetime, at_most: timedelta) -> Line:
    """The line of an endpoint; a run that is older than `at_most` says nothing about today.

    A failure of severity CRITICAL or HIGH is CRITICAL, any other WARNING, as is a known failure
    that is fixed. Where nothing failed but something could not be judged, it is UNKNOWN.
    """
    age = now - standing.ended
    if age > at_most:
        since = f"{standing.ended:%Y-%m-%d %H:%M} UTC"
        return Line.unknown(f"{standing.endpoint}: no result since {since}", _age(age))
    status = _status(standing)
    text = f"LAKEPROOF {status.name} - {_clean(f'{standing.endpoint}: {standing.sentence}')}"
    return Line(status, f"{text} | {_numbers(standing, age)}")


def _status(standing: Standing) -> Status:
    failed, count = standing.failed, standing.count
    if any(failed[severity] for severity in URGENT):
        return Status.CRITICAL
    if count[Outcome.FAIL] or count[Outcome.FIXED]:
        return Status.WARNING
    if count[Outcome.ERROR] or not standing.judged:
        return Status.UNKNOWN
    return Status.OK


def _numbers(standing: Standing, age: timedelta) -> str:
    met, judged = standing.core
    took = (standing.ended - standing.began).total_seconds()
    numbers = [f"core_met={met};;;0;{judged}"]
    numbers += [f"{outcome.value}={number};;;0" for outcome, number in standing.count.items()]
    urgent = sum(standing.failed[severity] for severity in URGENT)
    numbers += [f"urgent={urgent};;0;0", f"flaky={standing.flaky};;;0"]
    return " ".join([*numbers, f"duration={took:.1f}s;;;0", _age(age)])


def _age(age: timedelta) -> str:
    return f"age={max(age.total_seconds(), 0):.0f}s;;;0"


def _clean(text: str) -> str:
    """On one line, and without the bar that begins the numbers."""
    return printable(text).replace("|", "/")
