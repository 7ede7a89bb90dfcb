"""Rucio rehearsed: asks of storages what Rucio's clients, FTS and its reaper ask of them.

It proves that the checks of the suite `rucio` see a broken storage through a sound Rucio, and, by
the faults that begin with `rucio-`, a broken Rucio; the real one is tried in tests/lake.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from lakeproof.credentials.facts import TokenFacts
from lakeproof.emulator.faults import Faults
from lakeproof.session.endpoint import EndpointSession
from lakeproof.session.rse import OK, ROOT, STUCK
from lakeproof.wire.auth import Bearer, Credential
from lakeproof.wire.payload import Payload
from lakeproof.wire.reply import NotReached
from lakeproof.wire.rucio import Answer
from lakeproof.wire.storage import StorageElement, parse_digest
from lakeproof.wire.tpc import TpcEnd

TEMPORARY = ".rucio.upload"
ACCOUNT, OTHER = "probe", "other"
AUDIENCE = "rucio"
SHORT_S = 60


@dataclass
class Kept:
    """A file, and which RSEs have it for how long."""

    data: Payload
    at: dict[str, int] = field(default_factory=dict)


@dataclass
class RehearsedRucio:
    """What a Rucio knows. Two accounts: one with quotas everywhere, one without."""

    faults: Faults
    rses: dict[str, Rehearsal] = field(default_factory=dict)
    files: dict[str, Kept] = field(default_factory=dict)
    datasets: dict[str, list[str]] = field(default_factory=dict)
    rules: dict[str, tuple[str, list[str]]] = field(default_factory=dict)
    awaited: dict[str, str] = field(default_factory=dict)
    notes: dict[str, tuple[str, str]] = field(default_factory=dict)
    listed: set[str] = field(default_factory=set)

    def add_rule(self, name: str, rses: list[str]) -> str:
        rule = f"rule-{len(self.rules)}"
        self.rules[rule] = (name, rses)
        return rule

    def copies_of(self, rule: str) -> Iterator[tuple[str, str]]:
        """Each file that the rule is for, and each RSE that it wants it at."""
        name, rses = self.rules[rule]
        for file in self.datasets.get(name, [name]):
            yield from ((file, rse) for rse in rses)

    def copy(self, name: str, rse: str) -> None:
        """As FTS copies: the source's checksum first, then what is in the way, then the copy."""
        kept, target = self.files[name], self.rses[rse]
        if rse in kept.at:
            return
        source = self.rses[next(iter(kept.at))]
        if not source.has(source.at(name), kept.data):
            raise _NotDone("SOURCE [5] Source and user-defined ADLER32 do not match")
        target.fetch(source, name, kept.data)
        kept.at[rse] = kept.at[source.name]


