"""The endpoint under test as an RSE of Rucio: what Rucio is asked to do there, and what it says."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any, TypeVar
from urllib.parse import unquote, urlsplit

from lakeproof.verdict import Blame, Blocked, Unjudged
from lakeproof.wire.payload import Payload
from lakeproof.wire.rucio import (
    Answer,
    RucioClients,
    RucioNotReached,
    RucioProcess,
    RucioSettings,
)

T = TypeVar("T")
LIFETIME_S = 1800
PATIENCE_S = 60.0
POLL_S = 0.5
HTTP_SCHEMES = ("davs", "https", "dav", "http")
OK, STUCK = "OK", "STUCK"
# What Rucio's clients raise when a transfer with a storage did not go well. Anything else is about
# Rucio: the account, its quota, a name that is taken, a server that is down.
AT_THE_STORAGE = frozenset(
    {
        "DestinationAccessDenied",
        "DestinationNotAccessible",
        "FileConsistencyMismatch",
        "FileReplicaAlreadyExists",
        "NoFilesDownloaded",
        "NoFilesUploaded",
        "NotAllFilesDownloaded",
        "NotAllFilesUploaded",
        "RSEChecksumUnavailable",
        "ServiceUnavailable",
        "SourceAccessDenied",
        "SourceNotFound",
    }
)


@dataclass(frozen=True)
class RucioSpec:
    """Which Rucio knows an endpoint by which RSE, and as whom we ask it."""

    rse: str
    scope: str
    settings: RucioSettings
    patience_s: float = PATIENCE_S

    def open(self, token: Callable[[], str] | None) -> RucioClients:
        """Rucio's clients; nothing is started before they are asked."""
        return RucioProcess(self.settings, token)


@dataclass(frozen=True)
class RuleEnd:
    """How a replication rule ended, or how it stood when patience did."""

    state: str
    reason: str = ""

    def describe(self) -> str:
        """For a person."""
        return f"{self.state}: {self.reason}" if self.reason else self.state


class Rse:
    """One RSE, by the clients of one account; names of files begin with the run's."""

    def __init__(
        self,
        name: str,
        clients: RucioClients,
        *,
        scope: str,
        prefix: str,
        patience_s: float = PATIENCE_S,
    ) -> None:
        self.name = name
        self.patience_s = patience_s
        self._clients = clients
        self._scope = scope
        self._prefix = prefix
        self._count = 0

    def close(self) -> None:
        """End Rucio's clients; they start again when asked."""
        self._clients.close()

    def schemes(self, operation: str) -> list[str]:
        """The schemes that Rucio may `read` or `write` with, the preferred first."""
        found = self._value(self._ask("protocols", rse=self.name))
        able = [each for each in found if each[operation]]
        return [each["scheme"] for each in sorted(able, key=lambda each: int(each[operation]))]

    def new_name(self) -> str:
        """A name for a file that no other has."""
        self._count += 1
        return f"{self._prefix}-{self._count}"

    def upload(
        self, name: str, data: Payload, *, scheme: str | None = None, lifetime_s: int = LIFETIME_S
    ) -> Answer:
        """Have Rucio's client upload `data`; failures at the storage are an answer."""
        with TemporaryDirectory(prefix="lakeproof-") as folder:
            path = Path(folder) / name
            with path.open("wb") as file:
                for chunk in data.chunks():
                    file.write(chunk)
            return self._ask(
                "upload",
                rse=self.name,
                did=[self._scope, name],
                path=str(path),
                scheme=scheme or self.schemes("write")[0],
                lifetime_s=lifetime_s,
            )

    def download(self, name: str, scheme: str) -> tuple[Answer, bytes]:
        """Have Rucio's client download a file; what it got."""
        with TemporaryDirectory(prefix="lakeproof-") as folder:
            answer = self._ask(
                "download",
                rse=self.name,
                did=[self._scope, name],
                folder=folder,
                scheme=scheme,
            )
            return answer, Path(answer.value).read_bytes() if answer.ok else b""

    def examine(self, rule: str, most: int) -> Answer:
        """All that Rucio tells of a rule, and of up to `most` files that it waits for."""
        try:
            return self._clients.ask("examine", rule=rule, most=most)
        except RucioNotReached as error:
            raise Unjudged(error.sentence, Blame.US) from None

    def path_of(self, name: str) -> PurePosixPath:
        """The URL path at which the replica lies, by what Rucio lists; Blocked without one."""
        for url in self._urls(name):
            if urlsplit(url).scheme in HTTP_SCHEMES:
                return PurePosixPath(unquote(urlsplit(url).path))
        raise Blocked(f"Rucio lists no replica of {name} at {self.name} that is read over HTTP")

    def replicate(self, name: str) -> RuleEnd:
        """Ask for a copy here and wait until the rule is OK or stuck, else Unjudged."""
        rule = self._value(
            self._ask("add_rule", did=[self._scope, name], rse=self.name, lifetime_s=LIFETIME_S)
        )

        def state() -> RuleEnd:
            return RuleEnd(**self._value(self._ask("rule", rule=rule)))

        end = self._until(state, lambda end: end.state in (OK, STUCK))
        if end.state not in (OK, STUCK):
            raise Unjudged(
                f"the rule is {end.state} after {self.patience_s:.0f} s: Rucio or FTS may be slow, "
                "or a copy is tried again and again; the suite tpc tells what the storages do",
                Blame.PARTNER,
            )
        return end

    def wait_until_dropped(self, name: str) -> bool:
        """Whether Rucio lists no replica here any more, in time."""
        return self._until(lambda: not self._urls(name), lambda gone: gone)

    def _urls(self, name: str) -> list[str]:
        answer = self._ask("replicas", did=[self._scope, name], rse=self.name)
        return [str(url) for url in self._value(answer)]

    def _until(self, look: Callable[[], T], met: Callable[[T], bool]) -> T:
        deadline = time.monotonic() + self.patience_s
        while True:
            seen = look()
            if met(seen) or time.monotonic() > deadline:
                return seen
            time.sleep(POLL_S)

    def _ask(self, do: str, **how: object) -> Answer:
        try:
            answer = self._clients.ask(do, **how)
        except RucioNotReached as error:
            raise Unjudged(error.sentence, Blame.US) from None
        if not answer.ok and answer.kind not in AT_THE_STORAGE:
            raise Unjudged(f"Rucio refused to {do}: {answer.describe()}", Blame.PARTNER)
        return answer

    def _value(self, answer: Answer) -> Any:  # noqa: ANN401  JSON
        if not answer.ok:
            raise Unjudged(f"Rucio gave no answer: {answer.describe()}", Blame.PARTNER)
        return answer.value
