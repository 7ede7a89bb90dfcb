"""The two ends of a copy by themselves: is the file there, may we write, do they copy.

The file that is asked about is only looked at; what is written is in the run's own directory.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

from lakeproof.blame.facts import Look, Seen, State
from lakeproof.credentials.errors import CredentialError, NoScopeRoot
from lakeproof.inventory import endpoint_from_url
from lakeproof.session.case import ADLER32_DIGITS, Case
from lakeproof.session.endpoint import EndpointSession
from lakeproof.wire.auth import Bearer, Credential
from lakeproof.wire.payload import Payload
from lakeproof.wire.reply import NotReached, Reply
from lakeproof.wire.storage import SetUpFailed, StorageElement, parse_digest
from lakeproof.wire.tpc import TpcEnd
from lakeproof.wire.webdav import BadMultistatus, parse_multistatus

Shown = Iterator[tuple[Look, Seen]]
PROBE_SIZE = 70_000
DENIED, ABSENT, FULL = (401, 403), (404, 410), 507
MULTISTATUS = 207
AVAILABLE = "{DAV:}quota-available-bytes"
READ = ("DOWNLOAD", "LIST", "READ_METADATA")
WRITE = ("UPLOAD", "MANAGE", "LIST")


@dataclass(frozen=True)
class Placed:
    """A file that can be copied: whose, where, and what is in it."""

    storage: StorageElement
    path: PurePosixPath
    size: int
    adler32: str


def path_in(url: str) -> PurePosixPath:
    """The decoded path of a URL as an endpoint's door has it."""
    return PurePosixPath("/" + unquote(urlsplit(url).path).lstrip("/"))


def leads_to(session: EndpointSession, url: str) -> Seen:
    """Whether a URL of Rucio's is one of this endpoint's door."""
    scheme = urlsplit(url).scheme
    if scheme not in ("davs", "https", "http", "dav"):
        return Seen.of(None, f"{url or 'no URL'}: not by HTTP")
    there, here = endpoint_from_url(url).door.origin, session.origin
    return Seen.of(there == here, there if there == here else f"{there}, the inventory has {here}")


def look_at_source(session: EndpointSession, case: Case, read_at_most: int) -> Shown:
    """The door, and the file: there, of the right size and checksum, and its bytes."""
    yield Look.A_URL, leads_to(session, case.source_url)
    path = path_in(case.source_url)
    try:
        answers = _answers(session)
        yield Look.A_ANSWERS, answers
        if answers.state is not State.YES:
            return
        _find_scope_root(session, path)
        reply = session.storage.digest(path, "adler32")
        yield from _file(reply, case)
        if reply.ok:
            yield from _bytes(session.storage, path, case, read_at_most)
    except NoScopeRoot as error:
        yield Look.A_ADMITS, Seen.of(False, error.sentence.partition(". ")[0])
    except CredentialError as error:
        yield Look.TOKEN, Seen.of(False, str(error))
    except NotReached as error:
        yield Look.A_ANSWERS, Seen.of(False, error.sentence)


def _find_scope_root(session: EndpointSession, path: PurePosixPath) -> None:
    """Find out what a token's "/" means here, where nobody says; raises NoScopeRoot.

    By writing in the run's directory, and where that does not do by reading `path`.
    """
    wallet = session.wallet
    if session.prepare() or not wallet.can_narrow or wallet.scope_root is not None:
        return

    def reads(candidate: PurePosixPath) -> bool:
        auth = wallet.at(candidate).for_operation("HEAD", path)
        reply = session.storage.head(path, auth=auth)
        return reply.failure is None and (reply.ok or reply.status in ABSENT)

    wallet.probe_scope_root(session.door.path, reads)


def _answers(session: EndpointSession) -> Seen:
    obstacle, downtime = session.obstacle, session.target.endpoint.downtime
    if obstacle is None:
        return Seen.of(True, session.origin)
    if downtime is not None and downtime.covers(datetime.now(UTC)):
        obstacle += f"; a downtime is announced until {downtime.end}: {downtime.reason}"
    return Seen.of(False, obstacle)


def _file(reply: Reply, case: Case) -> Shown:
    said = reply.describe()
    if reply.status in DENIED:
        yield Look.A_ADMITS, Seen.of(False, said)
        return
    yield Look.A_ADMITS, Seen.of(True, said)
    if reply.status in ABSENT:
        yield Look.A_FILE, Seen.of(False, said)
        return
    if not reply.ok:
        yield Look.A_SERVES, Seen.of(False, said)
        return
    yield Look.A_FILE, Seen.of(True, said)
    size = _length(reply)
    if size is not None and case.size is not None:
        yield Look.A_SIZE, Seen.of(size == case.size, f"{size} bytes, it should have {case.size}")
    yield Look.A_CHECKSUM, _checksum(reply, case.adler32)


