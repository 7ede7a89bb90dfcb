"""WLCG tokens: signature, claims, and the identity that follows (profile 1.3, §2.1, §4)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import Key, OctKey

from lakeproof.emulator.config import EmulatorConfig
from lakeproof.emulator.faults import Faults
from lakeproof.emulator.header_keys import offered
from lakeproof.emulator.identity import EVERYTHING, READING, Identity, Member, Nobody
from lakeproof.emulator.jwks import IssuerKeys, KeysUnavailableError
from lakeproof.emulator.scopes import BadScopeError, TokenIdentity, is_capability, parse

ANY_AUDIENCE = "https://wlcg.cern.ch/jwt/v1/any"
ALGORITHMS = ("RS256", "ES256")
SPELLINGS = ("None", "NONE", "nOnE")
SKEW_S = 60
LONG_TOKEN = 4096
LONGEST = 1 << 16
KNOWN_CLAIMS = frozenset(
    [
        "sub",
        "exp",
        "iss",
        "wlcg.ver",
        "aud",
        "iat",
        "jti",
        "nbf",
        "scope",
        "wlcg.groups",
        "client_id",
        "azp",
        "auth_time",
        "acr",
        "eduperson_assurance",
        "nonce",
        "at_hash",
        "preferred_username",
        "name",
        "email",
        "organisation_name",
    ]
)


class BadTokenError(Exception):
    """A token that must be refused: the sentence says why, without the token."""


@dataclass(frozen=True)
class Parsed:
    """An unverified JWT: header, claims, and the text it was parsed from."""

    header: dict[str, Any]
    claims: dict[str, Any]
    text: str

    @classmethod
    def of(cls, text: str) -> Parsed:
        """Split and decode; raises BadTokenError when `text` is no JWT."""
        parts = text.split(".")
        if len(parts) != 3:  # noqa: PLR2004  header, payload, signature
            raise BadTokenError("not a JWT")
        try:
            header, claims = (json.loads(_unbase64(part)) for part in parts[:2])
        except ValueError:
            raise BadTokenError("not a JWT") from None
        if not isinstance(header, dict) or not isinstance(claims, dict):
            raise BadTokenError("not a JWT")
        return cls(header, claims, text)


class TokenVerifier:
    """Verifies tokens against the trusted issuers of one element."""

    def __init__(self, config: EmulatorConfig) -> None:
        self.config = config
        self.faults = Faults()
        self.audiences: frozenset[str] = frozenset(config.audiences)
        self.list_with: tuple[str, ...] = ("read",)
        self._issuers = {issuer.url: IssuerKeys(issuer) for issuer in config.issuers}
        self._accepted: set[str] = set()

    def use_faults(self, faults: Faults) -> None:
        """Have these faults from now on; what others let in is forgotten."""
        self.faults = faults
        self._accepted.clear()

    async def identify(self, text: str) -> Identity:
        """The identity a token gives; raises BadTokenError."""
        token = Parsed.of(text)
        if self.faults.has("token-long-refused") and len(text) > LONG_TOKEN:
            raise BadTokenError("token is too long")
        keys = self._issuer(token)
        cached = (
            self.faults.has("token-verdict-cached") and text.partition(".")[0] in self._accepted
        )
        if not cached:
            await self._verify_signature(token, keys)
        for fault, rule in RULES:
            if not self.faults.has(fault):
                rule(token.claims, self)
        self._accepted.add(text.partition(".")[0])
        return self._identity(token, keys)

    def _issuer(self, token: Parsed) -> IssuerKeys:
        named = token.claims.get("iss")
        if named is None and self.faults.has("token-issuer-missing-accepted"):
            named = next(iter(self._issuers), None)
        if not isinstance(named, str):
            raise BadTokenError("iss is missing")
        if self.faults.has("token-issuer-slash"):
            named = next((u for u in self._issuers if u.rstrip("/") == named.rstrip("/")), named)
        if self.faults.has("token-issuer-case"):
            named = next((u for u in self._issuers if u.lower() == named.lower()), named)
        if self.faults.has("token-issuer-ignored") and self._issuers:
            named = next(iter(self._issuers))
        if named not in self._issuers:
            raise BadTokenError("issuer is not trusted")
        return self._issuers[named]

    async def _verify_signature(self, token: Parsed, keys: IssuerKeys) -> None:
        faults, algorithm = self.faults, token.header.get("alg")
        foreign = (
            faults.has("token-issuer-ignored") and token.claims.get("iss") not in self._issuers
        )
        if faults.has("token-signature-ignored") or foreign:
            return
        if algorithm == "none" and faults.has("token-alg-none"):
            return
        if algorithm in SPELLINGS and faults.has("token-alg-none-spelling"):
            return
        if token.header.get("kid") and faults.has("token-foreign-key"):
            return
        if "crit" in token.header and not faults.has("token-crit-ignored"):
            raise BadTokenError("crit names an extension that is not known")
        candidates = await self._candidates(token, keys)
        allowed = [a for a in ALGORITHMS if not faults.has(f"token-{a.lower()}-refused")]
        confusable = algorithm == "HS256" and faults.has("token-hs256-confusion")
        if confusable and any(_confused(token.text, key) for key in candidates):
            return
        if not any(_fits(token.text, key, allowed) for key in candidates):
            raise BadTokenError("signature does not verify")

    async def _candidates(self, token: Parsed, keys: IssuerKeys) -> list[Key]:
        kid = token.header.get("kid")
        own = await offered(token.header, self.faults, self.config.trust)
        if own:
            return own
        if not isinstance(kid, str) and not self.faults.has("token-kid-missing-accepted"):
            raise BadTokenError("kid is missing")
        if token.header.get("alg") == "HS256" and self.faults.has("token-hs256-confusion"):
            kid = None
        try:
            refetch = not self.faults.has("jwks-never-refetched")
            return await keys.find(kid if isinstance(kid, str) else None, refetch=refetch)
        except KeysUnavailableError as why:
            raise BadTokenError(str(why)) from why

    def _identity(self, token: Parsed, keys: IssuerKeys) -> Identity:
        area, faults = keys.issuer.base_path, self.faults
        scopes = str(token.claims.get("scope", "")).split()
        try:
            held = parse(scopes, area, faults)
        except BadScopeError as why:
            raise BadTokenError(str(why)) from why
        by_id_token = faults.has("token-id-token-accepted") and not scopes
        if by_id_token:
            return Member(area, EVERYTHING)
        capable = any(is_capability(scope) for scope in scopes)
        if capable and not faults.has("groups-beside-capability"):
            return TokenIdentity(tuple(held), area, self.list_with, faults)
        by_group = self._by_group(token, scopes, keys)
        return by_group or TokenIdentity(tuple(held), area, self.list_with, faults)

    def _by_group(self, token: Parsed, scopes: list[str], keys: IssuerKeys) -> Identity | None:
        area, faults, config = keys.issuer.base_path, self.faults, self.config
        claimed = token.claims.get("wlcg.groups", [])
        groups = {g for g in claimed if isinstance(g, str)} if isinstance(claimed, list) else set()
        if faults.has("groups-child-is-parent"):
            groups |= {g[:cut] for g in groups for cut in range(1, len(g)) if g[cut] == "/"}
        if faults.has("groups-ignored"):
            return None
        if groups & set(config.writer_groups):
            return Member(area, EVERYTHING)
        unasserted = faults.has("groups-unasserted") and not groups
        unknown = faults.has("scope-unknown-grants") and bool(scopes)
        if groups & set(config.reader_groups) or unasserted or unknown:
            return Member(area, READING)
        return None


def anonymous(config: EmulatorConfig) -> Nobody:
    """The identity of a client without credential."""
    return Nobody(config.public_path)


class _AnyHeader(jws.JWSRegistry):
    """joserfc's rules without those on the header: `_verify_signature` has its own."""

    def check_header(self, header: dict[str, Any]) -> None:
        """Refuse nothing."""


