"""The few requests that are made only to see what kind of storage answers."""

from __future__ import annotations

from pathlib import PurePosixPath

from lakeproof.session.fingerprint import Certainty, Evidence, recognise
from lakeproof.wire.auth import ANONYMOUS, Credential
from lakeproof.wire.http import HttpClient
from lakeproof.wire.reply import NotReached, Reply

NOBODY = "lakeproof-nobody"
DENIED = frozenset({401, 403})


def inquire(
    client: HttpClient, greeting: Reply, door: PurePosixPath, auth: Credential
) -> tuple[Evidence, ...]:
    """The greeting and the answers to at most two more requests.

    A PROPFIND of the door (EOS answers OPTIONS as XRootD does), then, if that leaves a doubt,
    an anonymous GET of what is not there, which a sound storage refuses in its own words. The
    GET is left out when the PROPFIND was refused like that: doors that throttle count
    refusals. The client should have a recorder of its own.
    """
    evidence = [Evidence.of_reply(greeting)]
    timeout_s = client.timeouts.connect_s
    try:
        asked = client.request(
            "PROPFIND", door, headers={"Depth": "0"}, auth=auth, follow=False, timeout_s=timeout_s
        )
        evidence.append(Evidence.of_reply(asked))
        refused = auth is ANONYMOUS and asked.status in DENIED
        if not (refused or asked.failure or _clear(evidence, door)):
            asked = client.request("GET", door / NOBODY, follow=False, timeout_s=timeout_s)
            evidence.append(Evidence.of_reply(asked))
    except NotReached:
        # What has been heard until now is what there is; the checks judge the connection.
        return tuple(evidence)
    return tuple(evidence)


def _clear(evidence: list[Evidence], door: PurePosixPath) -> bool:
    return recognise(evidence, door=door).certainty is Certainty.CERTAIN
