"""Rucio rehearsed: asks of storages what Rucio's clients, FTS and its reaper ask of them.

It knows no rules and accounts. It proves that the checks of the suite `rucio` see a broken
storage through a sound Rucio; the real one is tried in tests/lake.
"""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import Any

from lakeproof.session.endpoint import EndpointSession
from lakeproof.wire.payload import Payload
from lakeproof.wire.reply import NotReached
from lakeproof.wire.rucio import Answer
from lakeproof.wire.storage import StorageElement, parse_digest
from lakeproof.wire.tpc import TpcEnd

TEMPORARY = ".rucio.upload"


class Rehearsal:
    """What one RSE's storage is asked for; `keeps` says of all of them who has which file."""

    def __init__(
        self, session: EndpointSession, rules: dict[str, Any], keeps: dict[str, Any]
    ) -> None:
        self._session = session
        self._ends = rules
        self._keeps = keeps

    def ask(self, do: str, **how: Any) -> Answer:  # noqa: ANN401
        try:
            return Answer(ok=True, value=getattr(self, f"_{do}")(**how))
        except (_NotDone, NotReached) as why:
            return Answer(ok=False, kind=f"NoFiles{do.capitalize()}ed", said=str(why))

    def close(self) -> None:
        """Nothing is open."""

    @property
    def _storage(self) -> StorageElement:
        return self._session.storage

    def _at(self, name: str) -> PurePosixPath:
        return self._session.run_directory / "rucio" / name

    def _protocols(self, rse: str) -> list[dict[str, Any]]:
        return [{"scheme": "davs", "read": 1, "write": 1}]

    def _upload(self, rse: str, did: list[str], path: str, scheme: str, lifetime_s: int) -> None:
        storage, target = self._storage, self._at(did[1])
        data = Payload.of(Path(path).read_bytes())
        storage.make_directory(target.parent)
        temporary = target.with_name(target.name + TEMPORARY)
        _done(storage.put(temporary, data).ok, "PUT")
        self._verify(temporary, data)
        _done(storage.move(temporary, target).ok, "MOVE")
        self._keeps[did[1]] = (self, data, lifetime_s)

    def _download(self, rse: str, did: list[str], folder: str, scheme: str) -> str:
        file = Path(folder) / did[1]
        with file.open("wb") as into:
            reply = self._storage.get(self._at(did[1]), sink=lambda part: void(into.write(part)))
            _done(reply.ok, "GET")
        _, data, _ = self._keeps[did[1]]
        _done(Payload.of(file.read_bytes()).adler32 == data.adler32, "Checksum validation")
        return str(file)

    def _add_rule(self, did: list[str], rse: str, lifetime_s: int) -> str:
        source, data, _ = self._keeps[did[1]]
        end = {"state": "OK", "reason": ""}
        try:
            self._copy(source, did[1])
            self._verify(self._at(did[1]), data)
        except (_NotDone, NotReached) as why:
            end = {"state": "STUCK", "reason": str(why)}
        self._ends[did[1]] = end
        return did[1]

    def _copy(self, source: Rehearsal, name: str) -> None:
        target, there = self._at(name), source._at(name)
        self._storage.make_directory(target.parent)
        transfer = self._storage.copy(
            target,
            direction="pull",
            remote=source._storage.url_of(there),
            remote_auth=source._storage.credential("GET", there),
        )
        _done(transfer.end is TpcEnd.SUCCESS, "COPY")

    def _rule(self, rule: str) -> dict[str, str]:
        end: dict[str, str] = self._ends[rule]
        return end

    def _replicas(self, did: list[str], rse: str) -> list[str]:
        source, _, lifetime_s = self._keeps[did[1]]
        short = lifetime_s < 60
        if short and source._listed_once(did[1]):
            self._storage.delete(self._at(did[1]))
            return []
        return [self._storage.url_of(self._at(did[1]))]

    def _listed_once(self, name: str) -> bool:
        """Whether it was asked for before: as if a while had gone by."""
        before = name in self._ends
        self._ends[name] = {}
        return before

    def _verify(self, path: PurePosixPath, data: Payload) -> None:
        reply = self._storage.digest(path, "adler32")
        _done(reply.ok, "HEAD")
        found = parse_digest(reply.headers.get("Digest", "")).get("adler32")
        _done(found in (None, data.adler32), "Checksum verification")
        _done(reply.headers.get("Content-Length") in (None, str(data.size)), "Size verification")


def void(_: object) -> None:
    """Nothing, of something."""


class _NotDone(Exception):  # noqa: N818
    pass


def _done(condition: bool, what: str) -> None:
    if not condition:
        raise _NotDone(f"{what} did not succeed")
