"""What an endpoint really serves, as far as reading shows it; each thing is asked once."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath
from typing import Protocol

from lakeproof.credentials.errors import CredentialError
from lakeproof.inventory.door import Door
from lakeproof.inventory.sources import srr
from lakeproof.inventory.sources.found import SourceError
from lakeproof.session.endpoint import EndpointSession
from lakeproof.session.fingerprint import Certainty
from lakeproof.session.probe import Probe
from lakeproof.session.report import find_report
from lakeproof.srr import FoundReport
from lakeproof.verdict import Blocked, NotRun, Unjudged
from lakeproof.wire.auth import ANONYMOUS, Credential
from lakeproof.wire.digest import parse_digest
from lakeproof.wire.http import HttpClient, WriteGuard
from lakeproof.wire.probe import Place, greets_as_xroot
from lakeproof.wire.reply import NotReached, Reply
from lakeproof.wire.transcript import Recorder
from lakeproof.wire.webdav import BadMultistatus, Entry, parse_multistatus

SURE = (Certainty.CERTAIN, Certainty.LIKELY)
TROUBLES = (Blocked, BadMultistatus, CredentialError, NotReached, NotRun, Unjudged)
ABSENT, DENIED = (404, 410), (401, 403)
DEEPEST = 6
MOST_LISTED = 4 * 1024 * 1024
SHA = re.compile(r"^sha(\d+)$")


@dataclass(frozen=True)
class Answer:
    """Whether something is there (None: it cannot be told), and what was seen."""

    there: bool | None
    said: str


@dataclass(frozen=True)
class Space:
    """Bytes of an area, and who says so."""

    total: int
    free: int
    where: str


class Served(Protocol):
    """What can be asked of an endpoint."""

    def door(self, door: Door) -> Answer:
        """Whether this door answers, in the protocol that its URL names."""

    def path(self, path: PurePosixPath) -> Answer:
        """Whether there is anything at this path of the inventory's WebDAV door."""

    @property
    def technology(self) -> tuple[str, str] | None:
        """Which implementation answers and how sure that is; None when it cannot be told."""

    @property
    def copies(self) -> bool | None:
        """Whether COPY is among the methods that it names; None when it names none."""

    def checksums(
        self, below: PurePosixPath, names: tuple[str, ...]
    ) -> tuple[tuple[str, ...] | None, str]:
        """With which of these checksums a file is served, or None, and what was looked at."""

    @property
    def space(self) -> Space | None:
        """How much space it says that there is."""

    @property
    def tape(self) -> Answer:
        """Whether it offers the tape API."""

    @property
    def reported(self) -> tuple[str, ...]:
        """The URLs that its own report names."""


