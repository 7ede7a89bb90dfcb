"""Tokens by client credentials from an issuer, of just the scopes and audience asked for."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from lakeproof.credentials.errors import CannotNarrow, CredentialError
from lakeproof.credentials.facts import TokenFacts
from lakeproof.credentials.granted import TokenCache, refuse_if_other
from lakeproof.credentials.issuer import TIMEOUT_S, IssuerClient
from lakeproof.credentials.names import SecretName
from lakeproof.wire.connection import TlsConfig

RETRY_AFTER_FAILURE_S = 30.0
LIFETIME_TOLERANCE = timedelta(seconds=60)


@dataclass(frozen=True)
class Oddity:
    """How an odd token is to differ: claims and header merged over (None removes), life, alg.

    `lifetime_s` is in seconds from now and may be negative; `algorithm` is RS256 or ES256.
    `new_key` has it signed by a key that the issuer publishes only now.
    """

    claims: Mapping[str, Any] = field(default_factory=dict)
    header: Mapping[str, Any] = field(default_factory=dict)
    lifetime_s: int | None = None
    algorithm: str | None = None
    new_key: bool = False

    def form(self) -> dict[str, str]:
        """The issuer's form fields for it."""
        fields = {
            "lake_claims": json.dumps(dict(self.claims)) if self.claims else "",
            "lake_header": json.dumps(dict(self.header)) if self.header else "",
            "lifetime": "" if self.lifetime_s is None else str(self.lifetime_s),
            "alg": self.algorithm or "",
            "lake_key": "new" if self.new_key else "",
        }
        return {name: value for name, value in fields.items() if value}


class ClientCredentials:
    """A client of one issuer (RFC 6749 §4.4); tokens are cached and renewed before they end."""

    narrows = True

    def __init__(  # noqa: PLR0913  a client is its id, its secret and how its issuer is asked
        self,
        issuer: str,
        client_id: str,
        secret: SecretName,
        *,
        tls: TlsConfig | None = None,
        timeout_s: float = TIMEOUT_S,
        trusted_odd_tokens: bool = False,
        client: IssuerClient | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.issuer = client or IssuerClient(
            issuer, tls=tls or TlsConfig(None), timeout_s=timeout_s
        )
        self.describe = f"client:{issuer} ({client_id})"
        self.trusted_odd_tokens = trusted_odd_tokens
        self._client_id = client_id
        self._secret = secret
        self._clock = clock
        self._cache = TokenCache(clock)
        self._failed: tuple[float, str] | None = None

    def token(self, scopes: Sequence[str], audience: str) -> str:
        """A token of exactly these scopes and this audience (empty: not asked for).

        Raises CredentialError when the issuer is not reached, refuses, or grants another.
        """
        return self._cache.get(scopes, audience, lambda: self._ask(scopes, audience))

    def odd(self, scopes: Sequence[str], audience: str, oddity: Oddity) -> str:
        """A token that is wrong in the way `oddity` says, signed by the issuer all the same.

        Raises CannotNarrow unless the issuer is marked trusted_odd_tokens, CredentialError when
        it answers with an ordinary token: that would accuse a storage that did no wrong.
        """
        if not self.trusted_odd_tokens:
            raise CannotNarrow(f"{self.describe} does not mint odd tokens")
        answer = self._grant({**_form(scopes, audience), **oddity.form()})
        token = str(answer["access_token"])
        ignored = _ignored(TokenFacts.of(token, self.describe), oddity)
        if ignored:
            raise CredentialError(
                f"{self.describe}: marked trusted_odd_tokens, but ignored {', '.join(ignored)}"
            )
        return token

    def close(self) -> None:
        """Close the connections to the issuer."""
        self.issuer.close()

    def _ask(self, scopes: Sequence[str], audience: str) -> tuple[str, float | None]:
        answer = self._grant(_form(scopes, audience))
        token = str(answer["access_token"])
        facts = TokenFacts.of(token, self.describe)
        facts.refuse_if_useless(self.describe)
        refuse_if_other(facts, scopes, audience, self.describe)
        life = answer.get("expires_in")
        return token, float(life) if isinstance(life, int | float) else None

    def _grant(self, form: Mapping[str, str]) -> dict[str, Any]:
        if self._failed is not None and self._clock() < self._failed[0]:
            # an issuer that is down costs one time-out, not one per check
            raise CredentialError(self._failed[1])
        secret = self._secret.read()
        try:
            self.issuer.metadata()
        except CredentialError as error:
            self._failed = (self._clock() + RETRY_AFTER_FAILURE_S, error.sentence)
            raise
        return self.issuer.grant(self._client_id, secret, form, str(self._secret))


def _form(scopes: Sequence[str], audience: str) -> dict[str, str]:
    form = {"scope": " ".join(scopes), "audience": audience}
    return {name: value for name, value in form.items() if value}


def _ignored(facts: TokenFacts, oddity: Oddity) -> list[str]:
    if facts.kind != "jwt":
        return ["the request (it granted no JWT)"]
    ignored = [f"claim {n}" for n, v in oddity.claims.items() if not _holds(facts.claims, n, v)]
    ignored += [f"header {n}" for n, v in oddity.header.items() if not _holds(facts.header, n, v)]
    if oddity.algorithm and "alg" not in oddity.header:
        ignored += [] if facts.header.get("alg") == oddity.algorithm else ["alg"]
    if oddity.lifetime_s is not None and "exp" not in oddity.claims:
        end = datetime.now(UTC) + timedelta(seconds=oddity.lifetime_s)
        if facts.expires is None or abs(facts.expires - end) > LIFETIME_TOLERANCE:
            ignored.append("lifetime")
    return ignored


def _holds(found: Mapping[str, Any], name: str, wanted: object) -> bool:
    return name not in found if wanted is None else found.get(name) == wanted
