"""Every endpoint this process talks to, opened when first needed and cleaned up at the end."""

from __future__ import annotations

from lakeproof.session.endpoint import EndpointSession
from lakeproof.session.plan import Plan
from lakeproof.verdict import Blame, Blocked, NotRun, Unjudged
from lakeproof.wire.transcript import Recorder


class Sessions:
    """The endpoint sessions of one process, sharing one transcript recorder."""

    def __init__(self, plan: Plan, run_id: str) -> None:
        self.plan = plan
        self.run_id = run_id
        self.recorder = Recorder()
        self._open: dict[str, EndpointSession] = {}

    def get(self, name: str) -> EndpointSession:
        """The session of the endpoint or partner of this name."""
        if name not in self._open:
            self._open[name] = EndpointSession(self.plan.target(name), self.run_id, self.recorder)
        return self._open[name]

    def partner_of(self, name: str) -> EndpointSession:
        """The first sound partner of `name`: golden first, then in order.

        Raises NotRun when there is no other endpoint at all, and the last one's reason, blamed on
        the partner, when none of them is sound.
        """
        candidates = self.plan.partners_of(name)
        if not candidates:
            raise NotRun("it needs a second endpoint: give a second URL, or --partner URL")
        reasons = []
        for candidate in candidates:
            session = self.get(candidate.name)
            try:
                session.require_ready()
            except (Unjudged, Blocked) as refusal:
                reasons.append(f"{candidate.name}: {refusal}")
            else:
                return session
        raise Blocked(f"no partner is sound: {'; '.join(reasons)}")

    def sound_peer(self, name: str) -> EndpointSession:
        """The session of one certain other end; raises an error blamed on it when unsound."""
        session = self.get(name)
        try:
            session.require_ready()
        except Unjudged as refusal:
            raise Unjudged(f"{name}: {refusal.sentence}", Blame.PARTNER) from None
        return session

    def clean_up(self) -> list[str]:
        """Remove what this run wrote anywhere; gives the URLs of what is left."""
        return [left for session in self._open.values() for left in session.clean_up()]

    def notes(self) -> list[str]:
        """What was found out that the next run could be told."""
        return [session.note for session in self._open.values() if session.note]

    def close(self) -> None:
        """Close every connection."""
        for session in self._open.values():
            session.close()
