"""Endpoints from Rucio: an export, the RSEs with their protocols, or the old rse_repository."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from lakeproof.inventory.sources.found import (
    Harvest,
    Said,
    Way,
    listing,
    mapping,
    number,
    text,
    usage,
)

ZERO_COUNTS_SINCE = 39


def harvest(document: object, *, zero_is_off: bool = False) -> Harvest:
    """The endpoints in a Rucio document; raises SourceError.

    Forms: `{"rses": {NAME: {…}}}` (rucio export), `{NAME: {…}}` (import format, rse_repository)
    and `[{"rse": NAME, …}]` (the REST answer). A priority null is "not offered". So is 0 with
    `zero_is_off`, or when a running Rucio before 39 says it; later it is the highest priority
    (rucio#6312).
    """
    found = Harvest()
    zero_is_off = zero_is_off or _takes_zero_for_off(document)
    if not zero_is_off and _version(document) is None:
        found.remarks += _zeros(document)
    linked = _linked(document)
    for name, rse in _rses(document):
        offered = list(ways(rse, name, zero_is_off=zero_is_off))
        attributes = _attributes(rse)
        said = _said(rse, name, linked)
        found.add(
            name,
            offered,
            site=text(attributes.get("site")),
            country=attributes.get("country") or rse.get("country_name"),
            keys=_keys(name, attributes, said, offered),
            said=said,
        )
    return found


def _version(document: object) -> str | None:
    """The version of the Rucio that gave the document, where it was asked itself."""
    server = document.get("server") if isinstance(document, dict) else None
    return text(server.get("version")) if isinstance(server, dict) else None


def _takes_zero_for_off(document: object) -> bool:
    major = (_version(document) or "").partition(".")[0]
    return major.isdigit() and int(major) < ZERO_COUNTS_SINCE


def _zeros(document: object) -> Iterator[str]:
    """A remark on priorities that mean one thing to an older Rucio, another to a newer one."""
    names = [
        name
        for name, rse in _rses(document)
        if any(0 in way.priority.values() for way in ways(rse, name, zero_is_off=False))
    ]
    if names:
        yield (
            f"{_some(names)}: priority 0 is taken for the highest, as Rucio does since "
            f"{ZERO_COUNTS_SINCE}; in an older one it means: not offered (--zero-is-off)"
        )


def _some(names: list[str]) -> str:
    more = f" and {len(names) - 1} more" if len(names) > 1 else ""
    return f"{names[0]}{more}"


def _rses(document: object) -> Iterator[tuple[str, dict[str, object]]]:
    if isinstance(document, list):
        for entry in document:
            rse = mapping(entry, "an entry of the list of RSEs")
            yield str(rse.get("rse") or rse.get("name") or "unnamed"), rse
        return
    top = mapping(document, "the document")
    if isinstance(top.get("rse"), str):
        yield str(top["rse"]), top
        return
    rses = mapping(top["rses"], "rses") if "rses" in top else top
    for name, entry in rses.items():
        yield name, mapping(entry, name)


def ways(rse: Mapping[str, object], name: str, *, zero_is_off: bool) -> Iterator[Way]:
    """The protocols of an RSE; raises SourceError."""
    for entry in _protocols(rse, name):
        protocol = mapping(entry, f"{name}: a protocol")
        domains = mapping(protocol.get("domains") or {}, f"{name}: domains")
        yield Way(
            scheme=str(protocol.get("scheme") or ""),
            host=str(protocol.get("hostname") or ""),
            port=number(protocol.get("port")),
            prefix=str(protocol.get("prefix") or ""),
            priority=priorities(domains, zero_is_off=zero_is_off),
        )


def _protocols(rse: Mapping[str, object], name: str) -> list[object]:
    protocols = rse.get("protocols") or []
    if isinstance(protocols, dict):  # rse_repository: {"supported": {"davs": {…}}}
        supported = mapping(protocols.get("supported", protocols), f"{name}: protocols")
        return [
            {"scheme": scheme, **mapping(entry, f"{name}: {scheme}")}
            for scheme, entry in supported.items()
        ]
    return listing(protocols, f"{name}: protocols")


def priorities(domains: Mapping[str, object], *, zero_is_off: bool) -> dict[str, int]:
    """The priority of each operation, from the wide-area domain and, where it is silent, the local.

    CRIC has third-party copy as a domain beside `wan`; Rucio inside it.
    """
    copies = domains.get("third_party_copy")
    beside = mapping(copies, "third_party_copy") if copies else {}
    found: dict[str, int] = {}
    merged: dict[str, object] = {}
    for domain in ("lan", "wan"):
        operations = domains.get(domain)
        merged |= {
            operation: value
            for operation, value in mapping(operations or {}, domain).items()
            if value is not None
        }
    if "third_party_copy" in merged:  # before it was split into reading and writing
        both = merged.pop("third_party_copy")
        merged = {"third_party_copy_read": both, "third_party_copy_write": both, **merged}
    merged |= {f"third_party_copy_{operation}": value for operation, value in beside.items()}
    for operation, value in merged.items():
        priority = number(value)
        if priority is not None and not (zero_is_off and priority == 0):
            found[operation] = priority
    return found


def _attributes(rse: Mapping[str, object]) -> Mapping[str, object]:
    """The RSE's attributes; CRIC has some of them beside those that people made up (`params`)."""
    if "params" in rse:
        beside = {key: rse[key] for key in ("fts", "site") if rse.get(key)}
        return {**beside, **mapping(rse["params"] or {}, "params")}
    return mapping(rse.get("attributes") or {}, "attributes")


def _said(
    rse: Mapping[str, object], name: str, linked: tuple[frozenset[str], frozenset[str]] | None
) -> Said:
    attributes = _attributes(rse)
    total, free = _storage(rse, name)
    reached, reaches = (name in linked[0], name in linked[1]) if linked else (None, None)
    if "distance_from" in rse:  # a running Rucio was asked
        reached, reaches = bool(rse["distance_from"]), bool(rse.get("distance_to"))
    # An attribute may switch it off as well (rucio's core sets the key by it).
    verifies = rse.get("verify_checksum", attributes.get("verify_checksum"))
    return Said(
        attributes=attributes if "attributes" in rse or "params" in rse else None,
        report=text(attributes.get("srr_url")),
        may_read=rse.get("availability_read") is not False,
        may_write=rse.get("availability_write") is not False,
        tape=rse["rse_type"] == "TAPE" if "rse_type" in rse else None,  # CRIC: "" is disk
        verify_checksum=verifies if isinstance(verifies, bool) else None,
        total=total,
        free=free,
        reached=reached,
        reaches=reaches,
    )


def _storage(rse: Mapping[str, object], name: str) -> tuple[int | None, int | None]:
    """Total and free bytes as somebody told Rucio or CRIC of the storage."""
    for entry in listing(rse.get("usage") or [], f"{name}: usage"):
        each = mapping(entry, f"{name}: usage")
        if each.get("source") == "storage":
            free, used = number(each.get("free")), number(each.get("used"))
            total = number(each.get("total"))
            if total is None and free is not None and used is not None:
                total = free + used
            return total, free
    return number(rse.get("space")) or None, None  # CRIC's


def _linked(document: object) -> tuple[frozenset[str], frozenset[str]] | None:
    """Which RSEs any other has a distance to, and which have one to any other, by an export."""
    known = document.get("distances") if isinstance(document, dict) else None
    if not known:
        return None
    pairs = [
        (source, target)
        for source, targets in mapping(known, "distances").items()
        for target in mapping(targets, f"distances of {source}")
        if source != target
    ]
    return frozenset(target for _, target in pairs), frozenset(source for source, _ in pairs)


def _keys(
    name: str, attributes: Mapping[str, object], said: Said, ways: list[Way]
) -> dict[str, object]:
    keys: dict[str, object] = {"rse": name}
    keys |= usage(ways, may_read=said.may_read, may_write=said.may_write)
    base = text(attributes.get("oidc_base_path"))
    if base and base.startswith("/"):
        keys["scope_root"] = base
    if said.tape:
        keys["features"] = {**mapping(keys.get("features") or {}, "features"), "tape": True}
    return keys
