"""Macaroons: handing them out, attenuated, and the identity they give.

The form of request and caveats is dCache's (`application/macaroon-request`); the identifier
carries what the requester may do, so a macaroon never grants more.
"""

from __future__ import annotations

import base64
import ipaddress
import json
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import PurePosixPath
from typing import Any

from pymacaroons import Macaroon, Verifier
from pymacaroons.exceptions import MacaroonException

from lakeproof.emulator.faults import Faults
from lakeproof.emulator.identity import EVERYTHING, Action, Identity, Member
from lakeproof.emulator.paths import within
from lakeproof.emulator.scopes import Capability, TokenIdentity
from lakeproof.emulator.tokens import BadTokenError

ACTIVITIES: dict[str, frozenset[Action]] = {
    "DOWNLOAD": frozenset({Action.READ, Action.STAT}),
    "LIST": frozenset({Action.LIST, Action.STAT}),
    "READ_METADATA": frozenset({Action.STAT}),
    "UPDATE_METADATA": frozenset({Action.STAT}),
    "UPLOAD": frozenset({Action.CREATE, Action.STAT}),
    "MANAGE": frozenset({Action.MKCOL, Action.RENAME, Action.STAT}),
    "DELETE": frozenset({Action.DELETE, Action.OVERWRITE, Action.DISPLACE, Action.STAT}),
    "STAGE": frozenset({Action.STAGE, Action.POLL, Action.STAT}),
}
# Each of these faults makes one activity useless.
USELESS = {
    "macaroon-download-refused": ("DOWNLOAD", Action.READ),
    "macaroon-upload-refused": ("UPLOAD", Action.CREATE),
    "macaroon-delete-refused": ("DELETE", Action.DELETE),
    "macaroon-list-refused": ("LIST", Action.LIST),
    "macaroon-manage-refused": ("MANAGE", Action.RENAME),
}
DURATION = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?")


class BadMacaroonRequestError(ValueError):
    """A macaroon request that cannot be met: the sentence says why."""


@dataclass(frozen=True)
class MacaroonIdentity:
    """The bearer of a verified macaroon: the requester's rights, narrowed by every caveat."""

    requester: Identity
    activities: tuple[frozenset[Action], ...]
    areas: tuple[PurePosixPath, ...]
    faults: Faults = field(default_factory=Faults)
    anonymous: bool = False

    def may(self, action: Action, path: PurePosixPath, *, collection: bool = False) -> bool:
        """See Identity."""
        if not self.faults.has("macaroon-activity-ignored") and not self._active(action):
            return False
        if not self.faults.has("macaroon-path-ignored") and not all(
            self._covers(area, action, path) for area in self.areas
        ):
            return False
        exceeds = self.faults.has("macaroon-exceeds-requester") or (
            action is Action.STAT and self.faults.has("embargo-macaroon-tells")
        )
        return exceeds or self.requester.may(action, path, collection=collection)

    def _active(self, action: Action) -> bool:
        united = self.faults.has("macaroon-caveats-united") and self.activities
        return (any if united else all)(action in allowed for allowed in self.activities)

    def _covers(self, area: PurePosixPath, action: Action, path: PurePosixPath) -> bool:
        if self.faults.has("macaroon-path-prefix") and str(path).startswith(str(area)):
            return True
        return within(path, area) or (action is Action.MKCOL and path in area.parents)


