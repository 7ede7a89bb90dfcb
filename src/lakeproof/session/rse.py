"""The endpoint under test as an RSE of Rucio: what Rucio is asked to do there, and what it says."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any, TypeVar
from urllib.parse import unquote, urlsplit

from lakeproof.verdict import Blame, Blocked, NotRun, Unjudged, Unsupported
from lakeproof.wire.payload import Payload
from lakeproof.wire.rucio import (
    Answer,
    RucioClients,
    RucioNotReached,
    RucioProcess,
    RucioSettings,
)
from lakeproof.wire.storage import StorageElement

T = TypeVar("T")
LIFETIME_S = 1800
PATIENCE_S = 60.0
# A rule that makes progress may take longer, but not for ever.
LONGEST = 5
POLL_S = 0.5
SETTLE_S = 1.2
HTTP = ("davs", "https", "dav", "http")
ROOT = ("root", "roots", "xroot", "xroots")
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
    """Which Rucio knows an endpoint by which RSE, and as whom we ask it.

    `other` is the account of the second identity, None where there is none.
    """

    rse: str
    scope: str
    settings: RucioSettings
    patience_s: float = PATIENCE_S
    other: str | None = None
    is_other: bool = False

    def open(self, token: Callable[[], str] | None) -> RucioClients:
        """Rucio's clients; nothing is started before they are asked."""
        return RucioProcess(self.settings, token)

    def as_other(self) -> RucioSpec | None:
        """The same RSE, asked by the second identity's account; None without one."""
        if self.other is None:
            return None
        settings = replace(self.settings, account=self.other)
        return replace(self, settings=settings, other=None, is_other=True)


@dataclass(frozen=True)
class RuleEnd:
    """How a replication rule ended, or how it stood when patience did.

    `copied` and `waiting` count its copies that are there and that are under way.
    """

    state: str
    reason: str = ""
    copied: int = 0
    waiting: int = 0

    @property
    def ok(self) -> bool:
        """Whether all copies are there, as Rucio says."""
        return self.state == OK

    def describe(self) -> str:
        """For a person."""
        under_way = f", {self.waiting} copies under way" if self.waiting else ""
        return f"{self.state}{under_way}: {self.reason}" if self.reason else self.state + under_way


