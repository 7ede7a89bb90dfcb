"""Reads what a client submits: files and parameters, checked as FTS checks them."""

from __future__ import annotations

import base64
import binascii
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from lakeproof.fts.errors import Refused
from lakeproof.fts.settings import BASE_ID
from lakeproof.fts.states import ALTERNATIVES, MULTIHOP, REGULAR, State

BAD, CONFLICT = 400, 409
CLAIMS = ("iss", "nbf", "exp", "scope", "aud")
# Nobody said which checksums to compare: that of the target where one is given.
UNSAID = ""
MODES = {
    "both": "b",
    "b": "b",
    "source": "s",
    "s": "s",
    "target": "t",
    "t": "t",
    "none": "n",
    "n": "n",
    "true": "b",
    "false": UNSAID,
    "": UNSAID,
}
TOGETHER = {"overwrite_hop", "overwrite_when_only_on_disk"}
OVERWRITES = ("overwrite", "overwrite_hop", "overwrite_when_only_on_disk")
SCITAGS = range(65, 65536)
PRIORITIES = range(1, 6)
DEFAULT_PRIORITY = 3
DEFAULT_ACTIVITY = "default"


@dataclass(frozen=True)
class NewFile:
    """One copy to make: a source, a destination, and what is known of the content."""

    index: int
    source: str
    destination: str
    state: State
    size: int | None
    checksum: str
    activity: str
    metadata: Any
    source_token: str = field(repr=False, default="")
    destination_token: str = field(repr=False, default="")
    archive_metadata: Any = None
    staging_metadata: Any = None
    scitag: int | None = None


@dataclass(frozen=True)
class NewJob:
    """What one submission asks for; `params` are the job's own, with defaults filled in."""

    job_id: str
    kind: str
    state: State
    files: tuple[NewFile, ...]
    params: dict[str, Any]


def read(body: bytes, vo: str, issuers: tuple[str, ...], *, by_token: bool) -> NewJob:
    """The job in the JSON `body`; raises Refused with FTS's sentence."""
    document = _document(body)
    params = _params(document.get("params") or {}, by_token=by_token)
    entries = document.get("files")
    if not isinstance(entries, list) or not entries:
        raise Refused(BAD, "No transfers operations specified")
    files = [
        file
        for number, entry in enumerate(entries)
        for file in _files(number, entry, params, issuers, by_token=by_token)
    ]
    if params["verify_checksum"] == UNSAID:
        params["verify_checksum"] = "t" if any(file.checksum for file in files) else "n"
    kind = _kind(files, params)
    first = State.STAGING if params["bring_online"] > 0 else State.SUBMITTED
    queued = tuple(_queued(files, kind, first))
    return NewJob(_job_id(params, vo), kind, first, queued, params)


