"""Every endpoint this process talks to, opened when first needed and cleaned up at the end."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NoReturn

from lakeproof.peer import PeerClient
from lakeproof.session.endpoint import EndpointSession
from lakeproof.session.expiry import Expiry
from lakeproof.session.fts import ABSENT as ABSENT_FTS
from lakeproof.session.fts import Fts
from lakeproof.session.issuer import IssuerSession
from lakeproof.session.issuer_load import LoadPlan
from lakeproof.session.observer import ABSENT, PATIENCE_S, Observer, PeerAddress
from lakeproof.session.plan import Plan, Target
from lakeproof.session.tested import Tested
from lakeproof.verdict import Blame, Blocked, NotRun, Unjudged
from lakeproof.wire.transcript import Recorder

NO_OTHER = (
    "it needs a second identity, which must not see the first one's data: give --other-token "
    "SOURCE, or `auth: {other: …}` in the inventory"
)
NO_CACHE = (
    "it is about a cache: --cache-of URL, or `cache_of: ENDPOINT` in the inventory, says of what"
)


class Sessions:
    """The endpoint sessions of one process, sharing one transcript recorder."""

    def __init__(self, plan: Plan, run_id: str, *, read_only: bool = False) -> None:
        self.plan = plan
        self.read_only = read_only
        self.run_id = run_id
        self.recorder = Recorder()
        self.peer_trouble = ""
        self.expiry = Expiry()
        self.issuer_load = LoadPlan()
        self._peer: Callable[[], Observer] | None = None
        self._observers: dict[str, Observer] = {}
        self._open: dict[str, EndpointSession] = {}
        self._fts: dict[str, Fts] = {}
        self._issuers: dict[str, IssuerSession] = {}
        self._said: set[str] = set()

    def get(self, name: str) -> EndpointSession:
        """The session of the endpoint or partner of this name."""
        if name not in self._open:
            session = self._open[name] = EndpointSession(
                self.plan.target(name), self.run_id, self.recorder, read_only=self.read_only
            )
            origin = session.target.endpoint.cache_of
            session.behind = self.get(origin) if origin else None
        return self._open[name]

    def origin_of(self, name: str) -> EndpointSession:
        """The endpoint that the cache of this name stands before.

        Raises NotRun when it is none; an origin that cannot be used is an error, once.
        """
        origin = self.get(name).behind
        if origin is None:
            raise NotRun(NO_CACHE)
        return self.sound_peer(origin.name)

    def issuer(self, name: str) -> IssuerSession:
        """The session of the token issuer of this name."""
        if name not in self._issuers:
            self._issuers[name] = IssuerSession(
                self.plan.issuer(name), self.recorder, self.issuer_load
            )
        return self._issuers[name]

    def fts_of(self, name: str) -> Fts:
        """The FTS of the run, asked as the endpoint of this name would be; NotRun without one."""
        if self.plan.fts is None:
            raise NotRun(ABSENT_FTS)
        if name not in self._fts:
            session = self.get(name)
            self._fts[name] = Fts(
                self.plan.fts,
                session.wallet,
                session.tls,
                session.target.timeouts,
                self.recorder,
                {
                    (target.endpoint.door.host, target.endpoint.door.port): (
                        target.endpoint.door.path,
                        str(target.endpoint.doors.root).rstrip("/"),
                    )
                    for target in self.plan.everything
                    if target.endpoint.doors.root is not None
                },
            )
        return self._fts[name]

    def watch_with(
        self, client: PeerClient, address: PeerAddress, patience_s: float = PATIENCE_S
    ) -> None:
        """Have the run's own server at hand for checks that need an observer."""
        self._peer = partial(Observer, client, address, self.recorder, patience_s)

    def observer_of(self, name: str) -> Observer:
        """Our own server as the endpoint of this name sees it.

        Raises NotRun when none is configured; when it could not be started, an error, once.
        """
        if self.peer_trouble:
            self._unsound(self.peer_trouble, Blame.US)
        if self._peer is None:
            raise NotRun(ABSENT)
        if name not in self._observers:
            self._observers[name] = self._peer()
        return self._observers[name]

    def other_of(self, name: str) -> EndpointSession:
        """The endpoint of this name as the second identity uses it, in a directory of its own.

        Raises NotRun when there is no second identity; when it can do nothing in its own area, an
        error blamed on the credential, once.
        """
        session = self._other(name)
        if session is None:
            raise NotRun(NO_OTHER)
        if session.trouble is not None:
            sentence = f"the other identity cannot use its own area: {session.trouble[0]}"
            self._unsound(sentence, Blame.CREDENTIAL)
        return session

    def all_of(self, name: str) -> list[EndpointSession]:
        """The endpoint of this name as each identity uses it, the first one's session first."""
        other = self._other(name)
        return [self.get(name)] if other is None else [self.get(name), other]

    def _other(self, name: str) -> EndpointSession | None:
        owner = self.get(name)
        target = owner.target.as_other()
        if target is None:
            return None
        if target.name not in self._open:
            session = EndpointSession(
                target, f"{self.run_id}-other", self.recorder, read_only=self.read_only
            )
            # One client, for whoever counts refusals; and what it may move is the run's own.
            session.pacer = owner.pacer
            session.also_ours = (owner.run_directory,)
            self._open[target.name] = session
        return self._open[target.name]

    def partner_of(
        self, name: str, able: Callable[[Target], bool] = lambda _: True
    ) -> EndpointSession:
        """The first sound partner of `name` that is `able`: golden first, then in order.

        Raises NotRun when there is no other endpoint at all; when none is sound, an error
        blamed on the partner, once.
        """
        candidates = [target for target in self.plan.partners_of(name) if able(target)]
        if not candidates:
            raise NotRun("it needs a second endpoint: give a second URL, or --partner URL")
        reasons = []
        for candidate in candidates:
            session = self.get(candidate.name)
            if session.trouble is None:
                return session
            reasons.append(session.trouble[0])
        return self._unsound(f"no partner is sound: {'; '.join(reasons)}")

    def sound_peer(self, name: str) -> EndpointSession:
        """The session of one certain other end; an error blamed on it, once, when unsound."""
        session = self.get(name)
        return session if session.trouble is None else self._unsound(session.trouble[0])

    def _unsound(self, sentence: str, blame: Blame = Blame.PARTNER) -> NoReturn:
        if sentence in self._said:
            raise Blocked(sentence)
        self._said.add(sentence)
        raise Unjudged(sentence, blame)

    def opened(self) -> list[Tested]:
        """The sessions that this process has opened so far, those of issuers too."""
        return [*self._open.values(), *self._issuers.values()]

    def clean_up(self) -> list[str]:
        """Remove what this run wrote anywhere; gives the URLs of what is left."""
        return [left for session in self._open.values() for left in session.clean_up()]

    def notes(self) -> list[str]:
        """What was found out that the next run could be told."""
        return [note for session in self._open.values() for note in session.notes]

    def scope_roots(self) -> dict[str, str]:
        """What a token's path "/" means at each endpoint where that was found out."""
        found = {name: session.scope_root for name, session in self._open.items()}
        return {name: str(root) for name, root in found.items() if root is not None}

    def close(self) -> None:
        """Close every connection."""
        for fts in self._fts.values():
            fts.close()
        for session in self.opened():
            session.close()
