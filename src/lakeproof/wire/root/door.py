"""The root:// door of an endpoint: every operation bounded, guarded and recorded.

Paths are those of the endpoint's WebDAV door, so that one path is one file through both doors; a
`str` is a path of the root:// door and sent as it stands. Source of the operations: XRootD
protocol specification 5.2.
"""

from __future__ import annotations

import time
from base64 import b64decode, b64encode
from collections.abc import Callable, Sequence
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any, Literal

from lakeproof.wire.auth import Anonymous, Bearer, ClientCert, Credential
from lakeproof.wire.guard import WriteGuard
from lakeproof.wire.payload import Payload
from lakeproof.wire.redact import redactor
from lakeproof.wire.reply import Failure, FailureKind, NotReached, NotReachedKind
from lakeproof.wire.root.command import command
from lakeproof.wire.root.process import RootProcess, RootSettings
from lakeproof.wire.root.reply import OTHER_ERROR, STATUSES, Chunk, RootExchange, RootReply
from lakeproof.wire.storage import Budget
from lakeproof.wire.transcript import Recorder

MOST_PROCESSES = 6
OK_STATUS, DENIED_STATUS, MISSING_STATUS = 200, 401, 404
# Numbers of XRootD's client (XrdClStatus.hh), not of the protocol.
ANSWERED_ERROR = 400
NOT_LET_IN = (202, 203, 204)
NOT_FOUND = 304
CONNECTION: dict[int, NotReachedKind] = {101: "dns", 108: "refused", 109: "unreachable", 110: "tls"}
BROKEN: dict[int, FailureKind] = {
    14: "malformed", 103: "timeout", 104: "closed", 107: "closed", 206: "timeout",
    207: "closed", 303: "malformed", 305: "malformed", 306: "redirect", 307: "malformed",
}  # fmt: skip
# What each operation is called by whoever gives credentials and guards writes.
METHODS = {
    "ping": "OPTIONS", "stat": "PROPFIND", "listing": "PROPFIND", "statvfs": "PROPFIND",
    "locate": "PROPFIND", "query": "GET", "read": "GET", "vector_read": "GET",
    "attribute": "GET", "attributes": "GET", "prepare": "POST", "mkdir": "MKCOL",
    "remove": "DELETE", "rmdir": "DELETE", "move": "MOVE", "truncate": "PUT", "chmod": "PUT",
    "set_attribute": "PUT", "delete_attribute": "PUT", "write": "PUT", "copy": "PUT",
}  # fmt: skip
Where = PurePosixPath | str