class Rse:
    """One RSE, by the clients of one account; names of files begin with the run's.

    Every file, dataset and rule ends by itself after half an hour, whatever becomes of the run.
    `storage_at` opens the storage for writing at one path of it and nowhere else.
    """

    def __init__(  # noqa: PLR0913  each by name
        self,
        name: str,
        clients: RucioClients,
        *,
        scope: str,
        prefix: str,
        patience_s: float = PATIENCE_S,
        account: str = "",
        audience: str | None = None,
        storage: StorageElement | None = None,
        storage_at: Callable[[PurePosixPath], StorageElement] | None = None,
    ) -> None:
        self.name = name
        self.patience_s = patience_s
        self._clients = clients
        self._scope = scope
        self._prefix = prefix
        self._account = account
        self._audience = audience
        self._storage = storage
        self._storage_at = storage_at
        self._count = 0
        self._written: dict[str, float] = {}
        self.settle_s = SETTLE_S
        self.poll_s = POLL_S

    def close(self) -> None:
        """End Rucio's clients; they start again when asked."""
        self._clients.close()

    def over_http(self, operation: str) -> list[str]:
        """The schemes over HTTP that Rucio may `read` or `write` with; Unsupported without any."""
        return self.schemes(operation, HTTP)

    def over_root(self, operation: str) -> list[str]:
        """The schemes of XRootD's own protocol; Unsupported without any."""
        return self.schemes(operation, ROOT)

    @property
    def storage(self) -> StorageElement:
        """The storage behind it, without Rucio."""
        if self._storage is None:
            raise Blocked(f"the storage of {self.name} is not known")
        return self._storage

    @property
    def audience(self) -> str:
        """Whom tokens for Rucio and the storage are for; raises NotRun where none are shown."""
        if self._audience is None:
            raise NotRun("Rucio is asked with a certificate here: log in with oidc")
        return self._audience

    def schemes(self, operation: str, among: Sequence[str] | None = None) -> list[str]:
        """The schemes, all or `among` some, the preferred first; Unsupported without any."""
        able = [each for each in self._protocols if each[operation]]
        schemes = [each["scheme"] for each in sorted(able, key=lambda each: int(each[operation]))]
        if among is None:
            return schemes
        chosen = [scheme for scheme in schemes if scheme in among]
        if not chosen:
            raise Unsupported(f"the RSE {self.name} has no protocol {among[0]} to {operation} with")
        return chosen

    @cached_property
    def _protocols(self) -> list[dict[str, Any]]:
        return list(self._value(self._ask("protocols", rse=self.name)))

    def new_name(self) -> str:
        """A name for a file or dataset that no other has."""
        self._count += 1
        # The random end keeps parallel workers of one run apart.
        return f"{self._prefix}-{self._count}-{secrets.token_hex(3)}"

    def upload(
        self,
        name: str,
        data: Payload,
        *,
        scheme: str | None = None,
        lifetime_s: int = LIFETIME_S,
        token: str | None = None,
    ) -> Answer:
        """Have Rucio's client upload `data`; failures at the storage are an answer."""
        with TemporaryDirectory(prefix="lakeproof-") as folder:
            path = Path(folder) / name
            with path.open("wb") as file:
                for chunk in data.chunks():
                    file.write(chunk)
            answer = self._ask(
                "upload",
                token=token,
                rse=self.name,
                did=self._did(name),
                path=str(path),
                scheme=scheme or self.schemes("write")[0],
                lifetime_s=lifetime_s,
                kept_s=LIFETIME_S,
            )
        self._written[name] = time.monotonic()
        return answer

    def download(self, name: str, scheme: str, token: str | None = None) -> tuple[Answer, bytes]:
        """Have Rucio's client download a file; what it got."""
        with TemporaryDirectory(prefix="lakeproof-") as folder:
            answer = self._ask(
                "download",
                token=token,
                rse=self.name,
                did=self._did(name),
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

    def urls(self, name: str, *schemes: str) -> list[str]:
        """The URLs of the replica here that Rucio lists, by these schemes; none without one."""
        how = {"schemes": list(schemes)} if schemes else {}
        answer = self._ask("replicas", did=self._did(name), rse=self.name, **how)
        return [str(url) for url in self._value(answer)]

    def path_of(self, name: str, *schemes: str) -> PurePosixPath:
        """The URL path at which the replica lies, by what Rucio lists; Blocked without one."""
        for url in self.urls(name, *schemes):
            if urlsplit(url).scheme in HTTP:
                return _path_in(url)
        raise Blocked(f"Rucio lists no replica of {name} at {self.name} that is read over HTTP")

    def place_of(self, name: str) -> PurePosixPath:
        """The URL path at which the RSE would have a file, whether it has it or not."""
        scheme = self.over_http("read")[0]
        answer = self._ask("place", rse=self.name, did=self._did(name), scheme=scheme)
        return _path_in(str(self._value(answer)))

    def put(self, name: str, data: Payload) -> bool:
        """Write behind Rucio's back where a file of this run lies, or would; whether it was taken.

        Some storages (XRootD) keep the checksum of a file that is written twice within a second,
        so that second goes by first.
        """
        path = self.place_of(name)
        if self._storage_at is None or name not in path.name:
            raise Blocked(f"{path} is not known to be a file of this run")
        time.sleep(max(0.0, self._written.get(name, 0.0) + self.settle_s - time.monotonic()))
        storage = self._storage_at(path)
        try:
            storage.make_directory(path.parent)
            # Some let nothing be replaced.
            taken = storage.put(path, data).ok or (
                storage.delete(path).ok and storage.put(path, data).ok
            )
        finally:
            storage.client.close()
        self._written[name] = time.monotonic()
        return taken

    def new_dataset(self, *files: str) -> str:
        """A new dataset of these files; its name."""
        name = self.new_name()
        self.make_dataset(name, *files)
        return name

    def make_dataset(self, name: str, *files: str) -> None:
        """A new dataset of this name and these files."""
        members = [self._did(file) for file in files]
        self._value(self._ask("add_dataset", did=self._did(name), files=members, kept_s=LIFETIME_S))

    def attach(self, dataset: str, file: str) -> None:
        """Put one more file into a dataset."""
        self._value(self._ask("attach", did=self._did(dataset), files=[self._did(file)]))

    def ask_rule(self, name: str, *also: Rse) -> Answer:
        """Ask for a copy here, and at each of `also`; the rule's id, or why there is none."""
        rses = [self.name, *(each.name for each in also)]
        return self._asked(
            "add_rule", did=self._did(name), rses=rses, copies=len({*rses}), lifetime_s=LIFETIME_S
        )

    def rule(self, name: str, *also: Rse) -> str:
        """The id of a new rule for a copy here, and at each of `also`."""
        return str(self._value(self.ask_rule(name, *also)))

    def ask_again(self, name: str) -> None:
        """Have what is stuck on its way here tried again, which Rucio does after two hours.

        Another rule for the same; it has to be written in another way to be another.
        """
        self.rule(name, self)

    def end_of(self, rule: str, *, copies: int = 1, until: Sequence[str] = (OK, STUCK)) -> RuleEnd:
        """Wait until the rule is OK with so many copies, or stuck; how it ended, or stands.

        Patience begins anew with every copy that arrives.
        """

        def look() -> RuleEnd:
            return RuleEnd(**self._value(self._ask("rule", rule=rule)))

        def met(end: RuleEnd) -> bool:
            return end.state in until and (not end.ok or end.copied >= copies)

        return self._until(look, met, progress=lambda end: end.copied)

    def replicate(self, name: str, *also: Rse, copies: int = 1) -> RuleEnd:
        """Ask for a copy here, and at each of `also`, and wait for the end."""
        return self.end_of(self.rule(name, *also), copies=copies)

    def subscribe(self, dataset: str) -> None:
        """Have a dataset that is yet to come copied here; raises NotRun where we may not."""
        self._value(self._ask("whoami"))
        answer = self._asked(
            "subscribe",
            did=self._did(dataset),
            rse=self.name,
            account=self._account,
            lifetime_s=LIFETIME_S,
        )
        # Rucio answers 401 to both who is not known and who may not; that we are known was seen.
        if answer.kind in ("AccessDenied", "CannotAuthenticate"):
            raise NotRun(f"Rucio lets the account {self._account} add no subscription")
        self._value(answer)

    def rule_of(self, name: str) -> str | None:
        """The rule that Rucio has made for a file or dataset by itself, once it has."""
        rules = self._until(
            lambda: list(self._value(self._ask("rules_of", did=self._did(name)))), bool
        )
        return str(rules[0]) if rules else None

    def note(self, name: str, key: str, value: str) -> None:
        """Note something about a file in Rucio's metadata."""
        self._value(self._ask("set_metadata", did=self._did(name), key=key, value=value))

    def find(self, key: str, value: str) -> list[str]:
        """The files of which that is noted."""
        answer = self._ask("find", scope=self._scope, key=key, value=value)
        return [str(name) for name in self._value(answer)]

    def log_in(self, token: str | None = None) -> Answer:
        """Ask Rucio who we are, with another token than the usual one if it is given."""
        return self._asked("whoami", token=token)

    def quota(self) -> int:
        """How many bytes the account may have here."""
        limits = self._value(self._ask("limits", account=self._account))
        return int(limits.get(self.name) or 0)

    def wait_until_dropped(self, name: str) -> bool:
        """Whether Rucio lists no replica here any more, in time."""
        return not self._until(lambda: self.urls(name), lambda urls: not urls)

    def _did(self, name: str) -> list[str]:
        return [self._scope, name]

    def _until(
        self,
        look: Callable[[], T],
        met: Callable[[T], bool],
        progress: Callable[[T], int] = lambda _: 0,
    ) -> T:
        """What `look` sees when it is `met`, or when there was no progress for too long."""
        now, best = time.monotonic(), 0
        deadline, last = now + self.patience_s, now + LONGEST * self.patience_s
        while True:
            seen = look()
            now = time.monotonic()
            if progress(seen) > best:
                best, deadline = progress(seen), now + self.patience_s
            if met(seen) or now > min(deadline, last):
                return seen
            time.sleep(self.poll_s)

    def _ask(self, do: str, **how: Any) -> Answer:  # noqa: ANN401  JSON
        answer = self._asked(do, **how)
        if not answer.ok and answer.kind not in AT_THE_STORAGE:
            raise Unjudged(f"Rucio refused to {do}: {answer.describe()}", Blame.PARTNER)
        return answer

    def _asked(self, do: str, **how: Any) -> Answer:  # noqa: ANN401  JSON
        if how.get("token"):
            _ = self.audience
        try:
            return self._clients.ask(do, **how)
        except RucioNotReached as error:
            raise Unjudged(error.sentence, Blame.US) from None

    def _value(self, answer: Answer) -> Any:  # noqa: ANN401  JSON
        if not answer.ok:
            raise Unjudged(f"Rucio gave no answer: {answer.describe()}", Blame.PARTNER)
        return answer.value


def _path_in(url: str) -> PurePosixPath:
    """The decoded path of a URL."""
    return PurePosixPath(unquote(urlsplit(url).path))
