"""What an inventory may say: sites, endpoints, doors, secrets by name, features, downtimes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, Literal

import yaml
from pydantic import (
    BaseModel,
    ByteSize,
    ConfigDict,
    Field,
    PrivateAttr,
    ValidationInfo,
    field_validator,
    model_validator,
)

from lakeproof.credentials.names import PathName, SecretName
from lakeproof.inventory.door import Door
from lakeproof.inventory.fields import (
    Adler32,
    AreaName,
    Certificate,
    ClearText,
    FilePath,
    HttpDoor,
    IssuerUrl,
    Listen,
    Moment,
    Name,
    Origin,
    RootDoor,
    Secret,
    SrrDoor,
    TapeDoor,
    TokensName,
    UrlPath,
    complain,
)
from lakeproof.inventory.problems import InventoryError, nearest, one_of

Technology = Literal["auto", "dcache", "eos", "dpm", "xrootd", "storm"]
Role = Literal["source", "destination", "golden"]

# Features an inventory (or --feature) may declare; whatever is not declared is probed.
FEATURES: tuple[str, ...] = (
    "elsewhere",
    "macaroons",
    "md5",
    "odd-tokens",
    "quota",
    "root",
    "srr",
    "tape",
    "tls",
    "token-audience",
    "token-scopes",
    "tokens",
    "tpc-pull",
    "tpc-push",
    "webdav",
    "write",
    "x509",
)


# What a cache does not do unless its entry says so.
NOT_OF_A_CACHE: tuple[str, ...] = ("write", "tpc-pull", "tpc-push")


class Model(BaseModel):
    """What all parts of an inventory share: nothing unknown, nothing coerced, nothing shown."""

    model_config = ConfigDict(
        extra="forbid", strict=True, frozen=True, hide_input_in_errors=True, populate_by_name=True
    )


class Issuer(Model):
    """A token issuer and the client that asks it; the client's secret only by name."""

    url: IssuerUrl
    client_id: ClearText | None = None
    client_secret: Secret | None = None
    trusted_odd_tokens: bool = False
    emulated: bool = False
    ca: ClearText | None = None


class Rucio(Model):
    """The Rucio server that knows the lake's storage elements.

    `other_account` is the second identity's. A rule or deletion that has made no progress for
    `patience_s` seconds is not waited for any longer.
    """

    url: IssuerUrl
    auth_url: IssuerUrl | None = None
    account: ClearText
    other_account: ClearText | None = None
    patience_s: Annotated[float, Field(gt=0, le=86400)] = 600
    auth: Literal["oidc", "userpass", "x509"]
    scope: ClearText = "lakeproof"
    ca: ClearText | None = None


class FtsService(Model):
    """The FTS (File Transfer Service) that makes the lake's copies, by its REST URL."""

    url: IssuerUrl
    emulated: bool = False
    ca: ClearText | None = None


class Peer(Model):
    """The server of our own that endpoints copy from and to, so that we see what they do.

    The URLs are what the endpoints use: the first, another origin for redirects, and one that
    their rules should keep them from. Where we listen is loopback and the URL's port, unless said.
    """

    url: Origin
    other_url: Origin | None = None
    inside_url: Origin | None = None
    listen: Listen | None = None
    other_listen: Listen | None = None
    inside_listen: Listen | None = None
    certificate: Certificate
    key: Certificate | None = None

    _base: Path | None = PrivateAttr(default=None)

    @property
    def certificate_name(self) -> PathName:
        """The certificate (and key) file by name."""
        return PathName(self.certificate, self._base)

    @property
    def key_name(self) -> PathName | None:
        """The key file by name; None when the certificate's file holds the key too."""
        return None if self.key is None else PathName(self.key, self._base)


class Limits(Model):
    """How long lakeproof waits, in seconds, and how often it tries again; docs/limits.md."""

    connect_timeout_s: float = Field(default=10, gt=0, le=600)
    timeout_s: float = Field(default=60, gt=0, le=3600)
    total_timeout_s: float = Field(default=300, gt=0, le=86400)
    tpc_timeout_s: float = Field(default=300, gt=0, le=86400)
    issuer_timeout_s: float = Field(default=30, gt=0, le=600)
    longest_wait_s: float = Field(default=60, gt=0, le=3600)
    backoff_s: float = Field(default=1, gt=0, le=60)
    settle_s: float = Field(default=5, gt=0, le=600)
    marker_s: float = Field(default=30, gt=0, le=3600)
    second_attempts: int = Field(default=10, ge=0, le=1000)


class Defaults(Limits):
    """What holds for every endpoint; `max_bytes` per endpoint and run."""

    area: AreaName = PurePosixPath("lakeproof")
    max_bytes: ByteSize = Field(default=ByteSize(2 * 1024**3), gt=0)


