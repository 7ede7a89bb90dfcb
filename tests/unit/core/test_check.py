from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from lakeproof import CRITICAL, HIGH, LOW, MUST, check
from lakeproof.check import ATTRIBUTE, Check, CheckDefinitionError, Registry, derive_id
from tests.unit.core.samples import declared

Declare = Callable[[Callable[..., None]], Callable[..., None]]


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> Registry:
    """A registry of this test's own."""
    made = Registry()
    # by sys.modules, because `lakeproof.check` names the decorator
    monkeypatch.setattr(sys.modules["lakeproof.check"], "registry", made)
    return made


def _declare(*, catches: frozenset[str] = frozenset({"x"}), was: tuple[str, ...] = ()) -> Declare:
    return check(
        req="spec/rule", level=MUST, severity=HIGH, needs={"webdav"}, catches=catches, was=was
    )


def test_sound_rule() -> None:
    """A rule holds
    everywhere.

    Everybody is hurt
    otherwise.

    More.
    """


@pytest.mark.parametrize(
    ("path", "function", "expected"),
    [
        (
            "suites/tokens/test_scopes.py",
            "test_create_cannot_overwrite",
            "tokens.scopes.create-cannot-overwrite",
        ),
        ("/else/where/tpc/test_pull.py", "test_a", "tpc.pull.a"),
        ("suites/tls/test_v1_2.py", "test_tls_1_2", "tls.v1_2.tls-1-2"),
    ],
)
def test_id_is_derived(path: str, function: str, expected: str) -> None:
    assert derive_id(Path(path), function) == expected


def test_declaration_is_kept(registry: Registry) -> None:
    function = _declare(was=("old.id.of-it",))(test_sound_rule)

    (found,) = registry
    assert getattr(function, ATTRIBUTE) is found
    assert found.id == "core.check.sound-rule"
    assert found.suite == "core"
    assert found.title == "A rule holds everywhere."
    assert found.harm == "Everybody is hurt otherwise."
    assert (found.level, found.severity) == (MUST, HIGH)
    assert found.needs == {"webdav"}
    assert (found.source, found.line > 0) == (Path(__file__), True)
    assert registry.get("core.check.sound-rule") is registry.get("old.id.of-it") is found


def test_every_fact_is_required() -> None:
    with pytest.raises(TypeError, match="catches"):
        check(req="spec/rule", level=MUST, severity=HIGH, needs=())  # type: ignore[call-arg]


@pytest.mark.parametrize("text", [None, "", "One paragraph only.", "\n\n", "Title.\n\n"])
def test_docstring_needs_two_paragraphs(registry: Registry, text: str | None) -> None:
    def test_undocumented() -> None: ...

    test_undocumented.__doc__ = text

    with pytest.raises(CheckDefinitionError, match="test_undocumented needs a docstring of two"):
        _declare()(test_undocumented)
    assert len(registry) == 0


def test_check_that_nothing_makes_fail_is_refused(registry: Registry) -> None:
    with pytest.raises(CheckDefinitionError, match=r"test_check\.py:\d+: .* names no fault"):
        _declare(catches=frozenset())(test_sound_rule)
    assert len(registry) == 0


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (declared("a.b.c"), declared("a.b.c", line=9)),
        (declared("a.b.c", was=("a.b.d",)), declared("a.b.d", line=9)),
        (declared("a.b.c"), declared("a.b.d", line=9, was=("a.b.c",))),
        (declared("a.b.c", was=("a.b.x",)), declared("a.b.d", line=9, was=("a.b.x",))),
    ],
)
def test_id_is_taken_once(first: Check, second: Check) -> None:
    registry = Registry()
    registry.add(first)

    with pytest.raises(CheckDefinitionError, match=r":9: check id \S+ is already taken by .*:1;"):
        registry.add(second)


def test_same_function_may_be_imported_twice() -> None:
    registry = Registry()
    registry.add(declared("a.b.c"))
    registry.add(declared("a.b.c"))

    assert len(registry) == 1


def test_registry_is_in_order_of_ids() -> None:
    registry = Registry()
    for line, check_id in enumerate(("b.a.a", "a.b.a", "a.a.b")):
        registry.add(declared(check_id, line=line))

    assert [known.id for known in registry] == ["a.a.b", "a.b.a", "b.a.a"]
    assert registry.get("a.a.z") is None


def test_severities_rank_from_worst_to_least() -> None:
    assert CRITICAL.rank == 0
    assert CRITICAL.rank < HIGH.rank < LOW.rank
