"""A genuine token that has expired: of an earlier run, made on purpose, or waited for."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from lakeproof.credentials.client import Oddity
from lakeproof.credentials.kept import LENIENCE, Keeper, expired_since
from lakeproof.verdict import NotRun
from lakeproof.wire.auth import Bearer

if TYPE_CHECKING:
    from lakeproof.session.endpoint import EndpointSession

LONG_AGO_S = -3600
TELL_EVERY_S = 30.0
MINUTE_S = 60.0


def _say_nothing(_: str) -> None:
    """Nobody listens."""


@dataclass
class Expiry:
    """What the operator allows to get at an expired token.

    `keeper` keeps a token of this run for later ones, `patience_s` is how long may be waited
    for one to expire; `say` tells the person at the terminal how far that is.
    """

    keeper: Keeper | None = None
    patience_s: float = 0.0
    say: Callable[[str], None] = _say_nothing
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    sleep: Callable[[float], None] = time.sleep

    def token(self, session: EndpointSession) -> Bearer:
        """An expired token that was good for reading what this run writes.

        Raises NotRun with what to do when there is none, CredentialError when none is to be had.
        """
        scope = f"storage.read:{session.area}"
        wallet = session.wallet
        if self.keeper is None and wallet.can_mint_odd:
            return wallet.odd([scope], Oddity(lifetime_s=LONG_AGO_S))
        current = wallet.bearer(scope) if wallet.can_narrow else wallet.genuine()
        kept = self._of_an_earlier_run(session, current)
        if kept is not None:
            return kept
        if wallet.can_mint_odd:
            return wallet.odd([scope], Oddity(lifetime_s=LONG_AGO_S))
        if self.patience_s:
            return self._waited_for(session, current)
        raise NotRun(self._advice())

    def _of_an_earlier_run(self, session: EndpointSession, current: Bearer) -> Bearer | None:
        issuer = session.wallet.facts(current).issuer
        if self.keeper is None or issuer is None:
            return None
        found = self.keeper.find(_endpoint(session), issuer)
        since = expired_since(found, self.clock()) if found else None
        if found and since is not None:
            return Bearer(found, label=f"kept from an earlier run, expired {_spoken(since)} ago")
        # What the storage never took proves nothing by being refused later.
        if session.storage.propfind(session.readable, 0, auth=current).ok:
            self.keeper.keep(_endpoint(session), current.token)
        return None

    def _waited_for(self, session: EndpointSession, current: Bearer) -> Bearer:
        wallet, until = session.wallet, session.wallet.facts(current).expires
        if not wallet.can_narrow:
            raise NotRun(
                "waiting would leave the rest of the run without its only token: give --token "
                "oidc-agent:ACCOUNT or client:ISSUER_URL, or --keep-token"
            )
        wait_s = (until + LENIENCE - self.clock()).total_seconds() if until else 0.0
        if until is None or wait_s > self.patience_s:
            raise NotRun(
                f"the issuer's tokens expire in {wait_s / MINUTE_S:.0f} min and --patient says "
                f"{self.patience_s / MINUTE_S:.0f} min: give --keep-token and run again later"
            )
        end = until + LENIENCE
        while (left_s := (end - self.clock()).total_seconds()) > 0:
            self.say(f"{session.name}: waiting {left_s:.0f} s for a token to expire (--patient)")
            self.sleep(min(left_s, TELL_EVERY_S))
        return current

    def _advice(self) -> str:
        if self.keeper is not None:
            return "a token of this run is kept: run again when it has expired"
        return (
            "it needs a token that has expired: give --keep-token and run again later, or "
            "--patient MINUTES"
        )


def _endpoint(session: EndpointSession) -> str:
    return f"{session.door.origin}{session.door.path}"


def _spoken(since: object) -> str:
    return str(since).partition(".")[0]