class Pacing(Model):
    """After `unauthorised` answers 401 within `window_s` the door shuts us out for `block_s`."""

    unauthorised: int = Field(ge=2, le=1000)
    window_s: float = Field(gt=0, le=3600)
    block_s: float = Field(gt=0, le=3600)


class Doors(Model):
    """The ways into one storage; `tape` is `auto` (look for it), `no`, or the API's URL.

    `srr` is where its storage resource report is: a URL, or `auto` (look at the usual places).
    """

    webdav: HttpDoor | None = None
    root: RootDoor | None = None
    tape: TapeDoor = None
    srr: SrrDoor = "auto"

    @model_validator(mode="after")
    def _at_least_one(self) -> Doors:
        if self.webdav is None and self.root is None:
            raise complain("no door", "a webdav or a root door")
        return self


class Auth(Model):
    """By which names the endpoint's credentials go: an issuer or token source, and a proxy.

    `other` is a second identity, which must not see the first one's data; `other_area` the URL path
    where it may write, if not in the endpoint's own.
    `other_x509` is the certificate or proxy of somebody who may do nothing here.
    """

    tokens: TokensName | None = None
    x509: Certificate | None = None
    other: TokensName | None = None
    other_area: UrlPath | None = None
    other_x509: Certificate | None = None


class Downtime(Model):
    """An announced outage, both ends with a time zone."""

    begin: Moment = Field(alias="from")
    end: Moment = Field(alias="to")
    reason: ClearText = ""

    @model_validator(mode="after")
    def _in_order(self) -> Downtime:
        if self.end <= self.begin:
            raise complain("a downtime that ends before it begins", "'to' later than 'from'")
        return self

    def covers(self, moment: datetime) -> bool:
        """Whether `moment` (with a time zone) falls into it."""
        return self.begin <= moment < self.end


class Groups(Model):
    """What the site gives to members of groups (`wlcg.groups`): one that reads, one that does all.

    Both are for the endpoint's area; tokens with them and without a storage scope are tried.
    """

    reader: ClearText
    writer: ClearText

    def as_mapping(self) -> dict[str, str]:
        """By the names that the scope matrix has for them."""
        return {"reader": self.reader, "writer": self.writer}


class SampleFile(Model):
    """A file of known content, for reading where nothing may be written; size in bytes."""

    path: FilePath
    size: int = Field(ge=1)
    adler32: Adler32


class TapeFile(Model):
    """A file that is on tape only and may be recalled, and how long that may take (seconds)."""

    path: FilePath
    within_s: float = Field(default=600, gt=0, le=86_400)


class Endpoint(Model):
    """One storage endpoint. Its version is observed, never written here.

    `cache_of` names the endpoint behind it whose files it keeps copies of, below the same path
    of the door; then it is no end of copies and takes no uploads, unless `features` say so.
    """

    name: Name
    technology: Technology = "auto"
    doors: Doors
    rse: ClearText | None = None
    scope_root: UrlPath | None = None
    audience: ClearText | None = None
    ca: ClearText | None = None
    auth: Auth = Auth()
    cache_of: Name | None = None
    features: dict[str, bool] = Field(default_factory=dict, validate_default=True)
    sample: SampleFile | None = None
    groups: Groups | None = None
    foreign: FilePath | None = None
    tape: TapeFile | None = None
    roles: tuple[Role, ...] = Field(default=("source", "destination"), strict=False)
    downtime: Downtime | None = None
    known_failures: tuple[ClearText, ...] = Field(default=(), strict=False)
    emulated: bool = False
    note: ClearText | None = None
    pacing: Pacing | Literal["auto", False] = "auto"
    limits: Limits | None = None

    _base: Path | None = PrivateAttr(default=None)

    @field_validator("features")
    @classmethod
    def _known_features(cls, features: dict[str, bool], info: ValidationInfo) -> dict[str, bool]:
        for name in features:
            if name not in FEATURES:
                raise complain(
                    f'the unknown feature "{name[:40]}"',
                    f"{one_of(FEATURES)}{nearest(name, FEATURES)}",
                )
        absent = dict.fromkeys(NOT_OF_A_CACHE, False) if info.data.get("cache_of") else {}
        return absent | features

    @property
    def door(self) -> Door:
        """The door checks speak to: WebDAV where there is one, else root."""
        door = self.doors.webdav or self.doors.root
        if door is None:  # the model refuses this; said here for the type checker
            raise InventoryError([f"{self.name} has no door"])
        return door

    @property
    def is_writable(self) -> bool:
        """Whether nobody has declared that it cannot be written to."""
        return self.features.get("write") is not False

    @property
    def url(self) -> str:
        """The main door's URL in its plain form (`https://host[:port]/path`)."""
        return str(self.door)

    @property
    def token_audience(self) -> str:
        """The audience tokens are asked for: the declared one, else the door's origin."""
        return self.door.origin if self.audience is None else self.audience

    @property
    def ca_name(self) -> PathName | None:
        """The CA file or folder by name, relative to the inventory's folder; None: the system's."""
        return None if self.ca is None else PathName(self.ca, self._base)

    @property
    def x509_name(self) -> PathName | None:
        """The proxy or certificate by name, relative to the inventory's folder."""
        return None if self.auth.x509 is None else PathName(self.auth.x509, self._base)

    @property
    def other_x509_name(self) -> PathName | None:
        """The credential of somebody who may do nothing here, by name."""
        other = self.auth.other_x509
        return None if other is None else PathName(other, self._base)

    @property
    def is_golden(self) -> bool:
        """Whether the lake's operators vouch for it as a partner."""
        return "golden" in self.roles