class MacaroonDesk:
    """Issues and verifies the macaroons of one element."""

    def __init__(self, secret: str, location: str) -> None:
        self.secret = secret or secrets.token_hex(32)
        self.location = location
        self.faults = Faults()

    def issue(self, requester: Identity, caveats: list[str], lifetime_s: int) -> str:
        """A serialised macaroon for `requester`, narrowed by `caveats` and `lifetime_s`."""
        identifier = json.dumps({"nonce": secrets.token_hex(8), "rights": pack(requester)})
        macaroon = Macaroon(location=self.location, identifier=identifier, key=self.secret)
        for caveat in caveats:
            macaroon.add_first_party_caveat(caveat)
        if self.faults.has("macaroon-never-ends"):
            return str(macaroon.serialize())
        until = datetime.now(UTC) + timedelta(seconds=lifetime_s)
        macaroon.add_first_party_caveat(f"before:{until.strftime('%Y-%m-%dT%H:%M:%SZ')}")
        return str(macaroon.serialize())

    def identify(self, text: str, client: str) -> Identity:
        """The identity a macaroon gives to a client at address `client`; raises BadTokenError."""
        try:
            macaroon = Macaroon.deserialize(text)
            rights = json.loads(macaroon.identifier)["rights"]
            caveats = [str(caveat.caveat_id) for caveat in macaroon.caveats]
        except (MacaroonException, ValueError, KeyError, TypeError, IndexError, AttributeError):
            raise BadTokenError("not a macaroon") from None
        verifier = Verifier()
        verifier.satisfy_general(lambda caveat: self._holds(caveat, client))
        try:
            verified = verifier.verify(macaroon, self.secret)
        except (MacaroonException, ValueError, TypeError):
            verified = False
        if not verified and not self.faults.has("macaroon-signature-ignored"):
            raise BadTokenError("macaroon does not verify")
        return MacaroonIdentity(
            unpack(rights, self.faults),
            tuple(self._of_kind(caveats, "activity", self._actions)),
            tuple(self._of_kind(caveats, "path", PurePosixPath)),
            self.faults,
        )

    def _of_kind(self, caveats: list[str], kind: str, read: Callable[[str], Any]) -> list[Any]:
        found = [read(c.partition(":")[2]) for c in caveats if c.startswith(f"{kind}:")]
        return found[:1] if self.faults.has("macaroon-attenuation-ignored") else found

    def _actions(self, value: str) -> frozenset[Action]:
        names = value.split(",")
        useless = {
            action
            for fault, (name, action) in USELESS.items()
            if name in names and self.faults.has(fault)
        }
        granted = (ACTIVITIES.get(name, frozenset[Action]()) for name in names)
        return frozenset[Action]().union(*granted) - useless

    def _holds(self, caveat: str, client: str) -> bool:
        kind, _, value = caveat.partition(":")
        if kind == "before":
            return self.faults.has("macaroon-before-ignored") or _in_future(value)
        if kind == "ip":
            return self.faults.has("macaroon-ip-ignored") or _from_network(client, value)
        if kind == "activity":
            return all(name in ACTIVITIES for name in value.split(","))
        return kind in {"path", "id"} or self.faults.has("macaroon-unknown-caveat-accepted")


def pack(requester: Identity) -> dict[str, Any]:
    """What an identity may do, as JSON for a macaroon's identifier."""
    if isinstance(requester, TokenIdentity):
        held = [[c.kind, str(c.path), c.directory] for c in requester.capabilities]
        return {"held": held, "area": str(requester.area), "list": list(requester.list_with)}
    if isinstance(requester, Member):
        return {"area": str(requester.area), "actions": sorted(requester.actions)}
    if requester.anonymous:
        return {"area": "/", "actions": sorted(EVERYTHING)}
    raise BadMacaroonRequestError("this credential cannot be turned into a macaroon")


def unpack(rights: dict[str, Any], faults: Faults) -> Identity:
    """The identity that `pack` described."""
    area = PurePosixPath(rights["area"])
    if "held" in rights:
        held = tuple(Capability(k, PurePosixPath(p), d) for k, p, d in rights["held"])
        return TokenIdentity(held, area, tuple(rights["list"]), faults)
    return Member(area, frozenset(Action(name) for name in rights["actions"]))


def lifetime(validity: str) -> int:
    """Seconds of an ISO 8601 duration; raises BadMacaroonRequestError."""
    match = DURATION.fullmatch(validity)
    if match is None or not any(match.groups()):
        raise BadMacaroonRequestError(f"validity is no ISO 8601 duration: {validity[:40]}")
    days, hours, minutes, seconds = (int(group or 0) for group in match.groups())
    return ((days * 24 + hours) * 60 + minutes) * 60 + seconds


def looks_like_macaroon(text: str) -> bool:
    """Whether a bearer text is a macaroon rather than a JWT."""
    if text.count(".") == 2:  # noqa: PLR2004  a JWT's two dots
        return False
    try:
        start = base64.urlsafe_b64decode(text[:16])
    except ValueError:
        return False
    return b"location" in start or start[:1] == b"\x02"


def _in_future(text: str) -> bool:
    try:
        until = datetime.fromisoformat(text)
    except ValueError:
        return False
    return (until if until.tzinfo else until.replace(tzinfo=UTC)) > datetime.now(UTC)


def _from_network(client: str, networks: str) -> bool:
    try:
        address = ipaddress.ip_address(client)
        return any(address in ipaddress.ip_network(n, strict=False) for n in networks.split(","))
    except ValueError:
        return False
