"""Reads the catalogue: requirements with their clauses, and what to change when one is unmet."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from lakeproof import bugs
from lakeproof.data import load


@dataclass(frozen=True)
class Requirement:
    """One clause of one specification, quoted in at most 40 words."""

    id: str
    spec: str
    spec_title: str
    url: str
    clause: str
    quote: str
    paraphrase: bool

    @property
    def citation(self) -> str:
        """As printed behind a requirement: `WLCG JWT 1.3 §2.2.1`."""
        return f"{self.spec_title} {self.clause}".strip()


@dataclass(frozen=True)
class Row:
    """One line of the yardstick: what the field tests, a specification asks for, or nobody does."""

    id: str
    says: str
    clause: str


@cache
def hints() -> dict[str, dict[str, Any]]:
    """What to change, by check id and technology; `like` entries take a shared text along."""
    entries = load("hints")
    found = {}
    for check_id, entry in entries.items():
        if not check_id.startswith("."):
            shared = entries[f".{entry['like']}"] if "like" in entry else {}
            found[check_id] = {k: v for k, v in (shared | entry).items() if k != "like"}
    return found


@cache
def rows() -> dict[str, Row]:
    """Every row of the yardstick, by id, in its order."""
    return {
        row_id: Row(row_id, entry["says"], str(entry.get("clause", "")))
        for row_id, entry in load("rows").items()
    }


def requirement(req: str) -> Requirement | None:
    """The requirement of this id, or None when the catalogue does not have it."""
    entry = load("requirements").get(req)
    if entry is None:
        return None
    spec = load("specs").get(entry["spec"], {})
    return Requirement(
        id=req,
        spec=entry["spec"],
        spec_title=spec.get("title", entry["spec"]),
        url=entry.get("url", spec.get("url", "")),
        clause=str(entry.get("clause", "")),
        quote=entry.get("quote", ""),
        paraphrase=bool(entry.get("paraphrase", False)),
    )


def citation(req: str) -> str:
    """`WLCG JWT 1.3 §2.2.1`, or the bare id of a requirement that is not in the catalogue."""
    found = requirement(req)
    return found.citation if found else req


def hint(check_id: str, technology: str | None, version: str | None, actual: str = "") -> str:
    """What to change when this check fails on this technology; '' when nobody has written it.

    The text for the technology comes first, else the generic one; behind it the known defects
    that fit what was seen and the observed version.
    """
    entry = hints().get(check_id, {})
    said = entry.get(technology) if technology else None
    first = str(said or entry.get("generic", "")).strip()
    if said:
        first = f"{technology}: {first}"
    known = bugs.explain(check_id, technology, version, actual)
    return " · ".join(part for part in (first, *known) if part)