class ServedBy:
    """Asks an endpoint: anonymously where that will do, and other doors never otherwise."""

    def __init__(self, session: EndpointSession) -> None:
        self._session = session
        self._doors: dict[str, Answer] = {}

    def door(self, door: Door) -> Answer:
        """Whether this door answers."""
        if door.origin not in self._doors:
            self._doors[door.origin] = self._look_at(door)
        return self._doors[door.origin]

    def _look_at(self, door: Door) -> Answer:
        session = self._session
        own = session.door.origin == door.origin
        timeout_s = session.target.timeouts.connect_s
        probe = session.probe if own else Probe(door, session.tls.ca, timeout_s)
        trouble = _no_connection(probe)
        if trouble is not None:
            return Answer(False, trouble)
        if not door.is_http:
            return self._greet(door, timeout_s)
        if own:
            return Answer(session.obstacle is None, session.obstacle or "WebDAV answers")
        return self._stranger(door)

    def _stranger(self, door: Door) -> Answer:
        try:
            reply = self._anonymously(door)
        except NotReached as error:
            return Answer(False, error.sentence)
        if reply.failure is None and "DAV" in reply.headers:
            return Answer(True, "WebDAV answers")
        return Answer(None, f"answers, perhaps not WebDAV ({reply.describe()})")

    def _greet(self, door: Door, timeout_s: float) -> Answer:
        try:
            greets = greets_as_xroot(Place(door.host, door.port), timeout_s)
        except NotReached as error:
            return Answer(False, f"nothing answers ({error.sentence})")
        return Answer(greets, "an XRootD answers" if greets else "what answers is no XRootD")

    def _anonymously(self, door: Door) -> Reply:
        session = self._session
        client = HttpClient(
            door.origin,
            tls=session.tls,
            timeouts=session.target.timeouts,
            recorder=Recorder(),
            guard=WriteGuard(None),
        )
        try:
            return client.request("OPTIONS", door.path, auth=ANONYMOUS)
        finally:
            client.close()

    @property
    def usable(self) -> bool:
        """Whether the inventory's own door speaks WebDAV with us."""
        return self._session.door.is_http and self.door(self._session.door).there is True

    def path(self, path: PurePosixPath) -> Answer:
        """Whether there is anything at this path of the inventory's WebDAV door."""
        if not self.usable:
            return Answer(None, "cannot be asked")
        try:
            reply = self._propfind(path, 0)
        except NotReached as error:
            return Answer(None, error.sentence)
        if reply.status in ABSENT:
            return Answer(False, f"there is no {path}")
        if reply.status in DENIED:
            return Answer(None, f"{path}: not with this credential ({reply.status})")
        return Answer(reply.ok, f"{path} is there" if reply.ok else reply.describe())

    def _propfind(self, path: PurePosixPath, depth: int) -> Reply:
        return self._session.client.request(
            "PROPFIND",
            path,
            headers={"Depth": str(depth)},
            auth=self._credential("PROPFIND", path),
            max_body=MOST_LISTED,
        )

    def _credential(self, method: str, path: PurePosixPath) -> Credential:
        """What this path is read with; nothing over plain http, or where nothing fits."""
        if self._session.door.scheme != "https":
            return ANONYMOUS
        try:
            return self._session.wallet.for_operation(method, path)
        except CredentialError:
            return ANONYMOUS

    @property
    def technology(self) -> tuple[str, str] | None:
        """Which implementation answers and how sure that is."""
        if not self.usable:
            return None
        seen = self._session.fingerprint
        if seen.suspected is None or seen.certainty not in SURE:
            return None
        return seen.suspected, seen.certainty

    @property
    def copies(self) -> bool | None:
        """Whether COPY is among the methods that it names."""
        if not self.usable:
            return None
        allowed = self._session.greeting.headers.get("Allow", "").upper()
        return "COPY" in [method.strip() for method in allowed.split(",")] if allowed else None

    def checksums(
        self, below: PurePosixPath, names: tuple[str, ...]
    ) -> tuple[tuple[str, ...] | None, str]:
        """With which of these checksums the first file found below `below` is served."""
        if not self.usable:
            return None, "cannot be asked"
        try:
            path = self._some_file(below)
            if path is None:
                return None, "no file was found to look at"
            return self._digests(path, names), f"of {path.name}"
        except TROUBLES as error:
            return None, str(error)

    def _digests(self, path: PurePosixPath, names: tuple[str, ...]) -> tuple[str, ...]:
        """RFC 3230 calls sha256 sha-256, Rucio does not."""
        found: set[str] = set()
        for name in names:
            asked = SHA.sub(r"sha-\1", name)
            reply = self._session.client.request(
                "HEAD",
                path,
                headers={"Want-Digest": asked},
                auth=self._credential("HEAD", path),
            )
            if asked in parse_digest(reply.headers.get("Digest", "")):
                found.add(name)
        return tuple(name for name in names if name in found)

    def _some_file(self, folder: PurePosixPath) -> PurePosixPath | None:
        """The declared sample, else a file in the first folders; raises BadMultistatus."""
        sample = self._session.target.endpoint.sample
        if sample is not None:
            return self._session.door.path / sample.path
        for _ in range(DEEPEST):
            entries = self._entries(folder)
            files = [entry for entry in entries if not entry.is_collection]
            if files:
                return files[0].path
            if not entries:
                return None
            folder = entries[0].path
        return None

    def _entries(self, folder: PurePosixPath) -> list[Entry]:
        reply = self._propfind(folder, 1)
        if reply.status in ABSENT:
            return []
        return [e for e in parse_multistatus(reply.body, reply.url) if e.path != folder]

    @cached_property
    def space(self) -> Space | None:
        """What the report says of the area's share, else the quota of the area."""
        if not self.usable:
            return None
        found = self._report
        share = found.share_of(self._session.door.path) if found else None
        if share is not None:
            free = int(share.totalsize - share.usedsize)
            return Space(int(share.totalsize), free, "its report")
        return self._quota()

    def _quota(self) -> Space | None:
        try:
            reply = self._session.storage.quota(self._session.door.path)
            (entry, *_) = parse_multistatus(reply.body, reply.url)
            used = int(entry.properties["{DAV:}quota-used-bytes"])
            free = int(entry.properties["{DAV:}quota-available-bytes"])
        except (*TROUBLES, KeyError, ValueError):
            return None  # it need not say
        return Space(used + free, free, "its quota")

    @property
    def tape(self) -> Answer:
        """Whether it offers the tape API."""
        if not self.usable:
            return Answer(None, "cannot be asked")
        try:
            tape = self._session.tape
        except TROUBLES as error:
            return Answer(None, str(error))
        return Answer(tape.api is not None, "the tape API" if tape.api else "no tape API")

    @cached_property
    def _report(self) -> FoundReport | None:
        try:
            return find_report(self._session)
        except TROUBLES:
            return None

    @property
    def reported(self) -> tuple[str, ...]:
        """The URLs that its own report names; raises SourceError when it cannot be read."""
        if not self.usable or self._report is None or self._report.reply is None:
            return ()
        try:
            harvest = srr.harvest(json.loads(self._report.reply.body))
        except ValueError as error:
            raise SourceError(f"it is no JSON ({error})") from None
        return tuple(way.url for found in harvest.endpoints for way in found.ways if way.kind)


def _no_connection(probe: Probe) -> str | None:
    """Why nothing is to be had there, or None."""
    if probe.no_connection is not None:
        return f"nothing answers ({probe.no_connection})"
    if probe.door.scheme != "https":
        return None
    if probe.handshake_error is not None:
        return f"no TLS ({probe.handshake_error})"
    return None if probe.tls.host_ok else f"its certificate is another's ({probe.tls.error})"
