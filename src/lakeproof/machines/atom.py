"""What changed between runs as an Atom feed (RFC 4287).

An entry for what one run changed about an endpoint in one way: a server that is down breaks all of
its checks, which is one piece of news.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Protocol
from xml.etree.ElementTree import Element, SubElement, tostring

from lakeproof.verdict import Outcome, Severity
from lakeproof.wording import printable

ATOM = "http://www.w3.org/2005/Atom"
# Ids must never change, wherever the feed lies; so they are no URLs but made from what they name.
SPACE = uuid.UUID("6f8b3c1e-6f0e-4d6e-9b0a-6d2f5a3c7e11")

LONGEST = 200
"""Of more entries the newest ones are in the feed."""

TOLD = 10
"""Of more checks in an entry the gravest ones are named."""


class Change(Protocol):
    """What one run changed about one check of an endpoint: the store's `Transition` is such."""

    @property
    def site(self) -> str:
        """The endpoint's site."""

    @property
    def endpoint(self) -> str:
        """Whose check it is."""

    @property
    def change(self) -> str:
        """In a word: regressed, fixed, …"""

    @property
    def check(self) -> str:
        """The check's id."""

    @property
    def title(self) -> str:
        """What is required."""

    @property
    def severity(self) -> Severity:
        """What a violation costs."""

    @property
    def cell(self) -> str | None:
        """The cell of the scope matrix."""

    @property
    def partner(self) -> str | None:
        """The other end, in the mesh."""

    @property
    def before(self) -> Outcome | None:
        """The outcome in the run before."""

    @property
    def after(self) -> Outcome:
        """The outcome in this run."""

    @property
    def at(self) -> datetime:
        """When."""

    @property
    def run(self) -> str:
        """In which run."""

    @property
    def actual(self) -> str | None:
        """What the check said."""


def feed(
    changes: Iterable[Change],
    *,
    title: str,
    updated: datetime,
    where: Callable[[Change], str],
    page: str,
    itself: str = "",
) -> str:
    """The feed, the newest change first; `where` gives the page of a change's endpoint.

    `page`, and what `where` gives, may be relative to the feed. `itself` is the feed's own URL, if
    that is known. `updated` is the time of a feed in which nothing has changed yet.
    """
    ordered = _together(changes)[:LONGEST]
    root = Element("feed", {"xmlns": ATOM})
    _text(root, "title", title)
    _text(root, "id", _id("feed", itself or title))
    _text(root, "updated", _moment(ordered[0][0].at if ordered else updated))
    _text(SubElement(root, "author"), "name", "lakeproof")
    SubElement(root, "link", {"href": page, "rel": "alternate"})
    if itself:
        SubElement(root, "link", {"href": itself, "rel": "self"})
    for alike in ordered:
        _entry(root, alike, where(alike[0]))
    return '<?xml version="1.0" encoding="utf-8"?>\n' + tostring(root, encoding="unicode") + "\n"


def _together(changes: Iterable[Change]) -> list[list[Change]]:
    """What one run changed about an endpoint in one way, the newest first, the gravest first."""
    found: dict[tuple[object, ...], list[Change]] = {}
    for each in changes:
        found.setdefault((each.run, each.site, each.endpoint, each.change), []).append(each)
    alike = [
        sorted(some, key=lambda each: (each.severity.rank, each.check)) for some in found.values()
    ]
    return sorted(alike, key=lambda some: (some[0].at, some[0].run), reverse=True)


def _entry(root: Element, alike: Sequence[Change], href: str) -> None:
    entry, first = SubElement(root, "entry"), alike[0]
    what = _which(first) if len(alike) == 1 else f"{len(alike)} checks"
    _text(entry, "title", f"{first.endpoint}: {first.change}: {what}")
    _text(entry, "id", _id(first.run, first.site, first.endpoint, first.change))
    _text(entry, "updated", _moment(first.at))
    SubElement(entry, "category", {"term": str(first.change)})
    SubElement(entry, "category", {"term": first.severity.value.lower()})
    SubElement(entry, "link", {"href": href, "rel": "alternate"})
    lines = [_line(each, named=len(alike) > 1) for each in alike[:TOLD]]
    if len(alike) > TOLD:
        lines.append(f"… and {len(alike) - TOLD} more.")
    SubElement(entry, "summary").text = "\n".join(map(printable, lines))


def _line(each: Change, *, named: bool) -> str:
    was = each.before.value if each.before else "nothing"
    said = f" {each.actual}" if each.actual else ""
    name = f"{_which(each)}: " if named else ""
    return f"{name}{each.title} Was {was}, is {each.after.value}.{said}"


def _which(each: Change) -> str:
    return " ".join(filter(None, (each.check, each.cell, each.partner)))


def _text(parent: Element, name: str, text: str) -> None:
    SubElement(parent, name).text = printable(text)


def _id(*parts: str) -> str:
    return uuid.uuid5(SPACE, "\0".join(parts)).urn


def _moment(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")
