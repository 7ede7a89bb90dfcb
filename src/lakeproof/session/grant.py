"""What a token issuer answered to a request for a token, and what it publishes as keys."""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError, SecurityWarning
from joserfc.jwk import ECKey, Key, RSAKey, import_key

from lakeproof.credentials.errors import CredentialError
from lakeproof.credentials.facts import TokenFacts, WideRegistry
from lakeproof.wire.redact import redactor
from lakeproof.wire.reply import Reply

ASYMMETRIC = ("RS256", "RS384", "RS512", "ES256", "ES384", "ES512", "PS256", "PS384", "PS512")
# RFC 7518 §6: what of a key only its owner may know; "k" is a symmetric key altogether
PRIVATE = ("d", "p", "q", "dp", "dq", "qi", "oth", "k")


@dataclass(frozen=True)
class PublishedKey:
    """One key of a key set: `bits` is the size of its modulus or curve, 0 where it has none.

    `problem` says why it cannot be used, `private` which private members are published with it.
    """

    kid: str
    kind: str
    bits: int = 0
    problem: str = ""
    private: tuple[str, ...] = ()
    jwk: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, jwk: Mapping[str, Any]) -> PublishedKey:
        """What one member of `keys` says."""
        kid, kind = str(jwk.get("kid", "")), str(jwk.get("kty", ""))
        private = tuple(name for name in PRIVATE if name in jwk)
        for name in private:
            redactor.register(str(jwk[name]), "private key")
        public = {name: value for name, value in jwk.items() if name not in PRIVATE}
        bits, problem = 0, ""
        try:
            key = _imported(public)
            if isinstance(key, RSAKey | ECKey):
                bits = key.public_key.key_size
        except (JoseError, ValueError, TypeError, KeyError) as error:
            problem = f"{type(error).__name__}: {error}"[:120]
        return cls(kid, kind, bits, problem, private, public)

    @property
    def name(self) -> str:
        """How it is called in messages."""
        return f"key {self.kid or '(without id)'} ({self.kind or 'no kty'})"

    def verifies(self, token: str) -> bool:
        """Whether the signature of a compact JWT was made with this key."""
        registry = WideRegistry(algorithms=list(ASYMMETRIC), strict_check_header=False)
        try:
            jws.deserialize_compact(token.encode(), _imported(self.jwk), registry=registry)
        except (JoseError, ValueError, TypeError, KeyError):
            return False
        return True


@dataclass(frozen=True)
class Grant:
    """The answer to one request at an issuer's token endpoint.

    `answer` is its JSON object (empty when there is none), `token` the access token ("" when
    refused), `facts` what that says about itself (None when it is no JWT).
    """

    reply: Reply
    answer: Mapping[str, Any] = field(default_factory=dict, repr=False)
    token: str = field(default="", repr=False)
    facts: TokenFacts | None = None

    @classmethod
    def of(cls, reply: Reply) -> Grant:
        """What a reply says; every token in it is known to the redactor from now on."""
        answer = json_object(reply)
        for name in ("access_token", "refresh_token", "id_token"):
            if isinstance(answer.get(name), str):
                redactor.register(answer[name], f"{name} of the issuer")
        token = answer.get("access_token") if reply.ok else None
        if not isinstance(token, str):
            return cls(reply, answer)
        try:
            facts = TokenFacts.of(token, "the granted token")
        except CredentialError:
            return cls(reply, answer, token)
        return cls(reply, answer, token, facts if facts.kind == "jwt" else None)

    @property
    def error(self) -> str:
        """The error code of RFC 6749 §5.2, or ""."""
        return str(self.answer.get("error", ""))

    @property
    def scopes(self) -> frozenset[str]:
        """The scopes in the token."""
        return frozenset(self.facts.scopes) if self.facts else frozenset()

    @property
    def storage_scopes(self) -> frozenset[str]:
        """Those of them that open a storage: `storage.*`."""
        return frozenset(scope for scope in self.scopes if scope.startswith("storage."))

    def says(self, claim: str) -> Any:  # noqa: ANN401  as various as JSON
        """A claim of the token, or None."""
        return self.facts.claims.get(claim) if self.facts else None

    def describe(self) -> str:
        """One phrase: the status, and the error or the scopes that were granted."""
        if self.token:
            granted = " ".join(sorted(self.scopes)) or "none that can be seen"
            return f"{self.reply.describe()}, scopes granted: {granted}"
        return f"{self.reply.describe()}, error: {self.error or 'none named'}"


def _imported(jwk: Mapping[str, Any]) -> Key:
    with warnings.catch_warnings():
        # Of a short key the library warns; whether it is too short is a check's business.
        warnings.simplefilter("ignore", SecurityWarning)
        return import_key(dict(jwk))


def json_object(reply: Reply) -> dict[str, Any]:
    """The JSON object in a reply's body; empty when there is none."""
    try:
        found = json.loads(reply.body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