@cache
def _registry(algorithms: tuple[str, ...]) -> jws.JWSRegistry:
    """joserfc's rules with room for long tokens; what is forged must fail by its signature."""
    registry = _AnyHeader(algorithms=list(algorithms), strict_check_header=False)
    registry.max_header_length = registry.max_payload_length = LONGEST
    return registry


def _fits(text: str, key: Key, algorithms: list[str]) -> bool:
    try:
        jwt.decode(text, key, registry=_registry(tuple(algorithms)))
    except (JoseError, ValueError, TypeError):
        return False
    return True


def _confused(text: str, key: Key) -> bool:
    """Whether a token is signed by HMAC with some text of a public key as the secret."""
    if isinstance(key, OctKey):
        return False
    pem = key.as_pem(private=False)
    signed, _, signature = text.rpartition(".")
    return any(
        hmac.compare_digest(
            hmac.new(secret, signed.encode(), hashlib.sha256).digest(), _unbase64(signature)
        )
        for secret in (pem, pem.strip(), json.dumps(key.as_dict(private=False)).encode())
    )


def _unbase64(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def _number(claims: dict[str, Any], name: str) -> float | None:
    value = claims.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise BadTokenError(f"{name} is no number")
    return float(value)


def _has_expiry(claims: dict[str, Any], _: TokenVerifier) -> None:
    if _number(claims, "exp") is None:
        raise BadTokenError("exp is missing")


def _not_expired(claims: dict[str, Any], _: TokenVerifier) -> None:
    expiry = _number(claims, "exp")
    if expiry is not None and time.time() >= expiry:
        raise BadTokenError("token has expired")


def _already_valid(claims: dict[str, Any], verifier: TokenVerifier) -> None:
    start = _number(claims, "nbf")
    skew = 0 if verifier.faults.has("token-nbf-no-skew") else SKEW_S
    if start is not None and start > time.time() + skew:
        raise BadTokenError("token is not valid yet")


def _required(name: str) -> Callable[[dict[str, Any], TokenVerifier], None]:
    def rule(claims: dict[str, Any], _: TokenVerifier) -> None:
        if claims.get(name) in {None, ""}:
            raise BadTokenError(f"{name} is missing")

    return rule


def _version(claims: dict[str, Any], verifier: TokenVerifier) -> None:
    version = claims.get("wlcg.ver")
    if version is None:
        return
    major = str(version).partition(".")[0]
    if major != "1" and not verifier.faults.has("token-major-version-accepted"):
        raise BadTokenError("wlcg.ver is not supported")
    if version != "1.0" and verifier.faults.has("token-minor-version-refused"):
        raise BadTokenError("wlcg.ver is not 1.0")


def _audience(claims: dict[str, Any], verifier: TokenVerifier) -> None:
    faults, named = verifier.faults, claims.get("aud")
    if named is None and faults.has("token-audience-missing-accepted"):
        return
    if isinstance(named, list) and faults.has("token-audience-array-any-element"):
        return
    if named and faults.has("token-audience-ignored"):
        return
    listed = named if isinstance(named, list) and not faults.has(ARRAY_REFUSED) else [named]
    accepted = frozenset(a for a in verifier.audiences if not _declined(a, faults))
    accepted |= set() if faults.has("token-audience-any-refused") else {ANY_AUDIENCE}
    if not any(isinstance(a, str) and _same_audience(a, accepted, faults) for a in listed):
        raise BadTokenError("token is intended for another audience")


ARRAY_REFUSED = "token-audience-array-refused"


def _declined(audience: str, faults: Faults) -> bool:
    """Whether the element does not go by this one of its names."""
    if faults.has("token-audience-url-refused") and "://" in audience:
        return True
    return faults.has("token-audience-host-refused") and "://" not in audience


def _same_audience(audience: str, accepted: frozenset[str], faults: Faults) -> bool:
    if faults.has("token-audience-prefix") and audience.startswith(tuple(accepted)):
        return True
    if faults.has("token-audience-case"):
        return audience.lower() in {a.lower() for a in accepted}
    return audience in accepted


def _no_id_token(claims: dict[str, Any], _: TokenVerifier) -> None:
    if "nonce" in claims or "at_hash" in claims:
        raise BadTokenError("an ID token is no access token")


def _no_extra_claims(claims: dict[str, Any], verifier: TokenVerifier) -> None:
    extra = claims.keys() - KNOWN_CLAIMS
    if extra and verifier.faults.has("token-extra-claim-refused"):
        raise BadTokenError("token has unknown claims")


# Each rule with the fault that switches it off; rules without one are named "".
RULES: list[tuple[str, Callable[[dict[str, Any], TokenVerifier], None]]] = [
    ("token-exp-missing-accepted", _has_expiry),
    ("token-expired-accepted", _not_expired),
    ("token-nbf-ignored", _already_valid),
    ("token-sub-missing-accepted", _required("sub")),
    ("token-jti-missing-accepted", _required("jti")),
    ("token-iat-missing-accepted", _required("iat")),
    ("token-version-missing-accepted", _required("wlcg.ver")),
    ("", _version),
    ("", _audience),
    ("token-id-token-accepted", _no_id_token),
    ("", _no_extra_claims),
]
