"""Writes what a source says into an inventory file, and leaves what people wrote as it is."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import YAMLError

from lakeproof.inventory.door import DoorError, parse_door
from lakeproof.inventory.problems import InventoryError
from lakeproof.inventory.sources.found import Found, Harvest

WIDEST = 4096
EMPTY = "version: 1\nsites: []\n"
FLUSH = re.compile(r"^sites:[^\S\n]*\n(?:[^\S\n]*(?:#.*)?\n)*-", re.MULTILINE)


@dataclass
class Merged:
    """The new text of the file, and what is different in it, each a line for a person."""

    text: str = ""
    new: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    same: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    """Where the file says otherwise than the source, and the file's word stands."""
    only_here: list[str] = field(default_factory=list)
    """Endpoints with an RSE name that the source does not have."""

    def lines(self, left_out: Iterable[str]) -> Iterator[str]:
        """What is different, a line each."""
        said = {
            "added": self.new,
            "changed": self.changed,
            "kept": self.kept,
            "only here": self.only_here,
            "remark": left_out,
        }
        for word, entries in said.items():
            yield from (f"{word:10} {entry}" for entry in entries)

    def counts(self, remarks: int) -> str:
        """The sum of it."""
        changed = len({line.partition(":")[0] for line in self.changed})
        return (
            f"{len(self.new)} endpoints added, {changed} changed, {len(self.same)} as before; "
            f"{remarks} remarks"
        )


def merge(text: str | None, harvest: Harvest, *, tokens: str | None = None) -> Merged:
    """`text` (None: no file yet) with the endpoints of `harvest` in it.

    The source has the say about doors, unless people chose a part of the same door; everything
    else it only adds where the file is silent, so that what people wrote (credentials, contacts,
    notes, comments) stays. An endpoint is found
    again by its `rse`, else by its name. `tokens`: what `auth` of new endpoints names.
    Raises InventoryError for a text that is no YAML mapping.
    """
    yaml = _yaml(text or EMPTY)
    document = _read(yaml, text)
    sites = document.setdefault("sites", CommentedSeq())
    merged = Merged()
    for found in harvest.endpoints:
        endpoint = _endpoint(sites, found)
        if endpoint is None:
            _add(sites, found, tokens)
            merged.new.append(found.name)
        else:
            _update(endpoint, found, merged)
    known = {str(found.keys.get("rse")) for found in harvest.endpoints}
    for _, endpoint in _endpoints(sites):
        if "rse" in endpoint and str(endpoint["rse"]) not in known:
            merged.only_here.append(str(endpoint.get("name")))
    stream = io.StringIO()
    yaml.dump(document, stream)
    merged.text = stream.getvalue()
    return merged


def _yaml(text: str) -> YAML:
    """Writes lists as indented as the file has them."""
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = WIDEST
    offset = 0 if FLUSH.search(text) else 2
    yaml.indent(mapping=2, sequence=2 + offset, offset=offset)
    return yaml


def _read(yaml: YAML, text: str | None) -> CommentedMap:
    try:
        document = yaml.load(EMPTY if text is None else text)
    except YAMLError as error:
        raise InventoryError([f"the file is no YAML: {error}"]) from None
    if not isinstance(document, CommentedMap):
        raise InventoryError(["the file is no inventory: no mapping at the top"])
    return document


def _endpoints(sites: Any) -> Iterator[tuple[CommentedMap, CommentedMap]]:  # noqa: ANN401  untyped
    for site in sites or []:
        for endpoint in site.get("endpoints") or []:
            yield site, endpoint


def _endpoint(sites: Any, found: Found) -> CommentedMap | None:  # noqa: ANN401  untyped
    everything = [endpoint for _, endpoint in _endpoints(sites)]
    rse = found.keys.get("rse")
    by_rse = [e for e in everything if rse is not None and e.get("rse") == rse]
    by_name = [e for e in everything if e.get("name") == found.name]
    return next(iter([*by_rse, *by_name]), None)


def _add(sites: Any, found: Found, tokens: str | None) -> None:  # noqa: ANN401  untyped
    site = next((each for each in sites if each.get("name") == found.site), None)
    if site is None:
        site = CommentedMap({"name": found.site})
        if found.country:
            site["country"] = found.country
        site["endpoints"] = CommentedSeq()
        sites.append(site)
    keys = dict(found.keys)
    if tokens is not None:
        keys["auth"] = {"tokens": tokens}
    site["endpoints"].append(CommentedMap({key: _flow(value) for key, value in keys.items()}))


def _flow(value: Any) -> Any:  # noqa: ANN401  any value of YAML
    """Mappings and lists of one endpoint stand on one line, as in the file that we ship."""
    if isinstance(value, dict):
        flow: Any = CommentedMap(value)
    elif isinstance(value, list):
        flow = CommentedSeq(value)
    else:
        return value
    flow.fa.set_flow_style()
    return flow


def _update(endpoint: CommentedMap, found: Found, merged: Merged) -> None:
    changes: list[str] = []
    for key, value in found.keys.items():
        if key == "doors":
            changes += _update_doors(endpoint, value, found.name, merged)
        elif isinstance(value, dict):
            changes += _fill(endpoint, key, value, found.name, merged)
        elif key not in endpoint:
            endpoint[key] = _flow(value)
            changes.append(f"{key}: {_shown(value)}")
        elif key != "name" and _shown(endpoint[key]) != _shown(value):
            merged.kept.append(
                f"{found.name}: {key} stays {_shown(endpoint[key])}; "
                f"the source says {_shown(value)}"
            )
    if changes:
        merged.changed += [f"{found.name}: {change}" for change in changes]
    else:
        merged.same.append(found.name)


def _update_doors(
    endpoint: CommentedMap,
    doors: Any,  # noqa: ANN401  any value of YAML
    name: str,
    merged: Merged,
) -> list[str]:
    written = endpoint.setdefault("doors", _flow({}))
    changes = []
    for kind, url in doors.items():
        before = written.get(kind)
        if before is not None and _same_door(str(before), url):
            continue
        if before is not None and _one_in_the_other(str(before), url):
            merged.kept.append(f"{name}: doors.{kind} stays {before}; the source says {url}")
            continue
        written[kind] = url
        was = f" (was {before})" if before is not None else ""
        changes.append(f"doors.{kind}: {url}{was}")
    return changes


def _fill(
    endpoint: CommentedMap, key: str, values: dict[str, Any], name: str, merged: Merged
) -> list[str]:
    written = endpoint.setdefault(key, _flow({}))
    changes = []
    for inner, value in values.items():
        if inner not in written:
            written[inner] = value
            changes.append(f"{key}.{inner}: {_shown(value)}")
        elif written[inner] != value:
            merged.kept.append(
                f"{name}: {key}.{inner} stays {_shown(written[inner])}; "
                f"the source says {_shown(value)}"
            )
    return changes


def _same_door(one: str, other: str) -> bool:
    try:
        return parse_door(one) == parse_door(other)
    except DoorError:
        return False


def _one_in_the_other(one: str, other: str) -> bool:
    """Whether it is one door, and people chose another part of it than the source's prefix."""
    try:
        first, second = parse_door(one), parse_door(other)
    except DoorError:
        return False
    return first.origin == second.origin and (
        first.path.is_relative_to(second.path) or second.path.is_relative_to(first.path)
    )


def _shown(value: Any) -> str:  # noqa: ANN401  any value of YAML
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return f"[{', '.join(map(str, value))}]"
    return str(value)
