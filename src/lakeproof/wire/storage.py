"""One endpoint's HTTP door, as checks and fixtures use it."""

from __future__ import annotations

import re
import secrets
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any, Literal, Protocol

from lakeproof.wire.auth import Credential
from lakeproof.wire.body import CutShort
from lakeproof.wire.digest import parse_digest
from lakeproof.wire.http import HttpClient, quoted
from lakeproof.wire.macaroon import Grant, request_macaroon
from lakeproof.wire.payload import Payload
from lakeproof.wire.raw import RawAnswers, RawRequest, speak
from lakeproof.wire.reply import Reply
from lakeproof.wire.tpc import Transfer, copy
from lakeproof.wire.webdav import BadMultistatus, Entry, parse_multistatus

__all__ = ["StorageElement", "Wallet", "parse_digest"]

PART_BODY = 66 * 1024 * 1024
"""Bytes of a partial answer that are read at most: all of a kept sample, and the parts' heads."""

LISTING_BODY = 16 * 1024 * 1024
"""Bytes of multistatus that are read at most."""

PROPFIND_BODY = (
    b'<?xml version="1.0" encoding="utf-8"?>\n<D:propfind xmlns:D="DAV:"><D:allprop/></D:propfind>'
)

QUOTA_BODY = (
    b'<?xml version="1.0" encoding="utf-8"?>\n<D:propfind xmlns:D="DAV:"><D:prop>'
    b"<D:quota-available-bytes/><D:quota-used-bytes/></D:prop></D:propfind>"
)

_MULTISTATUS = 207
_CREATED = frozenset({200, 201, 204, 405})
_NO_PARENT = frozenset({404, 409})
_GONE = frozenset({200, 202, 204, 404, 410})
_ABSENT = frozenset({404, 410})
_DEEPEST = 32


class Wallet(Protocol):
    """Whoever knows the credential that an ordinary operation needs."""

    def for_operation(self, method: str, path: PurePosixPath) -> Credential:
        """The credential for `method` on `path`."""

    def for_macaroon(self, path: PurePosixPath) -> Credential:
        """The credential to ask for a macaroon for `path` with."""


class SetUpFailed(Exception):  # noqa: N818  reads as a fact
    """A directory that a check needs could not be made; `reply` says what was answered."""

    def __init__(self, sentence: str, reply: Reply) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.reply = reply


class BudgetExceeded(Exception):  # noqa: N818  reads as a fact
    """An upload was not begun, because the run may not write that much to this endpoint."""


class Budget:
    """How much a run has written to one endpoint and may write; clones share it."""

    def __init__(self, max_bytes: int | None) -> None:
        self.max_bytes = max_bytes
        self.written = 0
        self._lock = threading.Lock()

    def spend(self, size: int, name: str) -> None:
        """Count `size` bytes; raises BudgetExceeded, and counts nothing, when they are too many."""
        with self._lock:
            if self.max_bytes is not None and self.written + size > self.max_bytes:
                raise BudgetExceeded(
                    f"{name}: this run has written {self.written} bytes and may write "
                    f"{self.max_bytes} (max_bytes); {size} more were not sent"
                )
            self.written += size


