"""Looks for the tape API of an endpoint."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from lakeproof.inventory.door import Door
from lakeproof.wire.auth import ANONYMOUS, Credential
from lakeproof.wire.http import HttpClient, WriteGuard, urlsplit_target
from lakeproof.wire.reply import NotReached, Reply
from lakeproof.wire.tape import WELL_KNOWN, TapeApi, api_url

if TYPE_CHECKING:
    from lakeproof.session.endpoint import EndpointSession

DENIED = (401, 403)
# Asked twice, the API does the same twice; what is staged twice is let go of after ten minutes.
REPEATABLE = frozenset({"GET", "POST", "DELETE"})


@dataclass(frozen=True)
class FoundTape:
    """The tape API, or None and why there is none."""

    api: TapeApi | None
    why: str = ""

    def close(self) -> None:
        """Close its connections."""
        if self.api is not None:
            self.api.client.close()


def find_tape(session: EndpointSession) -> FoundTape:
    """The API at the declared URL, else at the one that the well-known document names.

    On another host than the door it is used only where the inventory names it: a document that
    anybody serves must not decide who is shown tokens.
    """
    declared = session.target.endpoint.doors.tape
    if isinstance(declared, Door):
        return FoundTape(_api(session, str(declared).rstrip("/")))
    place = f"{session.door.origin}{WELL_KNOWN}"
    try:
        reply = ask_discovery(session.client, session.identification)
    except NotReached as error:
        return FoundTape(None, f"{place}: {error.sentence}")
    if not reply.ok:
        return FoundTape(None, f"{place}: {reply.describe()}")
    url = api_url(reply.body)
    if url is None:
        return FoundTape(None, f"{place} names no https URL of version v1")
    if (urlsplit(url).hostname or "") != session.door.host.lower():
        return FoundTape(
            None, f"{place} names {url}, on another host: give it as the tape door in the inventory"
        )
    return FoundTape(_api(session, url))


def ask_discovery(client: HttpClient, identification: Credential) -> Reply:
    """No scope covers the document: where the credential is refused, anybody may be let in."""
    for auth in (identification, ANONYMOUS):
        reply = client.request("GET", WELL_KNOWN, auth=auth)
        if reply.status not in DENIED:
            break
    return reply


def _api(session: EndpointSession, url: str) -> TapeApi:
    base = urlsplit_target(url).rstrip("/")
    client = HttpClient(
        url,
        tls=session.tls,
        timeouts=session.target.timeouts,
        recorder=session.recorder,
        guard=WriteGuard(_requests(session, base)),
        repeatable=REPEATABLE,
        pacer=session.pacer,
    )
    return TapeApi(client, base, ours=_ours(session))


def _requests(session: EndpointSession, base: str) -> PurePosixPath | None:
    """Where stage requests are, which are deleted when they have served."""
    return PurePosixPath(f"{base}/stage") if session.may_write else None


def _ours(session: EndpointSession) -> tuple[PurePosixPath, ...]:
    """What may be staged and released: what the run writes, and the file to recall."""
    named = session.recallable
    recalled = () if named is None else (named,)
    written = (session.run_directory, *session.also_ours) if session.may_write else ()
    return (*written, *recalled)
