"""Looks for the storage resource report of an endpoint."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

from lakeproof.inventory.door import Door
from lakeproof.srr import FoundReport
from lakeproof.wire.auth import ANONYMOUS
from lakeproof.wire.document import fetch
from lakeproof.wire.http import urlsplit_target
from lakeproof.wire.reply import NotReached, Reply

if TYPE_CHECKING:
    from lakeproof.session.endpoint import EndpointSession

# Where DPM, StoRM and dCache's emulation have it, and where site scripts put it.
PLACES = ("/srr.json", "/info/report.json", "/static/srr", "/api/v1/srr")
FRONTEND = "https://{host}:3880/api/v1/srr"  # dCache: a service of its own
LONGEST = 4 * 1024 * 1024
DENIED = (401, 403)


def find_report(session: EndpointSession) -> FoundReport:
    """The report at the declared URL, else at the first usual place that has one."""
    tried = []
    for url in _places(session):
        try:
            reply = _fetch(session, url)
        except NotReached as error:
            tried.append(f"{url}: {error.sentence}")
            continue
        if reply.ok and _is_report(reply.body):
            return FoundReport(reply, (*tried, url))
        seen = f"{reply.describe()}, which is no report" if reply.ok else reply.describe()
        tried.append(f"{url}: {seen}")
    return FoundReport(None, tuple(tried))


def _places(session: EndpointSession) -> Iterator[str]:
    declared = session.target.endpoint.doors.srr
    if isinstance(declared, Door):
        yield str(declared)
        return
    yield from (f"{session.door.origin}{place}" for place in PLACES)
    if session.fingerprint.technology == "dcache":
        yield FRONTEND.format(host=session.door.host)


def _fetch(session: EndpointSession, url: str) -> Reply:
    """GET: at the endpoint's own door with what reads its path, anonymously anywhere else.

    No scope names a report outside the scope root: where the credential is refused, anybody may
    be let in.
    """
    if not url.startswith(f"{session.door.origin}/"):
        return fetch(
            url,
            tls=session.tls,
            timeouts=session.target.timeouts,
            recorder=session.recorder,
            max_body=LONGEST,
        )
    for auth in (session.identification, ANONYMOUS):
        reply = session.client.request("GET", urlsplit_target(url), auth=auth, max_body=LONGEST)
        if reply.status not in DENIED:
            break
    return reply


def _is_report(body: bytes) -> bool:
    try:
        document = json.loads(body)
    except ValueError:
        return False
    return isinstance(document, dict) and "storageservice" in document
