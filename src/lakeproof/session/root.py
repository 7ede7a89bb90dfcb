"""The root:// door of an endpoint, as one process talks to it."""

from __future__ import annotations

import atexit
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from lakeproof.credentials import proxies
from lakeproof.credentials.errors import CredentialError
from lakeproof.verdict import Blame, Blocked, NotRun, Unjudged
from lakeproof.wire.auth import Bearer, ClientCert, Credential
from lakeproof.wire.authorities import hashed_directory
from lakeproof.wire.guard import WriteGuard
from lakeproof.wire.reply import NotReached
from lakeproof.wire.root.door import RootDoor
from lakeproof.wire.root.process import RootSettings
from lakeproof.wire.root.reply import RootReply
from lakeproof.wire.root.speech import OpenFile, RootSpeech

if TYPE_CHECKING:
    from lakeproof.fixture_types import OpenRoot, RootCopy
    from lakeproof.session.endpoint import EndpointSession


# WLCG Common JWT Profile 1.3, "aud": what stands for every storage.
ANYWHERE = "https://wlcg.cern.ch/jwt/v1/any"


class RootAccess:
    """Makes the door of a session, and what logging in with a certificate needs."""

    def __init__(self, session: EndpointSession) -> None:
        self._session = session
        self._said = False
        self._proxies: dict[ClientCert, ClientCert] = {}

    @cached_property
    def door(self) -> RootDoor:
        """The door; raises NotRun where the inventory names none."""
        session = self._session
        door = session.target.endpoint.doors.root
        if door is None:
            raise NotRun("no root:// door is named: doors: {root: root://…} in the inventory")
        may = self.path_of(session.run_directory) if session.may_write else None
        also = tuple(self.path_of(each) for each in session.also_ours)
        return RootDoor(
            RootSettings(
                _origin(door.scheme, door.host, door.port),
                ca=session.tls.ca,
                hashed=self._hashed,
                timeouts=session.target.timeouts,
            ),
            name=session.name,
            credential_for=session.wallet.for_operation,
            door_path=self.path_of,
            guard=WriteGuard(may, also if may else ()),
            budget=session.storage.budget,
            recorder=session.recorder,
            inside=session.run_directory,
            usable=self._usable,
        )

    @cached_property
    def speech(self) -> RootSpeech:
        """The same door, spoken frame by frame."""
        return RootSpeech(self.door, self._session.tls)

    @cached_property
    def obstacle(self) -> NotReached | None:
        """Why nothing can be asked of the door at all; tried once."""
        try:
            self.speech.greet()
        except NotReached as why:
            # What is wrong with its TLS is for a check of its own.
            return None if why.kind == "tls" else why
        return None

    def require(self) -> None:
        """Raise unless the door answers: an error once, then Blocked; NotRun without a client."""
        if find_spec("XRootD") is None:
            raise NotRun("XRootD's client for Python is not installed: pip install xrootd")
        if self.obstacle is None:
            return
        if self._said:
            raise Blocked(self.obstacle.sentence)
        self._said = True
        raise Unjudged(self.obstacle.sentence, Blame.ENDPOINT)

    def path_of(self, path: PurePosixPath) -> PurePosixPath:
        """Where a file of the WebDAV door is at the root:// door.

        Above the WebDAV door's own path there is no saying; the same path is taken.
        """
        door = self._session.target.endpoint.doors.root
        if door is None or not path.is_relative_to(self._session.door.path):
            return path
        return door.path / path.relative_to(self._session.door.path)

    def close(self) -> None:
        """End the client's processes; the next question starts new ones."""
        if "door" in self.__dict__:
            self.door.close()

    def _folder(self) -> Path:
        """A folder, mode 0700, that is gone when this process ends."""
        made = TemporaryDirectory(prefix="lakeproof-root-")
        atexit.register(made.cleanup)
        return Path(made.name)

    @cached_property
    def _hashed(self) -> Path | None:
        """The authorities by their hashes, as XRootD's client wants them of a certificate."""
        ca = self._session.tls.ca
        if ca is None or ca.is_dir() or self._session.wallet.certificate is None:
            return None
        return hashed_directory(ca, self._folder())

    def _usable(self, credential: Credential) -> Credential:
        """XRootD's client logs in with a proxy, never with a certificate itself."""
        if not isinstance(credential, ClientCert):
            return credential
        if credential not in self._proxies:
            self._proxies[credential] = self._proxy_of(credential)
        return self._proxies[credential]

    def _proxy_of(self, credential: ClientCert) -> ClientCert:
        if proxies.Holder.read(credential).is_proxy:
            return credential
        try:
            return proxies.derive(credential, "proxy", self._folder())
        except proxies.TooDeepError as why:
            raise CredentialError(why.sentence) from None


def opening(speech: RootSpeech) -> OpenRoot:
    """Opens files for as long as a check needs them; Blocked when one cannot be opened."""

    @contextmanager
    def opened(
        where: PurePosixPath, *, write: bool = False, posc: bool = False, auth: Bearer
    ) -> Iterator[OpenFile]:
        try:
            file = speech.open(where, write=write, posc=posc, auth=auth)
        except NotReached as why:
            raise Blocked(why.sentence) from None
        try:
            yield file
        finally:
            file.line.close()

    return opened


def root_copy(source: EndpointSession, target: EndpointSession) -> RootCopy:
    """Has the root:// door of `target` fetch files of `source`."""
    auth = for_both(source, target)

    def fetch(path: PurePosixPath, to: PurePosixPath) -> RootReply:
        return target.root.door.copy_from(source.root.door.url_of(path), to, auth=auth)

    return fetch


def for_both(one: EndpointSession, other: EndpointSession) -> Credential:
    """What is good at two doors, as a third-party copy over root:// shows the same at both.

    A certificate, or a ready-made token, where there is no source of chosen ones.
    """
    ours, theirs = one.wallet, other.wallet
    if ours.source is None or not ours.source.narrows:
        return ours.for_operation("PUT", one.run_directory)
    scopes = dict.fromkeys(
        term
        for wallet, session in ((ours, one), (theirs, other))
        for term in wallet.in_scope_terms(
            [f"{name}:{session.run_directory}" for name in ("storage.read", "storage.modify")]
        )
    )
    token = ours.source.token(tuple(scopes), ANYWHERE)
    return Bearer(token, f"{' '.join(scopes)} for {ANYWHERE}")


def _origin(scheme: str, host: str, port: int) -> str:
    shown = f"[{host}]" if ":" in host else host
    return f"{scheme}://{shown}:{port}"