def _checksum(reply: Reply, wanted: str) -> Seen:
    said = parse_digest(reply.headers.get("Digest", "")).get("adler32")
    if said is None:
        return Seen.of(None, "it gives no adler32")
    if not wanted:
        return Seen.of(None, f"adler32 {said}, nobody says what it should be")
    said = said.lower().zfill(ADLER32_DIGITS)
    return Seen.of(said == wanted, f"adler32 {said}, it should be {wanted}")


def _bytes(storage: StorageElement, path: PurePosixPath, case: Case, read_at_most: int) -> Shown:
    whole = case.size is not None and case.size <= read_at_most
    if not whole:
        reply = storage.part(path, "bytes=0-0")
        yield Look.A_SERVES, Seen.of(reply.ok, reply.describe())
        yield Look.A_BYTES, Seen.of(None, f"{case.size} bytes were not read: --read-at-most")
        return
    summed = _Sum()
    reply = storage.get(path, sink=summed.add)
    yield Look.A_SERVES, Seen.of(reply.ok, reply.describe())
    if reply.ok and case.adler32:
        said = f"adler32 {summed.adler32} of {summed.size} bytes, it should be {case.adler32}"
        yield Look.A_BYTES, Seen.of(summed.adler32 == case.adler32, said)


def look_at_destination(session: EndpointSession, case: Case, name: str) -> Shown:
    """The door, what is where the file should come to lie, and whether an upload is kept.

    The upload is called `name`, in the run's own directory.
    """
    yield Look.B_URL, leads_to(session, case.destination_url)
    try:
        answers = _answers(session)
        yield Look.B_ANSWERS, answers
        if answers.state is not State.YES:
            return
        _find_scope_root(session, path_in(case.destination_url))
        if case.destination_url:
            path = path_in(case.destination_url)
            yield from _target(session.storage.digest(path, "adler32"), case)
        yield from _upload(session, case, name)
    except NoScopeRoot as error:
        yield Look.B_ADMITS, Seen.of(False, error.sentence.partition(". ")[0])
    except CredentialError as error:
        yield Look.TOKEN, Seen.of(False, str(error))
    except NotReached as error:
        yield Look.B_ANSWERS, Seen.of(False, error.sentence)


def _target(reply: Reply, case: Case) -> Shown:
    said = reply.describe()
    if reply.status in ABSENT:
        yield Look.B_HAS, Seen.of(False, said)
        yield Look.B_CLEAR, Seen.of(True, said)
        return
    if not reply.ok:
        yield Look.B_HAS, Seen.of(None, said)
        return
    size, checksum = _length(reply), _checksum(reply, case.adler32)
    whole = size in (None, case.size) and checksum.state is not State.NO
    said = f"a file of {size} bytes, {checksum.said}"
    yield Look.B_HAS, Seen.of(whole, said)
    yield Look.B_CLEAR, Seen.of(whole, said)


def _upload(session: EndpointSession, case: Case, name: str) -> Shown:
    """A file of ours in the run's directory."""
    if not session.may_write:
        yield Look.B_WRITES, Seen.of(None, "nothing may be written: --read-only")
        return
    reply = _prepared(session)
    if reply is None:
        reply = session.storage.put(session.run_directory / name, _PROBE)
    said = reply.describe()
    if reply.status in DENIED:
        yield Look.B_ADMITS, Seen.of(False, said)
        return
    yield Look.B_ADMITS, Seen.of(True, said)
    if reply.status == FULL:
        yield Look.B_ROOM, Seen.of(False, said)
        return
    yield Look.B_ROOM, _room(session, case.size or 0)
    if reply.ok:
        yield Look.B_WRITES, _kept(session.storage, session.run_directory / name)
    else:
        yield Look.B_WRITES, Seen.of(False, said)


def _prepared(session: EndpointSession) -> Reply | None:
    """None when the run's directory is there; else what refused it. Raises CredentialError."""
    if session.prepare():
        return None
    try:
        session.storage.make_directory(session.run_directory)
    except SetUpFailed as failed:
        return failed.reply
    session.prepared = True  # it worked now, so it has to be removed
    return None


