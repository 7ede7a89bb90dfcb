"""Endpoints from CRIC, the catalogue of the WLCG and of ESCAPE, in each of its forms."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

from lakeproof.inventory.sources import rucio
from lakeproof.inventory.sources.found import (
    Harvest,
    Said,
    SourceError,
    Way,
    listing,
    mapping,
    number,
    text,
    usage,
)

# What the operations of ATLAS's activities are in Rucio's words.
ACTIVITIES = {
    "read_wan": ("read",),
    "read_lan": ("read",),
    "write_wan": ("write",),
    "write_lan": ("write",),
    "delete_wan": ("delete",),
    "delete_lan": ("delete",),
    "third_party_copy": ("third_party_copy_read", "third_party_copy_write"),
}
EVERYTHING = ("read", "write", "delete", "third_party_copy_read", "third_party_copy_write")


def harvest(document: object, *, zero_is_off: bool = True) -> Harvest:
    """The endpoints in a CRIC document; raises SourceError.

    Forms: the Rucio preset (`{"rses": …}`, where 0 means "not offered"), the plain list of RSEs
    (`protocols: {LABEL: {flavour, endpoint, path}}`) and the ddmendpoints of ATLAS (`arprotocols`
    or `aprotocols`).
    """
    top = mapping(document, "the document")
    if "rses" in top:
        return rucio.harvest(top, zero_is_off=zero_is_off)
    found = Harvest()
    for name, entry in top.items():
        endpoint = mapping(entry, name)
        ways = list(_ways(endpoint, name))
        state = text(endpoint.get("state"))
        if state is not None and state.upper() != "ACTIVE":
            found.remarks.append(f"{name}: left out, as its state is {state}")
            continue
        found.add(
            text(endpoint.get("name")) or name,
            ways,
            site=_site(endpoint),
            country=endpoint.get("country_code"),
            keys=_keys(name, endpoint, ways),
            said=_said(endpoint),
        )
    if not found.endpoints and not found.remarks:
        raise SourceError("the document names no endpoint")
    return found


def _site(endpoint: Mapping[str, object]) -> str | None:
    return text(endpoint.get("rc_site")) or text(endpoint.get("site"))


def _said(endpoint: Mapping[str, object]) -> Said:
    tape = endpoint.get("is_tape") is True or endpoint.get("rse_type") == "TAPE"
    return Said(
        may_read=endpoint.get("availability_read") is not False,
        may_write=endpoint.get("availability_write") is not False,
        tape=tape if "is_tape" in endpoint or "rse_type" in endpoint else None,
    )


def _keys(name: str, endpoint: Mapping[str, object], ways: list[Way]) -> dict[str, object]:
    said = _said(endpoint)
    keys: dict[str, object] = {"rse": name}
    keys |= usage(ways, may_read=said.may_read, may_write=said.may_write)
    if said.tape:
        keys["features"] = {**mapping(keys.get("features") or {}, "features"), "tape": True}
    return keys


def _ways(endpoint: Mapping[str, object], name: str) -> Iterator[Way]:
    activities = endpoint.get("arprotocols") or endpoint.get("aprotocols")
    if activities:
        yield from _of_activities(mapping(activities, f"{name}: arprotocols"), name)
        return
    protocols = endpoint.get("protocols") or {}
    if isinstance(protocols, list):
        yield from rucio.ways(endpoint, name, zero_is_off=True)
        return
    for label, entry in mapping(protocols, f"{name}: protocols").items():
        protocol = mapping(entry, f"{name}: {label}")
        address = text(protocol.get("endpoint")) or ""
        if "://" not in address:
            address = f"{protocol.get('flavour') or ''}://{address}"
        yield _way(address, text(protocol.get("path")) or "/", dict.fromkeys(EVERYTHING, 1))


def _of_activities(activities: Mapping[str, object], name: str) -> Iterator[Way]:
    """One way for each address; its place in an activity's list is its priority there."""
    priorities: dict[tuple[str, str], dict[str, int]] = {}
    for activity, entries in activities.items():
        for place, entry in enumerate(listing(entries, f"{name}: {activity}"), start=1):
            where = _address(entry, f"{name}: {activity}")
            for operation in ACTIVITIES.get(activity, ()):
                known = priorities.setdefault(where, {})
                known[operation] = min(place, known.get(operation, place))
    for (address, path), priority in priorities.items():
        yield _way(address, path, priority)


def _address(entry: object, what: str) -> tuple[str, str]:
    if isinstance(entry, list):  # [endpoint, priority, path]
        texts = [item for item in entry if isinstance(item, str)]
        if not texts:
            raise SourceError(f"{what}: an entry without an address")
        return texts[0], texts[1] if len(texts) > 1 else "/"
    protocol = mapping(entry, what)
    return text(protocol.get("endpoint")) or "", text(protocol.get("path")) or "/"


def _way(address: str, path: str, priority: Mapping[str, int]) -> Way:
    try:
        parts = urlsplit(address)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return Way("", "", None, path, {})
    prefix = f"{parts.path.rstrip('/')}/{path.lstrip('/')}"
    return Way(parts.scheme, host, number(port), prefix, priority)
