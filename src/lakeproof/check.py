"""The `@check` decorator, the registry of checks and their derived ids.

A check's id is `<suite>.<file>.<function-in-kebab>`; it is never written by hand.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from lakeproof.verdict import Level, Severity

F = TypeVar("F", bound=Callable[..., None])
ATTRIBUTE = "__lakeproof_check__"


class CheckDefinitionError(Exception):
    """A check is declared wrongly: names the file, the function and what to change."""


@dataclass(frozen=True)
class Check:
    """What is declared about one check.

    `needs` are feature names (see `lakeproof.features`), `catches` are faults of the
    emulator that make this check fail, `rows` are lines of the yardstick that it answers
    (`catalogue/rows.yaml`), `was` are earlier ids of a renamed check.
    """

    id: str
    title: str
    harm: str
    req: str
    level: Level
    severity: Severity
    needs: frozenset[str]
    catches: frozenset[str]
    rows: frozenset[str]
    was: tuple[str, ...]
    source: Path
    line: int
    function: Callable[..., None] = field(repr=False, compare=False)

    @property
    def suite(self) -> str:
        """The suite folder this check lives in."""
        return self.id.partition(".")[0]


class Registry:
    """Every check that was imported, by id; refuses two checks of one id."""

    def __init__(self) -> None:
        self._checks: dict[str, Check] = {}
        self._taken: dict[str, Check] = {}

    def add(self, check: Check) -> None:
        """Register `check`; raises CheckDefinitionError when its id, or an old one, is taken."""
        for name in sorted({check.id, *check.was} & self._taken.keys()):
            known = self._taken[name]
            if (known.source, known.line) != (check.source, check.line):
                raise CheckDefinitionError(
                    f"{check.source}:{check.line}: check id {name} is already taken "
                    f"by {known.source}:{known.line}; rename one of the two functions"
                )
        self._checks[check.id] = check
        self._taken |= dict.fromkeys((check.id, *check.was), check)

    def __iter__(self) -> Iterator[Check]:
        return iter(sorted(self._checks.values(), key=lambda c: c.id))

    def __len__(self) -> int:
        return len(self._checks)

    def get(self, check_id: str) -> Check | None:
        """The check of this id, or of this earlier id, or None."""
        found = self._checks.get(check_id)
        if found is not None:
            return found
        return next((c for c in self._checks.values() if check_id in c.was), None)

    @property
    def renamed(self) -> dict[str, str]:
        """Earlier ids of checks, and what they are called now."""
        return {earlier: check.id for check in self for earlier in check.was}


registry = Registry()


def check(  # noqa: PLR0913  the declaration of a check, each part by name
    *,
    req: str,
    level: Level,
    severity: Severity,
    needs: Collection[str],
    catches: Collection[str],
    rows: Collection[str] = (),
    was: Collection[str] = (),
) -> Callable[[F], F]:
    """Declare a pytest function as a check of one requirement.

    `req` is a key of `catalogue/requirements/`. Raises CheckDefinitionError when the
    docstring, its second paragraph or a fault is missing.
    """

    def register(function: F) -> F:
        source = Path(inspect.getfile(function))
        line = function.__code__.co_firstlineno
        title, harm = _docstring(function, source, line)
        if not catches:
            raise CheckDefinitionError(
                f"{source}:{line}: {function.__name__} names no fault in catches=; "
                "a check that nothing can make fail proves nothing"
            )
        declared = Check(
            id=derive_id(source, function.__name__),
            title=title,
            harm=harm,
            req=req,
            level=level,
            severity=severity,
            needs=frozenset(needs),
            catches=frozenset(catches),
            rows=frozenset(rows),
            was=tuple(was),
            source=source,
            line=line,
            function=function,
        )
        registry.add(declared)
        setattr(function, ATTRIBUTE, declared)
        return function

    return register


def derive_id(source: Path, function_name: str) -> str:
    """`suites/tokens/test_scopes.py`, `test_a_b` -> `tokens.scopes.a-b`."""
    name = function_name.removeprefix("test_").replace("_", "-")
    return f"{source.parent.name}.{source.stem.removeprefix('test_')}.{name}"


def _docstring(function: Callable[..., None], source: Path, line: int) -> tuple[str, str]:
    paragraphs = [" ".join(p.split()) for p in (inspect.getdoc(function) or "").split("\n\n")]
    if len(paragraphs) < 2 or not all(paragraphs[:2]):  # noqa: PLR2004  title and harm
        raise CheckDefinitionError(
            f"{source}:{line}: {function.__name__} needs a docstring of two paragraphs: the "
            "required behaviour in one sentence, then who is hurt and how"
        )
    return paragraphs[0], paragraphs[1]
