"""An issuer under load: tokens a second, latencies at rising concurrency, and what went wrong."""

from __future__ import annotations

import base64
import json
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from statistics import quantiles
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from lakeproof.wire.connection import TlsConfig
from lakeproof.wire.crowd import Bounds, Order, Step, crowd

if TYPE_CHECKING:
    from lakeproof.session.grant import Grant
    from lakeproof.session.token_issuer import TokenIssuer

RATE = 1000
"""Tokens a second that the community asks of an issuer."""

STEPS = (1, 4, 16, 64)
VARIANTS = 8
# Of so many signatures one is verified: all of them would take longer than everything else.
VERIFIED = 10
PERCENTILES = (50, 95, 99)
# A step that is not this much faster than the one before it shows that there is no more to have.
FASTER = 1.1
REACHED = 0.95
# From here on it was our own side that had no more to give.
OWN_LIMIT = 0.85


@dataclass(frozen=True)
class LoadPlan:
    """The most tokens a second that are asked for, and the seconds of each step."""

    rate: int = RATE
    step_s: float = 3.0


class IssuerLoad:
    """What came of asking for tokens, each request for one of several scopes of our area.

    `refused` counts by phrase the requests that got no token, `mistaken` those whose token is not
    what the same request gets when it is alone.
    """

    def __init__(self, steps: list[Step], judge: TokenJudge, target: int) -> None:
        self.steps = steps
        self.target = target
        self.tells_apart = judge.tells_apart
        self.mistaken = judge.mistaken
        self.asked = sum(step.answered for step in steps)
        self.refused = sum((step.failed for step in steps), Counter[str]()) - judge.mistaken
        self.granted = self.asked - self.refused.total()

    @property
    def saturated_at(self) -> int:
        """Requests at a time beyond which no more tokens come; 0 when that was not seen."""
        if self.reached_at:
            return 0
        for step, more in zip(self.steps, self.steps[1:], strict=False):
            if more.per_s < FASTER * step.per_s:
                return step.at_a_time
        return 0

    @property
    def reached_at(self) -> int:
        """The fewest requests at a time that give as many tokens a second as the target; or 0."""
        enough = [step for step in self.steps if step.per_s >= REACHED * self.target]
        return enough[0].at_a_time if enough else 0

    @property
    def is_ours_the_limit(self) -> bool:
        """Whether in the fastest step our side had no more to give: we, or this machine."""
        fastest = max(self.steps, key=lambda step: step.per_s)
        return fastest.busy + fastest.starved > OWN_LIMIT

    @property
    def figures(self) -> dict[str, float]:
        """What a result says of it in `measured`: rates in 1/s, latencies in s."""
        found: dict[str, float] = {
            "tokens_target_per_s": self.target,
            "tokens_reached_at": self.reached_at,
            "tokens_saturated_at": self.saturated_at,
            "tokens_asked": self.asked,
            "tokens_refused": self.refused.total(),
            "tokens_mistaken": self.mistaken.total(),
            "tokens_own_limit": float(self.is_ours_the_limit),
        }
        for step in self.steps:
            if len(step.taken) < 2:  # noqa: PLR2004  percentiles need two
                continue
            name = f"tokens_{step.at_a_time}_at_a_time"
            cuts = quantiles(step.taken, n=100, method="inclusive")
            found |= {f"{name}_p{p}_s": round(cuts[p - 1], 6) for p in PERCENTILES}
            found[f"{name}_per_s"] = round(step.per_s, 1)
            found[f"{name}_busy"] = round(step.busy, 2)
            found[f"{name}_starved"] = round(step.starved, 2)
        return found

    @staticmethod
    def describe(phrases: Mapping[str, int]) -> str:
        """`12 times 503 temporarily_unavailable, …`: the three most frequent."""
        most = Counter(phrases).most_common(3)
        return ", ".join(f"{count} times {phrase}" for phrase, count in most) or "none"