class RootDoor:
    """One endpoint's root:// door, as many identities as are asked for."""

    def __init__(  # noqa: PLR0913  how one door is reached, each part by name
        self,
        settings: RootSettings,
        *,
        name: str,
        credential_for: Callable[[str, PurePosixPath], Credential],
        door_path: Callable[[PurePosixPath], PurePosixPath],
        guard: WriteGuard,
        budget: Budget,
        recorder: Recorder,
        inside: PurePosixPath | None = None,
        usable: Callable[[Credential], Credential] = lambda credential: credential,
    ) -> None:
        """`door_path` turns a path of the WebDAV door into one of this door.

        `credential_for` gives what an HTTP method on a path of the WebDAV door is authorised
        with, `inside` standing for what is about no file; `usable` turns a credential into what
        XRootD's client takes.
        """
        self.name = name
        self.url = settings.url
        self.settings = settings
        self.guard = guard
        self._credential_for = credential_for
        self._door_path = door_path
        self._budget = budget
        self.recorder = recorder
        self._inside = inside or guard.root or PurePosixPath("/")
        self._usable = usable
        self._processes: dict[Credential, RootProcess] = {}

    def __repr__(self) -> str:
        return f"RootDoor({self.name!r}, {self.url!r})"

    def path_of(self, where: Where) -> str:
        """The path of a file at this door."""
        return where if isinstance(where, str) else str(self._door_path(where))

    def url_of(self, where: Where) -> str:
        """The URL of a file: root://host:port//path."""
        return f"{self.url}/{self.path_of(where)}"

    def ping(self, *, auth: Credential | None = None) -> RootReply:
        """Log in, and hear that the server lives."""
        return self._ask("ping", None, auth)

    def stat(self, where: Where, *, auth: Credential | None = None) -> RootReply:
        """Size, flags and times: `RootReply.entry`."""
        return self._ask("stat", where, auth)

    def listing(self, where: Where, *, auth: Credential | None = None) -> RootReply:
        """What is in a directory: `RootReply.entries`."""
        return self._ask("listing", where, auth)

    def statvfs(self, where: Where, *, auth: Credential | None = None) -> RootReply:
        """Space: `value` has free_rw (MiB), utilization_rw (percent), nodes_rw."""
        return self._ask("statvfs", where, auth)

    def locate(self, where: Where, *, auth: Credential | None = None) -> RootReply:
        """Who has a file: `value` is a list with address, is_server, is_manager."""
        return self._ask("locate", where, auth)

    def mkdir(
        self, where: Where, *, parents: bool = False, auth: Credential | None = None
    ) -> RootReply:
        """Make a directory, and with `parents` those above it."""
        return self._ask("mkdir", where, auth, parents=parents, mode=0o755)

    def remove(self, where: Where, *, auth: Credential | None = None) -> RootReply:
        """Remove a file."""
        return self._ask("remove", where, auth)

    def rmdir(self, where: Where, *, auth: Credential | None = None) -> RootReply:
        """Remove an empty directory."""
        return self._ask("rmdir", where, auth)

    def move(self, where: Where, to: Where, *, auth: Credential | None = None) -> RootReply:
        """Rename."""
        return self._ask("move", where, auth, to=self.path_of(to))

    def truncate(self, where: Where, size: int, *, auth: Credential | None = None) -> RootReply:
        """Cut or lengthen a file."""
        return self._ask("truncate", where, auth, size=size)

    def chmod(self, where: Where, mode: int, *, auth: Credential | None = None) -> RootReply:
        """Change a file's mode."""
        return self._ask("chmod", where, auth, mode=mode)

    def set_attribute(
        self, where: Where, name: str, text: str, *, auth: Credential | None = None
    ) -> RootReply:
        """Set an extended attribute."""
        return self._ask("set_attribute", where, auth, name=name, text=text)

    def attribute(self, where: Where, name: str, *, auth: Credential | None = None) -> RootReply:
        """The value of an extended attribute: `said`."""
        return self._ask("attribute", where, auth, name=name)

    def attributes(self, where: Where, *, auth: Credential | None = None) -> RootReply:
        """The names of the extended attributes: `value`."""
        return self._ask("attributes", where, auth)

    def delete_attribute(
        self, where: Where, name: str, *, auth: Credential | None = None
    ) -> RootReply:
        """Remove an extended attribute."""
        return self._ask("delete_attribute", where, auth, name=name)

    def read(
        self,
        where: Where,
        offset: int = 0,
        size: int | None = None,
        *,
        auth: Credential | None = None,
    ) -> RootReply:
        """The bytes of a file: `body`, at most 64 MiB."""
        reply = self._ask("read", where, auth, offset=offset, size=size)
        reply.body = b64decode(reply.value or "")
        return self._received(reply)

    def write(
        self,
        where: Where,
        data: bytes | Payload,
        *,
        replace: bool = False,
        parents: bool = False,
        posc: bool = False,
        auth: Credential | None = None,
    ) -> RootReply:
        """Write a new file, or with `replace` whatever is there; `posc`: kept only once closed.

        Raises BudgetExceeded when the run would then have written more than it may.
        """
        content = b"".join(data.chunks()) if isinstance(data, Payload) else data
        self._budget.spend(len(content), self.name)
        self.recorder.count(sent=len(content))
        return self._ask(
            "write",
            where,
            auth,
            data=b64encode(content).decode(),
            replace=replace,
            parents=parents,
            posc=posc,
        )

    def vector_read(
        self,
        where: Where,
        ranges: Sequence[tuple[int, int]],
        *,
        auth: Credential | None = None,
    ) -> RootReply:
        """Several ranges (offset, length) in one request: `chunks`."""
        reply = self._ask("vector_read", where, auth, ranges=list(ranges))
        reply.value = [Chunk(each["offset"], b64decode(each["data"])) for each in reply.value or ()]
        reply.body = b"".join(chunk.data for chunk in reply.value)
        return self._received(reply)

    def checksum(
        self, where: Where, algorithm: str, *, auth: Credential | None = None
    ) -> RootReply:
        """Ask for one checksum: `RootReply.checksum`."""
        argument = f"{self.path_of(where)}?cks.type={algorithm}"
        return self._ask("query", where, auth, kind="checksum", argument=argument)

    def config(self, *keys: str, auth: Credential | None = None) -> dict[str, str]:
        """What the server says of itself; a key that it does not know or has not set is absent.

        Raises NotReached, or gives nothing, where the query is refused.
        """
        reply = self._ask("query", None, auth, kind="config", argument=" ".join(keys))
        said = reply.said.splitlines()
        told = zip(keys, said, strict=False)
        return {key: value for key, value in told if value != key} if reply.ok else {}

    def space(self, where: Where, *, auth: Credential | None = None) -> RootReply:
        """Ask for the space of the file system: `said` has oss.free and the like."""
        return self._ask("query", where, auth, kind="space", argument=self.path_of(where))

    def prepare(
        self,
        *where: Where,
        wish: Literal["stage", "evict"] = "stage",
        auth: Credential | None = None,
    ) -> RootReply:
        """Ask for files to be brought online, or let go: `said` is the request's id."""
        paths = [self.path_of(each) for each in where]
        return self._ask("prepare", where[0], auth, paths=paths, wish=wish)

    def upload(
        self, where: Where, data: Payload, *, posc: bool = False, auth: Credential | None = None
    ) -> RootReply:
        """Copy a local file to the door as xrdcp does, its adler32 compared at the end."""
        self._budget.spend(data.size, self.name)
        self.recorder.count(sent=data.size)
        with TemporaryDirectory(prefix="lakeproof-") as folder:
            local = Path(folder) / "file"
            with local.open("wb") as into:
                into.writelines(data.chunks())
            options = {
                "checksummode": "end2end", "checksumtype": "adler32", "mkdir": True, "posc": posc,
            }  # fmt: skip
            return self._copy(where, str(local), self.url_of(where), options, auth)

    def download(self, where: Where, *, auth: Credential | None = None) -> RootReply:
        """Copy a file from the door as xrdcp does: `body`."""
        if auth is None:
            auth = self._given("GET", where)
        with TemporaryDirectory(prefix="lakeproof-") as folder:
            local = Path(folder) / "file"
            options = {"checksummode": "end2end", "checksumtype": "adler32"}
            reply = self._copy(where, self.url_of(where), str(local), options, auth, writes=False)
            reply.body = local.read_bytes() if local.exists() else b""
        return self._received(reply)

    def copy_from(
        self,
        source: str,
        where: Where,
        *,
        replace: bool = False,
        timeout_s: float | None = None,
        auth: Credential | None = None,
    ) -> RootReply:
        """Have this door fetch `source` (root://...) itself: XRootD's third-party copy.

        `auth` has to be good at both doors: the client opens the file at either.
        """
        options = {"thirdparty": "only", "force": replace}
        return self._copy(where, source, self.url_of(where), options, auth, timeout_s=timeout_s)

    def close(self) -> None:
        """End all processes."""
        for process in self._processes.values():
            process.close()
        self._processes.clear()

    def _copy(  # noqa: PLR0913  the facts of a copy, each by name
        self,
        where: Where,
        source: str,
        target: str,
        options: dict[str, Any],
        auth: Credential | None,
        *,
        writes: bool = True,
        timeout_s: float | None = None,
    ) -> RootReply:
        if writes:
            self._check("PUT", self.path_of(where), {})
        credential = self._given("PUT", where) if auth is None else auth
        how = {"source": source, "target": target, "options": options}
        return self._run("copy", where, credential, how, timeout_s)

    def _ask(
        self,
        do: str,
        where: Where | None,
        auth: Credential | None,
        **how: Any,  # noqa: ANN401
    ) -> RootReply:
        method = METHODS[do]
        if where is not None:
            destination = {"Destination": how["to"]} if "to" in how else {}
            self._check(method, self.path_of(where), destination)
            if do not in ("query", "prepare"):
                how["path"] = self.path_of(where)
        credential = self._given(method, where) if auth is None else auth
        return self._run(do, where, credential, how)

    def _check(self, method: str, path: str, headers: dict[str, str]) -> None:
        self.guard.check(method, path.partition("?")[0], headers, self.url)

    def _given(self, method: str, where: Where | None) -> Credential:
        # What is sent as it stands is authorised like anything in the run's directory.
        path = where if isinstance(where, PurePosixPath) else self._inside
        return self._credential_for(method, path)

    def _run(
        self,
        do: str,
        where: Where | None,
        credential: Credential,
        how: dict[str, Any],
        timeout_s: float | None = None,
    ) -> RootReply:
        process = self._process(credential)
        reply = RootReply(do.replace("_", " "), self.url if where is None else self.url_of(where))
        exchange = _exchange(do, reply, credential, how, self.url)
        begun = time.monotonic()
        try:
            answer = process.ask(do, timeout_s, **how)
        except TimeoutError as error:
            answer = {"ok": False, "code": 206, "errno": 0, "said": str(error)}
        reply.elapsed_s = exchange.elapsed_s = time.monotonic() - begun
        reply.exchange = exchange
        self.recorder.count(requests=1)
        self.recorder.current.add(exchange)
        _fill(reply, answer)
        exchange.status, exchange.reason, exchange.code = reply.status, reply.reason, reply.code
        exchange.failure = reply.failure.sentence if reply.failure else ""
        exchange.waited_in_vain = reply.failure is not None and reply.failure.kind == "timeout"
        if isinstance(reply.value, str) and do == "query":
            exchange.response_headers = {"": " ".join(reply.value.split())[:300]}
        kind = CONNECTION.get(answer.get("code", 0)) if not answer["ok"] else None
        if kind is not None:
            exchange.failure = redactor.text(answer["said"])
            raise NotReached(kind, f"{self.url}: {answer['said']}", self.url)
        return reply

    def _process(self, credential: Credential) -> RootProcess:
        found = self._processes.pop(credential, None)
        if found is None:
            found = RootProcess(self.settings, self._usable(credential))
        # The one that was used last stands at the end.
        self._processes[credential] = found
        if len(self._processes) > MOST_PROCESSES:
            self._processes.pop(next(iter(self._processes))).close()
        return found

    def _received(self, reply: RootReply) -> RootReply:
        reply.length = len(reply.body)
        self.recorder.count(received=reply.length)
        if reply.exchange is not None:
            reply.exchange.length = reply.length
        return reply


