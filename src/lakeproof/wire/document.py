"""One JSON document, from a file, from standard input or over the network."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from lakeproof.wire.auth import ANONYMOUS
from lakeproof.wire.connection import TlsConfig
from lakeproof.wire.guard import WriteGuard
from lakeproof.wire.http import HttpClient, Timeouts, urlsplit_target
from lakeproof.wire.reply import NotReached, Reply
from lakeproof.wire.transcript import Recorder

LARGEST = 256 * 1024 * 1024
OK = 200


class DocumentError(Exception):
    """There is no such document: one sentence that names it and what to do."""


def read_document(place: str, ca: Path | None = None) -> object:
    """The document at `place`: a path, `-` for standard input, or an http(s) URL.

    Up to 256 MiB; raises DocumentError.
    """
    if place.startswith(("https://", "http://")):
        content = _fetched(place, ca)
    elif place == "-":
        content = sys.stdin.buffer.read()
    else:
        try:
            content = Path(place).read_bytes()
        except OSError as error:
            raise DocumentError(f"{place}: cannot be read: {error.strerror or error}") from None
    try:
        return json.loads(content)
    except ValueError as error:
        began = content[:60].decode("utf-8", "replace").strip()
        raise DocumentError(f"{place}: is no JSON ({error}); it begins: {began}") from None


def fetch(
    url: str, *, tls: TlsConfig, timeouts: Timeouts, recorder: Recorder, max_body: int
) -> Reply:
    """One anonymous GET over a connection of its own; raises NotReached."""
    client = HttpClient(url, tls=tls, timeouts=timeouts, recorder=recorder, guard=WriteGuard(None))
    try:
        return client.request("GET", urlsplit_target(url), auth=ANONYMOUS, max_body=max_body)
    finally:
        client.close()


def _fetched(url: str, ca: Path | None) -> bytes:
    try:
        reply = fetch(
            url, tls=TlsConfig(ca), timeouts=Timeouts(), recorder=Recorder(), max_body=LARGEST
        )
    except NotReached as error:
        raise DocumentError(error.sentence) from None
    if reply.failure is not None or reply.status != OK:
        raise DocumentError(f"{url}: {reply.describe()}")
    return reply.body
