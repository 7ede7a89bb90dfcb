"""Known defects of storage systems: which one a failure is, by its symptom and observed version."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from packaging.version import InvalidVersion, Version

from lakeproof.data import load

MOST_SAID = 3
# As the suite clients names what it ran, which a defect may be of as well as of the server.
_CLIENT = re.compile(r"\b(gfal2|davix|xrdcp|curl) (\d+(?:\.\d+)+)")


@dataclass(frozen=True)
class Bug:
    """One upstream defect (an entry of `catalogue/bugs/`).

    `checks` are ids or globs of checks that it makes fail, `seen` a regular expression on what
    was seen (empty: whatever made the check fail), `since` the first version that has it.
    `fixed_in` has one version for each release line that was repaired; later lines are sound.
    """

    id: str
    technology: str
    issue: str
    symptom: str
    checks: tuple[str, ...]
    seen: str = ""
    since: str | None = None
    fixed_in: tuple[str, ...] = ()
    do: str = ""

    def explains(self, check_id: str, actual: str) -> bool:
        """Whether this defect makes that check fail in the way that was seen."""
        fits = not self.seen or re.search(self.seen, actual, re.IGNORECASE) is not None
        return fits and self.concerns(check_id)

    def concerns(self, check_id: str) -> bool:
        """Whether this defect makes that check fail."""
        return any(fnmatch.fnmatchcase(check_id, name) for name in self.checks)

    def affects(self, version: str | None) -> bool | None:
        """Whether a server of this version has it; None when that cannot be told."""
        try:
            observed = Version(version) if version else None
        except InvalidVersion:
            observed = None
        if observed is None:
            return None
        if self.since and observed < Version(self.since):
            return False
        if not self.fixed_in:
            return True if self.since else None
        fixed = [Version(each) for each in self.fixed_in]
        # A bare 6 is some 6.x.y; on which side of a fix in 6.0.1 it is nobody knows.
        if len(observed.release) == 1 and any(
            each > observed and each.major == observed.major for each in fixed
        ):
            return None
        return not _repaired(observed, fixed)

    @property
    def repaired(self) -> str:
        """`fixed in version 5.7.3`, or that no fixed version is known."""
        if not self.fixed_in:
            return "no version that repairs it is known"
        return f"fixed in version {', '.join(self.fixed_in)}"


def _repaired(observed: Version, fixed: Sequence[Version]) -> bool:
    """Beside the fix of its own release line, or beyond the newest line that got one."""
    own = [version for version in fixed if version.release[:2] == observed.release[:2]]
    return observed >= (own[0] if own else max(fixed))


@cache
def every() -> tuple[Bug, ...]:
    """All entries of `catalogue/bugs/`."""
    return tuple(
        Bug(
            id=name,
            technology=entry["technology"],
            issue=entry["issue"],
            symptom=entry["symptom"],
            checks=tuple(entry["checks"]),
            seen=entry.get("seen", ""),
            since=_text(entry.get("since")),
            fixed_in=tuple(str(version) for version in entry.get("fixed_in", ())),
            do=entry.get("do", ""),
        )
        for name, entry in load("bugs").items()
    )


def of_check(check_id: str) -> list[Bug]:
    """The defects that make this check fail, of every technology."""
    return [bug for bug in every() if bug.concerns(check_id)]


def explain(check_id: str, technology: str | None, version: str | None, actual: str) -> list[str]:
    """One sentence for each known defect that fits what was seen on this server, at most three.

    Of the suite clients those of the client, whose name and version `actual` has, come first.

    Those that the observed version has come first, and where there are any, guesses are left out.
    """
    said = _of_one(check_id, technology, version, actual)
    client = _CLIENT.search(actual) if check_id.startswith("clients.") else None
    if client is not None:
        said = _of_one(check_id, client.group(1), client.group(2), actual) + said
    return said[:MOST_SAID]


def _of_one(check_id: str, technology: str | None, version: str | None, actual: str) -> list[str]:
    fitting = [b for b in every() if b.technology == technology and b.explains(check_id, actual)]
    verdicts = [(bug, bug.affects(version)) for bug in fitting]
    sure = [bug for bug, affected in verdicts if affected]
    guesses = [bug for bug, affected in verdicts if affected is None]
    return [_sentence(bug, version, sure=bool(sure)) for bug in (sure or guesses)[:MOST_SAID]]


def _sentence(bug: Bug, version: str | None, *, sure: bool) -> str:
    lead = "known bug" if sure else "may be the known bug"
    running = f" (yours: {version})" if version and bug.fixed_in else ""
    repair = f"; {bug.do}" if bug.do else ""
    return f"{lead}: {bug.symptom}, {bug.repaired}{running}{repair}: {bug.issue}"


def _text(value: object) -> str | None:
    return None if value is None else str(value)
