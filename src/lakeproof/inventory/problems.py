"""Problems of an inventory, each one line a person can act on without seeing a secret."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from lakeproof.wire.redact import redactor

Loc = tuple[str | int, ...]

LONGEST_SHOWN = 60
_SECRET_KEYS = re.compile(
    r"(secret|password|passwd|passphrase|credential|tokens?|x509|private|macaroon)", re.IGNORECASE
)


class InventoryError(Exception):
    """An inventory, or a selection from it, cannot be used; `problems` are all of them."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = list(problems)


@dataclass(frozen=True)
class Problem:
    """One thing wrong at one place: `loc` is the key path, `on_key` points at the key itself."""

    loc: Loc
    found: str
    expected: str
    on_key: bool = False


def key_path(loc: Loc) -> str:
    """`("sites", 0, "name")` -> `sites[0].name`; the file's top is `(top)`."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in loc)
    return text.lstrip(".") or "(top)"


def is_secret(loc: Loc) -> bool:
    """Whether a value at this place may be a secret and must not be shown."""
    return any(isinstance(part, str) and _SECRET_KEYS.search(part) for part in loc)


def shown(loc: Loc, value: object) -> str:
    """What was found, short and without a secret: `"text"`, `a mapping`, `nothing`."""
    if value is None:
        return "nothing"
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list" if value else "an empty list"
    if is_secret(loc):
        return "a value that is not shown"
    text = redactor.text(str(value))
    return f'"{text[:LONGEST_SHOWN]}{"..." if len(text) > LONGEST_SHOWN else ""}"'


def nearest(word: str, known: Iterable[str]) -> str:
    """`; did you mean "x"?` for the closest of `known`, or nothing when none is close."""
    by_case = {name.casefold(): name for name in known}
    close = difflib.get_close_matches(word.casefold(), by_case, n=1, cutoff=0.6)
    return f'; did you mean "{by_case[close[0]]}"?' if close else ""


def one_of(known: Iterable[str]) -> str:
    """`one of a, b, c`, or `none here` for an empty choice."""
    names = ", ".join(sorted(known))
    return f"one of {names}" if names else "none (nothing is defined to choose from)"
