"""What a token is, in plain words, and what is wrong with it by the WLCG profile 1.3."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import JWKRegistry, Key, KeySet

from lakeproof.credentials.facts import TokenFacts, WideRegistry
from lakeproof.credentials.macaroons import read_macaroon
from lakeproof.wire.auth import Bearer

ANY_AUDIENCE = "https://wlcg.cern.ch/jwt/v1/any"
PROFILE = "WLCG JWT 1.3"
RSA = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")
ASYMMETRIC = (*RSA, "ES256", "ES384", "ES512", "EdDSA")
LONGEST_LIFE = timedelta(hours=6)
SKEW = timedelta(seconds=60)
MAJOR = "1"

# What each capability lets its bearer do below a path (profile 1.3, 2.2.1).
CAPABILITIES = {
    "storage.read": "read {files}",
    "storage.create": "create new files and directories {below}; replace, rename over and delete "
    "nothing",
    "storage.modify": "create, replace, rename and delete {files}",
    "storage.stage": "have {files} brought from tape to disk (reading needs storage.read besides)",
    "storage.poll": "ask whether {files} are on disk or on tape",
}
REQUIRED = {
    "iss": "who issued it",
    "sub": "whom it stands for",
    "exp": "until when it is valid",
    "aud": "which servers may accept it",
    "iat": "when it was issued",
    "jti": "its own identifier",
    "wlcg.ver": "the version of the profile",
}
IDENTITY_CLAIMS = ("nonce", "at_hash", "c_hash", "auth_time")


class Weight(StrEnum):
    """`wrong`: servers must or will refuse it; `note`: worth knowing; `unknown`: not told."""

    WRONG = "wrong"
    NOTE = "note"
    UNKNOWN = "unknown"

    @property
    def label(self) -> str:
        """The word at the beginning of a finding's line."""
        return {"wrong": "Wrong", "note": "Note", "unknown": "Not known"}[self.value]


@dataclass(frozen=True)
class Finding:
    """Something about a token: one sentence, the clause it rests on, and what to do."""

    weight: Weight
    sentence: str
    clause: str = ""
    do: str = ""


@dataclass(frozen=True)
class Explanation:
    """`lines` are label and text, in order; `facts` is None unless it is a JWT."""

    lines: tuple[tuple[str, str], ...]
    findings: tuple[Finding, ...] = ()
    facts: TokenFacts | None = field(default=None, repr=False)

    @property
    def is_sound(self) -> bool:
        """Whether nothing is wrong with the token itself."""
        return all(finding.weight is not Weight.WRONG for finding in self.findings)


def explain(token: str, origin: str, now: datetime | None = None) -> Explanation:
    """The token in plain words; nothing of it that could be used is repeated.

    `origin` names where it came from. Raises CredentialError for text that is no token at all.
    """
    moment = now or datetime.now(UTC)
    facts = TokenFacts.of(token, origin)
    if facts.kind == "opaque":
        return _macaroon(token, origin, moment)
    lines = [
        ("What", _what(facts)),
        ("Who", _who(facts)),
        ("Until", _until(facts, moment)),
        *(("May", sentence) for sentence in _rights(facts)),
        ("Where", _where(facts)),
    ]
    return Explanation(tuple(lines), tuple(_findings(facts, moment)), facts)


def verify(token: str, keys: list[dict[str, Any]]) -> Finding:
    """Whether one of the issuer's published keys (JWK) made the signature.

    Keys of a kind that we cannot read are passed over; without any other it cannot be told.
    """
    known = [key for key in map(_imported, keys) if key is not None]
    if not known:
        return Finding(
            Weight.UNKNOWN, "its signature was not looked at: its issuer's keys are of another kind"
        )
    named = "kid" in TokenFacts.of(token, "the token").header
    why = ""
    for key in [KeySet(known)] if named else known:
        try:
            jws.deserialize_compact(token, key, registry=WideRegistry(algorithms=[*ASYMMETRIC]))
        except (JoseError, ValueError, TypeError, KeyError) as error:
            why = _short(error)
        else:
            return Finding(Weight.NOTE, "its signature is by a key that its issuer publishes")
    return Finding(
        Weight.WRONG,
        f"its signature is not by a key that its issuer publishes ({why})",
        f"{PROFILE} §4.2",
        "Get a new token from the issuer; this one was changed, or is from somebody else.",
    )


def _imported(key: Mapping[str, Any]) -> Key | None:
    try:
        return JWKRegistry.import_key(dict(key))
    except (JoseError, ValueError, TypeError, KeyError):
        return None


