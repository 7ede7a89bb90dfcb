"""Faults of reading in front of a real server: heads, digests, listings, redirects."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import PurePosixPath
from urllib.parse import quote
from xml.etree import ElementTree as ET

from defusedxml import ElementTree

from lakeproof.emulator.answer import Answer, Refused, text
from lakeproof.emulator.faults import Faults
from lakeproof.emulator.proxy.call import Call, Upstream, whole
from lakeproof.emulator.spoiled import xml as spoiled_xml

HEADS = frozenset(["head-wrong-length", "head-no-length", "head-missing-200", "head-missing-500"])
REDIRECTS = frozenset(
    [
        "redirect-leaks-token",
        "redirect-loop",
        "redirect-foreign-host",
        "redirect-plain",
        "redirect-dead",
    ]
)
LISTINGS = frozenset(
    [
        "propfind-incomplete",
        "propfind-wrong-size",
        "propfind-no-size",
        "propfind-no-type",
        "propfind-depth-0-lists",
        "propfind-missing-207",
        "propfind-missing-500",
        "propfind-status-200",
        "propfind-malformed",
        "propfind-bomb",
        "propfind-denied-500",
    ]
)
DIGESTS = frozenset(
    [
        "digest-missing",
        "digest-wrong",
        "digest-stale",
        "digest-zeros",
        "digest-no-leading-zeros",
        "digest-zeros-moved",
        "digest-byte-swapped",
        "digest-not-hex",
        "digest-empty-file-wrong",
        "digest-late",
        "digest-md5-wrong",
        "digest-md5-hex",
        "digest-missing-file-500",
        "digest-unknown-500",
        "digest-get-missing",
    ]
)
FAULTS = HEADS | REDIRECTS | LISTINGS | DIGESTS
EMPTY_ADLER32 = "00000001"
KNOWN_ALGORITHMS = frozenset({"adler32", "md5", "crc32c", "sha", "sha-256", "sha-512", "unixcksum"})
LATE_S = 3.0
REMEMBERED = 10_000
BROKEN = HTTPStatus.INTERNAL_SERVER_ERROR
DAV = "{DAV:}"
DEAD = "redirect-dead"
MALFORMED = "propfind-malformed"

ADLER32: dict[str, Callable[[str], str]] = {
    "digest-wrong": lambda value: f"{int(value, 16) ^ 0x1234:08x}",
    "digest-zeros": lambda _: "00000000",
    "digest-no-leading-zeros": lambda value: value.lstrip("0") or "0",
    "digest-zeros-moved": lambda value: value.lstrip("0").ljust(8, "0"),
    "digest-byte-swapped": lambda value: bytes.fromhex(value)[::-1].hex(),
    "digest-not-hex": lambda _: "AAAAAA==",
    "digest-empty-file-wrong": lambda value: "00000000" if value == EMPTY_ADLER32 else value,
}
MD5: dict[str, Callable[[str], str]] = {
    "digest-md5-wrong": lambda _: "1B2M2Y8AsgTpgAmY7PhCfg==",
    "digest-md5-hex": lambda _: "d41d8cd98f00b204e9800998ecf8427e",
}


@dataclass
class Memory:
    """What faults need to know of earlier requests: when a file was stored, and its digests."""

    stored: dict[PurePosixPath, float] = field(default_factory=dict)
    digests: dict[PurePosixPath, str] = field(default_factory=dict)

    async def before_put(self, call: Call, upstream: Upstream) -> None:
        """Note the digest that an overwrite is about to change, and when it happened."""
        faults = call.exchange.faults
        if call.method != "PUT" or not faults.any("digest-stale", "digest-late"):
            return
        if len(self.stored) > REMEMBERED:
            self.stored.clear()
            self.digests.clear()
        self.stored[call.path] = time.monotonic()
        old = await upstream.head(call.path, Want_Digest="adler32")
        if old is not None and "Digest" in old:
            self.digests[call.path] = old["Digest"]


def before(call: Call, foreign: str) -> Answer | None:
    """An answer without the real server, or a changed call."""
    faults = call.exchange.faults
    if call.method == "PROPFIND" and faults.has("propfind-depth-0-lists"):
        call.headers["Depth"] = "1"
    if call.method != "GET" or not faults.names & REDIRECTS:
        return None
    return text(HTTPStatus.TEMPORARY_REDIRECT, "", {"Location": _location(call, faults, foreign)})


def _location(call: Call, faults: Faults, foreign: str) -> str:
    own = call.exchange.request.host
    if faults.has("redirect-leaks-token"):
        authorization = call.headers.get("Authorization", "")
        return f"{foreign}{call.target}?authz={quote(authorization)}"
    if faults.has("redirect-foreign-host"):
        return foreign + call.target
    if faults.has("redirect-plain"):
        return f"http://{own}{call.target}"
    # Port 9 is the discard service's; nobody listens there any more.
    return f"https://{own.partition(':')[0]}:9{call.target}" if faults.has(DEAD) else call.target


async def after(call: Call, answer: Answer, memory: Memory) -> Answer:
    """The answer that a faulty server gives instead; may raise Refused."""
    faults = call.exchange.faults
    if call.method == "HEAD":
        _spoil_head(answer, faults)
    if call.method in {"HEAD", "GET"}:
        _spoil_digest(call, answer, memory)
    if call.method == "PROPFIND" and faults.names & LISTINGS:
        await _spoil_listing(call, answer, faults)
    if faults.has("error-leaks-trace") and answer.status >= HTTPStatus.BAD_REQUEST:
        answer.body, answer.length = await whole(answer), None  # short: to be added to
    return answer


def _spoil_head(answer: Answer, faults: Faults) -> None:
    if answer.status != HTTPStatus.OK:
        return
    if faults.has("head-wrong-length") and answer.announce is not None:
        answer.announce += 1
    if faults.has("head-no-length"):
        answer.announce = None


def _spoil_digest(call: Call, answer: Answer, memory: Memory) -> None:
    faults, wanted = call.exchange.faults, call.headers.get("Want-Digest", "")
    names = {item.partition(";")[0].strip().lower() for item in wanted.split(",")}
    if faults.has("digest-unknown-500") and wanted and not names & KNOWN_ALGORITHMS:
        raise Refused(BROKEN, "Unknown checksum")
    if "Digest" not in answer.headers:
        return
    since = time.monotonic() - memory.stored.get(call.path, float("-inf"))
    late = faults.has("digest-late") and since < LATE_S
    untold = faults.has("digest-get-missing") and call.method == "GET"
    if faults.has("digest-missing") or late or untold:
        answer.headers.popall("Digest")
        return
    value = answer.headers["Digest"]
    if faults.has("digest-stale"):
        value = memory.digests.get(call.path, value)
    changed = [_changed(item.strip(), faults) for item in value.split(",")]
    answer.headers["Digest"] = ",".join(changed)


def _changed(item: str, faults: Faults) -> str:
    name, _, value = item.partition("=")
    changes = {"adler32": ADLER32, "md5": MD5}.get(name.lower(), {})
    for fault, change in changes.items():
        if faults.has(fault):
            value = change(value)
    return f"{name}={value}"


async def _spoil_listing(call: Call, answer: Answer, faults: Faults) -> None:
    missing = answer.status == HTTPStatus.NOT_FOUND
    if missing and faults.has("propfind-missing-500"):
        raise Refused(BROKEN, "Internal error")
    if answer.status == HTTPStatus.FORBIDDEN and faults.has("propfind-denied-500"):
        raise Refused(BROKEN, "Internal error")
    if missing and faults.has("propfind-missing-207"):
        answer.status, answer.body = HTTPStatus.MULTI_STATUS, spoiled_xml.NOTHING.encode()
        return
    if answer.status != HTTPStatus.MULTI_STATUS:
        return
    if faults.has("propfind-status-200"):
        answer.status = HTTPStatus.OK
    document = _rewritten(await whole(answer), faults)
    if faults.has("propfind-bomb"):
        document = spoiled_xml.BOMB.encode()
    answer.body = document[: len(document) * 2 // 3] if faults.has(MALFORMED) else document


def _rewritten(document: bytes, faults: Faults) -> bytes:
    """The listing with an entry or a property missing or wrong."""
    if not faults.any(
        "propfind-incomplete", "propfind-wrong-size", "propfind-no-size", "propfind-no-type"
    ):
        return document
    root = ElementTree.fromstring(document)
    entries = root.findall(f"{DAV}response")
    if faults.has("propfind-incomplete") and len(entries) > 1:
        root.remove(entries[-1])
    for parent in list(root.iter()):
        for child in list(parent):
            _rewrite(parent, child, faults)
    return ET.tostring(root, encoding="unicode", xml_declaration=True).encode()


def _rewrite(parent: ET.Element, child: ET.Element, faults: Faults) -> None:
    if child.tag == f"{DAV}getcontentlength":
        if faults.has("propfind-no-size"):
            parent.remove(child)
        elif faults.has("propfind-wrong-size"):
            child.text = str(int(child.text or "0") + 1)
    if child.tag == f"{DAV}collection" and faults.has("propfind-no-type"):
        parent.remove(child)
    if child.tag.endswith("iscollection") and faults.has("propfind-no-type"):
        child.text = "0"
