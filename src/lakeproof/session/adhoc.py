"""What `lakeproof check URL…` is about: endpoints that are in no inventory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from lakeproof.credentials.names import PathName, SecretName
from lakeproof.credentials.sources import Discovery, parse_source
from lakeproof.inventory import (
    InventoryError,
    endpoint_from_url,
    inventory_from_urls,
    load,
    peer_from_options,
)
from lakeproof.session.peering import Peering
from lakeproof.session.plan import CLIENT, Plan, Target, TokenSpec, issuers_of, targets_of


@dataclass(frozen=True)
class AdHoc:
    """What `lakeproof check URL…` says about endpoints that are in no inventory."""

    urls: Sequence[str]
    partners: Sequence[str] = ()
    token: str | None = None
    partner_token: str | None = None
    other_token: str | None = None
    other_client_id: str | None = None
    other_client_secret_file: str | None = None
    other_area: str | None = None
    client_id: str | None = None
    client_secret_file: str | None = None
    odd_tokens: bool = False
    audience: str | None = None
    scope_root: str | None = None
    proxy: str | None = None
    other_proxy: str | None = None
    ca: str | None = None
    technology: str = "auto"
    features: Sequence[str] = ()
    peer: Mapping[str, str] = field(default_factory=dict)
    sample_file: str | None = None
    root_door: str | None = None
    cache_of: str | None = None
    fallback: Path | None = None

    def plan(self) -> Plan:
        """The plan for these URLs; raises InventoryError or CredentialError for nonsense."""
        if self.ca:
            PathName(self.ca).path()  # complains before the run starts
        behind = [self.cache_of] if self.cache_of else []
        named = inventory_from_urls(
            [*behind, *self.urls, *self.partners], self._settings(), self._apart()
        )
        storage = {endpoint_from_url(url).url for url in behind}
        tested = {endpoint_from_url(url).url for url in self.urls}
        rows = list(named.endpoints())
        under_test = [row for row in rows if row[1].url in tested]
        others = [row for row in rows if row[1].url not in tested | storage]
        other = self._other_tokens() if self.other_token else None
        targets = targets_of(named, under_test, self._tokens(self.token), other)
        targets = [self._with_root_door(target, len(targets)) for target in targets]
        elsewhere = self._tokens(self.partner_token or self.token)
        partners = targets_of(named, others, elsewhere)
        origins = targets_of(named, [row for row in rows if row[1].url in storage], elsewhere)
        peering = Peering.of(peer_from_options(self.peer)) if self.peer else None
        if len(targets) == 1 and not partners and self.fallback and self.fallback.exists():
            golden = load(self.fallback)
            vouched = [row for row in golden.endpoints() if row[1].is_golden]
            origins += [t for t in targets_of(golden, vouched, None) if t.is_configured]
        return Plan(
            tuple(targets),
            tuple(partners),
            reserve=tuple(origins),
            peering=peering,
            issuers=issuers_of(targets),
        )

    def _apart(self) -> dict[str, dict[str, object]]:
        """What holds for a cache alone, and for the storage behind it; empty where there is none.

        Raises InventoryError. The storage's technology, audience and features are its own.
        """
        if self.cache_of is None:
            return {}
        if len(self.urls) > 1:
            raise InventoryError(["--cache-of: found several URLs, expected one, the cache's"])
        (url,) = self.urls
        origin = endpoint_from_url(self.cache_of)
        if origin.doors.webdav is None:
            expected = "the davs:// URL of the same files at the storage: they are laid there"
            raise InventoryError([f"--cache-of: found {self.cache_of}, expected {expected}"])
        if origin.url == endpoint_from_url(url).url:
            expected = "that of the storage behind it"
            raise InventoryError([f"--cache-of: found the URL of the cache itself, not {expected}"])
        settings = self._settings()
        behind: dict[str, object] = {
            key: settings[key] for key in ("ca", "auth") if key in settings
        }
        return {self.cache_of: behind, url: settings | {"cache_of": origin.name}}

    def _with_root_door(self, target: Target, among: int) -> Target:
        """The target with the door that --root-door names; raises InventoryError for nonsense."""
        endpoint = target.endpoint
        if endpoint.doors.webdav is None:
            raise InventoryError(
                [
                    f"{endpoint.url}: files are made and looked at over WebDAV as well; give the "
                    f"davs:// URL of the same files, and --root-door {endpoint.url}"
                ]
            )
        if self.root_door is None:
            return target
        if among > 1:
            raise InventoryError(["--root-door: found several URLs, expected one beside it"])
        named = endpoint_from_url(self.root_door).doors.root
        if named is None:
            raise InventoryError([f"--root-door: found {self.root_door}, expected root://…"])
        doors = endpoint.doors.model_copy(update={"root": named})
        return replace(target, endpoint=endpoint.model_copy(update={"doors": doors}))

    def _settings(self) -> dict[str, object]:
        settings: dict[str, object] = {
            "technology": self.technology,
            "features": dict(_feature(text) for text in self.features),
        }
        optional = {"audience": self.audience, "scope_root": self.scope_root, "ca": self.ca}
        settings |= {key: value for key, value in optional.items() if value}
        if self.sample_file:
            settings["sample"] = _sample(self.sample_file)
        proxies = {"x509": self.proxy, "other_x509": self.other_proxy}
        auth = {key: f"file:{path}" for key, path in proxies.items() if path}
        if self.other_area:
            auth["other_area"] = self.other_area
        return settings | ({"auth": auth} if auth else {})

    def _tokens(self, source: str | None) -> TokenSpec | None:
        if source is None:
            nothing_given = self.proxy is not None or Discovery().place() is None
            return None if nothing_given else TokenSpec("discover")
        spec = self._client(source, self.client_id, self.client_secret_file)
        return replace(spec, trusted_odd_tokens=self.odd_tokens)

    def _other_tokens(self) -> TokenSpec:
        return self._client(
            str(self.other_token), self.other_client_id, self.other_client_secret_file
        )

    def _client(self, source: str, client_id: str | None, secret: str | None) -> TokenSpec:
        if not source.startswith(CLIENT):
            parse_source(source)  # complains about a malformed name before the run starts
        return TokenSpec(
            source,
            client_id=client_id,
            secret=SecretName(f"file:{secret}") if secret else None,
            ca=PathName(self.ca) if self.ca else None,
        )


def _sample(text: str) -> dict[str, object]:
    path, size, adler32 = [*text.rsplit(",", 2), "", ""][:3]
    if not path or not size.isdecimal() or not adler32:
        expected = "PATH,SIZE,ADLER32 such as data/f.root,1048576,02910143"
        raise InventoryError([f'--sample-file: found "{text}", expected {expected}'])
    return {"path": path, "size": int(size), "adler32": adler32}


def _feature(text: str) -> tuple[str, bool]:
    name, equals, value = text.partition("=")
    if not equals or value not in ("yes", "no"):
        raise InventoryError([f'--feature: found "{text}", expected NAME=yes or NAME=no'])
    return name, value == "yes"
