"""Asks a storage for a macaroon: a token of its own making, narrowed by caveats.

The request is dCache's `application/macaroon-request`, which DPM, XRootD, EOS and StoRM answer
as well; what they give back differs, the key `macaroon` is common to all.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from lakeproof.wire.auth import Bearer, Credential
from lakeproof.wire.http import HttpClient
from lakeproof.wire.redact import redactor
from lakeproof.wire.reply import Reply

CONTENT_TYPE = "application/macaroon-request"


@dataclass(frozen=True)
class Grant:
    """The answer to a macaroon request: `bearer` is None unless it holds a macaroon.

    `fields` is the JSON object of the answer, empty when it is none; it holds the secret.
    """

    reply: Reply
    bearer: Bearer | None
    fields: dict[str, Any]


def request_macaroon(
    client: HttpClient,
    path: PurePosixPath,
    *,
    auth: Credential,
    activities: Sequence[str] = (),
    validity: str | None = "PT10M",
    caveats: Sequence[str] = (),
) -> Grant:
    """Ask for a macaroon for `path`, a URL path, and what is below it.

    `activities` are DOWNLOAD, UPLOAD, LIST, MANAGE, DELETE, READ_METADATA, UPDATE_METADATA or
    STAGE and become one caveat, none at all asks for no limit; `validity` is an ISO 8601
    duration, None leaves it out; `caveats` are further ones as they are ("path:/x",
    "before:2030-01-01T00:00:00Z", "ip:192.0.2.0/24"). Raises what `HttpClient.request` raises.
    """
    limits = [f"activity:{','.join(activities)}"] if activities else []
    wanted: dict[str, Any] = {"caveats": [*limits, *caveats]}
    if validity is not None:
        wanted["validity"] = validity
    reply = client.request(
        "POST",
        path,
        auth=auth,
        headers={"Content-Type": CONTENT_TYPE},
        body=json.dumps(wanted).encode(),
    )
    fields = _fields(reply)
    text = fields.get("macaroon")
    if not isinstance(text, str) or not text:
        return Grant(reply, None, fields)
    redactor.register(text, "macaroon")
    allowed = " ".join(activities) or "everything"
    return Grant(reply, Bearer(text, label=f"macaroon: {allowed} at {path}"), fields)


def _fields(reply: Reply) -> dict[str, Any]:
    if not reply.ok:
        return {}
    try:
        found = json.loads(reply.body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
