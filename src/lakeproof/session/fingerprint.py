"""Which storage system answers, as far as it can be seen from the wire."""

from __future__ import annotations

import re
from dataclasses import dataclass

from lakeproof.wire.reply import Reply

SERVER = (
    ("dcache", re.compile(r"\bdCache/v?(\d[\w.]*)?", re.IGNORECASE)),
    ("xrootd", re.compile(r"\bXrootD/v?(\d[\w.]*)?", re.IGNORECASE)),
    ("storm", re.compile(r"\bStoRM\b.*?(\d[\w.]*)?$", re.IGNORECASE)),
    ("dpm", re.compile(r"\blcgdm-dav/v?(\d[\w.]*)?", re.IGNORECASE)),
)


@dataclass(frozen=True)
class Fingerprint:
    """The technology and version that answer; None where nothing tells."""

    technology: str | None
    version: str | None


def recognise(greeting: Reply | None, declared: str) -> Fingerprint:
    """The fingerprint of an endpoint from its first answer; a declared technology prevails."""
    seen = _from_server_header(greeting)
    if declared == "auto":
        return seen
    version = seen.version if seen.technology == declared else None
    return Fingerprint(declared, version)


def _from_server_header(greeting: Reply | None) -> Fingerprint:
    header = greeting.headers.get("Server", "") if greeting is not None else ""
    for technology, pattern in SERVER:
        found = pattern.search(header)
        if found is not None:
            return Fingerprint(technology, found[1])
    return Fingerprint(None, None)