class Site(Model):
    """One site and its endpoints."""

    name: Name
    country: Annotated[str, Field(pattern="^[A-Z]{2}$")] | None = None
    contact: ClearText | None = None
    endpoints: tuple[Endpoint, ...] = Field(strict=False, min_length=1)


class Inventory(Model):
    """A whole inventory, checked; `path` is the file it was read from, None for ad-hoc URLs."""

    version: Literal[1]
    lake: Name | None = None
    issuers: dict[str, Issuer] = Field(default_factory=dict)
    rucio: Rucio | None = None
    fts: FtsService | None = None
    peer: Peer | None = None
    defaults: Defaults = Defaults()
    sites: tuple[Site, ...] = Field(strict=False, min_length=1)

    _path: Path | None = PrivateAttr(default=None)

    @property
    def path(self) -> Path | None:
        """The file this was read from."""
        return self._path

    @property
    def base(self) -> Path | None:
        """The folder that relative file names count from."""
        return None if self._path is None else self._path.parent

    def read_from(self, path: Path) -> Inventory:
        """Remember the file, so that relative names count from its folder; returns itself."""
        self._path = path.resolve()
        for _, endpoint in self.endpoints():
            endpoint._base = self.base
        if self.peer is not None:
            self.peer._base = self.base
        return self

    def endpoints(self) -> Iterator[tuple[Site, Endpoint]]:
        """Every endpoint with its site, in the file's order."""
        for site in self.sites:
            for endpoint in site.endpoints:
                yield site, endpoint

    def select(
        self, sites: Iterable[str] = (), endpoints: Iterable[str] = ()
    ) -> list[tuple[Site, Endpoint]]:
        """The endpoints of these sites and of these names; all of them when nothing is named.

        Raises InventoryError naming the nearest known name for each that does not exist.
        """
        wanted_sites, wanted = set(sites), set(endpoints)
        problems = _unknown("site", wanted_sites, {s.name for s in self.sites})
        problems += _unknown("endpoint", wanted, {e.name for _, e in self.endpoints()})
        if problems:
            raise InventoryError(problems)
        return [
            (site, endpoint)
            for site, endpoint in self.endpoints()
            if (not wanted_sites or site.name in wanted_sites)
            and (not wanted or endpoint.name in wanted)
        ]

    def endpoint(self, name: str) -> Endpoint:
        """The endpoint of this name; raises InventoryError with the nearest known one."""
        return self.select(endpoints=[name])[0][1]

    def golden(self) -> Endpoint | None:
        """The first endpoint with the role golden, the preferred partner; None without one."""
        return next((e for _, e in self.endpoints() if e.is_golden), None)

    def limits_of(self, endpoint: Endpoint) -> Limits:
        """The limits that hold for `endpoint`: its own where it names them, else the defaults."""
        own = endpoint.limits.model_dump(exclude_unset=True) if endpoint.limits else {}
        names = Limits.model_fields
        return Limits(**{name: own.get(name, getattr(self.defaults, name)) for name in names})

    def client_secret(self, issuer: str) -> SecretName | None:
        """The name of an issuer's client secret, relative to the inventory's folder."""
        text = self.issuers[issuer].client_secret
        return None if text is None else SecretName(text, self.base)

    def as_yaml(self) -> str:
        """The inventory as it is understood, as YAML; secrets stand in it by name only."""
        data: dict[str, Any] = self.model_dump(mode="json", by_alias=True, exclude_unset=True)
        return yaml.safe_dump(data, sort_keys=False, allow_unicode=True)


def _unknown(kind: str, wanted: set[str], known: set[str]) -> list[str]:
    return [
        f'found no {kind} "{name}", expected {one_of(known)}{nearest(name, known)}'
        for name in sorted(wanted - known)
    ]
