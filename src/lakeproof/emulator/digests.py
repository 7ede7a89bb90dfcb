"""Checksums on the wire: RFC 3230, RFC 9530, Content-MD5 and OC-Checksum."""

from __future__ import annotations

import base64
import binascii
import re
import time
from dataclasses import dataclass
from http import HTTPStatus

from lakeproof.emulator.answer import Refused
from lakeproof.emulator.checksums import HEXADECIMAL, SUPPORTED, rfc3230, structured
from lakeproof.emulator.exchange import Exchange
from lakeproof.emulator.namespace import Node

BEST = ("sha-512", "sha-256", "sha", "md5", "adler32", "crc32c")
WISH = re.compile(r"\s*[\w-]+\s*([;=]\s*(q\s*=)?\s*[0-9.]+\s*)?")
REPR_ALIASES = {"adler": "adler32", "adler32": "adler32"}
LATE_S = 3.0
EMPTY_ADLER32 = bytes([0, 0, 0, 1])


def headers(exchange: Exchange, node: Node) -> dict[str, str]:
    """The digest headers of an answer about a file: what the client asked for, or none."""
    faults = exchange.faults
    _refuse_malformed(exchange)
    wanted = exchange.header("Want-Digest")
    if wanted and faults.has("digest-list-ignored") and "," in wanted:
        wanted = None
    if wanted and faults.has("digest-name-in-capitals") and wanted != wanted.lower():
        wanted = None
    if _suppressed(exchange, node):
        return {}
    algorithm = _choose(exchange, wanted)
    found = {}
    if algorithm is not None:
        found["Digest"] = _rfc3230(exchange, node, algorithm)
        if faults.has("digest-list-spaced") and algorithm != "md5":
            found["Digest"] = f"{_rfc3230(exchange, node, 'md5')}, {found['Digest']}"
    wanted_repr = exchange.header("Want-Repr-Digest")
    if wanted_repr:
        found |= _repr(exchange, node, wanted_repr)
    return found


def _refuse_malformed(exchange: Exchange) -> None:
    for header, fault in (
        ("Want-Digest", "digest-malformed-500"),
        ("Want-Repr-Digest", "repr-digest-malformed-500"),
    ):
        wishes = (exchange.header(header) or "a").split(",")
        if exchange.faults.has(fault) and not all(map(WISH.fullmatch, wishes)):
            raise Refused(HTTPStatus.INTERNAL_SERVER_ERROR, "Cannot parse the header")


def _suppressed(exchange: Exchange, node: Node) -> bool:
    faults = exchange.faults
    late = faults.has("digest-late") and time.time() - node.modified_ns / 1e9 < LATE_S
    get_only = faults.has("digest-get-missing") and exchange.method == "GET"
    return faults.has("digest-missing") or late or get_only


def _choose(exchange: Exchange, wanted: str | None) -> str | None:
    form = exchange.dialect.digest
    if form.unsolicited:
        return form.algorithms[0]
    if not wanted:
        return None
    if form.exact_head and exchange.method == "HEAD":
        exact = wanted.strip().lower()
        return exact if exact in form.algorithms else None
    named = [n for n in by_preference(wanted) if n in form.algorithms]
    if exchange.faults.has("digest-unknown-500") and not named:
        raise Refused(HTTPStatus.INTERNAL_SERVER_ERROR, "Unknown checksum")
    if not named:
        return form.algorithms[0] if form.unknown == "first" else None
    return min(named, key=BEST.index) if form.choose == "best" else named[0]


def by_preference(header: str) -> list[str]:
    """Algorithms of a Want-Digest or Want-Repr-Digest header, lower case, best first."""
    weighted: list[tuple[float, str]] = []
    for item in header.split(","):
        name, _, rest = item.strip().lower().replace("=", ";q=", 1).partition(";")
        if not name:
            continue
        _, _, text = rest.rpartition("=")
        try:
            weight = float(text) if text else 1.0
        except ValueError:
            weight = 0.0
        if weight > 0:
            weighted.append((weight, name.strip()))
    return [name for _, name in sorted(weighted, key=lambda pair: -pair[0])]