class TokenJudge:
    """Says of each answer whether its token is what that request gets when it is alone."""

    def __init__(self, issuer: TokenIssuer) -> None:
        self.mistaken: Counter[str] = Counter()
        alone = alone_at(issuer)
        self._expected = [_meaning(grant.facts.claims if grant.facts else {}) for grant in alone]
        self._keys = issuer.keys
        self._bodies = [
            urlencode(issuer.form(scope, issuer.audience)).encode() for scope in scopes_at(issuer)
        ]

    @property
    def tells_apart(self) -> bool:
        """Whether different requests get different tokens at all, each when it is alone."""
        return len({repr(each) for each in self._expected}) > 1

    def body(self, number: int) -> bytes:
        """The form of a request of this number."""
        return self._bodies[number % VARIANTS]

    def __call__(self, number: int, status: int, body: bytes) -> str:
        """Nothing for a right answer, else a phrase without secrets."""
        answer = _object(body)
        token = answer.get("access_token")
        if not 200 <= status < 300:  # noqa: PLR2004  success
            return f"{status} {_word(answer.get('error'))}".strip()
        if not isinstance(token, str):
            return f"{status} without a token"
        wrong = self._wrong(number, token)
        if wrong:
            self.mistaken[wrong] += 1
        return wrong

    def _wrong(self, number: int, token: str) -> str:
        claims = _claims(token)
        found, wanted = _meaning(claims), self._expected[number % VARIANTS]
        if found != wanted:
            another = found in self._expected
            return "the token of another request" if another else "a token that says something else"
        if not isinstance(claims.get("exp"), int | float) or claims["exp"] <= time.time():
            return "a token that has expired"
        if number % VERIFIED == 0 and not any(key.verifies(token) for key in self._keys):
            return "a token whose signature fits no key"
        return ""


def scopes_at(issuer: TokenIssuer) -> list[str]:
    """What the requests ask for in turn."""
    return [f"storage.read:{issuer.area}/load-{n}" for n in range(VARIANTS)]


def alone_at(issuer: TokenIssuer) -> list[Grant]:
    """What each gets when it is alone, asked once; raises Blocked where that is no JWT."""
    ask = [(scope, partial(issuer.grant, scope, issuer.audience)) for scope in scopes_at(issuer)]
    return [issuer.kept(f"alone {scope}", one) for scope, one in ask]


def load(issuer: TokenIssuer, plan: LoadPlan, tls: TlsConfig, answer_s: float) -> IssuerLoad:
    """Ask for tokens at rising concurrency as `plan` says; raises Blocked and CredentialError."""
    judge = TokenJudge(issuer)
    order = Order(issuer.place("token_endpoint"), judge.body, issuer.form_headers(), tls)
    bounds = Bounds(rate=plan.rate, seconds=plan.step_s, answer_s=answer_s)
    return IssuerLoad(crowd(order, judge, STEPS, bounds), judge, plan.rate)


def _meaning(claims: Mapping[str, Any]) -> tuple[Any, ...]:
    """What a token says to a storage, times and numbers left out."""
    scope, audience = claims.get("scope"), claims.get("aud")
    scopes = frozenset(scope.split()) if isinstance(scope, str) else repr(scope)
    return claims.get("iss"), claims.get("sub"), scopes, repr(audience), claims.get("wlcg.ver")


def _claims(token: str) -> dict[str, Any]:
    middle = f"{token}..".split(".")[1]
    try:
        return _object(base64.urlsafe_b64decode(f"{middle}==="))
    except ValueError:
        return {}


def _object(data: bytes) -> dict[str, Any]:
    try:
        found = json.loads(data)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _word(text: object) -> str:
    """An error code of RFC 6749, as far as it looks like one."""
    plain = isinstance(text, str) and text.isascii() and text.replace("_", "").isalpha()
    return str(text)[:40] if plain else ""
