"""What a run is about: which endpoints, with which credentials, against which partners."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from lakeproof.credentials.client import ClientCredentials
from lakeproof.credentials.errors import CredentialError
from lakeproof.credentials.names import PathName, SecretName
from lakeproof.credentials.sources import TokenSource, parse_source
from lakeproof.credentials.x509 import load_certificate
from lakeproof.inventory import (
    Endpoint,
    Inventory,
    Site,
    load,
)
from lakeproof.inventory.model import Auth, Limits, Pacing
from lakeproof.lake.rucio.installed import client_python
from lakeproof.session.fingerprint import limiter_of
from lakeproof.session.fts import FtsTarget
from lakeproof.session.peering import Peering
from lakeproof.session.rse import RucioSpec
from lakeproof.wire.auth import ClientCert
from lakeproof.wire.http import Timeouts, TlsConfig
from lakeproof.wire.pacing import Limiter
from lakeproof.wire.rucio import RucioSettings

CLIENT = "client:"
# The "site" of token issuers in results: they belong to a community, not to a site.
ISSUERS = "issuers"


@dataclass(frozen=True)
class TokenSpec:
    """Where an endpoint's tokens come from, by name; nothing is read until a token is needed."""

    source: str
    client_id: str | None = None
    secret: SecretName | None = None
    ca: PathName | None = None
    base: Path | None = None
    trusted_odd_tokens: bool = False
    timeout_s: float = 30
    emulated: bool = False

    def open(self) -> TokenSource:
        """The source itself; raises CredentialError when the names make no sense."""
        if not self.source.startswith(CLIENT):
            return parse_source(self.source, base=self.base)
        if not self.client_id or self.secret is None:
            raise CredentialError(
                f"{self.source} needs a client: give --client-id and --client-secret-file, or "
                "client_id and client_secret of the issuer in the inventory"
            )
        return ClientCredentials(
            self.source.removeprefix(CLIENT),
            self.client_id,
            self.secret,
            tls=TlsConfig(self.ca.path() if self.ca else None),
            timeout_s=self.timeout_s,
            trusted_odd_tokens=self.trusted_odd_tokens,
        )


@dataclass(frozen=True)
class Target:
    """One endpoint of a run with everything needed to talk to it."""

    site: str
    endpoint: Endpoint
    tokens: TokenSpec | None
    timeouts: Timeouts
    area: str
    max_bytes: int
    limits: Limits = field(default_factory=Limits)
    other: TokenSpec | None = None
    rucio: RucioSpec | None = None

    def as_other(self) -> Target | None:
        """The same storage as the second identity uses it, in an area of its own; None without one.

        Of the first identity's credentials nothing is left.
        """
        if self.other is None:
            return None
        area, doors = self.endpoint.auth.other_area, self.endpoint.doors
        if area is not None:
            moved = replace(self.endpoint.door, path=area)
            doors = doors.model_copy(update={"webdav": moved})
        endpoint = self.endpoint.model_copy(
            update={"name": f"{self.name} (other)", "doors": doors, "auth": Auth(), "sample": None}
        )
        rucio = self.rucio.as_other() if self.rucio else None
        return replace(self, endpoint=endpoint, tokens=self.other, other=None, rucio=rucio)

    @property
    def limiter(self) -> Limiter | None:
        """How many answers 401 the door bears, as far as that is declared."""
        pacing = self.endpoint.pacing
        if isinstance(pacing, Pacing):
            return Limiter(pacing.unauthorised, pacing.window_s, pacing.block_s)
        return limiter_of(self.endpoint.technology) if pacing == "auto" else None

    @property
    def name(self) -> str:
        """The endpoint's name, unique in a run."""
        return self.endpoint.name

    @property
    def is_cache(self) -> bool:
        """Whether it keeps copies of another endpoint's files, so that it is no end of copies."""
        return self.endpoint.cache_of is not None

    @property
    def described(self) -> dict[str, str | None]:
        """What run.json tells of it: where it is and what it is called, without credentials."""
        endpoint, root = self.endpoint, self.endpoint.doors.root
        scope_root = endpoint.scope_root
        return {
            "site": self.site,
            "url": endpoint.url,
            "rse": endpoint.rse,
            "root": str(root) if root else None,
            "scope_root": str(scope_root) if scope_root else None,
        }

    @property
    def is_configured(self) -> bool:
        """Whether authorities, certificate and token source are where they are named."""
        try:
            self.tls()
            self.certificate()
            if self.tokens:
                self.tokens.open()
        except CredentialError:
            return False
        return True

    def tls(self) -> TlsConfig:
        """Which certificate authorities are trusted for this endpoint."""
        name = self.endpoint.ca_name
        return TlsConfig(name.path() if name else None)

    def certificate(self) -> ClientCert | None:
        """The X.509 proxy or certificate, or None; raises CredentialError when unusable."""
        name = self.endpoint.x509_name
        return load_certificate(name.path())[0] if name else None

    def other_certificate(self) -> ClientCert | None:
        """The credential of somebody who may do nothing here, or None; raises CredentialError."""
        name = self.endpoint.other_x509_name
        return load_certificate(name.path())[0] if name else None


