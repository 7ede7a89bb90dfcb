"""What one endpoint is shown: the narrowest token or the certificate for each operation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import quote

from lakeproof.credentials.client import ClientCredentials, Oddity
from lakeproof.credentials.errors import CannotNarrow, CredentialError, NoScopeRoot
from lakeproof.credentials.facts import TokenFacts
from lakeproof.credentials.issuer import IssuerClient
from lakeproof.credentials.sources import TokenSource
from lakeproof.wire.auth import ANONYMOUS, Bearer, ClientCert, Credential
from lakeproof.wire.connection import TlsConfig

KEYS_TIMEOUT_S = 10.0
READING = frozenset({"GET", "HEAD", "OPTIONS", "PROPFIND"})
# everything that RFC 6749 §3.3 allows inside a scope, so that only the rest is escaped
_SCOPE_LETTERS = "/%!#$&'()*+,-.:;<=>?@[]^_`{|}~"


@dataclass
class EndpointWallet:
    """The credentials of one endpoint.

    `directory` is the run's own directory: tokens for anything in it are of that scope, so that
    one serves the whole run. `scope_root` is the URL path that scope "/" means at this storage;
    None until it is known. Without a token source the certificate is shown, without either
    nothing is. `other_certificate` is somebody's who may do nothing here.
    """

    audience: str
    directory: PurePosixPath
    source: TokenSource | None = None
    certificate: ClientCert | None = None
    other_certificate: ClientCert | None = None
    scope_root: PurePosixPath | None = None
    tls: TlsConfig = field(default_factory=lambda: TlsConfig(None))
    _keys: dict[str, list[dict[str, Any]]] = field(default_factory=dict, repr=False)

    @property
    def can_narrow(self) -> bool:
        """Whether tokens of chosen scopes and audience can be had."""
        return self.source is not None and self.source.narrows

    @property
    def can_mint_odd(self) -> bool:
        """Whether wrong tokens with the issuer's true signature can be had."""
        return isinstance(self.source, ClientCredentials) and self.source.trusted_odd_tokens

    def for_operation(self, method: str, path: PurePosixPath) -> Credential:
        """The credential for a method on a decoded URL path; raises CredentialError if none."""
        if self.source is None:
            return self.certificate or ANONYMOUS
        if not self.source.narrows:
            return self._bearer(self.source.token((), self.audience), self.source.describe)
        covered = self.directory if path.is_relative_to(self.directory) else path
        return self.bearer(*(f"{name}:{covered}" for name in _scopes_for(method)))

    def for_macaroon(self, path: PurePosixPath) -> Credential:
        """The certificate where there is one, else what writes `path`.

        XRootD gives whoever asks with a token a macaroon of no use (the right is the token's, not
        its bearer's), StoRM wants VOMS attributes; a certificate is taken by all.
        """
        return self.certificate or self.for_operation("PUT", path)

    def bearer(self, *scopes: str, audience: str | None = None) -> Bearer:
        """A token of exactly these scopes, whose paths are URL paths (`storage.read:/data/x`).

        Raises CannotNarrow when the source gives only what it has, CredentialError when the
        issuer refuses or a path lies outside `scope_root`.
        """
        source = self._narrowing("a token of chosen scopes")
        wanted = self.audience if audience is None else audience
        asked = self.in_scope_terms(scopes)
        return self._bearer(source.token(asked, wanted), f"{' '.join(asked)} for {wanted}")

    def odd(self, scopes: Sequence[str], oddity: Oddity, audience: str | None = None) -> Bearer:
        """A token that is wrong as `oddity` says though truly signed; raises CannotNarrow."""
        if not isinstance(self.source, ClientCredentials):
            raise CannotNarrow(f"{self._name()} cannot mint odd tokens")
        asked = self.in_scope_terms(scopes)
        wanted = self.audience if audience is None else audience
        token = self.source.odd(asked, wanted, oddity)
        return self._bearer(token, f"{' '.join(asked)} for {wanted}, made odd")

    def genuine(self, path: PurePosixPath | None = None) -> Bearer:
        """A token good for reading `path`, else the run's directory, to forge others from."""
        credential = self.for_operation("GET", path or self.directory)
        if not isinstance(credential, Bearer):
            raise CannotNarrow("no token source is given")
        return credential

    def facts(self, bearer: Bearer) -> TokenFacts:
        """What a bearer says about itself, unverified."""
        return TokenFacts.of(bearer.token, bearer.label)

    def public_keys(self, bearer: Bearer) -> list[dict[str, Any]]:
        """The keys (JWK) that the bearer's issuer publishes; asked of the issuer itself, once.

        Raises CannotNarrow for a token that names no issuer, CredentialError when the issuer is
        not reached. An issuer without TLS is not asked.
        """
        if isinstance(self.source, ClientCredentials):
            return self.source.issuer.public_keys()
        issuer = self.facts(bearer).issuer
        if issuer is None:
            raise CannotNarrow(f"{bearer.label} names no issuer, so its keys are not known")
        if issuer not in self._keys:
            self._keys[issuer] = self._published_by(issuer)
        return self._keys[issuer]

    def _published_by(self, issuer: str) -> list[dict[str, Any]]:
        """Trusted by the endpoint's own authorities or, where these do not do, by the system's."""
        try:
            return _keys_of(issuer, self.tls)
        except CredentialError:
            if self.tls.ca is None:
                raise
        return _keys_of(issuer, TlsConfig(None))

    def public_key_of(self, bearer: Bearer) -> dict[str, Any]:
        """The published key that the bearer's header names; CredentialError when there is none."""
        kid = self.facts(bearer).header.get("kid")
        keys = self.public_keys(bearer)
        found = [key for key in keys if key.get("kid") == kid] or (keys if len(keys) == 1 else [])
        if not found:
            raise CredentialError(f"{bearer.label}: its key id is not among the issuer's keys")
        return found[0]

    def in_scope_terms(self, scopes: Sequence[str]) -> tuple[str, ...]:
        """Scopes with URL paths turned into the issuer's: relative to `scope_root`.

        Scopes without a path, and those that are not `storage.*`, stay as they are.
        """
        return tuple(self._in_scope_terms(scope) for scope in scopes)

    def at(self, scope_root: PurePosixPath) -> EndpointWallet:
        """The same wallet, tokens and all, under the assumption of this scope root."""
        return replace(self, scope_root=scope_root)

    def probe_scope_root(
        self, door: PurePosixPath, try_it: Callable[[PurePosixPath], bool]
    ) -> PurePosixPath:
        """Find out what scope "/" means here, remember it, and give it.

        `try_it` says whether the storage takes a token for a path below the door that was made
        with `at(candidate)`. The path must be deeper than the door: for the candidate itself
        the scope is "/", which covers it under any root. A candidate for which `try_it` raises
        CredentialError (the issuer refuses that scope) is passed over. Raises NoScopeRoot when
        the storage takes none, the first CredentialError when no token could be had at all.
        """
        candidates = scope_root_candidates(door)
        refusals: list[CredentialError] = []
        for candidate in candidates:
            try:
                fits = try_it(candidate)
            except CredentialError as error:
                refusals.append(error)
                continue
            if fits:
                self.scope_root = candidate
                return candidate
        if len(refusals) == len(candidates):
            raise refusals[0]
        tried = ", ".join(str(candidate) for candidate in candidates)
        raise NoScopeRoot(
            f"no scope root fits: tokens made for each of {tried} were refused. Give --scope-root "
            "PATH (scope_root in the inventory): the URL path of the issuer's base path at this "
            "storage (XRootD base_path, dCache -prefix, Rucio oidc_base_path). If it is one of "
            f"these, the storage does not accept this issuer, or not the audience {self.audience}"
        )

    def _in_scope_terms(self, scope: str) -> str:
        name, colon, path = scope.partition(":")
        if not colon or not name.startswith("storage."):
            return scope
        if self.scope_root is None:
            raise CredentialError(
                "the scope root of this endpoint is not known yet; give --scope-root PATH"
            )
        root = str(self.scope_root).rstrip("/")
        # cut as text: a check may ask for a path with dots or slashes that must stay as they are
        if path != root and not path.startswith(f"{root}/"):
            raise CredentialError(
                f"{path} is not below the scope root {self.scope_root}, so no scope can name it"
            )
        return f"{name}:{quote(path[len(root) :] or '/', safe=_SCOPE_LETTERS)}"

    def _narrowing(self, what: str) -> TokenSource:
        if self.source is None or not self.source.narrows:
            raise CannotNarrow(f"{self._name()} cannot give {what}")
        return self.source

    def _name(self) -> str:
        return "no token source" if self.source is None else self.source.describe

    def _bearer(self, token: str, label: str) -> Bearer:
        return Bearer(token=token, label=label)


def _keys_of(issuer: str, tls: TlsConfig) -> list[dict[str, Any]]:
    client = IssuerClient(issuer, tls=tls, timeout_s=KEYS_TIMEOUT_S)
    try:
        return client.public_keys()
    finally:
        client.close()


def scope_root_candidates(door: PurePosixPath) -> tuple[PurePosixPath, ...]:
    """What scope "/" may mean at a door, the likeliest first.

    A door mostly is the issuer's area itself (XRootD, StoRM, EOS); else the prefix is "/"
    (dCache without VO prefix), else it is an ancestor, nearest first.
    """
    return tuple(dict.fromkeys((door, PurePosixPath("/"), *door.parents)))


def _scopes_for(method: str) -> tuple[str, ...]:
    # Writing comes with reading: storages up to today look a file up before they touch it and
    # want storage.read for that. Whether storage.modify alone is enough is judged by checks.
    return ("storage.read",) if method in READING else ("storage.read", "storage.modify")
