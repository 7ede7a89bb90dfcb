"""What Allure shows beside pytest's own: labels to filter by, and the transcript."""

from __future__ import annotations

import allure
from allure_commons.types import AttachmentType

from lakeproof.check import Check
from lakeproof.lookup import requirement
from lakeproof.session.tested import Tested
from lakeproof.verdict import Severity
from lakeproof.wire.transcript import Transcript

# Allure's own scale, where LOW is "minor" and MEDIUM the default
SEVERITY = {
    Severity.CRITICAL: "blocker",
    Severity.HIGH: "critical",
    Severity.MEDIUM: "normal",
    Severity.LOW: "minor",
}


def label(check: Check, session: Tested) -> None:
    """Label the running item with what people filter by."""
    allure.dynamic.severity(SEVERITY[check.severity])
    allure.dynamic.parent_suite(session.name)
    allure.dynamic.suite(check.suite)
    allure.dynamic.label("site", session.site)
    allure.dynamic.label("technology", session.fingerprint.technology or "unknown")
    allure.dynamic.label("level", check.level.value)
    required = requirement(check.req)
    if required is not None and required.url:
        allure.dynamic.link(required.url, name=required.citation)


def name(check: Check, session: Tested, cell: str | None = None) -> None:
    """Name the running item after the check; allure sets its own name after the set-up."""
    which = f" [{cell}]" if cell else ""
    allure.dynamic.title(f"{check.id}{which} on {session.name}")
    allure.dynamic.description(f"{check.title}\n\n{check.harm}")


def flaky() -> None:
    """Tag the running item, so that a pass is not taken for a plain one."""
    allure.dynamic.tag("flaky")


def attach(transcript: Transcript, *, again: bool) -> None:
    """Attach the redacted transcript to the running item; `again`: of its second attempt."""
    if transcript.exchanges:
        name = "transcript, tried again" if again else "transcript"
        allure.attach(transcript.text(), name, AttachmentType.TEXT)
