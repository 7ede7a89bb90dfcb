"""What a token is and what is wrong with it, in plain sentences; nothing here asks anybody."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from pymacaroons import Macaroon

from lakeproof.credentials.errors import CredentialError
from lakeproof.credentials.facts import TokenFacts, WideRegistry

ANY_AUDIENCE = "https://wlcg.cern.ch/jwt/v1/any"
SIGNATURES = ("RS256", "ES256", "RS384", "RS512", "ES384", "ES512", "PS256", "PS384", "PS512")
RIGHTS = {
    "storage.read": "may read {}",
    "storage.create": "may create new files below {}, but neither replace nor delete any",
    "storage.modify": "may create, replace, rename and delete below {}",
    "storage.stage": "may have files below {} brought back from tape",
    "storage.poll": "may ask whether files below {} are back from tape",
}
REQUIRED = {
    "iss": "who issued it",
    "sub": "whom it stands for",
    "aud": "which servers it is for",
    "exp": "when it ends",
    "iat": "when it was issued",
    "jti": "its own number",
    "wlcg.ver": "which version of the profile it follows",
}


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong: the sentence, the clause that says so, what to do."""

    sentence: str
    clause: str
    do: str


@dataclass(frozen=True)
class Explanation:
    """What a token is: its kind in words, sentences about it, and what is wrong with it."""

    kind: str
    says: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()


def explain(token: str, now: datetime) -> Explanation:
    """Explain whatever was given as a token at the moment `now` (UTC); never repeats it."""
    try:
        facts = TokenFacts.of(token, "what was given")
    except CredentialError as error:
        if token and token.isascii() and token.isprintable() and token.count(".") == 0:
            return _opaque(token)
        return Explanation(
            "no token", (), (Finding(error.sentence, "RFC 6750 §2.1", "get a new token"),)
        )
    if facts.kind == "opaque":
        return _macaroon(token)
    return _jwt(facts, now)


def signature_finding(token: str, keys: Sequence[Mapping[str, Any]]) -> Finding | None:
    """What is wrong with the signature of a JWT, by its issuer's published keys; None if sound."""
    try:
        known = KeySet.import_key_set({"keys": [dict(key) for key in keys]})
        jws.deserialize_compact(token, known, registry=WideRegistry(algorithms=list(SIGNATURES)))
    except (JoseError, ValueError):
        return Finding(
            "the signature does not fit any of the keys that its issuer publishes",
            "WLCG JWT 1.3 §4.2",
            "get a new token; if that is no better, the token was altered or the issuer's keys are",
        )
    return None


def audiences_of(host: str, port: int, default_port: int = 443) -> tuple[str, ...]:
    """The audiences by which a door of this name may know itself, the usual one first."""
    named = f"[{host}]" if ":" in host else host
    forms = [f"https://{named}:{port}", f"{named}:{port}", named]
    if port == default_port:
        forms.insert(0, f"https://{named}")
    return (*forms, ANY_AUDIENCE)


def audience_finding(facts: TokenFacts, accepted: Sequence[str]) -> Finding | None:
    """Why a door that answers to `accepted` would refuse this token's audience; None if not."""
    if {a.rstrip("/") for a in facts.audience} & {a.rstrip("/") for a in accepted}:
        return None
    return Finding(
        f"this endpoint is {accepted[0]}, but the token is for "
        f"{', '.join(facts.audience) or 'nobody'}: it is expected to answer 401",
        "RFC 7519 §4.1.3",
        f"ask for a token with audience {accepted[0]}",
    )


def left(moment: datetime, now: datetime) -> str:
    """How far `moment` is from `now`, in the largest unit that fits."""
    seconds = abs(int((moment - now).total_seconds()))
    sizes = (("day", 86400), ("hour", 3600), ("minute", 60), ("second", 1))
    name, size = next((pair for pair in sizes if seconds >= pair[1]), sizes[-1])
    count = seconds // size
    words = f"{count} {name}{'' if count == 1 else 's'}"
    return f"in {words}" if moment > now else f"{words} ago"


def _opaque(token: str) -> Explanation:
    if len(token.split()) != 1 or token.lstrip().startswith(("<", "{", "-----")):
        try:
            TokenFacts.of(token, "what was given")
        except CredentialError as error:
            return Explanation(
                "no token", (), (Finding(error.sentence, "RFC 6750 §2.1", "get a new token"),)
            )
    return Explanation(
        "opaque",
        ("Neither a JSON Web Token (JWT) nor a macaroon: only its issuer can tell its meaning.",),
        (
            Finding(
                "a storage cannot read it",
                "WLCG JWT 1.3 §4.2",
                "ask the issuer for a JWT access token",
            ),
        ),
    )


