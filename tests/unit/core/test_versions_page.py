"""docs/xrootd-versions.md names checks that exist, and says what the known failures say."""

from __future__ import annotations

import re
from functools import cache

from lakeproof import known, tree

PAGE = (tree.root() / "docs" / "xrootd-versions.md").read_text("utf-8")
OLD, NEW = "5.5.3", "6.2.1"
TAPE = ("tape.", "tokens.tape.")
"""Checks of an API that only the newer one has."""


@cache
def _failing(version: str) -> frozenset[tuple[str, str]]:
    """The checks, or cells of the matrix, that XRootD of that version is known to fail."""
    registry = tree.load_checks()
    entries = known.load(tree.root() / "suites/known_failures/xrootd.yaml", registry).entries
    found = [e for e in entries if e.applies(e.check, version)]
    return frozenset((e.check, cell) for e in found for cell in e.cells or ("",))


def _named(*sections: str) -> set[str]:
    parts = {part.splitlines()[0]: part for part in PAGE.split("\n## ")}
    rows = [
        line.split("|")[1]
        for name in sections
        for line in parts[name].splitlines()
        if line.startswith("| `")
    ]
    return {check for row in rows for check in re.findall(r"`([^`]+)`", row)}


GAINED = _named("Gained: security", "Gained: what works")
LOST = _named("Lost")


def test_named_checks_exist() -> None:
    assert (GAINED | LOST) - {check.id for check in tree.load_checks()} == set()


def test_every_known_failure_that_went_is_named() -> None:
    assert {check for check, _ in _failing(OLD) - _failing(NEW)} - GAINED == set()


def test_every_known_failure_that_came_is_named() -> None:
    came = {check for check, _ in _failing(NEW) - _failing(OLD) if not check.startswith(TAPE)}

    assert came - LOST == set()


def test_what_both_are_known_to_fail_is_not_said_to_differ() -> None:
    gone = {check for check, _ in _failing(OLD) - _failing(NEW)}

    stays = {check for check, cell in _failing(OLD) & _failing(NEW) if not cell} - gone

    assert stays & (GAINED | LOST) == set()