class Rehearsal:
    """The clients of one account, at one RSE."""

    def __init__(
        self,
        rucio: RehearsedRucio,
        name: str,
        session: EndpointSession,
        *,
        account: str = ACCOUNT,
        directory: PurePosixPath,
    ) -> None:
        self.name = name
        self._rucio = rucio
        self._session = session
        self._account = account
        self._directory = directory
        self._auth: Credential | None = None

    def ask(self, do: str, *, token: str | None = None, **how: Any) -> Answer:  # noqa: ANN401
        try:
            self._auth = self._log_in(token)
            return Answer(ok=True, value=getattr(self, f"_{do}")(**how))
        except _NotDone as why:
            return Answer(ok=False, kind=why.kind or f"NoFiles{do.capitalize()}ed", said=str(why))
        except NotReached as why:
            return Answer(ok=False, kind=f"NoFiles{do.capitalize()}ed", said=str(why))

    def close(self) -> None:
        """Nothing is open."""

    @property
    def storage(self) -> StorageElement:
        return self._session.storage

    def at(self, name: str) -> PurePosixPath:
        return self._directory / "rucio" / name

    def has(self, path: PurePosixPath, data: Payload) -> bool:
        """Whether the storage states the size and checksum of `data`."""
        reply = self.storage.digest(path, "adler32", auth=self._auth)
        _done(reply.ok, "HEAD")
        found = parse_digest(reply.headers.get("Digest", "")).get("adler32")
        fits = reply.headers.get("Content-Length") in (None, str(data.size))
        return fits and found in (None, data.adler32)

    def fetch(self, source: Rehearsal, name: str, data: Payload) -> None:
        """Third-party copy in, compared; what does not fit is removed."""
        target, there = self.at(name), source.at(name)
        if self.storage.head(target).ok:
            _done(self.storage.delete(target).ok, "DESTINATION OVERWRITE: DELETE")
        self.storage.make_directory(target.parent)
        transfer = self.storage.copy(
            target,
            direction="pull",
            remote=source.storage.url_of(there),
            remote_auth=source.storage.credential("GET", there),
        )
        _done(transfer.end is TpcEnd.SUCCESS, "TRANSFER: COPY")
        if not self.has(target, data):
            self.storage.delete(target)
            raise _NotDone("DESTINATION [5] User-defined and destination ADLER32 do not match")

    def _log_in(self, token: str | None) -> Credential | None:
        if token is not None:
            facts = TokenFacts.of(token, "a token")
            if AUDIENCE not in facts.audience and not self._rucio.faults.has(
                "rucio-audience-ignored"
            ):
                raise _NotDone("the audience does not fit", "CannotAuthenticate")
            return Bearer(token)
        if self._account == OTHER:
            # The most that the second identity has.
            return self.storage.credential("PUT", self.storage.directory)
        return None

    def _whoami(self) -> str:
        return self._account

    def _protocols(self, rse: str) -> list[dict[str, Any]]:
        return [
            {"scheme": "davs", "read": 1, "write": 1},
            {"scheme": "root", "read": 2, "write": 2},
        ]

    def _limits(self, account: str) -> dict[str, int]:
        return {} if account == OTHER else dict.fromkeys(self._rucio.rses, 1 << 30)

    def _upload(
        self, rse: str, did: list[str], path: str, scheme: str, lifetime_s: int, kept_s: int
    ) -> None:
        data, target = Payload.of(Path(path).read_bytes()), self.at(did[1])
        temporary = target.with_name(target.name + TEMPORARY)
        self.storage.mkcol(target.parent, auth=self._auth)
        _done(self.storage.put(temporary, data, auth=self._auth).ok, "PUT")
        _done(self.has(temporary, data), "Checksum verification")
        _done(self.storage.move(temporary, target, auth=self._auth).ok, "MOVE")
        self._rucio.files[did[1]] = Kept(data, {rse: lifetime_s})

    def _download(self, rse: str, did: list[str], folder: str, scheme: str) -> str:
        file = Path(folder) / did[1]
        with file.open("wb") as into:
            reply = self.storage.get(
                self.at(did[1]), sink=lambda part: void(into.write(part)), auth=self._auth
            )
        _done(reply.ok, "GET")
        data = self._rucio.files[did[1]].data
        _done(Payload.of(file.read_bytes()).adler32 == data.adler32, "Checksum validation")
        return str(file)

    def _replicas(self, did: list[str], rse: str, schemes: Iterable[str] = ()) -> list[str]:
        kept = self._rucio.files.get(did[1])
        if kept is None or rse not in kept.at:
            return []
        path = self.at(did[1])
        if kept.at[rse] < SHORT_S and did[1] in self._rucio.listed:
            # As if a while had gone by.
            self.storage.delete(path)
            del kept.at[rse]
            return []
        self._rucio.listed.add(did[1])
        url = self.storage.url_of(path)
        return [urlsplit(url)._replace(scheme="root").geturl() if {*schemes} & {*ROOT} else url]

    def _place(self, rse: str, did: list[str], scheme: str) -> str:
        return self.storage.url_of(self.at(did[1]))

    def _add_dataset(self, did: list[str], files: list[list[str]], kept_s: int) -> None:
        self._rucio.datasets[did[1]] = [name for _, name in files]
        if did[1] in self._rucio.awaited:
            self._rucio.add_rule(did[1], [self._rucio.awaited[did[1]]])

    def _attach(self, did: list[str], files: list[list[str]]) -> None:
        self._rucio.datasets[did[1]] += [name for _, name in files]

    def _add_rule(self, did: list[str], rses: list[str], copies: int, lifetime_s: int) -> str:
        if self._account == OTHER and not self._rucio.faults.has("rucio-quota-ignored"):
            raise _NotDone("there is not enough quota", "InsufficientAccountLimit")
        return self._rucio.add_rule(did[1], rses)

    def _rule(self, rule: str) -> dict[str, Any]:
        reasons, copied = [], 0
        for name, rse in self._rucio.copies_of(rule):
            try:
                self._rucio.copy(name, rse)
                copied += 1
            except (_NotDone, NotReached) as why:
                reasons.append(str(why))
        state = STUCK if reasons else OK
        return {"state": state, "reason": "; ".join(reasons[:1]), "copied": copied}

    def _rules_of(self, did: list[str]) -> list[str]:
        return [rule for rule, (name, _) in self._rucio.rules.items() if name == did[1]]

    def _subscribe(self, did: list[str], rse: str, account: str, lifetime_s: int) -> None:
        self._rucio.awaited[did[1]] = rse

    def _set_metadata(self, did: list[str], key: str, value: str) -> None:
        if not self._rucio.faults.has("rucio-metadata-forgotten"):
            self._rucio.notes[did[1]] = (key, value)

    def _find(self, scope: str, key: str, value: str) -> list[str]:
        return [name for name, note in self._rucio.notes.items() if note == (key, value)]


def void(_: object) -> None:
    """Nothing, of something."""


class _NotDone(Exception):  # noqa: N818
    def __init__(self, said: str, kind: str = "") -> None:
        super().__init__(said)
        self.kind = kind


def _done(condition: bool, what: str) -> None:
    if not condition:
        raise _NotDone(f"{what} did not succeed")
