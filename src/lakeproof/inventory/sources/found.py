"""What a source says of one endpoint, in the inventory's terms."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from lakeproof.inventory.door import DEFAULT_PORTS, SCHEMES, Door, DoorError, parse_door

COUNTRY = re.compile("^[A-Z]{2}$")
READ, WRITE = "read", "write"
COPY_FROM, COPY_TO = "third_party_copy_read", "third_party_copy_write"


class SourceError(Exception):
    """A document is not what it should be: one sentence for the person who gave it."""


@dataclass(frozen=True)
class Way:
    """One protocol of an endpoint; `priority` per operation, 1 before 2; absent: not offered."""

    scheme: str
    host: str
    port: int | None
    prefix: str
    priority: Mapping[str, int]

    @property
    def kind(self) -> str | None:
        """`webdav` or `root`; None for what lakeproof does not speak."""
        scheme = SCHEMES.get(self.scheme)
        if scheme is None:
            return None
        return "webdav" if scheme in ("https", "http") else "root"

    @property
    def door(self) -> Door:
        """The door that it goes through; raises DoorError."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port in (None, 0) else f":{self.port}"
        slash = "/" if self.kind == "root" else ""
        return parse_door(f"{self.scheme}://{host}{port}{slash}/{self.prefix.strip('/')}")

    @property
    def door_or_none(self) -> Door | None:
        """The same, or None for what lakeproof does not speak and for nonsense."""
        try:
            return self.door
        except DoorError:
            return None

    @property
    def url(self) -> str:
        """The door's URL as an inventory has it; raises DoorError."""
        door = self.door
        spelled = {"https": "davs", "http": "dav"}.get(door.scheme, door.scheme)
        text = str(door).replace(door.scheme, spelled, 1)
        return text if door.port != DEFAULT_PORTS[door.scheme] else text.rstrip("/") or text


@dataclass(frozen=True)
class Said:
    """What a source says of an endpoint besides its protocols.

    `attributes` are Rucio's, None where the source has no such thing; sizes are in bytes;
    `reached` and `reaches` tell whether Rucio knows a distance from and to any other RSE.
    """

    attributes: Mapping[str, object] | None = None
    report: str | None = None
    """Where its storage resource report is."""
    may_read: bool = True
    may_write: bool = True
    tape: bool | None = None
    verify_checksum: bool | None = None
    total: int | None = None
    free: int | None = None
    reached: bool | None = None
    reaches: bool | None = None


@dataclass(frozen=True)
class Found:
    """One endpoint of a source; `keys` are those of an inventory's endpoint, ready to write.

    `ways` and `said` are what the inventory has no keys for.
    """

    name: str
    site: str
    country: str | None
    keys: dict[str, object]
    ways: tuple[Way, ...] = ()
    said: Said = field(default_factory=Said)


@dataclass
class Harvest:
    """What was found in a document, and in a sentence each what was left out and why."""

    endpoints: list[Found] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    left_out: dict[str, str] = field(default_factory=dict)
    """What lakeproof cannot speak to, by name, and what it has instead."""

    def add(
        self,
        name: str,
        ways: Sequence[Way],
        *,
        site: str | None = None,
        country: object = None,
        keys: Mapping[str, object] | None = None,
        said: Said | None = None,
    ) -> None:
        """Take an endpoint over, or remark why that cannot be done."""
        doors = self._doors(name, ways)
        if not doors:
            schemes = sorted({way.scheme for way in ways}) or ["none"]
            reason = f"neither a WebDAV nor a root door (protocols: {', '.join(schemes)})"
            self.left_out[name] = reason
            self.remarks.append(f"{name}: left out, as it has {reason}")
            return
        said = said or Said()
        if said.report is not None and said.report.startswith("https://"):
            doors["srr"] = said.report
        code = country if isinstance(country, str) and COUNTRY.fullmatch(country) else None
        written: dict[str, object] = {"name": name, "doors": doors, **(keys or {})}
        self.endpoints.append(Found(name, site or name, code, written, tuple(ways), said))

    def _doors(self, name: str, ways: Sequence[Way]) -> dict[str, str]:
        doors: dict[str, str] = {}
        for kind in ("webdav", "root"):
            for way in sorted((w for w in ways if w.kind == kind), key=preference):
                try:
                    doors[kind] = way.url
                except DoorError as error:
                    self.remarks.append(f"{name}: a {kind} protocol is left out: found {error}")
                    continue
                break
        return doors


def preference(way: Way) -> tuple[int, int]:
    """Third-party copy first, as it is what a data lake moves data by; then reading."""
    last = max(way.priority.values(), default=0) + 1_000_000
    copy = min(way.priority.get(COPY_FROM, last), way.priority.get(COPY_TO, last))
    return copy, way.priority.get(READ, last)


def usage(ways: Iterable[Way], *, may_read: bool, may_write: bool) -> dict[str, object]:
    """Roles and features that the protocols' operations amount to."""
    offered = {operation for way in ways if way.kind for operation in way.priority}
    reads, writes = bool(offered & {READ, COPY_FROM}), bool(offered & {WRITE, COPY_TO})
    roles = ["source"] * (reads and may_read) + ["destination"] * (writes and may_write)
    keys: dict[str, object] = {"roles": roles} if len(roles) == 1 else {}
    if offered and not writes:
        keys["features"] = {"write": False}
    return keys


def mapping(value: object, what: str) -> dict[str, object]:
    """`value`, which must be a JSON object; raises SourceError."""
    if not isinstance(value, dict):
        raise SourceError(f"{what} should be a JSON object, and is {_kind(value)}")
    return value


def listing(value: object, what: str) -> list[object]:
    """`value`, which must be a JSON array; raises SourceError."""
    if not isinstance(value, list):
        raise SourceError(f"{what} should be a JSON array, and is {_kind(value)}")
    return value


def _kind(value: object) -> str:
    names = {dict: "an object", list: "an array", str: "a text", type(None): "missing"}
    return names.get(type(value), f"a {type(value).__name__}")


def number(value: object) -> int | None:
    """A number that may come as a text; None for anything else."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    return int(value) if isinstance(value, str) and value.strip().isdigit() else None


def text(value: object) -> str | None:
    """A text that says something; None for anything else."""
    return value if isinstance(value, str) and value.strip() else None
