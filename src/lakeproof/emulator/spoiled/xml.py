"""The faults that concern PROPFIND."""

from __future__ import annotations

from http import HTTPStatus

from lakeproof.emulator.answer import Answer, Refused, text
from lakeproof.emulator.exchange import Exchange
from lakeproof.emulator.namespace import Node

LISTED_AT_MOST = 100
# Ten levels of ten references each: a parser that expands them needs gigabytes.
BOMB = (
    '<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY lol "lol">'
    + "".join(
        f'<!ENTITY lol{n} "{"&lol%s;" % (n - 1 if n > 1 else "") * 10}">' for n in range(1, 11)
    )
    + ']><D:multistatus xmlns:D="DAV:"><D:response><D:href>&lol10;</D:href></D:response>'
    "</D:multistatus>"
)
NOTHING = '<?xml version="1.0"?><D:multistatus xmlns:D="DAV:"/>'


def instead(exchange: Exchange, node: Node | None, depth: str) -> Answer | None:
    """What a fault answers in the place of a listing, or None; may raise Refused."""
    faults = exchange.faults
    if faults.has("propfind-bomb"):
        return text(HTTPStatus.MULTI_STATUS, BOMB, {"Content-Type": "application/xml"})
    if node is None and faults.has("propfind-missing-207"):
        return text(HTTPStatus.MULTI_STATUS, NOTHING, {"Content-Type": "application/xml"})
    if node is None and faults.has("propfind-missing-500"):
        raise Refused(HTTPStatus.INTERNAL_SERVER_ERROR, "Internal error")
    on_file = node is not None and not node.is_collection and depth == "1"
    if on_file and faults.has("propfind-depth-1-on-file-fails"):
        raise Refused(HTTPStatus.INTERNAL_SERVER_ERROR, "Internal error")
    return None


def choose(exchange: Exchange, nodes: list[Node]) -> list[Node]:
    """The nodes a faulty server lists instead of `nodes`."""
    faults, ghosts = exchange.faults, exchange.files.ghosts
    if faults.has("propfind-incomplete") and len(nodes) > 1:
        nodes = nodes[:-1]
    if faults.has("propfind-limited"):
        nodes = nodes[: LISTED_AT_MOST + 1]
    if faults.has("delete-still-listed") and nodes and nodes[0].is_collection:
        nodes = nodes + [g for g in ghosts.values() if g.path.parent == nodes[0].path]
    return nodes


def rewrite(exchange: Exchange, document: str) -> str:
    """The document a faulty server sends instead of `document`."""
    if exchange.faults.has("propfind-malformed"):
        return document[: len(document) * 2 // 3]
    return document