class StorageElement:
    """An endpoint under test, or its partner.

    `directory` is the run's own and the root of the client's write guard. `workdir` is
    a fresh directory below it for each check, made when it is first asked for.
    """

    def __init__(
        self,
        name: str,
        *,
        client: HttpClient,
        directory: PurePosixPath,
        wallet: Wallet,
        max_bytes: int | None = None,
        read_only: bool = False,
    ) -> None:
        self.name = name
        self.client = client
        self.url = client.origin
        self.host = client.raw_origin()[0]
        self.directory = directory
        self.wallet = wallet
        self.read_only = read_only
        self.budget = Budget(max_bytes)
        self._work_name = "work"
        self._works = 0
        self._workdir: PurePosixPath | None = None
        self._made: set[PurePosixPath] = set()

    def __repr__(self) -> str:
        return f"StorageElement({self.name!r}, {self.url!r})"

    def clone(self, address: str | None = None) -> StorageElement:
        """The same endpoint and work directory over a connection of its own, for one thread.

        With `address`, by that address of the door's host name alone. Guard, budget, wallet and
        record are shared; whoever asks for it closes its client.
        """
        twin = StorageElement(
            self.name,
            client=self.client.clone(address),
            directory=self.directory,
            wallet=self.wallet,
            read_only=self.read_only,
        )
        twin.budget = self.budget
        # Made now: threads must not race for it. A door of one address comes without threads.
        twin._workdir = self._workdir if address else self.workdir
        twin._made = set(self._made)
        return twin

    @property
    def address(self) -> str | None:
        """The one address of the door's host name that is used; None for any of them."""
        return self.client.address

    @property
    def workdir(self) -> PurePosixPath:
        """The directory of the current check; made now if it is not there yet.

        Read-only it stays a name, for what must not be found. Raises SetUpFailed when it
        cannot be made.
        """
        if self._workdir is None:
            self._works += 1
            # The random end keeps parallel workers of one run apart.
            wanted = self.directory / f"{self._works:04d}-{self._work_name}-{secrets.token_hex(3)}"
            if not self.read_only:
                self.make_directory(wanted)
            self._workdir = wanted
        return self._workdir

    def new_workdir(self, name: str = "work") -> None:
        """From now on `workdir` is another directory, with `name` in its name."""
        self._work_name = re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip(".-")[:60] or "work"
        self._workdir = None

    def make_directory(self, path: PurePosixPath) -> None:
        """Create `path`, and its parents where the endpoint does not; raises SetUpFailed."""
        if path in self._made:
            return
        reply = self.mkcol(path)
        if reply.status in _NO_PARENT and _may_be_made(path.parent, self.directory):
            try:
                self.make_directory(path.parent)
            except SetUpFailed as error:
                raise SetUpFailed(f"cannot create {path}: {error.sentence}", error.reply) from error
            reply = self.mkcol(path)
        there = reply.status in _CREATED and not reply.failure
        # Some answer 409 when it exists already.
        if not there and self.propfind(path, 0).status != _MULTISTATUS:
            raise SetUpFailed(f"cannot create {path}: {reply.describe()}", reply)
        self._made.add(path)

    def credential(self, method: str, path: PurePosixPath) -> Credential:
        """What an ordinary `method` on `path` is authorised with."""
        return self.wallet.for_operation(method, path)

    def request(
        self,
        method: str,
        path: PurePosixPath | str,
        *,
        auth: Credential | None = None,
        **kw: Any,  # noqa: ANN401  the options of HttpClient.request
    ) -> Reply:
        """Any method; `auth` None asks the wallet, further options as `HttpClient.request`."""
        if auth is None:
            auth = self.wallet.for_operation(method, PurePosixPath(path))
        return self.client.request(method, path, auth=auth, **kw)

    def raw(
        self,
        method: str,
        path: PurePosixPath | str,
        *headers: tuple[str, str],
        body: Sequence[bytes | RawRequest] = (),
        auth: Credential | None = None,
    ) -> RawRequest:
        """A request for `speak`; `auth` None asks the wallet."""
        if auth is None:
            auth = self.wallet.for_operation(method, PurePosixPath(path))
        target = path if isinstance(path, str) else quoted(path)
        return RawRequest(method, target, headers, body, auth)

    def speak(
        self,
        *requests: RawRequest,
        plain: bool = False,
        in_turn: bool = False,
        enough: int | None = None,
    ) -> RawAnswers:
        """Send requests over one connection of their own, see `wire.raw.speak`."""
        return speak(self.client, requests, plain=plain, in_turn=in_turn, enough=enough)

    def put(
        self,
        path: PurePosixPath | str,
        data: bytes | Payload | Iterable[bytes],
        *,
        auth: Credential | None = None,
        headers: Mapping[str, str] | None = None,
        **kw: Any,  # noqa: ANN401
    ) -> Reply:
        """PUT; an iterable without known length is sent chunked.

        Raises BudgetExceeded when the run has written, or would then have, more than `max_bytes`.
        """
        self._spend(data)
        return self.request("PUT", path, auth=auth, headers=headers, body=data, **kw)

    def abort_put(
        self,
        path: PurePosixPath | str,
        data: Payload,
        *,
        after: int,
        chunked: bool = False,
        **kw: Any,  # noqa: ANN401
    ) -> Reply:
        """Begin an upload of `data` and drop the connection after `after` bytes.

        The answer to the header is awaited first, so that a redirect is followed before the bytes
        are sent; `Reply.broken_off` says that it came to that. `chunked` announces no length.
        """
        self.budget.spend(after, self.name)
        headers = {"Expect": "100-continue", **kw.pop("headers", {})}
        cut = CutShort(data, after, chunked)
        return self.request("PUT", path, headers=headers, body=cut, **kw)

    def get(
        self,
        path: PurePosixPath | str,
        *,
        auth: Credential | None = None,
        headers: Mapping[str, str] | None = None,
        sink: Callable[[bytes], None] | None = None,
        **kw: Any,  # noqa: ANN401
    ) -> Reply:
        """GET; with a `sink` of any length, else of at most 1 MiB."""
        return self.request("GET", path, auth=auth, headers=headers, sink=sink, **kw)

    def part(
        self,
        path: PurePosixPath | str,
        wanted: str,
        *,
        headers: Mapping[str, str] | None = None,
        **kw: Any,  # noqa: ANN401
    ) -> Reply:
        """GET with `Range: <wanted>`; keeps as much of the body as of a sample file."""
        sent = {"Range": wanted, **(headers or {})}
        return self.get(path, headers=sent, **{"max_body": PART_BODY, **kw})

    def head(self, path: PurePosixPath | str, **kw: Any) -> Reply:  # noqa: ANN401
        """HEAD."""
        return self.request("HEAD", path, **kw)

    def delete(self, path: PurePosixPath | str, **kw: Any) -> Reply:  # noqa: ANN401
        """DELETE; only below the run's directory."""
        return self.request("DELETE", path, **kw)

    def mkcol(self, path: PurePosixPath | str, **kw: Any) -> Reply:  # noqa: ANN401
        """MKCOL."""
        return self.request("MKCOL", path, **kw)

    def options(self, path: PurePosixPath | str, **kw: Any) -> Reply:  # noqa: ANN401
        """OPTIONS."""
        return self.request("OPTIONS", path, **kw)

    def move(
        self,
        path: PurePosixPath | str,
        to: PurePosixPath | str,
        *,
        overwrite: bool | None = None,
        headers: Mapping[str, str] | None = None,
        **kw: Any,  # noqa: ANN401
    ) -> Reply:
        """MOVE to another path of this endpoint; `overwrite` None sends no Overwrite header."""
        sent = {"Destination": self.client.url_of(to)}
        if overwrite is not None:
            sent["Overwrite"] = "T" if overwrite else "F"
        return self.request("MOVE", path, headers={**sent, **(headers or {})}, **kw)

    def propfind(
        self,
        path: PurePosixPath | str,
        depth: int | str,
        *,
        headers: Mapping[str, str] | None = None,
        **kw: Any,  # noqa: ANN401
    ) -> Reply:
        """PROPFIND for all properties with this Depth."""
        sent = {"Depth": str(depth), "Content-Type": "application/xml", **(headers or {})}
        options = {"body": PROPFIND_BODY, "max_body": LISTING_BODY, **kw}
        return self.request("PROPFIND", path, headers=sent, **options)

    def quota(self, path: PurePosixPath) -> Reply:
        """PROPFIND for the quota properties alone: RFC 4331 keeps them out of allprop."""
        return self.propfind(path, 0, body=QUOTA_BODY)

    def listing(self, path: PurePosixPath, *, auth: Credential | None = None) -> list[Entry]:
        """What is in the collection `path`; raises BadMultistatus for any other answer."""
        reply = self.propfind(path, 1, auth=auth)
        if reply.status != _MULTISTATUS or reply.failure:
            raise BadMultistatus(reply.describe())
        entries = parse_multistatus(reply.body, reply.url)
        return [entry for entry in entries if entry.path != path]

    def digest(
        self, path: PurePosixPath, algorithm: str, *, auth: Credential | None = None
    ) -> Reply:
        """HEAD that asks for one checksum (Want-Digest, RFC 3230)."""
        return self.head(path, auth=auth, headers={"Want-Digest": algorithm})

    def copy(  # noqa: PLR0913  the facts of a copy, each by name
        self,
        path: PurePosixPath,
        *,
        direction: Literal["pull", "push"],
        remote: str,
        remote_auth: Credential,
        auth: Credential | None = None,
        overwrite: bool | None = None,
        headers: Mapping[str, str] | None = None,
        timeout_s: float | None = None,
        cancel_after_markers: int | None = None,
    ) -> Transfer:
        """Third-party copy with this endpoint as the active party, see `wire.tpc.copy`."""
        if auth is None:
            method = "PUT" if direction == "pull" else "GET"
            auth = self.wallet.for_operation(method, path)
        return copy(
            self.client,
            active=path,
            remote=remote,
            direction=direction,
            auth=auth,
            remote_auth=remote_auth,
            overwrite=overwrite,
            headers=headers,
            timeout_s=timeout_s,
            cancel_after_markers=cancel_after_markers,
        )

    def _spend(self, data: bytes | Payload | Iterable[bytes]) -> None:
        """Count an upload against the budget; a stream of unknown length counts as nothing."""
        size = len(data) if isinstance(data, bytes) else getattr(data, "size", 0)
        self.budget.spend(size, self.name)

    def macaroon(
        self,
        path: PurePosixPath,
        *,
        activities: Sequence[str] = (),
        validity: str | None = "PT10M",
        caveats: Sequence[str] = (),
        auth: Credential | None = None,
    ) -> Grant:
        """Ask for a macaroon, see `wire.macaroon`; `auth` None asks the wallet."""
        return request_macaroon(
            self.client,
            path,
            auth=self.wallet.for_macaroon(path) if auth is None else auth,
            activities=activities,
            validity=validity,
            caveats=caveats,
        )

    @property
    def longest_silence_s(self) -> float:
        """The longest wait for a sign of life of a third-party copy, in seconds."""
        return self.client.timeouts.marker_s

    @property
    def settle_s(self) -> float:
        """How long that takes at most, in seconds: `Timeouts.settle_s`."""
        return self.client.timeouts.settle_s

    def settle(self) -> None:
        """Wait until what the endpoint does after its answer is done (`Timeouts.settle_s`)."""
        time.sleep(self.client.timeouts.settle_s)

    def url_of(self, path: PurePosixPath) -> str:
        """The URL of a path: https://host:port/quoted."""
        return self.client.url_of(path)

    def remove_tree(self, path: PurePosixPath) -> list[PurePosixPath]:
        """Remove `path` and all below it, child by child; returns what is still there.

        Raises GuardError when `path` is not at or below the run's directory.
        """
        self.client.guard.check("DELETE", quoted(path), {}, self.client.origin)
        self._made.clear()
        return self._remove(path, 0)

    def remaining(self, path: PurePosixPath) -> list[PurePosixPath]:
        """What a listing still shows at and below `path`; empty when it is gone."""
        reply = self.propfind(path, 1)
        if reply.status in _ABSENT:
            return []
        if reply.status == _MULTISTATUS and not reply.failure:
            return [entry.path for entry in parse_multistatus(reply.body, reply.url)]
        # Not listable: then the file's or collection's own answer must do.
        return [] if self.head(path).status in _ABSENT else [path]

    def _remove(self, path: PurePosixPath, depth: int) -> list[PurePosixPath]:
        if depth > _DEEPEST:
            return [path]
        left: list[PurePosixPath] = []
        try:
            children = self.listing(path)
        except BadMultistatus:
            # Not listable: the DELETE below shows whether anything is there at all.
            children = []
        for child in children:
            if child.path.parent != path or child.path.name == "..":
                # An answer that names anything else is not followed: it would delete it.
                left.append(child.path)
            elif child.is_collection:
                left += self._remove(child.path, depth + 1)
            elif self.delete(child.path).status not in _GONE:
                left.append(child.path)
        # DPM removes a collection only by its name with a slash.
        if self.delete(path).status not in _GONE and (
            self.delete(f"{quoted(path)}/").status not in _GONE
        ):
            left.append(path)
        return left


def _may_be_made(path: PurePosixPath, root: PurePosixPath) -> bool:
    return len(path.parts) > 1 and (root in (path, *path.parents) or path in root.parents)
