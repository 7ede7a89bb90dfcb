"""From one check's judgement to the line of results.jsonl, and to pytest's own report."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from lakeproof.check import Check
from lakeproof.lookup import hint
from lakeproof.matrix import Cell
from lakeproof.plugin.outcome import Judgement
from lakeproof.results import Result, RunFolder
from lakeproof.session.fingerprint import Fingerprint
from lakeproof.session.tested import Tested
from lakeproof.verdict import Outcome
from lakeproof.wire.redact import redactor
from lakeproof.wire.transcript import Transcript
from lakeproof.wording import failure_lines

HELPED = (Outcome.FAIL, Outcome.NONSTRICT, Outcome.KNOWN)


def make_result(  # noqa: PLR0913  each is one fact of the line
    *,
    check: Check,
    session: Tested,
    judgement: Judgement,
    folder: RunFolder,
    began: float,
    duration_s: float,
    transcript: Transcript | None,
    partner: str | None,
    cell: Cell | None,
    measured: dict[str, float],
    stand_ins: tuple[str, ...],
    again: bool,
) -> Result:
    """The result line; the transcript is written beside it when anything was asked.

    `again`: this is the second attempt, whose transcript must not replace the first one's.
    """
    seen = session.fingerprint
    helped = judgement.outcome in HELPED
    of_which = "".join(f"--{part}" for part in (cell and cell.id, partner) if part)
    name = check.id + of_which + ("--again" if again else "")
    return Result(
        run=folder.run_id,
        started=datetime.fromtimestamp(began, UTC).isoformat(),
        duration_s=round(duration_s, 6),
        site=session.site,
        endpoint=session.name,
        url=session.url,
        technology=seen.technology,
        observed_version=seen.version,
        check=check.id,
        title=cell.sentence if cell else check.title,
        req=check.req,
        level=check.level,
        severity=check.severity,
        outcome=judgement.outcome,
        expected=judgement.expected,
        actual=judgement.actual,
        do=_do(check, seen, judgement) if helped else None,
        blame=judgement.blame,
        partner=partner,
        cell=cell.id if cell else None,
        direction=_direction(check),
        transcript=_write(folder, session.name, name, transcript),
        reproduce=transcript.reproduce if transcript and helped else None,
        known_issue=judgement.known_issue,
        emulated=session.emulated,
        stand_ins=stand_ins,
        measured=measured,
    )


def _do(check: Check, seen: Fingerprint, judgement: Judgement) -> str | None:
    return hint(check.id, seen.technology, seen.version, judgement.actual or "") or None


def rewrite(report: pytest.TestReport, result: Result) -> None:
    """Make pytest's report, and with it junit.xml, say the same as the result, without secrets."""
    text = "\n".join(f"{label:<12} {line}" for label, line in failure_lines(result))
    if result.outcome is Outcome.ERROR:
        trace = redactor.text(report.longreprtext)
        report.longrepr = f"not judged: {result.actual}\n\n{trace}"
        report.outcome = "failed"
    elif result.outcome in (Outcome.FAIL, Outcome.FIXED):
        report.longrepr = text
        report.outcome = "failed"
    elif result.outcome in (Outcome.BLOCKED, Outcome.UNSUPPORTED, Outcome.NOTRUN):
        path, line, _ = report.location
        report.longrepr = (path, line or 0, f"{result.outcome.value}: {result.actual}")
        report.outcome = "skipped"
    elif result.outcome in (Outcome.NONSTRICT, Outcome.KNOWN):
        report.longrepr = text
        report.outcome = "skipped"
        report.wasxfail = f"{result.outcome.value}: {result.actual}"


def _direction(check: Check) -> str | None:
    if check.suite != "tpc":
        return None
    pulls, pushes = "tpc-pull" in check.needs, "tpc-push" in check.needs
    return "pull" if pulls and not pushes else "push" if pushes and not pulls else None


def _write(folder: RunFolder, endpoint: str, name: str, seen: Transcript | None) -> str | None:
    if seen is None or not seen.exchanges:
        return None
    path = Path("transcripts") / endpoint / f"{name}.txt"
    target = folder.path / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(seen.text(), encoding="utf-8")
    return str(path)