def shown_time(moment: datetime, now: datetime) -> str:
    """A moment in UTC and how far away it is: `2026-11-24 12:00 UTC, in 59 minutes`."""
    away = moment - now
    span = _span(abs(away))
    relative = f"in {span}" if away > timedelta(0) else f"{span} ago"
    return f"{moment:%Y-%m-%d %H:%M} UTC, {relative}"


def _span(length: timedelta) -> str:
    seconds = int(length.total_seconds())
    for size, unit in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= size:
            count = seconds // size
            return f"{count} {unit}{'s' * (count != 1)}"
    return f"{seconds} second{'s' * (seconds != 1)}"


def _what(facts: TokenFacts) -> str:
    if _is_identity(facts):
        return "an ID token: it tells an application who you are, and opens no storage"
    version = facts.claims.get("wlcg.ver")
    profile = f" of the WLCG profile, version {version}" if isinstance(version, str) else ""
    return f"an access token{profile}: whoever holds it may do what it says"


def _who(facts: TokenFacts) -> str:
    groups = facts.claims.get("wlcg.groups")
    listed = ", ".join(str(group) for group in groups) if isinstance(groups, list) else ""
    member = f", member of {listed}" if listed else ""
    return f"{facts.subject or 'nobody named'}{member}; issued by {facts.issuer or 'nobody named'}"


def _until(facts: TokenFacts, now: datetime) -> str:
    if facts.expires is None:
        return "it does not say"
    begins = facts.not_before
    since = f"; only from {shown_time(begins, now)}" if begins and begins > now + SKEW else ""
    return f"{shown_time(facts.expires, now)}{since}"


def _rights(facts: TokenFacts) -> Iterator[str]:
    others = []
    for scope in facts.scopes:
        name, colon, path = scope.partition(":")
        if name in CAPABILITIES and colon and path:
            yield _right(name, path)
        elif name not in CAPABILITIES:
            others.append(scope)
    stated = any(scope.partition(":")[0] in CAPABILITIES for scope in facts.scopes)
    if not stated:
        groups = facts.claims.get("wlcg.groups")
        yield (
            "whatever each storage lets the groups do" if groups else "nothing that it says itself"
        )
    if others:
        yield f"besides: {', '.join(others)}, which means nothing to a storage"


def _right(name: str, path: str) -> str:
    everything = path.strip("/") == ""
    directory = "directory " if path.endswith("/") and not everything else ""
    below = "anywhere" if everything else f"at and below {directory}{path}"
    files = "everything" if everything else f"what is at and below {directory}{path}"
    return CAPABILITIES[name].format(files=files, below=below)


def _where(facts: TokenFacts) -> str:
    if not facts.audience:
        return "no server is named"
    if ANY_AUDIENCE in facts.audience:
        return "every server that trusts the issuer"
    return f"servers that go by {' or '.join(facts.audience)}; others must refuse it"


def _is_identity(facts: TokenFacts) -> bool:
    return "scope" not in facts.claims and any(name in facts.claims for name in IDENTITY_CLAIMS)


def _findings(facts: TokenFacts, now: datetime) -> Iterator[Finding]:
    wrong = Weight.WRONG
    if _is_identity(facts):
        yield Finding(
            wrong,
            "it is an ID token, and a storage takes access tokens",
            f"{PROFILE} §2",
            "Ask the issuer for an access token: lakeproof token get, or oidc-token ACCOUNT.",
        )
    yield from _times(facts, now)
    missing = [f"{name} ({what})" for name, what in REQUIRED.items() if name not in facts.claims]
    if missing:
        yield Finding(
            wrong,
            f"it lacks {', '.join(missing)}",
            f"{PROFILE} §2.1.1",
            "Have the issuer put in what the profile requires; IAM does with the WLCG profile.",
        )
    yield from _key_and_version(facts)
    yield from _paths(facts)
    yield from _audience_and_issuer(facts)


def _times(facts: TokenFacts, now: datetime) -> Iterator[Finding]:
    if facts.expires is not None and facts.expires <= now:
        yield Finding(
            Weight.WRONG,
            f"it has expired ({shown_time(facts.expires, now)})",
            f"{PROFILE} §2.1.1",
            "Get a new one.",
        )
    if facts.not_before is not None and facts.not_before > now + SKEW:
        yield Finding(
            Weight.WRONG,
            f"it is valid only from {shown_time(facts.not_before, now)}",
            f"{PROFILE} §4.3.1",
            "Wait, or set the clock of this machine or of the issuer right.",
        )
    if facts.expires and facts.issued and facts.expires - facts.issued > LONGEST_LIFE:
        yield Finding(
            Weight.NOTE,
            f"it lives {_span(facts.expires - facts.issued)}, longer than the six hours that the "
            "profile recommends at most",
            f"{PROFILE} §4.3.1",
        )


