"""Texts without what differs from run to run, so that the same failure is stored once.

A result's texts name the run and its own work directory, `<run>/0005-<check>-70f691`. Folding puts
marks there; what stood at them is the run's name and one number, the *place*.
"""

from __future__ import annotations

import re

RUN, NUMBER, RANDOM, VERBATIM = "\x01", "\x02", "\x03", "\x04"
MARKS = re.compile("[\x01-\x04]")
DIRECTORY = re.compile(r"(?<![0-9])(\d{4})-([A-Za-z0-9_.-]{1,200}?)-([0-9a-f]{6})(?![0-9a-f])")
RANDOM_BITS = 24


def place_of(texts: list[str | None]) -> int | None:
    """The number of the first work directory that any of the texts names; None for none."""
    for text in texts:
        found = DIRECTORY.search(text) if text else None
        if found:
            return (int(found[1]) << RANDOM_BITS) | int(found[3], 16)
    return None


def fold(text: str, run: str, place: int | None) -> str:
    """`text` with marks for the run's name and the place; a text with marks of its own stays.

    What no database takes, NUL and half a surrogate pair, becomes U+FFFD.
    """
    text = (
        text.replace("\x00", "\ufffd").encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    )
    if MARKS.search(text):
        return VERBATIM + text
    text = text.replace(run, RUN)
    if place is None:
        return text
    number, random = _parts(place)
    wanted = re.compile(rf"(?<![0-9]){number}-([A-Za-z0-9_.-]{{1,200}}?)-{random}(?![0-9a-f])")
    return wanted.sub(rf"{NUMBER}-\1-{RANDOM}", text)


def unfold(text: str, run: str, place: int | None) -> str:
    """The inverse of `fold`."""
    if text.startswith(VERBATIM):
        return text[1:]
    number, random = ("", "") if place is None else _parts(place)
    return text.replace(RUN, run).replace(NUMBER, number).replace(RANDOM, random)


def _parts(place: int) -> tuple[str, str]:
    return f"{place >> RANDOM_BITS:04d}", f"{place & ((1 << RANDOM_BITS) - 1):06x}"
