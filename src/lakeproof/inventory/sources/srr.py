"""Endpoints from a storage resource report (WLCG SRR 4): one for each share that has a path.

Takes what there is, also of reports that depart from the schema; lakeproof.srr has the schema, and
tells departures.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

from lakeproof.inventory.sources.found import Harvest, SourceError, Way, listing, mapping, text

TECHNOLOGIES = ("dcache", "eos", "dpm", "xrootd", "storm")
DOORS = {"dav", "davs", "webdav", "http", "https", "xrootd", "xroot", "root", "roots"}
ROOT = {"xrootd", "xroot", "root", "roots"}
ANY = {"read": 1, "write": 1}


def harvest(document: object) -> Harvest:
    """The endpoints in a report; raises SourceError."""
    top = mapping(document, "the document")
    service = mapping(top.get("storageservice"), "storageservice")
    doors = [
        mapping(entry, "an entry of storageendpoints")
        for entry in listing(service.get("storageendpoints"), "storageendpoints")
    ]
    shares = [
        mapping(entry, "an entry of storageshares")
        for entry in listing(service.get("storageshares"), "storageshares")
    ]
    if not shares:
        raise SourceError("the report has no storage shares")
    found, site = Harvest(), text(service.get("name")) or "unnamed"
    for share in shares:
        name = f"{site}-{share.get('name') or 'share'}" if len(shares) > 1 else site
        paths = [str(path) for path in listing(share.get("path") or [], f"{name}: path")]
        if not paths:
            found.remarks.append(f"{name}: left out, as the share has no path")
            continue
        ways = list(_ways(doors, share, paths[0]))
        found.add(name, ways, site=site, keys=_keys(service, share))
    return found


def _ways(doors: list[dict[str, object]], share: Mapping[str, object], path: str) -> Iterator[Way]:
    for door in doors:
        kind = str(door.get("interfacetype") or "").lower()
        served = listing(door.get("assignedshares") or ["all"], "assignedshares")
        if kind not in DOORS or not {"all", share.get("name")} & set(map(str, served)):
            continue
        try:
            parts = urlsplit(str(door.get("endpointurl") or ""))
            host, port = parts.hostname or "", parts.port
        except ValueError:
            continue
        scheme = parts.scheme
        if kind in ROOT and scheme not in ROOT:
            scheme = "root"
        yield Way(scheme, host, port, path, ANY)


def _keys(service: Mapping[str, object], share: Mapping[str, object]) -> dict[str, object]:
    keys: dict[str, object] = {}
    technology = str(service.get("implementation") or "").lower().split("-")[0]
    if technology in TECHNOLOGIES:
        keys["technology"] = technology
    if str(share.get("accesslatency") or "").lower() in ("nearline", "offline"):
        keys["features"] = {"tape": True}
    if share.get("servingstate") in ("closed", "draining"):
        keys["roles"] = ["source"]
    return keys