def _key_and_version(facts: TokenFacts) -> Iterator[Finding]:
    algorithm = str(facts.header.get("alg"))
    if algorithm not in ASYMMETRIC:
        yield Finding(
            Weight.WRONG,
            f"it is signed with {algorithm}, and the profile wants a key pair (RS256 or ES256)",
            f"{PROFILE} §4.2",
            "Have the issuer sign with RS256 or ES256.",
        )
    if "kid" not in facts.header:
        yield Finding(
            Weight.WRONG,
            "it does not say which of the issuer's keys signed it (kid)",
            f"{PROFILE} §4.2",
            "Have the issuer name the key.",
        )
    version = facts.claims.get("wlcg.ver")
    if isinstance(version, str) and version.partition(".")[0] != MAJOR:
        yield Finding(
            Weight.WRONG,
            f"it is of version {version} of the profile, which servers of version 1 must refuse",
            f"{PROFILE} §4.3.3",
        )
    elif version not in ("1.0", None):
        yield Finding(
            Weight.NOTE,
            f"it is of version {version}; dCache and XRootD take exactly 1.0",
            f"{PROFILE} §4.3.3",
        )


def _paths(facts: TokenFacts) -> Iterator[Finding]:
    bare = [s for s in facts.scopes if s.rstrip(":") in CAPABILITIES]
    if bare:
        yield Finding(
            Weight.WRONG,
            f"{', '.join(bare)} names no path, so servers must refuse the whole token",
            f"{PROFILE} §2.2.1",
            f"Ask for {bare[0].rstrip(':')}:/ or a path below it.",
        )
    crooked = [s for s in facts.scopes if s.startswith("storage.") and _is_crooked(s)]
    if crooked:
        yield Finding(
            Weight.NOTE,
            f"{', '.join(crooked)} is not written plainly; servers may refuse it or straighten it",
            f"{PROFILE} §2.2.1",
        )


def _is_crooked(scope: str) -> bool:
    path = scope.partition(":")[2]
    return path != "" and (not path.startswith("/") or "//" in path or "/../" in f"{path}/")


def _audience_and_issuer(facts: TokenFacts) -> Iterator[Finding]:
    slashed = [a for a in facts.audience if a.endswith("/")]
    if slashed:
        yield Finding(
            Weight.NOTE,
            f"the audience {slashed[0]} ends with a slash; servers compare letter by letter",
            f"{PROFILE} §2.1.1",
            f"Ask for {slashed[0].rstrip('/')}.",
        )
    if facts.issuer is not None and not facts.issuer.startswith("https://"):
        yield Finding(
            Weight.WRONG,
            "its issuer is no https URL, so nobody can look its keys up safely",
            f"{PROFILE} §4.2",
        )


def _macaroon(token: str, origin: str, now: datetime) -> Explanation:
    macaroon = read_macaroon(Bearer(token, origin))
    caveats = [_text_of(caveat.caveat_id) for caveat in macaroon.caveats]
    limits = [caveat.partition(":") for caveat in caveats]
    lines = [
        ("What", "a macaroon: a token that a storage made itself, narrowed by what is added to it"),
        ("Where", f"the storage that made it ({_text_of(macaroon.location) or 'not named'})"),
    ]
    lines += [("Limit", _limit(kind, value)) for kind, _, value in limits]
    ends = [moment for kind, _, value in limits if kind == "before" and (moment := _moment(value))]
    findings = []
    if ends and min(ends) <= now:
        sentence = f"it has expired ({shown_time(min(ends), now)})"
        findings.append(Finding(Weight.WRONG, sentence, do="Ask the storage for a new one."))
    if not ends:
        findings.append(Finding(Weight.NOTE, "nothing in it says when it ends"))
    return Explanation(tuple(lines), tuple(findings))


def _limit(kind: str, value: str) -> str:
    words = {
        "activity": f"only {value.lower().replace(',', ', ')}",
        "path": f"only at and below {value}",
        "before": f"only until {value}",
        "ip": f"only from {value}",
    }
    return words.get(kind, f"{kind}:{value}" if value else kind)


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _text_of(value: object) -> str:
    raw = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value or "")
    return "".join(letter if letter.isprintable() else "?" for letter in raw)[:200]


def _short(error: BaseException) -> str:
    return " ".join(str(error).split())[:120] or type(error).__name__


def as_json(explanation: Explanation) -> str:
    """The explanation for a program; claims only, never the token."""
    claims: Mapping[str, Any] = explanation.facts.claims if explanation.facts else {}
    return json.dumps(
        {
            "lines": [{"label": label, "text": text} for label, text in explanation.lines],
            "findings": [
                {"weight": f.weight.value, "says": f.sentence, "clause": f.clause, "do": f.do}
                for f in explanation.findings
            ],
            "claims": dict(claims),
        },
        indent=2,
    )
