"""Keeps secrets out of what pytest, Allure and junit make of exceptions and captured output."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from lakeproof.credentials.errors import CredentialError
from lakeproof.verdict import Unjudged, Violation
from lakeproof.wire.redact import redactor


class RedactedError(Exception):
    """An unexpected exception whose text, or that of a cause, held a secret."""


@contextmanager
def without_secrets() -> Iterator[None]:
    """Let exceptions through, but replace one that holds a secret anywhere in its chain."""
    try:
        yield
    except (Exception, pytest.skip.Exception) as error:
        if all(redactor.text(str(link)) == str(link) for link in _chain(error)):
            raise
        replacement = _redacted(error)
    else:
        return
    # Raised outside the handler: the secret must not come along as its context either.
    raise replacement


def redact_report(report: pytest.TestReport) -> None:
    """Take secrets out of captured output, and out of a traceback that nobody rewrites."""
    report.sections = [(name, redactor.text(text)) for name, text in report.sections]
    if report.failed and redactor.text(report.longreprtext) != report.longreprtext:
        report.longrepr = redactor.text(report.longreprtext)


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    links = [error]
    while links:
        link = links.pop()
        if id(link) in seen:
            continue
        seen.add(id(link))
        yield link
        links += [cause for cause in (link.__cause__, link.__context__) if cause is not None]


def _redacted(error: BaseException) -> BaseException:
    """An exception of the same meaning without the secret."""
    text = redactor.text(str(error))
    if isinstance(error, Violation):
        expected, actual = redactor.text(error.expected), redactor.text(error.actual)
        return Violation(expected, actual, error.evidence)
    if isinstance(error, Unjudged):
        return Unjudged(redactor.text(error.sentence), error.blame)
    if isinstance(error, CredentialError | pytest.skip.Exception):
        return type(error)(text)
    return RedactedError(f"{type(error).__name__}: {text}")
