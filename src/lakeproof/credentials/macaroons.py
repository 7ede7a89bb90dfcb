"""What the holder of a macaroon can do with it alone: read its caveats, add some, forge it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from pymacaroons import Macaroon
from pymacaroons.exceptions import MacaroonException

from lakeproof.credentials.errors import CredentialError
from lakeproof.wire.auth import Bearer

UNKNOWN_SECRET = "lakeproof does not know the secret"  # noqa: S105  that is the point
_MACAROON_ERRORS = (MacaroonException, ValueError, KeyError, TypeError, IndexError, AttributeError)


class NoMacaroonError(CredentialError):
    """A bearer that is called a macaroon and is something else, a JWT for example."""


def narrowed(bearer: Bearer, *caveats: str) -> Bearer:
    """The same macaroon with first-party caveats appended, as any holder may do."""
    macaroon = read_macaroon(bearer)
    for caveat in caveats:
        macaroon.add_first_party_caveat(caveat)
    return Bearer(str(macaroon.serialize()), label=f"{bearer.label}, narrowed: {' '.join(caveats)}")


def caveats_of(bearer: Bearer) -> tuple[str, ...]:
    """The caveats in order; raises NoMacaroonError."""
    return tuple(str(caveat.caveat_id) for caveat in read_macaroon(bearer).caveats)


def end_of(bearer: Bearer) -> datetime | None:
    """The earliest of its `before:` caveats (UTC); None when there is none.

    Raises NoMacaroonError, also for an end that is no ISO 8601 time.
    """
    ends = [c.partition(":")[2] for c in caveats_of(bearer) if c.startswith("before:")]
    try:
        read = [datetime.fromisoformat(end) for end in ends]
    except ValueError as error:
        raise NoMacaroonError(f"{bearer.label}: {error}") from None
    return min((end if end.tzinfo else end.replace(tzinfo=UTC) for end in read), default=None)


def forged(bearer: Bearer, kind: str) -> Bearer:
    """A forgery: `altered-signature`, `dropped-activity`, `widened-activity` or `foreign-key`."""
    macaroon = read_macaroon(bearer)
    _FORGERIES[kind](macaroon)
    return Bearer(str(macaroon.serialize()), label=f"forged macaroon: {kind}")


def _alter_signature(macaroon: Macaroon) -> None:
    signature = macaroon.signature
    macaroon.signature = ("0" if signature[0] != "0" else "1") + signature[1:]


def _drop_activity(macaroon: Macaroon) -> None:
    kept = [c for c in macaroon.caveats if not str(c.caveat_id).startswith("activity:")]
    macaroon.caveats = kept


def _widen_activity(macaroon: Macaroon) -> None:
    for caveat in macaroon.caveats:
        if str(caveat.caveat_id).startswith("activity:"):
            caveat.caveat_id = f"{caveat.caveat_id},UPLOAD,MANAGE,DELETE"


def _sign_anew(macaroon: Macaroon) -> None:
    own = Macaroon(
        location=macaroon.location,
        identifier=macaroon.identifier,
        key=UNKNOWN_SECRET,
        version=macaroon.version,
    )
    for caveat in macaroon.caveats:
        own.add_first_party_caveat(str(caveat.caveat_id))
    macaroon.signature = own.signature


_FORGERIES: dict[str, Callable[[Macaroon], None]] = {
    "altered-signature": _alter_signature,
    "dropped-activity": _drop_activity,
    "widened-activity": _widen_activity,
    "foreign-key": _sign_anew,
}


def read_macaroon(bearer: Bearer) -> Macaroon:
    """The macaroon that a bearer holds; raises NoMacaroonError."""
    try:
        return Macaroon.deserialize(bearer.token)
    except _MACAROON_ERRORS:
        raise NoMacaroonError(f"{bearer.label}: what was given is no macaroon") from None
