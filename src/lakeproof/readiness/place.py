"""What a run knew of each endpoint besides its results: from `run.json`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any, Self
from urllib.parse import unquote, urlsplit

from lakeproof.results import Result
from lakeproof.session.plan import ISSUERS

# Rucio's schema wants capital letters and digits, in pieces joined by - or _.
_NOT_IN_NAMES = re.compile(r"[^A-Z0-9]+")
HTTPS, ROOT = 443, 1094


@dataclass(frozen=True)
class Url:
    """A door's URL as `rucio rse protocol add` wants it: host, port, decoded path."""

    host: str
    port: int
    path: str

    @classmethod
    def of(cls, url: str, port: int) -> Self:
        """The parts of `url`; `port` where it names none."""
        parts = urlsplit(url)
        return cls(parts.hostname or "", parts.port or port, unquote(parts.path))


@dataclass(frozen=True)
class Place:
    """One endpoint of a run; `scope_root` is the URL path that a token's "/" means."""

    name: str
    site: str
    url: str
    rse: str | None = None
    root: str | None = None
    scope_root: str | None = None

    @property
    def rse_name(self) -> str:
        """The name of the inventory, else one that Rucio takes, made of the endpoint's."""
        return self.rse or _NOT_IN_NAMES.sub("-", self.name.upper()).strip("-")

    @property
    def door(self) -> Url:
        """The WebDAV door."""
        return Url.of(self.url, HTTPS)

    @property
    def root_door(self) -> Url | None:
        """The root door, if there is one."""
        return Url.of(self.root, ROOT) if self.root else None

    @property
    def known_site(self) -> str | None:
        """The site; None where the endpoint came without an inventory and has its own name."""
        return self.site if self.site != self.name else None


def places(run: Mapping[str, Any], results: Iterable[Result]) -> dict[str, Place]:
    """Every endpoint of a run by name; of one that `run.json` does not have, what results say."""
    keys = {field.name for field in fields(Place)}
    found = {
        name: Place(name, **{key: value for key, value in said.items() if key in keys})
        for name, said in run.get("endpoints", {}).items()
    }
    for row in results:
        if row.site == ISSUERS:
            continue
        found.setdefault(row.endpoint, Place(row.endpoint, row.site, row.url))
    return found
