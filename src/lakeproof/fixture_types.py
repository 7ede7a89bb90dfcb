"""The types of the fixtures that are callables, for the signatures of checks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, Protocol

from lakeproof.wire.auth import Bearer
from lakeproof.wire.payload import Payload

Tampering = Literal[
    "flipped-signature",
    "truncated-signature",
    "dropped-signature",
    "widened-payload",
    "alg-none",
    "hs256-public-key",
    "same-kid-new-key",
    "unknown-kid",
]


class PayloadOf(Protocol):
    """Makes a payload of so many bytes, different in every check."""

    def __call__(self, size: int) -> Payload:  # noqa: D102  the class says it
        ...


class TokenFor(Protocol):
    """Asks for a token of exactly these scopes, whose paths are URL paths."""

    def __call__(  # noqa: D102
        self, *scopes: str, audience: str | None = None
    ) -> Bearer: ...


class OddTokenFor(Protocol):
    """Has the issuer sign a token that is wrong: claims or header merged over (None removes)."""

    def __call__(  # noqa: D102
        self,
        *,
        scopes: Sequence[str],
        claims: Mapping[str, Any] | None = None,
        header: Mapping[str, Any] | None = None,
        lifetime_s: int | None = None,
        algorithm: str | None = None,
        audience: str | None = None,
    ) -> Bearer: ...


class Tampered(Protocol):
    """Makes a forgery of the genuine token."""

    def __call__(self, kind: Tampering) -> Bearer:  # noqa: D102
        ...
