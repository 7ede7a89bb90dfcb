"""Reads WebDAV listings (RFC 4918 multistatus) as every implementation writes them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import unquote, urljoin, urlsplit

import defusedxml.ElementTree as DefusedTree
from defusedxml import DefusedXmlException

from lakeproof.wire.dates import http_date
from lakeproof.wire.faults import detail

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_DAV = "{DAV:}"


class BadMultistatus(Exception):  # noqa: N818  the contract's word
    """A body that is no usable multistatus document: says what it is instead."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


@dataclass(frozen=True)
class Entry:
    """One resource of a listing.

    `size` is in bytes, `modified` is in UTC, `properties` maps "{namespace}name" to the text
    of each property that was found (status 200). `href` is as the server wrote it.
    """

    path: PurePosixPath
    is_collection: bool
    size: int | None = None
    modified: datetime | None = None
    etag: str | None = None
    properties: dict[str, str] = field(default_factory=dict)
    href: str = ""


def parse_multistatus(body: bytes, base: str) -> list[Entry]:
    """The entries of a 207 body; relative hrefs are resolved against the URL `base`.

    Raises BadMultistatus for anything else, also for a document that declares a DTD or
    entities (RFC 4918 20.6: they are an attack).
    """
    try:
        root = DefusedTree.fromstring(body, forbid_dtd=True)
    except DefusedXmlException as error:
        raise BadMultistatus("the XML declares a DTD or entities, which is refused") from error
    except (ValueError, LookupError, SyntaxError) as error:  # ParseError is a SyntaxError
        what = "HTML" if b"<html" in body[:2000].lower() else "not well-formed XML"
        if not body.strip():
            what = "empty"
        raise BadMultistatus(f"the body is {what}, expected a DAV: multistatus") from error
    if root.tag != f"{_DAV}multistatus":
        raise BadMultistatus(f"the document is a {root.tag}, expected a {{DAV:}}multistatus")
    return list(_entries(root, base))


def _entries(root: Element, base: str) -> Iterator[Entry]:
    for response in root.iterfind(f"{_DAV}response"):
        href = (response.findtext(f"{_DAV}href") or "").strip()
        if not href:
            raise BadMultistatus("a response in the multistatus has no href")
        status = response.findtext(f"{_DAV}status")
        if status is None or _is_ok(status):
            yield _entry(response, href, base)


def _entry(response: Element, href: str, base: str) -> Entry:
    found: dict[str, Element] = {}
    for propstat in response.iterfind(f"{_DAV}propstat"):
        status = propstat.findtext(f"{_DAV}status")
        if status is None or _is_ok(status):
            for prop in propstat.iterfind(f"{_DAV}prop"):
                found |= {element.tag: element for element in prop}
    properties = {tag: "".join(element.itertext()).strip() for tag, element in found.items()}
    return Entry(
        path=_path(href, base),
        is_collection=_is_collection(found, properties, href),
        size=_size(properties.get(f"{_DAV}getcontentlength")),
        modified=http_date(properties.get(f"{_DAV}getlastmodified")),
        etag=properties.get(f"{_DAV}getetag") or None,
        properties=properties,
        href=href,
    )


def _path(href: str, base: str) -> PurePosixPath:
    try:
        # "//x" would be read as a host; servers mean a path with a doubled slash.
        target = "/" + href.lstrip("/") if href.startswith("/") else urljoin(base, href)
        path = target if target.startswith("/") else urlsplit(target).path
    except ValueError as error:
        raise BadMultistatus(f"the href {detail(Exception(href))} is not a URL") from error
    return PurePosixPath("/" + unquote(path.partition("?")[0]).lstrip("/"))


def _is_ok(status_line: str) -> bool:
    words = status_line.split()
    return len(words) > 1 and words[1].startswith("2")


def _is_collection(found: dict[str, Element], properties: dict[str, str], href: str) -> bool:
    kind = found.get(f"{_DAV}resourcetype")
    if kind is not None and kind.find(f"{_DAV}collection") is not None:
        return True
    declared = properties.get(f"{_DAV}iscollection")
    if declared:
        return declared.lower() in ("1", "true", "t")
    # XRootD before 6.0.2 sends no resourcetype for files: only then the slash decides.
    return kind is None and href.endswith("/")


def _size(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() else None
