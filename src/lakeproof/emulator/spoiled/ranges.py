"""The faults that concern byte ranges."""

from __future__ import annotations

from dataclasses import dataclass, replace
from http import HTTPStatus

from lakeproof.emulator.answer import Answer, Refused
from lakeproof.emulator.exchange import Exchange
from lakeproof.emulator.namespace import Node
from lakeproof.emulator.ranges import Multipart, NotSatisfiableError, Range, parse

MANY_RANGES = 100
STALLED = b"HTTP/1.1 206 Partial Content\r\nContent-Length: 110\r\n\r\n"


@dataclass(frozen=True)
class Instead:
    """What a fault puts in the place of a 206; None for the whole file."""

    answer: Answer | None


def before(exchange: Exchange, node: Node, wanted: str) -> Instead | None:
    """What a fault answers before the ranges are looked at, or None."""
    faults = exchange.faults
    several = wanted.count(",") > 0
    if faults.has("range-ignored"):
        return Instead(None)
    if faults.has("multirange-500") and several:
        raise Refused(HTTPStatus.INTERNAL_SERVER_ERROR, "Internal error")
    if faults.has("multirange-reset") and wanted.count(",") >= MANY_RANGES:
        return Instead(Answer(HTTPStatus.PARTIAL_CONTENT, raw=b"", reset=True))
    if faults.has("range-invalid-500") and _invalid(wanted, node.size):
        raise Refused(HTTPStatus.INTERNAL_SERVER_ERROR, "Internal error")
    if faults.has("multirange-one-beyond-hangs") and _one_beyond(node, wanted):
        return Instead(Answer(HTTPStatus.PARTIAL_CONTENT, raw=STALLED, drip=True))
    if _refuses(exchange, node, wanted):
        raise Refused(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, "Range not satisfiable")
    if faults.has("range-clipped-refused") and not several and _ends_beyond(wanted, node.size):
        raise Refused(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, "Range not satisfiable")
    return None


def _refuses(exchange: Exchange, node: Node, wanted: str) -> bool:
    faults = exchange.faults
    unit, _, specs = wanted.partition("=")
    if unit != "bytes":
        return faults.has("range-unknown-unit-refused")
    if faults.has("range-long-suffix-refused") and specs.startswith("-"):
        return specs[1:].isdigit() and int(specs[1:]) > node.size
    return faults.has("multirange-one-beyond-refused") and _one_beyond(node, wanted)


def _one_beyond(node: Node, wanted: str) -> bool:
    starts = [spec.partition("-")[0] for spec in wanted.partition("=")[2].split(",")]
    beyond = any(start.isdigit() and int(start) >= node.size for start in starts)
    return len(starts) > 1 and beyond


def _ends_beyond(wanted: str, size: int) -> bool:
    first, _, last = wanted.partition("=")[2].partition("-")
    return bool(first) and last.isdigit() and int(last) >= size


def shift(exchange: Exchange, node: Node, wanted: str, found: list[Range]) -> list[Range]:
    """The ranges a faulty server sends instead of `found`."""
    faults, only = exchange.faults, found[0]
    last = node.size - 1
    if faults.has("multirange-first-only"):
        found = found[:1]
    if len(found) > 1:
        return found
    if faults.has("range-off-by-one"):
        return [Range(min(only.first + 1, last), min(only.last + 1, last))]
    if faults.has("range-one-byte-more"):
        return [Range(only.first, min(only.last + 1, last))]
    spec = wanted.partition("=")[2].strip()
    if faults.has("range-suffix-as-prefix") and spec.startswith("-"):
        return [Range(0, only.length - 1)]
    if faults.has("range-open-ended-short") and spec.endswith("-"):
        return [Range(only.first, max(only.first, only.last - 1))]
    return found


def multipart(exchange: Exchange, body: Multipart) -> Multipart:
    """The multipart body a faulty server sends instead of `body`."""
    faults = exchange.faults
    if faults.has("multirange-no-boundary-end"):
        return replace(body, tail=b"")
    if faults.has("multirange-wrong-part"):
        first, second, *rest = body.parts
        start = max(0, second.range.first - 1) or second.range.first + 1
        elsewhere = Range(start, start + second.range.length - 1)
        return replace(body, parts=(first, replace(second, range=elsewhere), *rest))
    return body


def _invalid(wanted: str, size: int) -> bool:
    try:
        return parse(wanted, size) is None
    except NotSatisfiableError:
        return False


def length_of(wanted: str | None, size: int) -> int:
    """Bytes of the first range that is asked for; `size` when none is."""
    found = parse(wanted, size) if wanted else None
    return found[0].length if found else size
