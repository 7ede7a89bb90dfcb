"""What changed between runs as an Atom feed (RFC 4287): an entry for each change of a check."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import datetime
from typing import Protocol
from xml.etree.ElementTree import Element, SubElement, tostring

from lakeproof.verdict import Outcome, Severity
from lakeproof.wording import printable

ATOM = "http://www.w3.org/2005/Atom"
# Ids must never change, wherever the feed lies; so they are no URLs but made from what they name.
SPACE = uuid.UUID("6f8b3c1e-6f0e-4d6e-9b0a-6d2f5a3c7e11")


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


def feed(changes: Iterable[Change], *, title: str, updated: datetime, page: str = "") -> str:
    """The feed, the newest change first; `page` is the URL of the pages, if they are anywhere.

    `updated` is the time of a feed in which nothing has changed yet.
    """
    ordered = sorted(changes, key=lambda each: (each.at, each.run), reverse=True)
    root = Element("feed", {"xmlns": ATOM})
    _text(root, "title", title)
    _text(root, "id", _id("feed", title))
    _text(root, "updated", _moment(ordered[0].at if ordered else updated))
    _text(SubElement(root, "author"), "name", "lakeproof")
    if page:
        SubElement(root, "link", {"href": page, "rel": "alternate"})
    for each in ordered:
        _entry(root, each, page)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + tostring(root, encoding="unicode") + "\n"


def _entry(root: Element, each: Change, page: str) -> None:
    entry = SubElement(root, "entry")
    which = " ".join(filter(None, (each.check, each.cell, each.partner)))
    was = each.before.value if each.before else "nothing"
    _text(entry, "title", f"{each.endpoint}: {each.change}: {which}")
    _text(entry, "id", _id(each.run, each.site, each.endpoint, which))
    _text(entry, "updated", _moment(each.at))
    SubElement(entry, "category", {"term": str(each.change)})
    SubElement(entry, "category", {"term": each.severity.value.lower()})
    if page:
        href = f"{page.rstrip('/')}/{each.site}/index.html"
        SubElement(entry, "link", {"href": href, "rel": "alternate"})
    said = f" {each.actual}" if each.actual else ""
    _text(entry, "summary", f"{each.title} Was {was}, is {each.after.value}.{said}")


def _text(parent: Element, name: str, text: str) -> None:
    SubElement(parent, name).text = printable(text)


def _id(*parts: str) -> str:
    return uuid.uuid5(SPACE, "\0".join(parts)).urn


def _moment(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")