@dataclass(frozen=True)
class IssuerTarget:
    """A token issuer of a run: who we are there, and what tokens its endpoints are shown.

    `audiences` and `areas` (paths in the issuer's terms) are those of the endpoints that use it:
    what our client is registered for.
    """

    name: str
    tokens: TokenSpec
    audiences: tuple[str, ...]
    areas: tuple[str, ...]
    timeouts: Timeouts
    limits: Limits = field(default_factory=Limits)
    site: str = ISSUERS

    @property
    def url(self) -> str:
        """The issuer's URL as the inventory or the command line has it."""
        return self.tokens.source.removeprefix(CLIENT)


@dataclass(frozen=True)
class Plan:
    """The endpoints under test, those that serve as the other end, and a reserve for that.

    `pairs`: the only ones of the mesh, each the endpoint that copies and its other end; empty: all.
    """

    targets: tuple[Target, ...]
    partners: tuple[Target, ...] = ()
    reserve: tuple[Target, ...] = ()
    peering: Peering | None = None
    issuers: tuple[IssuerTarget, ...] = ()
    fts: FtsTarget | None = None
    pairs: tuple[tuple[str, str], ...] = ()

    def stand_ins(self, name: str) -> tuple[str, ...]:
        """The services with which an endpoint is tried that are not the real thing."""
        target = self._by_name.get(name)
        found = {"token issuer": target and target.tokens, "FTS": self.fts}
        return tuple(what for what, service in found.items() if service and service.emulated)

    def issuer(self, name: str) -> IssuerTarget:
        """The token issuer of this name."""
        return next(issuer for issuer in self.issuers if issuer.name == name)

    def target(self, name: str) -> Target:
        """The endpoint or partner of this name."""
        return self._by_name[name]

    @cached_property
    def _by_name(self) -> dict[str, Target]:
        # Looked into for each result; of a name that two have, the first counts.
        return {target.name: target for target in reversed(self.everything)}

    @property
    def everything(self) -> tuple[Target, ...]:
        """Every endpoint this run may talk to."""
        return (*self.targets, *self.partners, *self.reserve)

    def peers_of(self, name: str) -> list[Target]:
        """The other ends of the mesh: explicit partners and the other endpoints under test.

        Where certain pairs are asked for: only those of which `name` is the first. Without caches:
        what is copied from or to one is the origin's affair.
        """
        if self.pairs:
            return [self.target(other) for first, other in self.pairs if first == name]
        others = [*self.partners, *(t for t in self.targets if t.name != name)]
        return [target for target in others if not target.is_cache]

    def partners_of(self, name: str) -> list[Target]:
        """Candidates for the other end of `name`'s copies, the best first.

        Explicit partners, then golden endpoints, then the others in order, then the reserve.
        """
        others = [t for t in self.targets if t.name != name and not t.is_cache]
        reserve = [target for target in self.reserve if not target.is_cache]
        ranked = sorted([*others, *reserve], key=lambda t: not t.endpoint.is_golden)
        return [*self.partners, *ranked]


def from_inventory(
    path: Path,
    sites: Sequence[str],
    endpoints: Sequence[str],
    pairs: Sequence[tuple[str, str]] = (),
) -> Plan:
    """The plan for the selected part of an inventory; the rest is the reserve for partners.

    With `pairs` of the mesh their ends are the selected part.
    """
    inventory = load(path)
    ends = dict.fromkeys(name for pair in pairs for name in pair)
    chosen = inventory.select(sites, [*endpoints, *ends])
    names = {endpoint.name for _, endpoint in chosen}
    rest = [row for row in inventory.endpoints() if row[1].name not in names]
    targets = targets_of(inventory, chosen, None)
    return Plan(
        tuple(targets),
        reserve=tuple(targets_of(inventory, rest, None)),
        peering=Peering.of(inventory.peer) if inventory.peer else None,
        issuers=issuers_of(targets),
        fts=_fts(inventory),
        pairs=tuple(pairs),
    )


