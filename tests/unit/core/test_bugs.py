"""A failure is explained by a known defect when its symptom and the observed version fit."""

from __future__ import annotations

import re

import pytest
from packaging.version import Version

from lakeproof import bugs, tree
from lakeproof.bugs import Bug

TECHNOLOGIES = {"dcache", "eos", "dpm", "xrootd", "storm", "gfal2", "davix"}
ISSUE = "https://example.org/7"
BUG = Bug(
    id="x#7",
    technology="xrootd",
    issue=ISSUE,
    symptom="PUT answers 200",
    checks=("webdav.files.*",),
    seen="answered 200",
    fixed_in=("5.6.9", "5.7.3"),
)


@pytest.fixture
def one_bug(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bugs, "every", lambda: (BUG,))


@pytest.mark.parametrize(
    ("version", "affected"),
    [
        ("5.5.3", True),
        ("5.6.8", True),
        ("5.6.9", False),
        ("5.7.2", True),
        ("5.7.3", False),
        ("5.8.0", False),
        ("5", None),
        ("6", False),
        (None, None),
        ("v5-odd", None),
    ],
)
def test_version_is_compared_with_the_fix_of_its_line(
    version: str | None, affected: bool | None
) -> None:
    assert BUG.affects(version) is affected


def test_versions_before_the_defect_are_sound() -> None:
    bug = Bug("x#8", "xrootd", ISSUE, "s", ("a.b.c",), since="5.5.2", fixed_in=("5.5.3",))

    assert [bug.affects(v) for v in ("5.5.1", "5.5.2", "5.5.3")] == [False, True, False]


@pytest.mark.usefixtures("one_bug")
def test_match_names_bug_and_fixing_version() -> None:
    said = bugs.explain("webdav.files.put", "xrootd", "5.5.3", "PUT answered 200 OK")

    assert said == [
        "known bug: PUT answers 200, fixed in version 5.6.9, 5.7.3 (yours: 5.5.3): " + ISSUE
    ]


@pytest.mark.usefixtures("one_bug")
def test_unknown_version_is_told_apart() -> None:
    said = bugs.explain("webdav.files.put", "xrootd", None, "PUT answered 200 OK")

    assert said[0].startswith("may be the known bug: PUT answers 200")
    assert "yours" not in said[0]


@pytest.mark.usefixtures("one_bug")
@pytest.mark.parametrize(
    ("check", "technology", "version", "actual"),
    [
        ("webdav.move.x", "xrootd", "5.5.3", "answered 200"),
        ("webdav.files.put", "eos", "5.5.3", "answered 200"),
        ("webdav.files.put", "xrootd", "5.7.3", "answered 200"),
        ("webdav.files.put", "xrootd", "5.5.3", "answered 500"),
    ],
)
def test_other_failures_are_not_explained(
    check: str, technology: str, version: str, actual: str
) -> None:
    assert bugs.explain(check, technology, version, actual) == []


def test_what_is_certain_hides_what_may_be(monkeypatch: pytest.MonkeyPatch) -> None:
    guess = Bug("x#9", "xrootd", ISSUE, "something else", ("webdav.*",))
    monkeypatch.setattr(bugs, "every", lambda: (guess, BUG))

    assert len(bugs.explain("webdav.files.put", "xrootd", "5.5.3", "answered 200")) == 1
    assert bugs.explain("webdav.files.put", "xrootd", "5.8", "answered 200")[0].startswith("may be")


def test_no_more_than_three_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    many = [Bug(f"x#{n}", "xrootd", ISSUE, "something", ("webdav.*",)) for n in range(9)]
    monkeypatch.setattr(bugs, "every", lambda: many)

    assert len(bugs.explain("webdav.files.put", "xrootd", "5.5.3", "")) == bugs.MOST_SAID


def test_a_hundred_defects_are_known() -> None:
    assert len(bugs.every()) >= 100


@pytest.mark.parametrize("bug", bugs.every(), ids=lambda bug: bug.id)
def test_entry_is_sound(bug: Bug) -> None:
    ids = [check.id for check in tree.load_checks()]

    assert bug.technology in TECHNOLOGIES
    assert bug.issue.startswith("https://")
    assert bug.symptom
    assert not bug.symptom.endswith(".")
    re.compile(bug.seen)
    assert [Version(v) for v in bug.fixed_in] == sorted(Version(v) for v in bug.fixed_in)
    for name in bug.checks:
        assert any(Bug("", "", "", "", (name,)).concerns(check_id) for check_id in ids), (
            f"{bug.id} is about {name}, which is no check"
        )


@pytest.mark.parametrize(
    ("version", "named"), [("2.21.3", True), ("2.21.5", False), ("2.23.0", False)]
)
def test_defect_of_the_client_is_named_by_the_clients_version(version: str, named: bool) -> None:
    check = "clients.gfal.gfal-gets-the-checksum"

    said = bugs.explain(check, "xrootd", "5.9.0", f"gfal2 {version} says nothing")

    assert [f"(yours: {version})" in sentence for sentence in said] == [True] * named