def storage_of(url: str) -> str:
    """The storage a URL is on, as FTS names it: scheme and host, no port."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname}"


def _document(body: bytes) -> dict[str, Any]:
    try:
        document = json.loads(body)
    except ValueError:
        raise Refused(BAD, "Badly formatted JSON request") from None
    if not isinstance(document, dict):
        raise Refused(BAD, "The submission is not a JSON object")
    return document


def _params(given: Any, *, by_token: bool) -> dict[str, Any]:  # noqa: ANN401  a client's JSON
    if not isinstance(given, dict):
        raise Refused(BAD, "params is not a JSON object")
    params = {
        **given,
        "bring_online": _number(given, "bring_online", -1),
        "archive_timeout": _number(given, "archive_timeout", -1),
        "copy_pin_lifetime": _number(given, "copy_pin_lifetime", -1),
        "retry": _number(given, "retry", 0),
        "retry_delay": _number(given, "retry_delay", 0),
        "max_time_in_queue": _number(given, "max_time_in_queue", 0),
        "priority": min(max(_number(given, "priority", DEFAULT_PRIORITY), 1), PRIORITIES[-1]),
        "verify_checksum": _mode(given.get("verify_checksum")),
    }
    flags = {name for name in OVERWRITES if params.get(name)}
    if len(flags) > 1 and flags != TOGETHER:
        raise Refused(BAD, "Incompatible overwrite flags used at the same time")
    if "overwrite_when_only_on_disk" in flags and params["archive_timeout"] <= 0:
        raise Refused(BAD, "'overwrite-when-only-on-disk' requires 'archive-timeout' to be set")
    if params.get("overwrite_hop") and not params.get("multihop"):
        raise Refused(BAD, "'overwrite-hop' requires multihop job submission")
    if by_token and params["archive_timeout"] > 0:
        raise Refused(
            BAD, "Requests to archive to tape using token authentication are not supported"
        )
    if by_token and params["bring_online"] > 0:
        raise Refused(
            BAD, "Requests to retrieve from tape using token authentication are not supported"
        )
    return params


def _number(given: Mapping[str, Any], name: str, default: int) -> int:
    value = given.get(name)
    if value is None:
        return default
    try:
        return int(value)
    except (TypeError, ValueError):
        raise Refused(BAD, f"Invalid value for {name}: {value!r}") from None


def _mode(said: Any) -> str:  # noqa: ANN401  a client's JSON
    mode = MODES.get(str("" if said is None else said).lower())
    if mode is None:
        raise Refused(BAD, f"Invalid value for verify_checksum: {said!r}")
    return mode


def _files(
    number: int,
    entry: Any,  # noqa: ANN401  a client's JSON
    params: dict[str, Any],
    issuers: tuple[str, ...],
    *,
    by_token: bool,
) -> list[NewFile]:
    if not isinstance(entry, dict):
        raise Refused(BAD, "A file of the submission is not a JSON object")
    sources, destinations = _urls(entry, "sources"), _urls(entry, "destinations")
    tokens = {
        name: _tokens(entry, name, urls, issuers) if by_token else [""] * len(urls)
        for name, urls in (("source", sources), ("destination", destinations))
    }
    scitag = entry.get("scitag")
    if scitag is not None and scitag not in SCITAGS:
        raise Refused(BAD, "Invalid SciTag value: must be between 65 and 65535")
    checksum = str(entry.get("checksum") or entry.get("checksums") or "")
    pairs = [
        (at, to)
        for to in range(len(destinations))
        for at in range(len(sources))
        if _family(sources[at]) == _family(destinations[to])
    ]
    if not pairs:
        raise Refused(BAD, "No valid pairs available")
    return [
        NewFile(
            index=number,
            source=sources[at],
            destination=destinations[to],
            state=State.SUBMITTED,
            size=_size(entry),
            checksum=checksum,
            activity=str(entry.get("activity") or DEFAULT_ACTIVITY),
            metadata=entry.get("metadata"),
            source_token=tokens["source"][at],
            destination_token=tokens["destination"][to],
            archive_metadata=entry.get("archive_metadata"),
            staging_metadata=entry.get("staging_metadata"),
            scitag=scitag,
        )
        for at, to in pairs
    ]


def _urls(entry: Mapping[str, Any], name: str) -> list[str]:
    urls = entry.get(name)
    if not isinstance(urls, list) or not urls or not all(isinstance(url, str) for url in urls):
        raise Refused(BAD, f"Missing or empty {name} in a file of the submission")
    for url in urls:
        try:
            parts = urlsplit(url)
            usable = bool(parts.scheme and parts.hostname and parts.path.strip("/"))
        except ValueError:
            usable = False
        if not usable:
            raise Refused(BAD, f"Invalid value for {name}: {url}")
    return list(urls)


def _family(url: str) -> str:
    scheme = urlsplit(url).scheme
    return {"davs": "http", "dav": "http", "https": "http", "roots": "root"}.get(scheme, scheme)


def _size(entry: Mapping[str, Any]) -> int | None:
    return _number(entry, "filesize", 0) or None


def _tokens(
    entry: Mapping[str, Any], side: str, urls: list[str], issuers: tuple[str, ...]
) -> list[str]:
    tokens = entry.get(f"{side}_tokens") or []
    if not isinstance(tokens, list) or len(tokens) != len(urls):
        raise Refused(BAD, f"Number of {side} tokens does not match the number of {side}s")
    for url, token in zip(urls, tokens, strict=True):
        if not isinstance(token, str) or not token:
            raise Refused(BAD, f"Token for {side} '{url}' is missing.")
        claims = claims_of(token)
        absent = [name for name in CLAIMS if name not in claims]
        if absent:
            raise Refused(BAD, f"Token for {side} '{url}' lacks: {', '.join(absent)}")
        if str(claims["iss"]).rstrip("/") not in {issuer.rstrip("/") for issuer in issuers}:
            raise Refused(BAD, f"Transfer access-token has unknown issuer: issuer={claims['iss']}")
    return tokens


def claims_of(token: str) -> dict[str, Any]:
    """What a JWT claims, unverified; empty when it is none."""
    parts = token.split(".")
    if len(parts) != 3:  # noqa: PLR2004  header, claims, signature
        return {}
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (ValueError, binascii.Error):
        return {}
    return claims if isinstance(claims, dict) else {}


def _kind(files: list[NewFile], params: Mapping[str, Any]) -> str:
    if params.get("multihop"):
        return MULTIHOP
    if len({file.index for file in files}) == 1 and len(files) > 1:
        return ALTERNATIVES
    if len({file.index for file in files}) != len(files):
        raise Refused(BAD, "Multiple sources are allowed in a job of a single file only")
    return REGULAR


def _queued(files: list[NewFile], kind: str, first: State) -> list[NewFile]:
    """Alternatives and hops wait unused until the one before them has ended."""
    waiting = State.NOT_USED if kind in (ALTERNATIVES, MULTIHOP) else first
    return [
        NewFile(**{**vars(file), "state": waiting if number else first})
        for number, file in enumerate(files)
    ]


def _job_id(params: Mapping[str, Any], vo: str) -> str:
    if params.get("id_generator") != "deterministic":
        return str(uuid.uuid4())
    if not params.get("sid"):
        raise Refused(BAD, "Need sid for deterministic job id generation")
    return str(uuid.uuid5(uuid.uuid5(uuid.UUID(BASE_ID), vo), str(params["sid"])))