def _fill(reply: RootReply, answer: dict[str, Any]) -> None:
    reply.value = answer.get("value")
    if answer["ok"]:
        reply.status = OK_STATUS
        return
    code, said = answer["code"], redactor.text(" ".join(str(answer["said"]).split()))
    reply.reason = said.removeprefix("[ERROR] Server responded with an error: ")
    if code == ANSWERED_ERROR:
        reply.code = answer["errno"]
        reply.status = STATUSES.get(reply.code, OTHER_ERROR)
    elif code in NOT_LET_IN:
        reply.status = DENIED_STATUS
    elif code == NOT_FOUND:
        reply.status = MISSING_STATUS
    else:
        reply.failure = Failure(BROKEN.get(code, "malformed"), reply.reason)


def _exchange(
    do: str, reply: RootReply, credential: Credential, how: dict[str, Any], url: str
) -> RootExchange:
    hidden = {"path", "data", "options"}
    shown = tuple(f"{name}={value}" for name, value in how.items() if name not in hidden)
    environment: tuple[str, ...] = ()
    if isinstance(credential, Bearer):
        environment = ("XrdSecPROTOCOL=ztn", 'BEARER_TOKEN="$TOKEN"')
    elif isinstance(credential, ClientCert):
        environment = ("XrdSecPROTOCOL=gsi", "X509_USER_PROXY=PROXY")
    elif isinstance(credential, Anonymous):
        environment = ("XrdSecPROTOCOL=unix",)
    return RootExchange(
        reply.method,
        reply.url,
        {},
        auth_label=credential.label,
        client_certificate=isinstance(credential, ClientCert),
        arguments=shown,
        command=command(do, url, reply.url, how),
        environment=environment,
    )
