from __future__ import annotations

import pytest

from lakeproof import CRITICAL, LOW, MAY, MUST, SHOULD
from lakeproof.verdict import Outcome
from lakeproof.wording import (
    by_endpoint,
    by_severity,
    endpoint_sentence,
    failure_lines,
    printable,
)
from tests.unit.core.samples import result


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("two\nlines\r\n", "two lines"),
        ("\x1b[31mred\x1b[0m", "[31mred [0m"),
        ("bell\x07 nul\x00 \x9b31m", "bell  nul   31m"),
        ("right\u202eleft", "right left"),
        ("zwölf é", "zwölf é"),
    ],
)
def test_endpoint_cannot_drive_a_terminal(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_failure_has_its_lines_in_order() -> None:
    failed = result(
        outcome=Outcome.FAIL,
        expected="201",
        actual="500\x1b[2J",
        do="change it",
        reproduce="curl x",
    )

    assert failure_lines(failed) == [
        ("Requirement", "PUT stores.  [MUST, spec/rule]"),
        ("Expected", "201"),
        ("Actual", "500 [2J"),
        ("Do", "change it"),
        ("Reproduce", "curl x"),
    ]


def test_what_is_not_known_is_left_out() -> None:
    assert [label for label, _ in failure_lines(result())] == ["Requirement"]
    listed = result(outcome=Outcome.KNOWN, known_issue="https://example.org/7")
    assert ("Known", "https://example.org/7") in failure_lines(listed)


def test_sentence_counts_the_core_and_names_the_rest() -> None:
    rows = [
        *[result(level=MUST)] * 3,
        result(level=SHOULD),
        result(level=MUST, outcome=Outcome.FAIL),
        result(level=MUST, outcome=Outcome.FIXED),
        result(level=MUST, outcome=Outcome.KNOWN),
        *[result(level=MAY, outcome=Outcome.NONSTRICT)] * 2,
        result(outcome=Outcome.ERROR),
        result(outcome=Outcome.BLOCKED),
        *[result(outcome=Outcome.UNSUPPORTED)] * 2,
        result(outcome=Outcome.NOTRUN),
    ]

    assert endpoint_sentence(rows) == (
        "4 of 6 core requirements met; 1 failed; 1 listed as known but fixed; 1 known failure; "
        "2 recommendations not met; 1 could not be judged; 1 blocked; 2 not offered; 1 not run."
    )


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        ([], "nothing was judged."),
        ([result(outcome=Outcome.BLOCKED)], "nothing was judged; 1 blocked."),
        ([result()], "1 of 1 core requirements met."),
        ([result(outcome=Outcome.KNOWN)] * 2, "0 of 2 core requirements met; 2 known failures."),
        (
            [result(level=SHOULD, outcome=Outcome.NONSTRICT)],
            "0 of 1 recommendations met; 1 recommendation not met.",
        ),
    ],
)
def test_sentence(rows: list[object], sentence: str) -> None:
    assert endpoint_sentence(rows) == sentence  # type: ignore[arg-type]


def test_worst_comes_first() -> None:
    rows = [
        result(check="c", severity=LOW, outcome=Outcome.FAIL),
        result(check="b", severity=CRITICAL, outcome=Outcome.FAIL),
        result(check="a", severity=CRITICAL, outcome=Outcome.FIXED),
        result(check="d"),
    ]

    assert [row.check for row in by_severity(rows, Outcome.FAIL, Outcome.FIXED)] == ["a", "b", "c"]


def test_endpoints_stay_in_order_of_appearance() -> None:
    rows = [result(endpoint="Z"), result(endpoint="A"), result(endpoint="Z")]

    assert {name: len(group) for name, group in by_endpoint(rows).items()} == {"Z": 2, "A": 1}
    assert list(by_endpoint(rows)) == ["Z", "A"]
