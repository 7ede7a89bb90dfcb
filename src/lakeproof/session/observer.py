"""The observable peer as checks use it: files to be pulled, places to be pushed to, what came."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from lakeproof.peer import Behaviour, PeerClient, Sighting
from lakeproof.verdict import Blame, Blocked, NotRun, Unjudged
from lakeproof.wire.auth import ANONYMOUS, Bearer, Credential
from lakeproof.wire.payload import Payload
from lakeproof.wire.redact import redactor
from lakeproof.wire.tpc import TpcEnd, Transfer
from lakeproof.wire.transcript import Recorder

PATIENCE_S = 30.0
LOOK_S = 0.1
A_MOMENT_S = 1.0

ABSENT = (
    "it needs a server of ours that the endpoint can reach: give --peer-url https://HOST:PORT with "
    "--peer-certificate and --peer-key, or `peer:` in the inventory"
)


@dataclass(frozen=True)
class PeerAddress:
    """Where the endpoint finds the peer, and where that is behind other names.

    `url` is an origin. `other_url` is a second one, `inside_url` one that the endpoint's rules
    should keep it from; `misnamed_url` leads to the first by a name that its certificate does
    not have. Each but the first may be empty.
    """

    url: str
    other_url: str = ""
    inside_url: str = ""
    misnamed_url: str = ""


class Observed:
    """One resource of the peer. `url` is unguessable, `credential` opens it if it wants one."""

    def __init__(
        self, observer: Observer, name: str, url: str, credential: Credential, payload: Payload
    ) -> None:
        self._observer = observer
        self.name = name
        self.url = url
        self.credential = credential
        self.payload = payload

    def seen(self) -> list[Sighting]:
        """The requests so far; they go into the transcript as well."""
        return self._observer.look(self)

    def visited(self) -> bool:
        """Whether anything asks for it, now or within a moment."""
        return self._observer.wait(self, bool, A_MOMENT_S)

    def broken_off(self) -> bool:
        """Whether the endpoint breaks a request to it off before our patience ends.

        Half of that time a slow reader stays slow. Then it takes what comes, as what was on its
        way when the endpoint left has to be read before the end can be seen.
        """
        half_s = self._observer.patience_s / 2
        if self._observer.wait(self, _any_broken, half_s):
            return True
        self._observer.client.release(self.name)
        return self._observer.wait(self, _any_broken, half_s)


@dataclass
class Observer:
    """The peer of this run, seen from the check of one endpoint."""

    client: PeerClient
    address: PeerAddress
    recorder: Recorder
    patience_s: float = PATIENCE_S
    _refused: bool = field(default=False)
    _made: list[str] = field(default_factory=list)

    def file(
        self,
        content: bytes | Payload,
        behaviour: Behaviour = "sound",
        *,
        guarded: bool = False,
        origin: str = "",
    ) -> Observed:
        """Something to pull; `guarded` wants its bearer, `origin` is the first unless given."""
        payload = content if isinstance(content, Payload) else Payload.of(content)
        return self._add(behaviour, payload, b"".join(payload.blocks()), guarded, origin)

    def target(self, behaviour: Behaviour = "sound", *, guarded: bool = False) -> Observed:
        """Something to push to."""
        return self._add(behaviour, Payload.of(b""), None, guarded, "")

    def redirect(self, to: Observed, *, guarded: bool = False) -> Observed:
        """Something at the first origin that redirects (307) to `to`."""
        return self._add("redirecting", to.payload, b"", guarded, "", to.url)

    @property
    def other(self) -> str:
        """The second origin; raises NotRun without one."""
        return _given(self.address.other_url, "a second address of our server: --peer-other-url")

    @property
    def inside(self) -> str:
        """An origin that the endpoint's rules should keep it from; raises NotRun without one."""
        return _given(
            self.address.inside_url,
            "an address of our server that the endpoint must not fetch from, such as its own "
            "loopback: --peer-inside-url",
        )

    @property
    def misnamed(self) -> str:
        """The first origin by a name that its certificate lacks; raises NotRun without one."""
        return _given(self.address.misnamed_url, "a certificate that does not name the address")

    def control(self, transfer: Transfer) -> None:
        """A plain copy with the peer must succeed: an error the first time, then `Blocked`."""
        if transfer.end is TpcEnd.SUCCESS:
            return
        sentence = f"it cannot copy with our server at {self.address.url}: {transfer.describe()}"
        if self._refused:
            raise Blocked(sentence)
        self._refused = True
        raise Unjudged(sentence, Blame.NETWORK)

    def look(self, resource: Observed) -> list[Sighting]:
        """What was asked of `resource`, noted in the transcript."""
        seen = self.client.seen(resource.name)
        self.recorder.current.sightings[resource.name] = [_said(each) for each in seen]
        return seen

    def wait(
        self, resource: Observed, until: Callable[[list[Sighting]], bool], within_s: float
    ) -> bool:
        """Whether `until` holds of what was seen before `within_s` seconds are over."""
        end = time.monotonic() + within_s
        while not until(self.look(resource)):
            if time.monotonic() >= end:
                return False
            time.sleep(LOOK_S)
        return True

    def forget(self) -> None:
        """Remove every resource made so far, and their content from memory."""
        while self._made:
            self.client.remove(self._made.pop())

    def _add(
        self,
        behaviour: Behaviour,
        payload: Payload,
        content: bytes | None,
        guarded: bool,
        origin: str,
        location: str = "",
    ) -> Observed:
        bearer = Bearer(secrets.token_urlsafe(24), label="peer's token") if guarded else None
        name = self.client.add(
            behaviour, content, token=bearer.token if bearer else "", location=location
        )
        self._made.append(name)
        url = f"{origin or self.address.url}/lakeproof/{name}"
        return Observed(self, name, url, bearer or ANONYMOUS, payload)


def _any_broken(seen: list[Sighting]) -> bool:
    return any(each.state == "broken" for each in seen)


def _given(url: str, what: str) -> str:
    if not url:
        raise NotRun(f"it needs {what}")
    return url


def _said(seen: Sighting) -> str:
    """One request as the transcript shows it: no value of a secret header."""
    for name, value in seen.headers:
        if "authorization" in name.lower() and " " in value:
            redactor.register(value.split()[-1], "credential seen by our server")
    lines = [f"> {seen.method} {seen.target}   [at our server, {seen.place}]"]
    lines += [f"> {name}: {value}" for name, value in redactor.headers(dict(seen.headers)).items()]
    if seen.received:
        lines.append(f"> ({seen.received} bytes, adler32 {seen.adler32})")
    ends = {"open": "still going on", "done": "to its end", "broken": "broken off by the endpoint"}
    lines.append(f"< {seen.status or 'no status'}, {seen.sent} bytes sent, {ends[seen.state]}")
    return redactor.text("\n".join(lines))