def _fts(inventory: Inventory) -> FtsTarget | None:
    said = inventory.fts
    if said is None:
        return None
    ca = PathName(said.ca, inventory.base) if said.ca else None
    return FtsTarget(said.url, ca, emulated=said.emulated)


def issuers_of(targets: Sequence[Target]) -> tuple[IssuerTarget, ...]:
    """The issuers at which the tokens of these endpoints are asked for, each once."""
    using: dict[TokenSpec, list[Target]] = {}
    for target in targets:
        if target.tokens is not None and target.tokens.source.startswith(CLIENT):
            using.setdefault(replace(target.tokens, base=None), []).append(target)
    found: dict[str, IssuerTarget] = {}
    for tokens, users in using.items():
        name = issuer_name(tokens.source.removeprefix(CLIENT))
        if name in found:  # another client of the same issuer: nothing new to learn there
            continue
        audiences = dict.fromkeys(user.endpoint.token_audience for user in users)
        areas = dict.fromkeys(area for user in users for area in _areas(user))
        limits = users[0].limits
        timeouts = replace(users[0].timeouts, read_s=tokens.timeout_s, total_s=tokens.timeout_s)
        found[name] = IssuerTarget(name, tokens, tuple(audiences), tuple(areas), timeouts, limits)
    return tuple(found.values())


def issuer_name(url: str) -> str:
    """`issuer-iam.example.org`, with the port and path where there are such; fit for a file."""
    place = url.partition("://")[2].strip("/")
    return "issuer-" + re.sub(r"[^A-Za-z0-9.]+", "-", place)


def _areas(target: Target) -> list[str]:
    """What the area's path may be in the issuer's terms, the likeliest first."""
    area = target.endpoint.door.path / target.area
    root = target.endpoint.scope_root
    if root is not None:
        return [f"/{area.relative_to(root)}"] if area.is_relative_to(root) else []
    return [f"/{target.area}", str(area)]


def targets_of(
    inventory: Inventory,
    endpoints: Sequence[tuple[Site, Endpoint]],
    tokens: TokenSpec | None,
    other: TokenSpec | None = None,
) -> list[Target]:
    """What the inventory says of these endpoints; `tokens` and `other` stand above it."""
    defaults = inventory.defaults
    targets = []
    for site, endpoint in endpoints:
        limits = inventory.limits_of(endpoint)
        targets.append(
            Target(
                site=site.name,
                endpoint=endpoint,
                tokens=tokens or _inventory_tokens(inventory, endpoint, endpoint.auth.tokens),
                other=other or _inventory_tokens(inventory, endpoint, endpoint.auth.other),
                timeouts=_timeouts(limits),
                area=str(defaults.area),
                max_bytes=int(defaults.max_bytes),
                limits=limits,
                rucio=_rucio(inventory, endpoint),
            )
        )
    return targets


def _timeouts(limits: Limits) -> Timeouts:
    return Timeouts(
        connect_s=limits.connect_timeout_s,
        read_s=limits.timeout_s,
        total_s=limits.total_timeout_s,
        copy_s=limits.tpc_timeout_s,
        longest_wait_s=limits.longest_wait_s,
        backoff_s=limits.backoff_s,
        settle_s=limits.settle_s,
        marker_s=limits.marker_s,
    )


def _inventory_tokens(
    inventory: Inventory, endpoint: Endpoint, name: str | None
) -> TokenSpec | None:
    if name is None:
        return None
    issuer = inventory.issuers.get(name)
    if issuer is None:
        return TokenSpec(name, base=inventory.base)
    return TokenSpec(
        f"{CLIENT}{issuer.url}",
        client_id=issuer.client_id,
        secret=inventory.client_secret(name),
        ca=PathName(issuer.ca, inventory.base) if issuer.ca else endpoint.ca_name,
        trusted_odd_tokens=issuer.trusted_odd_tokens,
        timeout_s=inventory.limits_of(endpoint).issuer_timeout_s,
        emulated=issuer.emulated,
    )


def _rucio(inventory: Inventory, endpoint: Endpoint) -> RucioSpec | None:
    """How Rucio is asked about this endpoint; None where there is none, or no RSE."""
    told = inventory.rucio
    if told is None or endpoint.rse is None:
        return None
    certificate = endpoint.x509_name.path() if endpoint.x509_name and told.auth == "x509" else None
    settings = RucioSettings(
        url=told.url,
        auth_url=told.auth_url or told.url,
        account=told.account,
        auth=told.auth,
        python=client_python(),
        ca=PathName(told.ca, inventory.base).path() if told.ca else None,
        certificate=certificate,
    )
    return RucioSpec(endpoint.rse, told.scope, settings, told.patience_s, told.other_account)
