from __future__ import annotations

from typing import Any

import pytest

from lakeproof import lookup
from lakeproof.lookup import Bug, hint, requirement

HINTS: dict[str, Any] = {
    "a.b.both": {
        "generic": "turn it on",
        "xrootd": "set http.x on",
        "bugs": [
            {
                "technology": "xrootd",
                "issue": "https://example.org/7",
                "fixed_in": "5.6.9",
                "symptom": "s",
            },
            {"technology": "dcache", "issue": "https://example.org/8", "symptom": "s"},
        ],
    },
    "a.b.bug": {
        "bugs": [{"technology": "xrootd", "issue": "https://example.org/9", "symptom": "s"}]
    },
}
CATALOGUE: dict[str, Any] = {
    "hints": HINTS,
    "specs": {"spec": {"title": "Spec 1.3", "url": "https://example.org/spec"}},
    "requirements": {
        "spec/rule": {"spec": "spec", "clause": "§2", "quote": "must", "url": "https://e.org/2"},
        "spec/bare": {"spec": "spec", "clause": 4, "quote": "may", "paraphrase": True},
    },
}


@pytest.fixture(autouse=True)
def catalogue(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lookup, "load", CATALOGUE.__getitem__)
    lookup.hints.cache_clear()
    monkeypatch.setattr(lookup, "hints", lookup.hints.__wrapped__)


KNOWN = "known as https://example.org/7, fixed in version 5.6.9"


@pytest.mark.parametrize(
    ("check", "technology", "version", "expected"),
    [
        ("a.b.both", "xrootd", "5.5.3", f"xrootd: set http.x on · {KNOWN}"),
        ("a.b.both", "xrootd", None, f"xrootd: set http.x on · {KNOWN}"),
        ("a.b.both", "xrootd", "odd-version", f"xrootd: set http.x on · {KNOWN}"),
        ("a.b.both", "xrootd", "5.6.9", "xrootd: set http.x on"),
        ("a.b.both", "dcache", "9.2", "turn it on · known as https://example.org/8"),
        ("a.b.both", "eos", "5", "turn it on"),
        ("a.b.both", None, None, "turn it on"),
        ("a.b.bug", "xrootd", "5.5.3", "known as https://example.org/9"),
        ("a.b.bug", "eos", None, ""),
        ("a.b.none", "xrootd", "5.5.3", ""),
    ],
)
def test_hint(check: str, technology: str | None, version: str | None, expected: str) -> None:
    assert hint(check, technology, version) == expected


@pytest.mark.parametrize(
    ("version", "fixed_in", "concerns"),
    [("5.5.3", "5.6", True), ("5.6", "5.6", False), ("5.10", "5.9", False), ("5.9", None, True)],
)
def test_bug_range(version: str, fixed_in: str | None, concerns: bool) -> None:
    bug = Bug("xrootd", "https://example.org/7", fixed_in, "s")

    assert bug.concerns("xrootd", version) is concerns
    assert not bug.concerns("dcache", version)


def test_requirement_is_cited() -> None:
    found, bare = requirement("spec/rule"), requirement("spec/bare")

    assert found is not None
    assert bare is not None
    assert (found.citation, found.url, found.paraphrase) == (
        "Spec 1.3 §2",
        "https://e.org/2",
        False,
    )
    assert (bare.citation, bare.url, bare.paraphrase) == (
        "Spec 1.3 4",
        "https://example.org/spec",
        True,
    )
    assert requirement("spec/none") is None
    assert lookup.citation("spec/none") == "spec/none"
