"""Reads why a copy failed, as FTS and Rucio word it: whose side, and what kind of trouble."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

SCOPES = ("SOURCE", "DESTINATION", "TRANSFER", "STAGING", "ARCHIVING", "AGENT")
_RUCIO = re.compile(r"^(?:RequestErrMsg\.)?(?P<word>[A-Z][A-Z_]+):(?P<rest>.*)$", re.DOTALL)
_FTS = re.compile(rf"^(?P<scope>{'|'.join(SCOPES)})\b\s*(?:\[(?P<code>\d+)\])?\s*(?P<text>.*)$")
_LONGEST = 300


class Kind(StrEnum):
    """What kind of trouble the words are about."""

    NONE = "none"
    QUOTA = "quota"
    NO_SOURCE = "no-source"
    NO_PROTOCOL = "no-protocol"
    SUBMISSION = "submission"
    LOST = "lost"
    EXPIRED = "expired"
    DENIED = "denied"
    MISSING = "missing"
    EXISTS = "exists"
    NO_CHECKSUM = "no-checksum"
    CHECKSUM = "checksum"
    SIZE = "size"
    ROOM = "room"
    UNREACHABLE = "unreachable"
    OTHER = "other"


# The first that is found counts: what is special stands before what is general.
_KINDS: tuple[tuple[Kind, str], ...] = (
    (Kind.QUOTA, r"InsufficientAccountLimit|not enough quota"),
    (Kind.NO_SOURCE, r"NO_SOURCES|MissingSourceReplica|Source replicas are missing"),
    (Kind.NO_PROTOCOL, r"MISMATCH_SCHEME|Protocol not supported|\[93\]"),
    (Kind.SUBMISSION, r"SUBMISSION_FAILED"),
    (Kind.LOST, r"job on FTS is lost"),
    (Kind.EXISTS, r"file exists and|\[17\]|overwrite is not enabled|HTTP 412"),
    (Kind.EXPIRED, r"No delegation|(token|proxy|credentials?|certificate)\b.{0,40}\bexpired"),
    (Kind.NO_CHECKSUM, r"gives no \w+ checksum|checksum.{0,30}(not supported|not available)"),
    (Kind.CHECKSUM, r"checksums?\b.{0,40}(do not match|mismatch|failed|differ)"),
    (Kind.SIZE, r"size mismatch"),
    (Kind.ROOM, r"HTTP 507|no space left|insufficient storage|quota exceeded|\[(28|122)\]"),
    (Kind.DENIED, r"HTTP 40[13]|permission|authentication err|not authori[sz]ed|denied|\[(1|13)\]"),
    (Kind.MISSING, r"HTTP 404|file not found|no such file|\[2\]"),
    (
        Kind.UNREACHABLE,
        r"refused|timed? ?out|no answer|unreachable|no route|resolv|could not connect|"
        r"connection (reset|closed)|certificate verify|\bTLS\b|\bSSL\b|\[(110|111|112|113)\]",
    ),
)
_PATTERNS = tuple((kind, re.compile(pattern, re.IGNORECASE)) for kind, pattern in _KINDS)


@dataclass(frozen=True)
class Reason:
    """Why a copy failed; `scope` is FTS's word for the side, empty where it says none."""

    text: str = ""
    scope: str = ""
    kind: Kind = Kind.NONE


NO_REASON = Reason()


def read_reason(text: str | None) -> Reason:
    """What FTS's reason or Rucio's error says; of Rucio's own words around FTS's nothing stays."""
    whole = " ".join((text or "").split())
    if not whole:
        return NO_REASON
    outer = _RUCIO.match(whole)
    inner = outer["rest"].strip() if outer and outer["word"] == "TRANSFER_FAILED" else whole
    found = _FTS.match(inner)
    return Reason(inner[:_LONGEST], found["scope"] if found else "", _kind(inner))


def _kind(text: str) -> Kind:
    return next((kind for kind, pattern in _PATTERNS if pattern.search(text)), Kind.OTHER)
