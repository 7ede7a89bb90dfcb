"""What the lake's issuer signs: keys, claims of the WLCG profile, and odd ones on request."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeyParameters, KeySet, RSAKey
from joserfc.util import urlsafe_b64decode

from lakeproof.lake.layout import write_text

ANY_AUDIENCE = "https://wlcg.cern.ch/jwt/v1/any"
ALGORITHMS = ("RS256", "ES256")
DEFAULT_LIFETIME_S = 3600
MOST_NEW_KEYS = 8
# How long before its end an already expired token says it was issued.
EXPIRED_AGE_S = 60


@dataclass(frozen=True)
class TokenRequest:
    """What a client asked for; the last five only from a client that may ask for odd tokens.

    `lifetime_s` may be negative (a token that has expired already); a None in `claims` or
    `header` removes that member; `new_key` has it signed by a key that is published only now.
    """

    client: str
    scopes: Sequence[str]
    audience: Sequence[str] = (ANY_AUDIENCE,)
    lifetime_s: int = DEFAULT_LIFETIME_S
    algorithm: str = "RS256"
    claims: Mapping[str, Any] = field(default_factory=dict)
    header: Mapping[str, Any] = field(default_factory=dict)
    new_key: bool = False


class SigningKeys:
    """The issuer's two keys, kept in a file of mode 0600, and new ones as they are asked for.

    A new key signs one token; it is published until `MOST_NEW_KEYS` others have come.
    """

    def __init__(self, keys: KeySet) -> None:
        self._set = keys
        self._keys = {str(key.as_dict()["alg"]): key for key in keys.keys}
        self._kept: list[dict[str, Any]] = list(keys.as_dict(private=False)["keys"])
        self._new: list[dict[str, Any]] = []

    @property
    def public(self) -> dict[str, Any]:
        """The key set as it is published now."""
        return {"keys": [*self._kept, *self._new]}

    @classmethod
    def kept_in(cls, path: Path) -> SigningKeys:
        """Read the keys, or make them when there are none."""
        if not path.exists():
            rsa = RSAKey.generate_key(2048, _parameters("RS256"))
            ec = ECKey.generate_key("P-256", _parameters("ES256"))
            write_text(path, json.dumps(KeySet([rsa, ec]).as_dict(private=True)), 0o600)
        return cls(KeySet.import_key_set(json.loads(path.read_text())))

    def public_json(self) -> str:
        """The key set without its private part, as JSON."""
        return json.dumps(self.public)

    def mint(self, issuer: str, request: TokenRequest) -> str:
        """A signed compact JWT for `request`."""
        key = self._newly_published() if request.new_key else self._keys[request.algorithm]
        header = {"alg": key.as_dict()["alg"], "typ": "JWT", "kid": key.kid}
        claims = _merged(wlcg_claims(issuer, request), request.claims)
        return jws.serialize_compact(
            _merged(header, request.header),
            json.dumps(claims).encode(),
            key,
            registry=_AnyHeader(algorithms=[*ALGORITHMS]),
        )

    def _newly_published(self) -> ECKey:
        parameters = _parameters("ES256")
        parameters["kid"] = f"lakeproof-new-{uuid.uuid4().hex[:8]}"
        key = ECKey.generate_key("P-256", parameters)
        self._new = [*self._new, dict(key.as_dict(private=False))][-MOST_NEW_KEYS:]
        return key

    def read(self, issuer: str, token: str) -> dict[str, Any] | None:
        """The claims of a token that one of our keys signed and that is in force, else None."""
        try:
            found = jws.deserialize_compact(token.encode(), self._set, algorithms=[*ALGORITHMS])
            claims = json.loads(found.payload)
        except (JoseError, ValueError):
            return None
        ours = isinstance(claims, dict) and claims.get("iss") == issuer
        return claims if ours and _in_force(claims) else None


class _AnyHeader(jws.JWSRegistry):
    """Signs whatever header it is given: an odd one is what the client asked for."""

    def check_header(self, header: dict[str, Any]) -> None:
        """Refuse nothing."""


def wlcg_claims(issuer: str, request: TokenRequest) -> dict[str, Any]:
    """The claims of the WLCG Common JWT Profile 1.3 for `request`, times in seconds."""
    now = int(time.time())
    expires = now + request.lifetime_s
    since = min(now, expires - EXPIRED_AGE_S) if request.lifetime_s <= 0 else now
    audience = list(request.audience)
    return {
        "iss": issuer,
        "sub": request.client,
        "aud": audience[0] if len(audience) == 1 else audience,
        "iat": since,
        "nbf": since,
        "exp": expires,
        "jti": str(uuid.uuid4()),
        "scope": " ".join(request.scopes),
        "client_id": request.client,
        "wlcg.ver": "1.0",
    }


def unverified(token: str) -> dict[str, Any]:
    """What a token says, whoever signed it; raises ValueError when it is none."""
    payload = token.split(".")[1]
    found = json.loads(urlsafe_b64decode(payload.encode()))
    return dict(found)


def _in_force(claims: Mapping[str, Any]) -> bool:
    now, expires, since = time.time(), claims.get("exp"), claims.get("nbf", 0)
    return isinstance(expires, int | float) and since <= now < expires


def _parameters(algorithm: str) -> KeyParameters:
    return {"alg": algorithm, "use": "sig", "kid": f"lakeproof-{algorithm.lower()}"}


def _merged(base: Mapping[str, Any], odd: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in {**base, **odd}.items() if value is not None}
