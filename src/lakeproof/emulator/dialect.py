"""How one technology speaks: a record of `catalogue/dialects.yaml`, checked."""

from __future__ import annotations

from functools import cache
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from lakeproof.data import load


class UnknownDialectError(ValueError):
    """A dialect was named that `catalogue/dialects.yaml` does not have."""


class Record(BaseModel):
    """A part of a dialect; unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Status(Record):
    """The status code of each situation."""

    unauthenticated: int
    bad_token: int
    denied: int
    put_new: int
    put_replaced: int
    put_over_collection: int
    put_parent: int
    deleted: int
    delete_nonempty: int
    moved: int
    moved_over: int
    unknown_method: int
    wrong_method: int
    get_collection: int
    bad_digest: int
    tape_only: int
    tpc_accepted: int
    tpc_malformed: int
    tpc_scheme: int
    tpc_exists: int
    tpc_parent: int
    tpc_onto_collection: int
    tpc_missing: int
    tpc_busy: int


class Methods(Record):
    """What OPTIONS says."""

    allow: tuple[str, ...]
    dav: tuple[str, ...]


class Redirect(Record):
    """How the door hands a client to a data server.

    `key` is the query parameter whose value authorises there; `query` is the whole query.
    """

    read: int
    write: int
    write_needs_expect: bool
    key: str
    query: str
    by_default: bool = True


class Get(Record):
    """GET: whether full answers carry a length, and the multipart boundary."""

    length: bool
    boundary: str | None


class Put(Record):
    """PUT: whether missing parents are created."""

    parents: bool


class Delete(Record):
    """DELETE: whether collections go with their content."""

    recursive: bool


class Mkcol(Record):
    """MKCOL: whether missing parents are created, and what happens to a body."""

    parents: bool
    body: Literal["refuse", "ignore"]


class Propfind(Record):
    """PROPFIND: depths, form of the hrefs, optional properties."""

    depths: tuple[str, ...]
    absolute_href: bool
    prefix: str
    etag: bool
    quota: bool
    checksum: str | None


class Digest(Record):
    """Checksums: which, which one of several, and how they are written."""

    algorithms: tuple[str, ...]
    choose: Literal["first", "best"]
    unsolicited: bool
    exact_head: bool
    get_name: str | None
    strip_zeros_on_get: bool
    md5: Literal["base64", "hex"]
    repr: tuple[str, ...]
    unknown: Literal["none", "first"]


class Token(Record):
    """Bearer tokens: query parameters that carry one, listing, header beside query."""

    query: tuple[str, ...]
    conflict: str | None
    list_with: tuple[str, ...]


class MacaroonDialect(Record):
    """Macaroons: the keys of the response, the caveats taken, the longest lifetime."""

    response: tuple[str, ...]
    caveats: tuple[str, ...]
    validity_required: bool
    maximum_s: int
    credentials: tuple[str, ...]
    oauth: bool


class TapeDialect(Record):
    """The tape API: where it is, how it tells time and progress, what a release does.

    `service`: it is a server of its own beside the door. `staging`: whether files can be staged
    where no operator has switched that on.
    """

    path: str
    service: bool
    milliseconds: bool
    progress: Literal["state", "on_disk"]
    release: Literal["evict", "unpin"]
    staging: bool


class SrrDialect(Record):
    """The storage resource report: where it is and what it says of shares."""

    path: str
    share_path: bool
    implementation: str


class Limiter(Record):
    """The throttle on repeated authentication failures of one client."""

    failures: int
    window_s: float
    block_s: float
    text: str


class Tpc(Record):
    """Third-party copy: markers, schemes, credentials, parents, verification."""

    content_type: str
    indent: str
    final_newline: bool
    final_marker: bool
    preflight_head: bool
    schemes: tuple[str, ...]
    credentials: tuple[str, ...]
    streams: int | None
    parents: bool
    expect_from: int
    fields: tuple[str, ...]


class Dialect(Record):
    """Everything in which technologies legitimately differ."""

    title: str
    version: str
    headers: dict[str, str]
    realm: str
    status: Status
    text: dict[str, str]
    methods: Methods
    redirect: Redirect | None
    get: Get
    put: Put
    delete: Delete
    mkcol: Mkcol
    propfind: Propfind
    digest: Digest
    token: Token
    macaroon: MacaroonDialect
    tape: TapeDialect
    srr: SrrDialect
    limiter: Limiter | None
    tpc: Tpc

    def sentence(self, key: str, **facts: object) -> str:
        """The dialect's text for a situation, filled in."""
        return self.text[key].format(**facts)


@cache
def load_dialect(name: str) -> Dialect:
    """The dialect `name`; raises UnknownDialectError, or pydantic's error for a bad record."""
    records = load("dialects")
    if name not in records:
        raise UnknownDialectError(
            f"no such dialect: {name}; there are {', '.join(sorted(records))}"
        )
    return Dialect.model_validate(_resolve(records, name))


def dialect_names() -> tuple[str, ...]:
    """Every dialect of the catalogue."""
    return tuple(load("dialects"))


def _resolve(records: dict[str, Any], name: str) -> dict[str, Any]:
    record = dict(records[name])
    parent = record.pop("inherits", None)
    return record if parent is None else _merge(_resolve(records, parent), record)


def _merge(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in over.items():
        both = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = _merge(merged[key], value) if both else value
    return merged
