"""Where each page lies below the folder of pages, and how one page names another."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable
from pathlib import PurePosixPath

ASSETS = "assets"
OWN = frozenset({ASSETS, "checks", "mesh", "index", "con", "prn", "aux", "nul"})
HARMLESS = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,98}[A-Za-z0-9])?")
ODD = re.compile(r"[^A-Za-z0-9_-]+")
LONGEST = 60


def file_name(name: str, *, taken: bool = False) -> str:
    """`name` where a folder or file can be called so, else something like it with a mark.

    The mark keeps two names from sharing a file; `taken` asks for one.
    """
    if HARMLESS.fullmatch(name) and name.casefold() not in OWN and not taken:
        return name
    plain = ODD.sub("-", name).strip("-")[:LONGEST]
    mark = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{plain or 'x'}-{mark}"


class Places:
    """The paths of all pages, relative to the folder that holds them.

    A site with one endpoint has one page; with several it has one for each beside its own. Names
    that differ in capitals only get marks: there are file systems that cannot tell them apart.
    """

    def __init__(self, endpoints: Iterable[tuple[str, str]]) -> None:
        self._endpoints: dict[str, dict[str, str]] = {}
        of_site: dict[str, list[str]] = {}
        for site, endpoint in endpoints:
            of_site.setdefault(site, []).append(endpoint)
        self._sites = _named(of_site)
        self._endpoints = {site: _named(names) for site, names in of_site.items()}

    def site(self, site: str) -> str:
        """The page of a site."""
        return f"{self._sites[site]}/index.html"

    def beside(self, site: str, name: str) -> str:
        """A file of this name beside the page of a site."""
        return f"{self._sites[site]}/{name}"

    def endpoint(self, site: str, endpoint: str) -> str:
        """The page of an endpoint."""
        names = self._endpoints[site]
        if len(names) == 1:
            return self.site(site)
        return f"{self._sites[site]}/{names[endpoint]}/index.html"

    @staticmethod
    def check(check: str) -> str:
        """The page of a check."""
        return f"checks/{file_name(check)}.html"


def up(page: str) -> str:
    """What leads from a page to the folder of all pages: `../` for each folder that it is in."""
    return "../" * (len(PurePosixPath(page).parts) - 1)


def _named(names: Iterable[str]) -> dict[str, str]:
    every = list(names)
    alike = Counter(name.casefold() for name in every)
    return {name: file_name(name, taken=alike[name.casefold()] > 1) for name in every}