def _room(session: EndpointSession, size: int) -> Seen:
    reply = session.storage.quota(session.run_directory)
    try:
        entries = parse_multistatus(reply.body, reply.url) if reply.status == MULTISTATUS else []
    except BadMultistatus:
        entries = []
    free = entries[0].properties.get(AVAILABLE, "") if entries else ""
    if not free.strip().isdigit():
        return Seen.of(None, "it does not say how much")
    return Seen.of(int(free) >= size, f"{int(free)} bytes free, the file has {size}")


def _kept(storage: StorageElement, path: PurePosixPath) -> Seen:
    """Whether our file is there with our bytes."""
    summed = _Sum()
    reply = storage.get(path, sink=summed.add)
    said = f"{reply.describe()}: {summed.size} bytes, adler32 {summed.adler32}"
    if reply.ok and (summed.size, summed.adler32) == (_PROBE.size, _PROBE.adler32):
        return Seen.of(True, said)
    return Seen.of(False, f"{said}; {_PROBE.size} bytes, adler32 {_PROBE.adler32} were put there")


def place(session: EndpointSession) -> Placed | str:
    """A file of ours in the run's directory there, or why there is none."""
    if not session.may_write:
        return f"nothing may be written at {session.name}"
    if session.trouble is not None:
        return session.trouble[0]
    path = session.run_directory / "to-be-copied"
    try:
        reply = session.storage.put(path, _PROBE)
    except (CredentialError, NotReached) as error:
        return str(error)
    if not reply.ok:
        return reply.describe()
    kept = _kept(session.storage, path)
    if kept.state is not State.YES:
        return kept.said
    return Placed(session.storage, path, _PROBE.size, _PROBE.adler32)


def copied(
    source: Placed, target: EndpointSession, name: str, directions: Sequence[str] = ("pull",)
) -> Seen:
    """Whether `source` comes to lie, whole, in the run's directory at `target`; never raises."""
    if target.trouble is not None or not target.may_write:
        return Seen.of(None, target.trouble[0] if target.trouble else "nothing may be written")
    said: list[str] = []
    for direction in directions:
        path = target.run_directory / f"{name}-{direction}"
        try:
            seen = _copy(source, target.storage, path, direction)
        except (CredentialError, NotReached) as error:
            seen = Seen.of(False, str(error))
        if seen.state is not State.NO:
            return Seen(seen.state, "; ".join([*said, f"{direction}: {seen.said}"]))
        said.append(f"{direction}: {seen.said}")
    return Seen.of(False, "; ".join(said))


def _copy(source: Placed, target: StorageElement, path: PurePosixPath, direction: str) -> Seen:
    if direction == "pull":
        auth = _lent(source.storage, "GET", source.path, READ)
        if auth is None:
            return Seen.of(None, f"{source.storage.name} gives no macaroon for a certificate")
        done = target.copy(
            path, direction="pull", remote=source.storage.url_of(source.path), remote_auth=auth
        )
    else:
        auth = _lent(target, "PUT", path, WRITE)
        if auth is None:
            return Seen.of(None, f"{target.name} gives no macaroon for a certificate")
        done = source.storage.copy(
            source.path, direction="push", remote=target.url_of(path), remote_auth=auth
        )
    if done.end is not TpcEnd.SUCCESS:
        return Seen.of(False, done.describe())
    summed = _Sum()
    reply = target.get(path, sink=summed.add)
    true_sum = summed.adler32 == (source.adler32 or summed.adler32)
    if reply.ok and summed.size == source.size and true_sum:
        return Seen.of(True, done.describe())
    found = f"{summed.size} bytes, adler32 {summed.adler32}" if reply.ok else reply.describe()
    wanted = f"{source.size} bytes, adler32 {source.adler32}"
    return Seen.of(False, f"{done.describe()}, but what is there is {found}, not {wanted}")


def _lent(
    storage: StorageElement, method: str, path: PurePosixPath, activities: Sequence[str]
) -> Credential | None:
    """What the active party may show: a token, or a macaroon where we have a certificate."""
    credential = storage.credential(method, path)
    if isinstance(credential, Bearer):
        return credential
    return storage.macaroon(path, activities=activities).bearer


def _length(reply: Reply) -> int | None:
    length = reply.headers.get("Content-Length", "")
    return int(length) if length.isdigit() else None


class _Sum:
    """Counts and sums what comes."""

    def __init__(self) -> None:
        self.size = 0
        self._value = 1

    def add(self, part: bytes) -> None:
        self.size += len(part)
        self._value = zlib.adler32(part, self._value)

    @property
    def adler32(self) -> str:
        return f"{self._value:08x}"


_PROBE = Payload.generated(PROBE_SIZE, seed=5)
