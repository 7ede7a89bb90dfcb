"""One endpoint as one process talks to it: is it there, may we write, where, and clean-up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cached_property
from pathlib import PurePosixPath
from typing import NoReturn

from lakeproof.credentials.client import ClientCredentials
from lakeproof.credentials.errors import CredentialError
from lakeproof.credentials.wallet import EndpointWallet
from lakeproof.session.fingerprint import Evidence, Fingerprint, limiter_of, recognise
from lakeproof.session.grounds import Grounds
from lakeproof.session.inquiry import inquire
from lakeproof.session.leftovers import remove_run
from lakeproof.session.plan import Target
from lakeproof.session.probe import Probe
from lakeproof.session.recall import Recall
from lakeproof.session.redirection import hands_on, target_of
from lakeproof.session.report import find_report
from lakeproof.session.root import RootAccess
from lakeproof.session.rse import Rse
from lakeproof.session.rucio import rse_of
from lakeproof.session.sample import ServedSample, read, upload
from lakeproof.session.tape import FoundTape, find_tape
from lakeproof.verdict import Blame, Blocked, NotRun, Unjudged
from lakeproof.wire.auth import ANONYMOUS, Credential
from lakeproof.wire.http import HttpClient, TlsConfig, WriteGuard
from lakeproof.wire.pacing import Pacer
from lakeproof.wire.reply import NotReached, Reply, Throttled
from lakeproof.wire.storage import SetUpFailed, StorageElement
from lakeproof.wire.transcript import Recorder

# 405: it exists already; 409: its parent does not, but the token was good enough to look
MKCOL_DONE = (200, 201, 204, 405, 409)
DENIED = (401, 403)
ABSENT = (404, 410)
MULTI_STATUS = 207
SERVER_ERROR = 500
PATIENCE = 2
ADVICE = (
    "; the storage does not accept this credential for writing there: check the token's "
    "audience, its scopes and --scope-root, or how the storage maps the certificate"
)


class EndpointSession:
    """Connections, credentials and the work directory of one endpoint, in one process.

    What cannot be had is said once as an error and afterwards as `Blocked`, so that one cause
    counts once.
    """

    def __init__(
        self, target: Target, run_id: str, recorder: Recorder, *, read_only: bool = False
    ) -> None:
        self.target = target
        self.may_write = target.endpoint.is_writable and not read_only
        self.name = target.name
        self.door = target.endpoint.door
        self.area = self.door.path / target.area
        self.run_directory = self.area / run_id
        self.recorder = recorder
        # Further directories of this run that may be written to, besides its own.
        self.also_ours: tuple[PurePosixPath, ...] = ()
        # Behind a cache: where its files come from.
        self.behind: EndpointSession | None = None
        self.prepared = False
        self.pacer = Pacer(target.limiter)
        self._cause_was_said = False
        self._unanswered = 0
        self._hiccup = ""
        self._sample: ServedSample | str | None = None
        self.grounds: Grounds | None = None
        self.recall: Recall | None = None
        self._shown: tuple[Evidence, ...] = ()
        # Asked for several times a check; evidence is only ever added.
        self._recognised: tuple[int, Fingerprint] | None = None

    @property
    def site(self) -> str:
        """The name of the endpoint's site."""
        return self.target.site

    @property
    def url(self) -> str:
        """The door's URL as the inventory or the command line has it."""
        return self.target.endpoint.url

    @property
    def origin(self) -> str:
        """The door's `scheme://host[:port]`."""
        return self.door.origin

    @property
    def emulated(self) -> bool:
        """Whether lakeproof's own server plays this storage."""
        return self.target.endpoint.emulated

    @property
    def second_attempts(self) -> int:
        """How many checks may be tried again."""
        return self.target.limits.second_attempts

    @cached_property
    def _trust(self) -> TlsConfig | CredentialError:
        try:
            return self.target.tls()
        except CredentialError as error:
            return error

    @property
    def tls(self) -> TlsConfig:
        """Which authorities are trusted; the system's when the named ones are not to be had."""
        return self._trust if isinstance(self._trust, TlsConfig) else TlsConfig(None)

    def require_configured(self) -> None:
        """Raise when a name in the configuration leads nowhere: once an error, then `Blocked`."""
        if isinstance(self._trust, CredentialError):
            self._refuse(f"{self.name}: {self._trust.sentence}", Blame.CREDENTIAL)

    @cached_property
    def probe(self) -> Probe:
        """Reachability facts."""
        return Probe(self.door, self.tls.ca, self.target.timeouts.connect_s)

    @cached_property
    def wallet(self) -> EndpointWallet:
        """The credentials for this endpoint; raises CredentialError when they make no sense."""
        return EndpointWallet(
            audience=self.target.endpoint.token_audience,
            directory=self.run_directory,
            source=self.target.tokens.open() if self.target.tokens else None,
            certificate=self.target.certificate(),
            other_certificate=self.target.other_certificate(),
            scope_root=self.target.endpoint.scope_root,
            tls=self.tls,
        )

    @cached_property
    def rse(self) -> Rse:
        """The endpoint as Rucio knows it; raises NotRun where nothing lets us ask Rucio."""
        return rse_of(self)

    @cached_property
    def client(self) -> HttpClient:
        """The keep-alive HTTP client; it refuses to write outside the run's directory."""
        return self._client_for(self.run_directory)

    @cached_property
    def storage(self) -> StorageElement:
        """What checks talk to; raises CredentialError when the credentials make no sense."""
        return StorageElement(
            self.name,
            client=self.client,
            directory=self.run_directory,
            wallet=self.wallet,
            max_bytes=self.target.max_bytes,
            read_only=not self.may_write,
        )

    def storage_at(self, directory: PurePosixPath) -> StorageElement:
        """The same storage with write access to an earlier run's directory instead."""
        return StorageElement(
            self.name,
            client=self._client_for(directory),
            directory=directory,
            wallet=replace(self.wallet, directory=directory),
        )

    def path_of(self, path: PurePosixPath) -> PurePosixPath:
        """The path here of what is at `path` of the origin behind this cache."""
        return (
            path
            if self.behind is None
            else self.door.path / path.relative_to(self.behind.door.path)
        )

    def with_writes(self) -> StorageElement:
        """The same storage with write access to the run's directory, though it is to take none.

        For seeing that it does not. Whoever asks for it closes its client.
        """
        client = self._client_for(self.run_directory, guard=WriteGuard(self.run_directory))
        return StorageElement(
            self.name, client=client, directory=self.run_directory, wallet=self.wallet
        )

    def _client_for(
        self,
        directory: PurePosixPath,
        recorder: Recorder | None = None,
        guard: WriteGuard | None = None,
    ) -> HttpClient:
        return HttpClient(
            self.door.origin,
            tls=self.tls,
            timeouts=self.target.timeouts,
            recorder=recorder or self.recorder,
            guard=guard or WriteGuard(directory if self.may_write else None, self.also_ours),
            pacer=self.pacer,
        )

    @cached_property
    def _greeting(self) -> Reply | NotReached:
        # Asked of the probe first: a door that is silent costs one time-out, not two.
        reason = self.probe.no_connection
        if reason is None and self.door.scheme == "https":
            reason = self.probe.handshake_error
        if reason is not None:
            return NotReached("unreachable", reason, self.door.origin)
        try:
            return self.client.request(
                "OPTIONS", self.door.path, auth=ANONYMOUS, timeout_s=self.target.timeouts.connect_s
            )
        except NotReached as error:
            return error

    @property
    def greeting(self) -> Reply:
        """The first answer of the door, to an anonymous OPTIONS, asked once; raises NotReached."""
        if isinstance(self._greeting, NotReached):
            raise self._greeting
        return self._greeting

    @property
    def fingerprint(self) -> Fingerprint:
        """Which implementation answers, as far as it has been seen until now."""
        evidence = (*self._asked, *self._shown)
        if self._recognised is None or self._recognised[0] != len(evidence):
            found = recognise(evidence, self.target.endpoint.technology, self.door.path)
            self._recognised = (len(evidence), found)
        return self._recognised[1]

    @cached_property
    def _asked(self) -> tuple[Evidence, ...]:
        if isinstance(self._greeting, NotReached):
            return ()
        if self._greeting.failure is not None:
            return (Evidence.of_reply(self._greeting),)
        # Recorded apart: these requests belong to no check's transcript.
        client = self._client_for(self.run_directory, Recorder())
        try:
            seen = inquire(client, self._greeting, self.door.path, self.identification)
        finally:
            client.close()
        self._pace(seen)
        return seen

    def _pace(self, seen: tuple[Evidence, ...]) -> None:
        """Adopt the limits of the technology that answers, unless the inventory says its own."""
        if self.target.endpoint.pacing == "auto":
            self.pacer.limiter = limiter_of(
                recognise(seen, self.target.endpoint.technology, self.door.path).technology
            )

    @property
    def identification(self) -> Credential:
        """What the door's own path is read with; nothing over plain http, or where nothing fits."""
        if self.door.scheme != "https":
            return ANONYMOUS
        try:
            return self.wallet.for_operation("PROPFIND", self.door.path)
        except CredentialError:
            return ANONYMOUS

    @cached_property
    def obstacle(self) -> str | None:
        """Why no check beyond reachability can be tried, or None."""
        try:
            greeting = self.greeting
        except NotReached as error:
            return error.sentence
        if greeting.failure is not None:
            return greeting.describe()
        return self._not_webdav(greeting)

    def _not_webdav(self, greeting: Reply) -> str | None:
        if "DAV" in greeting.headers:
            return None
        reply = self.client.request("PROPFIND", self.door.path, headers={"Depth": "0"})
        html = "html" in reply.headers.get("Content-Type", "")
        if reply.ok and (html or reply.status != MULTI_STATUS):
            return f"this is no WebDAV door: {reply.describe()} ({reply.text[:60]})"
        return None

    @cached_property
    def redirects(self) -> bool:
        """Whether the door hands reads or writes on to other servers; tried once."""
        return hands_on(self.storage, self.run_directory)

    @cached_property
    def publishes_report(self) -> bool:
        """Whether there is a storage resource report where one is looked for; tried once."""
        return find_report(self).published

    @property
    def recallable(self) -> PurePosixPath | None:
        """The file on tape that the operator lets us recall, or None."""
        named = self.target.endpoint.tape
        return None if named is None else self.door.path / named.path

    @cached_property
    def root(self) -> RootAccess:
        """The root:// door beside the WebDAV door."""
        return RootAccess(self)

    @cached_property
    def tape(self) -> FoundTape:
        """The tape API, or why there is none; looked for once."""
        return find_tape(self)

    def target_of(self, reply: Reply) -> Probe:
        """Reachability facts of the server that a redirect names; raises Blocked."""
        return target_of(reply, self.tls.ca, self.target.timeouts.connect_s)

    def first_answer(self) -> Reply:
        """The greeting; without a connection an error once, then `Blocked`."""
        try:
            return self.greeting
        except NotReached as error:
            self._refuse(f"{self.name}: {error.sentence}", _whose(error))

    def require_reachable(self) -> None:
        """Raise unless the door answers and speaks WebDAV: once as an error, then `Blocked`."""
        if self.obstacle is not None:
            self._refuse(f"{self.name}: {self.obstacle}", self._obstacle_blame)

    @property
    def _obstacle_blame(self) -> Blame:
        """Nonsense is the endpoint's; that nothing came back may be the network's."""
        silent = isinstance(self._greeting, NotReached)
        return _whose(self._greeting) if silent else Blame.ENDPOINT

    @property
    def given_up(self) -> bool:
        """Whether it is known that nothing more is to be had from this endpoint."""
        trouble = self.__dict__.get("obstacle") or self.__dict__.get("_preparation")
        return trouble is not None

    def require_ready(self) -> None:
        """Raise unless the run's directory is there to write to; prepares it the first time.

        Where nothing may be written, the door has to be readable, and that is all.
        """
        if self.trouble is not None:
            self._refuse(*self.trouble)

    @property
    def trouble(self) -> tuple[str, Blame] | None:
        """Why the run cannot write here and whose fault that is, or None; tried once."""
        if isinstance(self._trust, CredentialError):
            return f"{self.name}: {self._trust.sentence}", Blame.CREDENTIAL
        if self.obstacle is not None:
            return f"{self.name}: {self.obstacle}", self._obstacle_blame
        return self._preparation

    @property
    def readable(self) -> PurePosixPath:
        """What there is to read: the run's directory, or the file that the operator names."""
        named = self.target.endpoint.sample
        if self.may_write or named is None:
            return self.run_directory
        return self.door.path / named.path

    @property
    def served_sample(self) -> ServedSample:
        """The file of known content, read once: the run's own, or the one the operator names.

        What keeps it from being read is an error once, then `Blocked`.
        """
        if isinstance(self._sample, str):
            raise Blocked(self._sample)
        if self._sample is None:
            try:
                self._sample = self._read_sample()
            except (Blocked, Unjudged) as error:
                self._sample = str(error)
                raise
        return self._sample

    def _read_sample(self) -> ServedSample:
        if self.may_write:
            return upload(self.storage, self.run_directory)
        if self.behind is not None and self.behind.may_write:
            self.behind.require_ready()
            laid = upload(self.behind.storage, self.behind.run_directory)
            return read(self.storage, self.path_of(laid.path), laid.size, laid.adler32)
        named = self.target.endpoint.sample
        if named is None:
            raise NotRun("there is no file of known content: give --sample-file PATH,SIZE,ADLER32")
        return read(self.storage, self.door.path / named.path, named.size, named.adler32)

    def prepare(self) -> bool:
        """Get ready to write; False when the endpoint does not let us, or we may not."""
        return self.may_write and self.trouble is None

    @cached_property
    def _preparation(self) -> tuple[str, Blame] | None:
        try:
            if not self.may_write:
                self._find_scope_root(self._try_scope_root_by_reading)
                if self.behind is not None:
                    self.behind.prepare()  # what is read here has to be laid there
                return None
            self._prepare()
        except CredentialError as error:
            return error.sentence, Blame.CREDENTIAL
        except NotReached as error:
            return error.sentence, _whose(error)
        except Unjudged as error:
            return error.sentence, error.blame
        self.prepared = True
        return None

    def note_cause_judged(self) -> None:
        """A reachability check has failed already, so what follows is blocked, not an error."""
        self._cause_was_said = True

    def note_answered(self) -> None:
        """A check got all its answers."""
        self._unanswered = 0

    def note_closed(self) -> None:
        """The door closed a connection without an answer: look whether it still takes new ones."""
        reason = Probe(self.door, None, self.target.timeouts.connect_s).no_connection
        if reason is not None:
            self.__dict__["obstacle"] = f"stopped answering: {reason}"

    def note_unanswered(self) -> None:
        """A check waited for an answer in vain: look again whether the door is still there.

        After two such checks in a row the endpoint is given up, so that one that hangs does not
        cost every check a time-out.
        """
        self._unanswered += 1
        self.note_closed()
        if self._unanswered >= PATIENCE and self.obstacle is None:
            lately = f"{self._unanswered} checks in a row got no answer"
            self.__dict__["obstacle"] = f"stopped answering: {lately}"

    def _refuse(self, sentence: str, blame: Blame) -> NoReturn:
        if self._cause_was_said:
            raise Blocked(sentence)
        self._cause_was_said = True
        raise Unjudged(sentence, blame)

    def _prepare(self) -> None:
        """Create `<door>/<area>/<run-id>/`, finding the scope root on the way."""
        self._find_scope_root(self._try_scope_root)
        try:
            self._make_run_directory()
        except SetUpFailed as failed:
            if failed.reply.status >= SERVER_ERROR:
                raise Unjudged(f"{self.name}: {failed.sentence}", Blame.ENDPOINT) from None
            raise CredentialError(
                f"{self.name}: {failed.sentence}{ADVICE if failed.reply.status in DENIED else ''}"
            ) from None
        # What a write is answered tells technologies apart, and it was asked anyway.
        self._shown = tuple(map(Evidence.of_exchange, self.recorder.current.exchanges[-1:]))

    def _make_run_directory(self) -> None:
        try:
            self.storage.make_directory(self.run_directory)
        except SetUpFailed as failed:
            if failed.reply.status < SERVER_ERROR:
                raise
            # Everything depends on this one request: bad luck in it must not cost the whole run.
            self.storage.make_directory(self.run_directory)
            self._hiccup = f"{failed.sentence}; it could when tried again"

    @property
    def notes(self) -> list[str]:
        """What was found out about this endpoint that the next run could be told."""
        # Not of a mere partner: nobody has looked what it is, and nobody needs to know.
        looked = bool(self.__dict__.get("_asked"))
        recognition = self.fingerprint.note if looked else ""
        said = [recognition, self._hiccup, self.pacer.note]
        notes = [f"{self.name}: {sentence}" for sentence in said if sentence]
        return notes + ([self._scope_note] if self._scope_note else [])

    @property
    def scope_root(self) -> PurePosixPath | None:
        """The URL path that scope "/" means here, once tokens for paths below it have worked."""
        if "wallet" not in self.__dict__ or not self.wallet.can_narrow:
            return None
        return self.wallet.scope_root if self.prepared or not self.may_write else None

    @property
    def _scope_note(self) -> str | None:
        root = self.scope_root
        if root is None or self.target.endpoint.scope_root is not None:
            return None
        return (
            f'{self.name}: a token\'s path "/" means {root} here (found by trying; '
            f"--scope-root {root} says so at once)"
        )

    def _find_scope_root(self, try_it: Callable[[PurePosixPath], bool]) -> None:
        if self.wallet.can_narrow and self.wallet.scope_root is None:
            self.wallet.probe_scope_root(self.door.path, try_it)

    def _try_scope_root_by_reading(self, candidate: PurePosixPath) -> bool:
        # What is not there is as good: who may not look is not told so.
        auth = self.wallet.at(candidate).for_operation("HEAD", self.run_directory)
        reply = self.storage.head(self.run_directory, auth=auth)
        return reply.failure is None and (reply.ok or reply.status in ABSENT)

    def _try_scope_root(self, candidate: PurePosixPath) -> bool:
        auth = self.wallet.at(candidate).for_operation("MKCOL", self.area)
        return self.storage.mkcol(self.area, auth=auth).status in MKCOL_DONE

    def close(self) -> None:
        """Close the connections."""
        if "rse" in self.__dict__:
            self.rse.close()
        if "client" in self.__dict__:
            self.client.close()
        if "root" in self.__dict__:
            self.root.close()
        if "tape" in self.__dict__:
            self.tape.close()
        source = self.wallet.source if "wallet" in self.__dict__ else None
        if isinstance(source, ClientCredentials):
            source.close()

    def clean_up(self) -> list[str]:
        """Remove the run's directory; gives the URLs of what is left, with the reason."""
        return remove_run(self.storage, self.run_directory) if self.prepared else []


def _whose(error: object) -> Blame:
    """Silence may be the network's; an endpoint that lets nobody in has said so itself."""
    return Blame.ENDPOINT if isinstance(error, Throttled) else Blame.NETWORK
