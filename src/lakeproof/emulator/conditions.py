"""Conditional requests (RFC 9110 §13) and the validators they compare."""

from __future__ import annotations

import time
import uuid
from email.utils import formatdate, parsedate_to_datetime
from http import HTTPStatus

from lakeproof.emulator.answer import Refused
from lakeproof.emulator.exchange import Exchange
from lakeproof.emulator.namespace import Node

YEAR_S = 365 * 24 * 3600


def validators(exchange: Exchange, node: Node) -> dict[str, str]:
    """ETag and Last-Modified of a file."""
    faults = exchange.faults
    if faults.has("etag-missing"):
        return {}
    modified = node.modified + (YEAR_S if faults.has("last-modified-future") else 0)
    return {"ETag": etag(exchange, node), "Last-Modified": formatdate(modified, usegmt=True)}


def etag(exchange: Exchange, node: Node) -> str:
    """The entity tag clients see."""
    if exchange.faults.has("etag-constant"):
        return '"0"'
    if exchange.faults.has("etag-unstable"):
        return f'"{uuid.uuid4().hex}"'
    return node.etag


def check_read(exchange: Exchange, node: Node) -> None:
    """Raise Refused 304 or 412 when a GET's or HEAD's conditions say so."""
    faults, tag = exchange.faults, etag(exchange, node)
    if_match = exchange.header("If-Match")
    if if_match is not None and not _matches(if_match, tag) and not faults.has("if-match-ignored"):
        raise Refused(HTTPStatus.PRECONDITION_FAILED, "If-Match does not match")
    if faults.has("if-none-match-ignored"):
        return
    none_match = exchange.header("If-None-Match")
    if none_match is not None:
        unchanged = _matches(none_match, tag)
    else:
        unchanged = _not_modified_since(exchange.header("If-Modified-Since"), node)
    if unchanged:
        raise Refused(HTTPStatus.NOT_MODIFIED, "", validators(exchange, node))


def check_write(exchange: Exchange, node: Node | None) -> None:
    """Raise Refused 412 when a write's conditions do not hold for what is there (or None)."""
    faults = exchange.faults
    tag = None if node is None else etag(exchange, node)
    none_match = exchange.header("If-None-Match")
    hit = none_match is not None and tag is not None and _matches(none_match, tag)
    if hit and not faults.has("put-if-none-match-ignored"):
        raise Refused(HTTPStatus.PRECONDITION_FAILED, "If-None-Match matches")
    if_match = exchange.header("If-Match")
    miss = if_match is not None and (tag is None or not _matches(if_match, tag))
    if miss and not faults.has("put-if-match-ignored"):
        raise Refused(HTTPStatus.PRECONDITION_FAILED, "If-Match does not match")


def range_applies(exchange: Exchange, node: Node) -> bool:
    """Whether If-Range lets the Range header count."""
    wanted = exchange.header("If-Range")
    if exchange.faults.has("if-range-ignored"):
        return True
    return wanted is None or wanted in {etag(exchange, node), _http_date(node)}


def wants_new_only(exchange: Exchange) -> bool:
    """Whether a PUT must create, atomically (If-None-Match: *)."""
    return exchange.header("If-None-Match") == "*" and not exchange.faults.any(
        "put-if-none-match-ignored", "put-if-none-match-racy"
    )


def _http_date(node: Node) -> str:
    return formatdate(node.modified, usegmt=True)


def _matches(header: str, tag: str) -> bool:
    candidates = [c.strip().removeprefix("W/") for c in header.split(",")]
    return header.strip() == "*" or tag in candidates


def _not_modified_since(header: str | None, node: Node) -> bool:
    if header is None:
        return False
    try:
        since = parsedate_to_datetime(header).timestamp()
    except (ValueError, TypeError):
        return False
    return node.modified <= since <= time.time()
