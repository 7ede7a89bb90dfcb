"""One token issuer as one process talks to it: is it there, what is it, what does it offer?"""

from __future__ import annotations

from functools import cached_property
from pathlib import PurePosixPath
from typing import NoReturn
from urllib.parse import urlsplit

from lakeproof.credentials.errors import CredentialError
from lakeproof.inventory.door import Door
from lakeproof.session.fingerprint import Certainty, Fingerprint
from lakeproof.session.grant import json_object
from lakeproof.session.issuer_load import IssuerLoad, LoadPlan, alone_at, load
from lakeproof.session.plan import IssuerTarget
from lakeproof.session.probe import Probe
from lakeproof.session.token_issuer import TokenIssuer
from lakeproof.verdict import Blame, Blocked, Unjudged
from lakeproof.wire.connection import TlsConfig
from lakeproof.wire.reply import NotReached
from lakeproof.wire.transcript import Recorder

PATIENCE = 2
# Under load: who has not answered by then has no token for anybody.
LONGEST_ANSWER_S = 10.0
# How products of the field lay out their metadata: where a path ends, or a member that only they
# have.
MARKS = {
    "keycloak": ("token_endpoint", "/protocol/openid-connect/token"),
    "iam": ("registration_endpoint", "/iam/api/client-registration"),
    "cilogon": ("token_endpoint", "cilogon.org/oauth2/token"),
    "lakeproof": ("lakeproof_odd_tokens_supported", "True"),
}


class IssuerSession:
    """Connections and findings about one issuer, in one process.

    What cannot be had is said once as an error and afterwards as `Blocked`, so that one cause
    counts once.
    """

    def __init__(
        self, target: IssuerTarget, recorder: Recorder, load_plan: LoadPlan | None = None
    ) -> None:
        self.target = target
        self.name = target.name
        self.site = target.site
        self.url = target.url
        self.emulated = target.tokens.emulated
        self.prepared = False
        self.second_attempts = target.limits.second_attempts
        self._recorder = recorder
        self._load_plan = load_plan or LoadPlan()
        self._load: IssuerLoad | None = None
        self._cause_was_said = False
        self._unanswered = 0
        self._lost = ""

    @cached_property
    def door(self) -> Door:
        """Where it listens."""
        parts = urlsplit(self.url)
        return Door("https", parts.hostname or "", parts.port or 443, PurePosixPath("/"))

    @property
    def origin(self) -> str:
        """Its `https://host[:port]`."""
        return self.door.origin

    @cached_property
    def tls(self) -> TlsConfig:
        """Which authorities are trusted; raises CredentialError when they are not to be had."""
        name = self.target.tokens.ca
        return TlsConfig(name.path() if name else None)

    @cached_property
    def probe(self) -> Probe:
        """Facts about its addresses, its TLS and its certificate."""
        return Probe(self.door, self.tls.ca, self.target.timeouts.connect_s)

    @cached_property
    def issuer(self) -> TokenIssuer:
        """What checks talk to."""
        return TokenIssuer(self.target, self.tls, self._recorder)

    @property
    def load(self) -> IssuerLoad:
        """What it does under load, tried once; what each request gets alone is shown again."""
        alone_at(self.issuer)
        if self._load is None:
            answer_s = min(self.target.timeouts.read_s, LONGEST_ANSWER_S)
            self._load = load(self.issuer, self._load_plan, self.tls, answer_s)
        return self._load

    @property
    def fingerprint(self) -> Fingerprint:
        """Which product answers, by the layout of its metadata."""
        seen = self.__dict__.get("obstacle", "not asked")
        if seen is not None:
            return Fingerprint(None, None)
        metadata = json_object(self.issuer.discovery)
        for product, (member, end) in MARKS.items():
            if str(metadata.get(member, "")).endswith(end):
                return Fingerprint(product, None, Certainty.LIKELY, product, (member,))
        return Fingerprint(None, None)

    @cached_property
    def obstacle(self) -> str | None:
        """Why nothing can be asked there, or None."""
        try:
            self.issuer.discovery  # noqa: B018  asked here, kept there
        except (NotReached, CredentialError) as error:
            return error.sentence
        return None

    @property
    def given_up(self) -> bool:
        """Whether it is known that nothing more is to be had."""
        return bool(self._lost or self.__dict__.get("obstacle"))

    def require_connection(self) -> None:
        """Raise Blocked unless a connection and a handshake of some kind come about."""
        reason = self.probe.no_connection or self.probe.handshake_error
        if reason is not None:
            self._refuse(f"{self.name}: {reason}")

    def require_answer(self) -> None:
        """Raise unless the issuer answers: once as an error, then `Blocked`."""
        reason = self._lost or self.obstacle
        if reason:
            self._refuse(f"{self.name}: {reason}")

    def _refuse(self, sentence: str) -> NoReturn:
        if self._cause_was_said:
            raise Blocked(sentence)
        self._cause_was_said = True
        raise Unjudged(sentence, Blame.NETWORK)

    def note_cause_judged(self) -> None:
        """A check of its connection has failed, so what follows is blocked, not an error."""
        self._cause_was_said = True

    def note_answered(self) -> None:
        """A check got all its answers."""
        self._unanswered = 0

    def note_unanswered(self) -> None:
        """A request got no answer; after two such checks in a row the issuer is given up."""
        self._unanswered += 1
        if self._unanswered >= PATIENCE:
            self._lost = f"stopped answering: {self._unanswered} checks in a row got no answer"

    def note_closed(self) -> None:
        """A connection was closed without an answer: no silence, so nothing is given up."""

    def close(self) -> None:
        """Close the connections."""
        if "issuer" in self.__dict__:
            self.issuer.close()
