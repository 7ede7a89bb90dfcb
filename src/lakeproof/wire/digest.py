"""Reads Digest (RFC 3230) in all the encodings that are in use, and Repr-Digest (RFC 9530)."""

from __future__ import annotations

import base64
import binascii
import re

_HEX_LENGTH = {"md5": 32, "sha": 40, "sha-256": 64, "sha-384": 96, "sha-512": 128}
_SHORT = frozenset({"adler32", "crc32", "crc32c"})
_SHORT_LENGTH = 8
# RFC 8941: a dictionary's member whose value is a byte sequence, with parameters nobody needs
_MEMBER = re.compile(r"([a-z*][a-z0-9_.*-]*)=:([A-Za-z0-9+/=]*):(?:\s*;[^,]*)?")
_ALIASES = {"adler": "adler32"}


class BadField(ValueError):  # noqa: N818  reads as a fact
    """Not the structured field that RFC 9530 asks for; the sentence names the bad member."""


def parse_digest(header: str) -> dict[str, str]:
    """Algorithm (lower case) to value: "adler32=1a2b, md5=<base64>" -> hex, hex.

    adler32, crc32 and crc32c are left-padded to 8 hex digits; md5 and sha become hex from
    base64 or hex. A value that is neither stays as it came, so that it compares unequal.
    """
    found: dict[str, str] = {}
    for part in header.split(","):
        name, equals, value = part.strip().partition("=")
        if equals and name.strip():
            algorithm = name.strip().lower()
            found.setdefault(algorithm, _normal(algorithm, value.strip().strip('"')))
    return found


def parse_repr_digest(header: str) -> dict[str, str]:
    """Algorithm to lower-case hex: "sha-256=:<base64>:" (adler is called adler32).

    Raises BadField for anything but a dictionary of byte sequences (RFC 9530 §3, RFC 8941 §3.2).
    """
    found: dict[str, str] = {}
    for member in header.split(","):
        matched = _MEMBER.fullmatch(member.strip())
        if matched is None:
            raise BadField(f"{member.strip()[:80]!r} is no name=:base64:")
        try:
            value = base64.b64decode(matched[2], validate=True)
        except binascii.Error:
            raise BadField(f"{member.strip()[:80]!r} is not base64") from None
        found[_ALIASES.get(matched[1], matched[1])] = value.hex()
    return found


def _normal(algorithm: str, value: str) -> str:
    is_hex = re.fullmatch(r"[0-9A-Fa-f]+", value) is not None
    if algorithm in _SHORT:
        return value.lower().zfill(_SHORT_LENGTH) if is_hex else value
    length = _HEX_LENGTH.get(algorithm)
    if length is None:
        return value
    if is_hex and len(value) == length:
        return value.lower()
    try:
        raw = base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        return value
    return raw.hex() if len(raw) * 2 == length else value
