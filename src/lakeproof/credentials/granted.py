"""Tokens that were granted: are they what was asked for, and how long may they be used?"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence

from lakeproof.credentials.errors import CredentialError
from lakeproof.credentials.facts import TokenFacts

RENEW_BELOW_S = 60.0
RENEW_BELOW_SHARE = 0.2


class TokenCache:
    """Tokens by scopes and audience, renewed at less than 60 s or a fifth of their life."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: dict[tuple[tuple[str, ...], str], tuple[str, float]] = {}

    def get(
        self, scopes: Sequence[str], audience: str, ask: Callable[[], tuple[str, float | None]]
    ) -> str:
        """The kept token, or a new one from `ask`, which gives it and its life in seconds.

        A life of None is read from the token itself; a token without one is not kept.
        """
        key = (tuple(sorted(set(scopes))), audience)
        with self._lock:
            kept = self._kept.get(key)
            if kept is not None and self._clock() < kept[1]:
                return kept[0]
            asked_at = self._clock()
            token, life = ask()
            life = remaining_life(token) if life is None else life
            if life is not None:
                spare = max(RENEW_BELOW_S, RENEW_BELOW_SHARE * life)
                self._kept[key] = (token, asked_at + life - spare)
            return token


def remaining_life(token: str) -> float | None:
    """Seconds from issue to expiry as the token tells; None when it does not."""
    facts = TokenFacts.of(token, "a granted token")
    if facts.expires is None:
        return None
    start = facts.issued or facts.not_before
    return (facts.expires - start).total_seconds() if start else None


def refuse_if_other(facts: TokenFacts, scopes: Sequence[str], audience: str, origin: str) -> None:
    """Raise CredentialError when a granted token has not the scopes and audience asked for.

    A wider token would let a check accuse the storage of what the issuer did.
    """
    if facts.kind != "jwt":
        return
    asked, granted = _normal(scopes), _normal(facts.scopes)
    wider = {scope for scope in granted - asked if scope.startswith("storage.")}
    if scopes and (wider or asked - granted):
        raise CredentialError(
            f"{origin}: asked for scope {_listed(asked)}, granted {_listed(granted)}: the issuer "
            "does not narrow tokens as asked; register the client for these scopes"
        )
    # Several audiences are asked for with spaces between them.
    if audience not in facts.audience and not set(audience.split()) <= set(facts.audience):
        got = ", ".join(facts.audience) or "(none)"
        raise CredentialError(
            f"{origin}: asked for audience {audience}, granted {got}: the issuer does not set the "
            "audience as asked; allow it for the client"
        )


def _normal(scopes: Sequence[str]) -> set[str]:
    return {s.rstrip("/") if ":" in s and not s.endswith(":/") else s for s in scopes}


def _listed(scopes: set[str]) -> str:
    return '"' + " ".join(sorted(scopes)) + '"' if scopes else "(none)"
