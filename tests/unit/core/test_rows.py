"""Every row of the yardstick is answered by a check or stands in docs/not-checked.md."""

from __future__ import annotations

import re

from lakeproof import lookup, tree

REASONED = {
    found[1]: found[2].strip()
    for line in (tree.root() / "docs" / "not-checked.md").read_text("utf-8").splitlines()
    if (found := re.match(r"\| ([A-Z0-9]+[-.][0-9]+) \| (.+) \|$", line))
}
CHECKED = {row for check in tree.load_checks() for row in check.rows}


def test_checks_name_rows_that_exist() -> None:
    assert CHECKED - lookup.rows().keys() == set()


def test_reasons_are_about_rows_that_exist() -> None:
    assert REASONED.keys() - lookup.rows().keys() == set()


def test_no_row_is_both_checked_and_reasoned_away() -> None:
    assert REASONED.keys() & CHECKED == set()


def test_no_row_is_forgotten() -> None:
    assert sorted(lookup.rows().keys() - CHECKED - REASONED.keys()) == []
