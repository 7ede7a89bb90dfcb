"""Faults that let somebody with a good token have what belongs to another group."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from lakeproof.emulator import conditions
from lakeproof.emulator.answer import Refused
from lakeproof.emulator.identity import READING, Action, Bearer, Identity, Member
from lakeproof.emulator.lopsided import at_second_address

if TYPE_CHECKING:
    from lakeproof.emulator.exchange import Exchange

# After so many reads a file is served from a cache that asks nobody.
CACHED_AFTER = 3


def lets_in(exchange: Exchange, action: Action) -> bool:
    """Whether a fault waives the right to `action` for a client who is known, but not entitled."""
    if exchange.identity.anonymous or not exchange.at_door:
        return False
    return exchange.faults.any(*_unchecked(exchange, action))


def _unchecked(exchange: Exchange, action: Action) -> Iterator[str]:
    """The faults under which nobody looks whether this request is allowed."""
    method = exchange.method
    if method == "GET" and action is Action.LIST:
        yield "embargo-browse-unchecked"
    elif method == "GET":
        ranged = exchange.header("Range") is not None
        yield "embargo-range-unchecked" if ranged else "embargo-read-unchecked"
        if exchange.element.served[exchange.path] >= CACHED_AFTER:
            yield "embargo-cached-unchecked"
        if at_second_address(exchange.element, exchange.request):
            yield "embargo-one-address-unchecked"
    elif method == "HEAD":
        asked = exchange.header("Want-Digest") is not None
        yield "embargo-digest-unchecked" if asked else "embargo-head-unchecked"
    elif method == "PROPFIND":
        yield "embargo-list-unchecked" if action is Action.LIST else "embargo-stat-unchecked"


def note_served(served: Counter[PurePosixPath], exchange: Exchange) -> None:
    """Count a read that was allowed."""
    if exchange.faults.has("embargo-cached-unchecked"):
        served[exchange.path] += 1


def before_authorisation(exchange: Exchange) -> None:
    """Raise Refused 304 or 412 where a fault compares versions before it looks who asks."""
    node = exchange.files.find(exchange.path)
    if node is None or node.is_collection or exchange.identity.anonymous:
        return
    if exchange.faults.has("embargo-conditions-first"):
        conditions.check_read(exchange, node)


def refuse(exchange: Exchange, sentence: str, path: PurePosixPath) -> Refused | None:
    """The refusal that tells more than it should, None without such a fault."""
    node = exchange.files.find(path)
    if exchange.faults.has("embargo-existence-told") and node is None:
        return Refused(HTTPStatus.NOT_FOUND, "No such file or directory")
    if exchange.faults.has("embargo-refusal-tells") and node is not None:
        said = f"{sentence} ({node.size} bytes)"
        return Refused(
            exchange.dialect.status.denied, said, {"ETag": conditions.etag(exchange, node)}
        )
    return None


def at_data_server(exchange: Exchange) -> Identity | None:
    """Whom the data server takes a client for under its faults, None without one."""
    faults = exchange.faults
    if faults.has("embargo-data-server-open") and exchange.header("Authorization"):
        return Member(exchange.element.config.base_path, READING)
    if faults.has("embargo-grant-for-any-file"):
        held = exchange.element.redirector.holder(exchange.query)
        return Bearer(exchange.path, held.actions)
    return None
