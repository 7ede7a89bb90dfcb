"""The comparison with litmus: its output is understood, and the mapping names checks that exist."""

from __future__ import annotations

import shutil

import pytest

from bench import compare_litmus
from bench.anonymous import anonymous_area
from bench.compare_litmus import Row, Verdict, mapping, parse, rows
from lakeproof import tree
from lakeproof.lake import packages

SOME = """-> running `basic':
\r 0. init.................. \r 0. init.................. pass
\r 1. begin................. \r 1. begin................. pass
\r 2. options............... WARNING: server does not claim Class 2 compliance
    ...................... pass (with 1 warning)
    ...................... WARNING: PUT of new resource gave 200, should be 201
    ...................... pass (with 1 warning)
\r 4. put_get_utf8_segment.. \r 4. put_get_utf8_segment.. pass
    ...................... \r 5. put_no_parent......... FAIL (MKCOL succeeds)
<- summary for `basic': of 16 tests run: 12 passed, 4 failed. 75.0%
"""


def _named() -> list[str]:
    return [name for tests in mapping().values() for test in tests for name in test.get("ours", ())]


def test_mapping_names_existing_checks() -> None:
    known = {check.id for check in tree.load_checks()}

    assert _named()
    assert set(_named()) <= known


def test_a_test_without_a_check_says_why() -> None:
    for tests in mapping().values():
        for test in tests:
            assert test.get("step") or test["ours"] or test.get("why"), test["test"]


def test_verdicts_are_read() -> None:
    assert parse(SOME, mapping())[2:] == [
        Verdict("basic", "options", "WARNING", "server does not claim Class 2 compliance"),
        Verdict("basic", "put_get", "WARNING", "PUT of new resource gave 200, should be 201"),
        Verdict("basic", "put_get_utf8_segment", "pass"),
        Verdict("basic", "put_no_parent", "FAIL", "MKCOL succeeds"),
    ]


def test_another_order_is_refused() -> None:
    with pytest.raises(ValueError, match=r"expected basic\.init"):
        parse("-> running `basic':\n 0. begin....... pass\n", mapping())


@pytest.mark.parametrize(
    ("word", "outcome", "differs"),
    [
        ("pass", "pass", False),
        ("FAIL", "nonstrict", False),
        ("WARNING", "fail", False),
        ("FAIL", "pass", True),
        ("pass", "fail", True),
        ("SKIPPED", "fail", False),
        ("FAIL", "blocked", False),
    ],
)
def test_when_they_differ(word: str, outcome: str, differs: bool) -> None:
    row = Row("p", "t", "", ("a",), "", Verdict("p", "t", word), {"a": outcome})

    assert row.differs is differs


def test_repeated_tests_are_one_row_with_the_worst_verdict() -> None:
    seen = [Verdict("props", "propget", word) for word in ("pass", "FAIL", "SKIPPED")]

    [row] = [row for row in rows(mapping(), seen, {}) if row.test == "propget"]

    assert row.theirs == Verdict("props", "propget", "FAIL")


def test_the_page_has_a_row_for_each_test() -> None:
    page = compare_litmus.PAGE.read_text("utf-8")

    for row in rows(mapping(), [], {}):
        assert f"`{row.program}.{row.test}`" in page


@pytest.mark.lake
@pytest.mark.skipif(shutil.which("litmus") is None, reason="Debian package litmus is not installed")
@pytest.mark.skipif(bool(packages.missing()), reason="XRootD is not installed")
def test_every_difference_on_a_real_storage_is_explained() -> None:
    with anonymous_area() as url:
        found = compare_litmus.compare(url)

    assert all(row.theirs for row in found if row.program != "locks")
    assert [row.test for row in found if row.differs and not row.why] == []
    assert sum(row.agreement == "agrees" for row in found) > 0