def _rfc3230(exchange: Exchange, node: Node, algorithm: str) -> str:
    form, on_get = exchange.dialect.digest, exchange.method == "GET"
    value = _value(exchange, node, algorithm)
    name = form.get_name if form.get_name and on_get and algorithm == "adler32" else algorithm
    if algorithm == "md5" and (form.md5 == "hex" or exchange.faults.has("digest-md5-hex")):
        return f"{name}={value.hex()}"
    if algorithm == "adler32" and exchange.faults.has("digest-not-hex"):
        return f"{name}={base64.b64encode(value).decode()}"
    if algorithm == "crc32c" and exchange.faults.has("digest-crc32c-base64"):
        return f"{name}={base64.b64encode(value).decode()}"
    shown = rfc3230(algorithm, value)
    if algorithm == "adler32" and exchange.faults.has("digest-zeros-moved"):
        shown = shown.lstrip("0").ljust(8, "0")
    stripped = form.strip_zeros_on_get and on_get
    if algorithm == "adler32" and (stripped or exchange.faults.has("digest-no-leading-zeros")):
        shown = shown.lstrip("0") or "0"
    return f"{name}={shown}"


def _value(exchange: Exchange, node: Node, algorithm: str) -> bytes:
    faults = exchange.faults
    value = exchange.files.digests(node, algorithm)[algorithm]
    previous = exchange.files.previous.get(node.path)
    if faults.has("digest-stale") and previous is not None:
        return previous.digests.get(algorithm, value)
    if algorithm == "sha-256":
        return _other(value) if faults.has("digest-sha256-wrong") else value
    if algorithm == "md5":
        return _other(value) if faults.has("digest-md5-wrong") else value
    return _broken_adler32(exchange, node, value) if algorithm == "adler32" else value


def _broken_adler32(exchange: Exchange, node: Node, value: bytes) -> bytes:
    faults = exchange.faults
    differs = faults.has("digest-head-get-differ") and exchange.method == "GET"
    of_range = faults.has("digest-of-range") and exchange.header("Range") is not None
    empty = faults.has("digest-empty-file-wrong") and node.size == 0
    if faults.has("digest-zeros") or empty:
        return bytes(4)
    if faults.has("digest-wrong") or differs or of_range:
        return _other(value)
    return value[::-1] if faults.has("digest-byte-swapped") else value


def _other(value: bytes) -> bytes:
    return bytes([value[0] ^ 0x11, *value[1:]])


def _repr(exchange: Exchange, node: Node, wanted: str) -> dict[str, str]:
    offered = exchange.dialect.digest.repr
    named = [
        n for n in by_preference(wanted) if n in offered or (n == "adler32" and "adler" in offered)
    ]
    if not named:
        return {}
    algorithm = REPR_ALIASES.get(named[0], named[0])
    value = exchange.files.digests(node, algorithm)[algorithm]
    if exchange.faults.has("repr-digest-wrong"):
        value = _other(value)
    shown = structured(value)
    if exchange.faults.has("repr-digest-not-structured"):
        shown = shown.strip(":")
    return {"Repr-Digest": f"{named[0]}={shown}"}


@dataclass(frozen=True)
class Claimed:
    """A checksum that came with an upload: algorithm, raw value, and the header it was in."""

    algorithm: str
    value: bytes
    header: str


def claimed(exchange: Exchange) -> list[Claimed]:
    """The checksums an upload states about itself; unknown algorithms are left out."""
    found: list[Claimed] = []
    md5 = exchange.header("Content-MD5")
    if md5:
        found += _parsed("md5", md5, "Content-MD5")
    checksum = exchange.header("OC-Checksum")
    if checksum:
        name, _, value = checksum.partition(":")
        found += _parsed(name.strip().lower(), value, "OC-Checksum")
    for header in ("Digest", "Repr-Digest", "Content-Digest"):
        for item in (exchange.header(header) or "").split(","):
            name, _, value = item.strip().partition("=")
            algorithm = REPR_ALIASES.get(name.lower(), name.lower())
            found += _parsed(algorithm, value, header)
    return found


def _parsed(algorithm: str, text: str, header: str) -> list[Claimed]:
    value = decode(algorithm, text)
    if algorithm not in SUPPORTED or value is None:
        return []
    return [Claimed(algorithm, value, header)]


def decode(algorithm: str, text: str) -> bytes | None:
    """The raw value of a checksum text: hex for adler32 and for full-length hashes, or base64."""
    text = text.strip()
    try:
        if text.startswith(":"):
            return base64.b64decode(text.strip(":"), validate=True)
        if algorithm in HEXADECIMAL:
            return bytes.fromhex(text.zfill(8))
        if len(text) in {32, 40, 64, 128} and not text.endswith("="):
            return bytes.fromhex(text)
        return base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error):
        return None
