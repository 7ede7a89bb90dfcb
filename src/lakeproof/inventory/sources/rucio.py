"""Endpoints from Rucio: an export, the RSEs with their protocols, or the old rse_repository."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from lakeproof.inventory.sources.found import Harvest, Way, listing, mapping, number, text, usage


def harvest(document: object, *, zero_is_off: bool = False) -> Harvest:
    """The endpoints in a Rucio document; raises SourceError.

    Forms: `{"rses": {NAME: {…}}}` (rucio export), `{NAME: {…}}` (import format, rse_repository)
    and `[{"rse": NAME, …}]` (the REST answer). A priority null is "not offered"; 0 is the
    highest priority, unless `zero_is_off`, as older exports mean it.
    """
    found = Harvest()
    for name, rse in _rses(document):
        offered = list(ways(rse, name, zero_is_off=zero_is_off))
        attributes = _attributes(rse)
        found.add(
            name,
            offered,
            site=text(attributes.get("site")),
            country=attributes.get("country"),
            keys=_keys(name, rse, attributes, offered),
            report=text(attributes.get("srr_url")),
        )
    return found


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
    said = rse.get("attributes") or rse.get("params") or {}
    return mapping(said, "attributes")


def _keys(
    name: str, rse: Mapping[str, object], attributes: Mapping[str, object], ways: list[Way]
) -> dict[str, object]:
    keys: dict[str, object] = {"rse": name}
    may_read = rse.get("availability_read") is not False
    may_write = rse.get("availability_write") is not False
    keys |= usage(ways, may_read=may_read, may_write=may_write)
    base = text(attributes.get("oidc_base_path"))
    if base and base.startswith("/"):
        keys["scope_root"] = base
    if rse.get("rse_type") == "TAPE":
        keys["features"] = {**mapping(keys.get("features") or {}, "features"), "tape": True}
    return keys
