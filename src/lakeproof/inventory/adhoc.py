"""Endpoints from URLs alone, for a check without an inventory."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence

from pydantic import ValidationError

from lakeproof.inventory.door import DEFAULT_PORTS, Door, DoorError, parse_door
from lakeproof.inventory.explain import explain
from lakeproof.inventory.model import Endpoint, Inventory, Peer
from lakeproof.inventory.problems import InventoryError, Loc, key_path

FILES = ("certificate", "key")


def endpoint_from_url(
    url: str, settings: Mapping[str, object] | None = None, *, taken: Collection[str] = ()
) -> Endpoint:
    """An endpoint from the URL of one door, named after its host.

    davs:// and https://, dav:// and http:// give a webdav door, root:// a root door. `settings`
    are further keys of an endpoint, spelled as in an inventory; `taken` are names in use.
    Raises InventoryError when the URL or a setting makes no sense.
    """
    door = _door(url)
    kind = "webdav" if door.is_http else "root"
    data = {"name": derive_name(door, taken), **(settings or {}), "doors": {kind: str(door)}}
    try:
        return Endpoint.model_validate(data)
    except ValidationError as error:
        raise InventoryError(
            [
                f"{key_path(p.loc)}: found {p.found}, expected {p.expected}"
                for p in explain(error, _nothing_written, Endpoint)
            ]
        ) from None


def peer_from_options(said: Mapping[str, str]) -> Peer:
    """The peer that --peer-… options describe, by their names without `peer-`.

    Raises InventoryError naming the option.
    """
    data = {name.replace("-", "_"): value for name, value in said.items()}
    data |= {name: f"file:{data[name]}" for name in FILES if name in data and ":" not in data[name]}
    try:
        return Peer.model_validate(data)
    except ValidationError as error:
        raise InventoryError(
            [
                f"--peer-{key_path(p.loc).replace('_', '-')}: found {p.found}, "
                f"expected {p.expected}"
                for p in explain(error, _nothing_written, Peer)
            ]
        ) from None


def inventory_from_urls(
    urls: Sequence[str],
    settings: Mapping[str, object] | None = None,
    apart: Mapping[str, Mapping[str, object]] | None = None,
) -> Inventory:
    """An inventory of these URLs, each host a site; `settings` hold for every endpoint.

    `apart` are the settings of URLs that have others.

    Raises InventoryError with the problems of all URLs, or when one is given twice.
    """
    problems: list[str] = []
    endpoints: dict[str, Endpoint] = {}
    for url in urls:
        try:
            own = (apart or {}).get(url, settings)
            endpoint = endpoint_from_url(url, own, taken=endpoints)
        except InventoryError as error:
            problems += error.problems
            continue
        if endpoint.url in {known.url for known in endpoints.values()}:
            problems.append(f"{endpoint.url}: given twice, expected once")
        endpoints[endpoint.name] = endpoint
    if problems or not endpoints:
        raise InventoryError(list(dict.fromkeys(problems)) or ["no URL of an endpoint was given"])
    by_host: dict[str, list[Endpoint]] = {}
    for endpoint in endpoints.values():
        by_host.setdefault(_plain(endpoint.door.host), []).append(endpoint)
    sites = [{"name": host, "endpoints": tuple(group)} for host, group in by_host.items()]
    return Inventory.model_validate({"version": 1, "sites": sites})


def derive_name(door: Door, taken: Collection[str]) -> str:
    """A name from the host; the port, then a number, tell apart doors of one host."""
    used = {name.casefold() for name in taken}
    host = _plain(door.host)
    candidates = [host]
    if door.port != DEFAULT_PORTS[door.scheme] or host in used:
        candidates.append(f"{host}-{door.port}")
    number = 2
    while candidates[0] in used:
        candidates.pop(0)
        if not candidates:
            candidates.append(f"{host}-{door.port}-{number}")
            number += 1
    return candidates[0]


def _plain(host: str) -> str:
    name = re.sub(r"[^a-z0-9._-]+", "-", host.casefold()).strip("-._")[:60]
    return name if name and ":" not in host else f"ip-{name}"


def _door(url: str) -> Door:
    try:
        return parse_door(url.strip())
    except DoorError as error:
        raise InventoryError(
            [f"endpoint URL: found {error.found}, expected {error.expected}"]
        ) from None


def _nothing_written(_: Loc) -> str | None:
    return None
