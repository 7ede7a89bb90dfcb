"""One row a case: what a check said run by run, oldest first, and what the last run changed.

P pass, F fail, N nonstrict, K known, X fixed (listed as known, passes), E error, B blocked,
U unsupported, R notrun; small letters: the two attempts of that run disagreed.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from lakeproof.store.changes import CHANGE_MEANING, Change, Spell, change, failing_since, spells
from lakeproof.verdict import Outcome

BEGIN = datetime(2026, 11, 1, tzinfo=UTC)
LETTERS = dict(zip("PFNKXUBER", Outcome, strict=True))
REGRESSED, FIXED, NEW, BROKEN, FLAKY = Change


def history(letters: str) -> list[Spell]:
    """Spells of runs an hour apart."""
    return spells(
        Spell(
            LETTERS[letter.upper()],
            letter.islower(),
            number,
            BEGIN + number * timedelta(hours=1),
            number,
            BEGIN + number * timedelta(hours=1),
        )
        for number, letter in enumerate(letters)
    )


@pytest.mark.parametrize(
    ("letters", "expected"),
    [
        # from good to bad and back
        ("PF", REGRESSED),
        ("PN", REGRESSED),
        ("PK", REGRESSED),
        ("XF", REGRESSED),
        ("FP", FIXED),
        ("NP", FIXED),
        ("KP", FIXED),
        ("KX", FIXED),
        ("PPPPPPFFFFP", FIXED),
        # what was not judged in between hides nothing
        ("PEF", REGRESSED),
        ("PURF", REGRESSED),
        ("FBP", FIXED),
        ("FRRP", FIXED),
        # the same kind as before
        ("FN", None),
        ("KF", None),
        ("FK", None),
        ("XP", None),
        ("PX", None),
        ("FEF", None),
        ("PRP", None),
        ("PUP", None),
        # not judged any more, and judged again
        ("PE", BROKEN),
        ("PB", BROKEN),
        ("FE", BROKEN),
        ("PRB", BROKEN),
        ("PEB", None),
        ("UE", None),
        ("PEP", FIXED),
        ("PBP", FIXED),
        # somebody's choice
        ("PU", None),
        ("FU", None),
        ("PR", None),
        ("EU", None),
        # for the first time
        ("P", NEW),
        ("F", NEW),
        ("UP", NEW),
        ("EF", NEW),
        ("RBP", NEW),
        ("E", None),
        ("U", None),
        ("R", None),
        # two attempts that disagreed
        ("Pf", FLAKY),
        ("Pp", FLAKY),
        ("pf", FLAKY),
        ("pP", None),
        ("fP", FIXED),
        ("fF", None),
        ("f", NEW),
        # to and fro
        ("PFPF", FLAKY),
        ("FPFP", FLAKY),
        ("PFP", FIXED),
        ("PFPEF", FLAKY),
        ("PFPFFFFP", FLAKY),
        ("PFPFFFFFFFFFFFFP", FIXED),
        ("PFPPPPPPPPPPPPPF", REGRESSED),
        ("PFPFN", None),
        ("PFPFE", BROKEN),
    ],
)
def test_change(letters: str, expected: Change | None) -> None:
    assert change(history(letters)) is expected


@pytest.mark.parametrize(
    ("letters", "first"),
    [
        ("F", 0),
        ("PF", 1),
        ("PFFF", 1),
        ("PFNK", 1),
        ("FPF", 2),
        ("PFEBF", 1),
        ("PEF", 2),
        ("EFUF", 1),
        ("P", None),
        ("FP", None),
        ("FE", None),
        ("FU", None),
        ("X", None),
    ],
)
def test_failing_since(letters: str, first: int | None) -> None:
    expected = None if first is None else BEGIN + first * timedelta(hours=1)

    assert failing_since(history(letters)) == expected


def test_spells_are_the_fewest_and_count_their_runs() -> None:
    found = history("PPPFfFF")

    assert [(s.outcome.value, s.flaky, s.runs) for s in found] == [
        ("pass", False, 3),
        ("fail", False, 1),
        ("fail", True, 1),
        ("fail", False, 2),
    ]
    assert [(s.first, s.last) for s in found] == [(0, 2), (3, 3), (4, 4), (5, 6)]


def test_spells_of_spells_are_the_same() -> None:
    found = history("PPFFPPEFFF")

    assert spells(found) == found


def test_every_change_has_its_words() -> None:
    assert set(CHANGE_MEANING) == set(Change)
