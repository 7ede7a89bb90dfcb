from __future__ import annotations

from typing import Any

import pytest

from lakeproof import bugs, lookup
from lakeproof.lookup import hint, requirement

HINTS: dict[str, Any] = {
    ".some": {"xrootd": "shared", "eos": "shared"},
    "a.b.like": {"like": "some", "eos": "own"},
    "a.b.both": {
        "generic": "turn it on",
        "xrootd": "set http.x on",
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
    monkeypatch.setattr(bugs, "every", tuple)
    monkeypatch.setattr(lookup, "hints", lookup.hints.__wrapped__)


@pytest.mark.parametrize(
    ("check", "technology", "expected"),
    [
        ("a.b.both", "xrootd", "xrootd: set http.x on"),
        ("a.b.both", "dcache", "turn it on"),
        ("a.b.both", None, "turn it on"),
        ("a.b.like", "xrootd", "xrootd: shared"),
        ("a.b.like", "eos", "eos: own"),
        ("a.b.none", "xrootd", ""),
    ],
)
def test_hint(check: str, technology: str | None, expected: str) -> None:
    assert hint(check, technology, "5.5.3") == expected


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
