"""docs/wlcg-jwt-compliance.md names every case of that suite, and only checks that exist."""

from __future__ import annotations

import re

from lakeproof import tree

TEXT = (tree.root() / "docs" / "wlcg-jwt-compliance.md").read_text("utf-8")
CASES = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in TEXT.splitlines()
    if re.match(r"\| \d+ \|", line)
]
NAMED = set(re.findall(r"`([a-z0-9]+\.[a-z-]+\.[a-z0-9-]+)`", TEXT))


def test_all_cases_are_there_once_in_their_order() -> None:
    assert [case[0] for case in CASES] == [str(number) for number in range(1, 30)]
    assert len({case[1] for case in CASES}) == len(CASES)


def test_every_named_check_exists() -> None:
    assert NAMED
    registry = tree.load_checks()
    assert sorted(name for name in NAMED if registry.get(name) is None) == []


def test_every_case_has_a_check_or_says_why_not() -> None:
    for number, _, checks, difference in CASES:
        assert checks or difference, number
        for text in checks.split(", ") if checks else []:
            assert text.strip("`") in NAMED, number
