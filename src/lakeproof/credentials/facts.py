"""What a token says about itself, read without verifying it: the storage does that."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from joserfc.errors import JoseError
from joserfc.jws import CompactSignature, JWSRegistry, extract_compact

from lakeproof.credentials.errors import CredentialError

PARTS_OF_A_JWT = 3
LONGEST_TOKEN = 256 * 1024
_BEARER = re.compile(r"[A-Za-z0-9._~+/-]+=*")
_V2_MACAROON = b"\x02"
_V1_MACAROON = re.compile(rb"[0-9a-f]{4}(location|identifier) ")


class WideRegistry(JWSRegistry):
    """joserfc's rules with room for long headers (an embedded key) and big signatures."""

    max_header_length = 64 * 1024
    max_payload_length = 256 * 1024
    max_signature_length = 16 * 1024


@dataclass(frozen=True)
class TokenFacts:
    """Unverified facts of one token; times are UTC, None where the token is silent.

    `kind` is "jwt", or "opaque" for a macaroon, of which nothing else is known.
    """

    kind: Literal["jwt", "opaque"]
    issuer: str | None = None
    subject: str | None = None
    audience: tuple[str, ...] = ()
    scopes: tuple[str, ...] = ()
    issued: datetime | None = None
    not_before: datetime | None = None
    expires: datetime | None = None
    header: Mapping[str, Any] = field(default_factory=dict, repr=False)
    claims: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, token: str, origin: str) -> TokenFacts:
        """The facts of a token that came from `origin` (named in messages).

        Raises CredentialError for text that is neither a JWT nor a macaroon.
        """
        _refuse_text(token, origin)
        if token.count(".") != PARTS_OF_A_JWT - 1:
            if is_macaroon(token):
                return cls("opaque")
            parts = token.count(".") + 1
            raise CredentialError(
                f"{origin}: not a token: a JWT has three dot-separated parts, this has {parts}, "
                "and it is no macaroon either"
            )
        parsed = parse_jwt(token, origin)
        claims = _claims(parsed, origin)
        return cls(
            "jwt",
            issuer=_text(claims.get("iss")),
            subject=_text(claims.get("sub")),
            audience=_listed(claims.get("aud")),
            scopes=_scopes(claims.get("scope")),
            issued=_time(claims.get("iat")),
            not_before=_time(claims.get("nbf")),
            expires=_time(claims.get("exp")),
            header=parsed.headers(),
            claims=claims,
        )

    def refuse_if_useless(self, origin: str, now: datetime | None = None) -> None:
        """Raise CredentialError when the token is expired or not valid yet."""
        moment = now or datetime.now(UTC)
        if self.expires is not None and self.expires <= moment:
            raise CredentialError(
                f"{origin}: the token expired at {_shown(self.expires)}; get a new one"
            )
        if self.not_before is not None and self.not_before > moment:
            raise CredentialError(
                f"{origin}: the token is valid only from {_shown(self.not_before)}; "
                "wait, or set this machine's clock"
            )


def parse_jwt(token: str, origin: str) -> CompactSignature:
    """A JWT taken apart by joserfc, nothing verified; raises CredentialError if it is none."""
    try:
        return extract_compact(token.encode("ascii"), registry=WideRegistry())
    except (JoseError, ValueError, TypeError):
        raise CredentialError(
            f"{origin}: not a JWT: it has three parts, but its header is not base64url-coded JSON"
        ) from None


def is_macaroon(token: str) -> bool:
    """Whether the text is a serialised macaroon, version 1 or 2."""
    padded = token.rstrip("=").replace("+", "-").replace("/", "_")
    try:
        raw = base64.urlsafe_b64decode(padded + "=" * (-len(padded) % 4))
    except (binascii.Error, ValueError):
        return False
    return raw.startswith(_V2_MACAROON) or bool(_V1_MACAROON.match(raw))


def _refuse_text(token: str, origin: str) -> None:
    if not token:
        raise CredentialError(f"{origin}: empty, expected a token")
    if token.lstrip().startswith("<"):
        raise CredentialError(f"{origin}: an HTML or XML page, not a token")
    if token.lstrip().startswith("{"):
        raise CredentialError(
            f"{origin}: JSON, not a token; if it is an issuer's answer, keep only the value of "
            "access_token"
        )
    if token.startswith("-----BEGIN"):
        raise CredentialError(f"{origin}: a PEM file, not a token; give it with --proxy")
    if len(token.split()) != 1:
        raise CredentialError(f"{origin}: blanks or line ends inside, so it is not one token")
    if len(token) > LONGEST_TOKEN or not _BEARER.fullmatch(token):
        raise CredentialError(f"{origin}: characters no token has, or longer than 256 KiB")


def _claims(parsed: CompactSignature, origin: str) -> dict[str, Any]:
    try:
        claims = json.loads(parsed.payload)
    except (ValueError, RecursionError):
        claims = None
    if not isinstance(claims, dict):
        raise CredentialError(f"{origin}: not a JWT: its payload is not a JSON object")
    return claims


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _listed(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    return tuple(v for v in value if isinstance(v, str)) if isinstance(value, list) else ()


def _scopes(value: object) -> tuple[str, ...]:
    return tuple(value.split()) if isinstance(value, str) else _listed(value)


def _time(value: object) -> datetime | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return datetime.fromtimestamp(value, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _shown(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M:%S UTC")