def _macaroon(token: str) -> Explanation:
    try:
        found = Macaroon.deserialize(token)
        caveats = [str(caveat.caveat_id) for caveat in found.caveats]
    except Exception:  # noqa: BLE001  pymacaroons raises whatever its parsers do
        return Explanation(
            "macaroon",
            ("A macaroon: a token that a storage made itself.",),
            (Finding("it cannot be decoded", "libmacaroons format", "ask the storage again"),),
        )
    says = ["A macaroon: a token that a storage made itself; only that storage can check it."]
    says += [f"Limit: {caveat}" for caveat in caveats] or ["It has no limits at all."]
    return Explanation("macaroon", tuple(says))


def _jwt(facts: TokenFacts, now: datetime) -> Explanation:
    kind = _kind_of(facts)
    says = [
        f"Issued by {facts.issuer or '(nobody named)'} to {facts.subject or '(nobody named)'}.",
        f"For {_audience(facts)}.",
    ]
    if facts.expires is not None:
        end = "Ends" if facts.expires > now else "Ended"
        says.append(f"{end} {left(facts.expires, now)} ({facts.expires:%Y-%m-%d %H:%M:%S} UTC).")
    rights = [_right(scope) for scope in facts.scopes]
    says += [f"It {right}." for right in rights if right]
    if not any(rights):
        says.append("It names no path of a storage: groups or the server's own rules decide.")
    return Explanation(kind, tuple(says), tuple(_findings(facts, kind, now)))


def _kind_of(facts: TokenFacts) -> str:
    said = str(facts.claims.get("typ", "")).lower()
    if said == "id" or {"nonce", "at_hash"} & set(facts.claims):
        return "ID token"
    if said in ("refresh", "offline") or (facts.header.get("alg") == "none" and not facts.scopes):
        return "refresh token"
    return "access token (JSON Web Token, JWT)"


def _audience(facts: TokenFacts) -> str:
    if ANY_AUDIENCE in facts.audience:
        return "any server that trusts the issuer"
    if not facts.audience:
        return "no server in particular (no audience)"
    return "the servers that call themselves " + " or ".join(facts.audience)


def _right(scope: str) -> str:
    name, _, path = scope.partition(":")
    return RIGHTS[name].format(path) if name in RIGHTS and path.startswith("/") else ""


def _findings(facts: TokenFacts, kind: str, now: datetime) -> list[Finding]:
    if not kind.startswith("access"):
        return [
            Finding(
                f"it is made for the client and not for a storage ({kind})",
                "OpenID Connect Core 1.0 §2" if kind == "ID token" else "RFC 6749 §1.5",
                "use the value of access_token in the issuer's answer",
            )
        ]
    return [*_missing(facts), *_times(facts, now), *_forms(facts)]


def _missing(facts: TokenFacts) -> list[Finding]:
    return [
        Finding(
            f"it does not say {meaning} ({claim})",
            "WLCG JWT 1.3 §2.1.1",
            "have the issuer's profile set to WLCG",
        )
        for claim, meaning in REQUIRED.items()
        if not facts.claims.get(claim)
    ]


def _times(facts: TokenFacts, now: datetime) -> list[Finding]:
    found = []
    if facts.expires is not None and facts.expires <= now:
        found.append(Finding("it has expired", "WLCG JWT 1.3 §2.1.1", "get a new one"))
    if facts.not_before is not None and facts.not_before > now:
        start = left(facts.not_before, now)
        found.append(
            Finding(
                f"it is not valid yet: it starts {start}",
                "RFC 7519 §4.1.5",
                "wait, or set this machine's or the issuer's clock",
            )
        )
    return found


def _forms(facts: TokenFacts) -> list[Finding]:
    found = []
    algorithm = facts.header.get("alg")
    if algorithm not in SIGNATURES:
        found.append(
            Finding(
                f"it is not signed with a key pair (alg {algorithm}), so anybody may have made it",
                "WLCG JWT 1.3 §4.2",
                "get a new one from the issuer",
            )
        )
    found += [
        Finding(
            f'scope "{scope}" names no path',
            "WLCG JWT 1.3 §2.2.1",
            f"ask for {scope.partition(':')[0]}:/ or a path below it",
        )
        for scope in facts.scopes
        if scope.partition(":")[0] in RIGHTS and not _right(scope)
    ]
    return found
