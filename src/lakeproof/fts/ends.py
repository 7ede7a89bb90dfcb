"""One end of a copy: what FTS asks a storage before, during and after it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import PurePosixPath
from typing import Protocol
from urllib.parse import unquote, urlsplit

from lakeproof.fts import errors
from lakeproof.fts.errors import CopyFailed
from lakeproof.wire.auth import ANONYMOUS, Bearer, ClientCert, Credential
from lakeproof.wire.connection import TlsConfig
from lakeproof.wire.digest import parse_digest
from lakeproof.wire.guard import WriteGuard
from lakeproof.wire.http import HttpClient, Timeouts
from lakeproof.wire.macaroon import request_macaroon
from lakeproof.wire.redact import redactor
from lakeproof.wire.reply import NotReached, Reply
from lakeproof.wire.storage import PROPFIND_BODY
from lakeproof.wire.tpc import TpcEnd, Transfer, copy
from lakeproof.wire.transcript import Recorder
from lakeproof.wire.webdav import BadMultistatus, parse_multistatus

SOURCE, DESTINATION, TRANSFER = "SOURCE", "DESTINATION", "TRANSFER"
HTTP_SCHEMES = frozenset({"davs", "https"})
PULL, PUSH = "3rd pull", "3rd push"
MULTISTATUS = 207
MADE = frozenset({200, 201, 204, 301, 405})
NO_PARENT = frozenset({404, 409})
DENIED = frozenset({401, 403})
GONE = frozenset({404, 410})
TRIES = 3
# What an activity-restricted macaroon of the source and the destination must allow.
READ = ("DOWNLOAD", "LIST", "READ_METADATA")
SAID = {
    401: (errors.EACCES, "HTTP 401 : Authentication Error"),
    403: (errors.EPERM, "HTTP 403 : Permission refused"),
    404: (errors.ENOENT, "HTTP 404 : File not found"),
    410: (errors.ENOENT, "HTTP 410 : File not found"),
}


class End(Protocol):
    """A file at a storage, by protocol."""

    scope: str

    def size(self) -> int | None:
        """Bytes of the file; None when there is none. Raises CopyFailed, as all of these do."""

    def checksum(self, algorithm: str) -> str:
        """What the storage says it is, hexadecimal in lower case."""

    def unlink(self) -> None:
        """Remove the file; nothing when there is none."""

    def make_parent(self) -> None:
        """Make the folder that the file is to be in."""

    def close(self) -> None:
        """Close the connections."""


class HttpEnd:
    """A file behind a WebDAV door."""

    def __init__(
        self, scope: str, url: str, auth: Credential, ca: TlsConfig, patience_s: float
    ) -> None:
        parts = urlsplit(url)
        self.scope = scope
        self.auth = auth
        self.path = PurePosixPath("/" + unquote(parts.path).lstrip("/"))
        self.url = f"https://{parts.netloc}{parts.path}"
        self.client = HttpClient(
            f"https://{parts.netloc}",
            tls=ca,
            timeouts=Timeouts(read_s=60, total_s=180, copy_s=patience_s),
            recorder=Recorder(),
            guard=WriteGuard(self.path if scope == DESTINATION else None),
        )
        self._beside: dict[str, HttpClient] = {}

    def server(self, url: str) -> HttpClient:
        """A client of the server of `url`, which belongs to the same storage."""
        origin = "/".join(url.split("/", 3)[:3])
        if origin in (self.client.origin, self.client.origin.removesuffix(":443")):
            return self.client
        return self._beside.setdefault(origin, self.client.elsewhere(origin))

    def size(self) -> int | None:
        """PROPFIND of the file itself."""
        reply = self._ask("PROPFIND", headers={"Depth": "0"}, body=PROPFIND_BODY)
        if reply.status in GONE:
            return None
        if reply.status != MULTISTATUS or reply.failure:
            raise self.failed(reply)
        try:
            entries = parse_multistatus(reply.body, reply.url)
        except BadMultistatus as error:
            raise CopyFailed(self.scope, errors.EIO, f"Bad answer to PROPFIND: {error}") from None
        if not entries or entries[0].is_collection:
            raise CopyFailed(self.scope, errors.EINVAL, "Not a regular file")
        return entries[0].size

    def checksum(self, algorithm: str) -> str:
        """HEAD with Want-Digest."""
        reply = self._ask("HEAD", headers={"Want-Digest": algorithm.lower()})
        if not reply.ok:
            raise self.failed(reply)
        found = parse_digest(reply.headers.get("Digest", ""))
        if algorithm.lower() not in found:
            raise CopyFailed(
                self.scope, errors.ENOTSUP, f"CHECKSUM The storage gives no {algorithm} checksum"
            )
        return found[algorithm.lower()]

    def unlink(self) -> None:
        """DELETE."""
        reply = self._ask("DELETE")
        if not reply.ok and reply.status not in GONE:
            raise self.failed(reply)

    def make_parent(self) -> None:
        """MKCOL, for each folder that is missing."""
        self._make(self.path.parent)

    def _make(self, folder: PurePosixPath) -> None:
        if str(folder) == "/":
            return
        reply = self._ask("MKCOL", folder)
        if reply.status in NO_PARENT:
            self._make(folder.parent)
            reply = self._ask("MKCOL", folder)
        # A token for the file alone may not tell: whether the folder is there, the copy will show.
        if reply.status not in MADE | DENIED | {409} or reply.failure:
            failed = self.failed(reply)
            raise CopyFailed(self.scope, failed.code, f"MAKE_PARENT {failed.text}")

    def macaroon(self) -> Credential:
        """What the other storage may show here: our token, or a macaroon for our certificate."""
        if isinstance(self.auth, Bearer):
            return self.auth
        grant = request_macaroon(
            self.client, self.path, auth=self.auth, activities=READ, validity="PT1H"
        )
        return grant.bearer or ANONYMOUS

    def writable(self) -> Credential:
        """The same for a storage that is to write here."""
        if isinstance(self.auth, Bearer):
            return self.auth
        grant = request_macaroon(self.client, self.path, auth=self.auth, validity="PT1H")
        return grant.bearer or ANONYMOUS

    def failed(self, reply: Reply) -> CopyFailed:
        """An answer as gfal2 words it."""
        if reply.status == 0 or reply.failure:
            said = reply.failure.sentence if reply.failure else "no answer"
            return CopyFailed(self.scope, errors.ECOMM, redactor.text(said))
        unknown = f"HTTP {reply.status} : Unexpected server error: {reply.status}"
        code, text = SAID.get(reply.status, (errors.ECOMM, unknown))
        return CopyFailed(self.scope, code, text)

    def close(self) -> None:
        """Close the connections."""
        for client in (self.client, *self._beside.values()):
            client.close()

    def _ask(
        self,
        method: str,
        path: PurePosixPath | None = None,
        *,
        headers: dict[str, str] | None = None,
        body: bytes | None = None,
    ) -> Reply:
        try:
            return self.client.request(
                method, path or self.path, headers=headers, body=body, auth=self.auth
            )
        except NotReached as error:
            code = errors.ETIMEDOUT if error.kind == "timeout" else errors.EHOSTUNREACH
            raise CopyFailed(self.scope, code, error.sentence) from None


def copy_over_http(
    source: HttpEnd, destination: HttpEnd, headers: dict[str, str], stop: Callable[[], bool]
) -> str:
    """HTTP third-party copy: pull by the destination, and where that fails push by the source.

    Returns which of them it was, in gfal2's words.
    """
    pulled = _copied(source, destination, "pull", headers, stop)
    if pulled is None:
        return PULL
    if pulled.code in errors.NO_FALLBACK:
        raise pulled
    pushed = _copied(source, destination, "push", headers, stop)
    if pushed is not None:
        raise CopyFailed(TRANSFER, pushed.code, f"{pushed.text}; before that: {pulled.text}")
    return PUSH


def _copied(
    source: HttpEnd,
    destination: HttpEnd,
    direction: str,
    headers: dict[str, str],
    stop: Callable[[], bool],
) -> CopyFailed | None:
    """None when the copy succeeded."""
    active, passive = (destination, source) if direction == "pull" else (source, destination)
    try:
        remote_auth = source.macaroon() if direction == "pull" else destination.writable()
        done = copy(
            active.client,
            active=active.path,
            remote=passive.url,
            direction="pull" if direction == "pull" else "push",
            auth=active.auth,
            remote_auth=remote_auth,
            headers=headers,
            stop=stop,
        )
    except NotReached as error:
        return _failure(direction, errors.EHOSTUNREACH, error.sentence)
    if done.end is TpcEnd.SUCCESS:
        return None
    if stop():
        return CopyFailed(TRANSFER, errors.ECANCELED, "Transfer canceled")
    return _failure(direction, _code(done), _said(done))


def _failure(direction: str, code: int, said: str) -> CopyFailed:
    text = f"TRANSFER ERROR: Copy failed (3rd {direction}). Last attempt: {said}"
    return CopyFailed(TRANSFER, code, text)


def _said(done: Transfer) -> str:
    if done.end is TpcEnd.REFUSED:
        code = done.reply.status
        return f"HTTP {code} : {done.message or done.reply.reason}".strip()
    return done.reason or done.describe()


def _code(done: Transfer) -> int:
    if done.end is TpcEnd.REFUSED:
        return {404: errors.ENOENT, 403: errors.EPERM, 401: errors.EACCES}.get(
            done.reply.status, errors.EIO
        )
    return errors.EIO


def credential(token: str, person: ClientCert | None) -> Credential:
    """What a file is reached with: its own token, or the certificate of whoever submitted."""
    if token:
        return Bearer(token, "transfer token")
    return person or ANONYMOUS
