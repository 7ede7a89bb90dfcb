"""PROPFIND: the properties of files and collections (RFC 4918 §9.1, RFC 4331)."""

from __future__ import annotations

from dataclasses import replace
from email.utils import formatdate
from http import HTTPStatus
from pathlib import PurePosixPath
from xml.etree import ElementTree as ET

from defusedxml import ElementTree as SafeET
from defusedxml.common import DefusedXmlException

from lakeproof.emulator import paths
from lakeproof.emulator.answer import Answer, Refused, text
from lakeproof.emulator.conditions import YEAR_S, etag
from lakeproof.emulator.exchange import Exchange
from lakeproof.emulator.identity import Action
from lakeproof.emulator.namespace import Node
from lakeproof.emulator.spoiled import load as spoiled_load
from lakeproof.emulator.spoiled import xml as spoiled_xml

DAV = "{DAV:}"
XML = "application/xml; charset=utf-8"
INFINITY_LIMIT = 10_000
Properties = dict[str, str | ET.Element | None]


async def propfind(exchange: Exchange) -> Answer:
    """Answer PROPFIND."""
    depth = (exchange.header("Depth") or "infinity").strip().lower()
    node = exchange.files.find(exchange.path)
    is_collection = (node is not None and node.is_collection) or exchange.slash
    _authorise(exchange, depth, is_collection)
    wanted = _wanted(exchange, await exchange.small_body())
    spoiled = spoiled_xml.instead(exchange, node, depth)
    if spoiled is not None:
        return spoiled
    if depth not in exchange.dialect.propfind.depths:
        _refuse_depth(exchange, depth)
    found = await spoiled_load.listing(exchange, _nodes(exchange, exchange.node(), depth))
    if wanted is not None and exchange.faults.has("propfind-named-empty"):
        found = found[:1]
    body = render(exchange, spoiled_xml.choose(exchange, found), wanted)
    status = (
        HTTPStatus.OK if exchange.faults.has("propfind-status-200") else HTTPStatus.MULTI_STATUS
    )
    return text(status, spoiled_xml.rewrite(exchange, body), {"Content-Type": XML})


def _authorise(exchange: Exchange, depth: str, is_collection: bool) -> None:
    listing = depth != "0" and is_collection
    try:
        exchange.allow(Action.LIST if listing else Action.STAT, collection=is_collection)
    except Refused:
        if exchange.faults.has("propfind-denied-500"):
            raise Refused(HTTPStatus.INTERNAL_SERVER_ERROR, "Internal error") from None
        raise


def _refuse_depth(exchange: Exchange, depth: str) -> None:
    if depth != "infinity":
        raise Refused(HTTPStatus.BAD_REQUEST, "Invalid depth value")
    error = '<?xml version="1.0"?><D:error xmlns:D="DAV:"><D:propfind-finite-depth/></D:error>'
    raise Refused(HTTPStatus.FORBIDDEN, error, {"Content-Type": XML})


def _wanted(exchange: Exchange, body: bytes) -> set[str] | None:
    """The property names asked for, None for all; raises Refused 400 for bad XML."""
    if not body.strip() and exchange.faults.has("propfind-no-body-400"):
        raise Refused(HTTPStatus.BAD_REQUEST, "The request has no body")
    if not body.strip() or exchange.faults.has("propfind-bad-body-accepted"):
        return None
    try:
        root = SafeET.fromstring(body)
    except (SafeET.ParseError, DefusedXmlException, ValueError):
        broken = exchange.faults.has("propfind-bad-body-500")
        status = HTTPStatus.INTERNAL_SERVER_ERROR if broken else HTTPStatus.BAD_REQUEST
        raise Refused(status, "The request is no well-formed XML") from None
    if root.tag != f"{DAV}propfind":
        raise Refused(HTTPStatus.BAD_REQUEST, "The request is no propfind element")
    if root.find(f"{DAV}propname") is not None and exchange.faults.has("propfind-propname-refused"):
        raise Refused(HTTPStatus.BAD_REQUEST, "propname is not supported")
    named = root.find(f"{DAV}prop")
    return None if named is None else {str(child.tag) for child in named}


def _nodes(exchange: Exchange, node: Node, depth: str) -> list[Node]:
    if depth == "infinity" and exchange.faults.has("propfind-infinity-is-1"):
        depth = "1"
    if node.is_collection and depth == "infinity":
        found = [node]
        for below in exchange.files.below(node.path):
            found.append(below)
            if len(found) > INFINITY_LIMIT:
                raise Refused(HTTPStatus.INSUFFICIENT_STORAGE, "Too many members")
        return found
    if node.is_collection and (depth == "1" or exchange.faults.has("propfind-depth-0-lists")):
        return [node, *exchange.files.children(node.path)]
    return [node]


def render(exchange: Exchange, nodes: list[Node], wanted: set[str] | None) -> str:
    """A multistatus document about `nodes`."""
    ET.register_namespace(exchange.dialect.propfind.prefix, "DAV:")
    root = ET.Element(f"{DAV}multistatus")
    for node in nodes:
        response = ET.SubElement(root, f"{DAV}response")
        ET.SubElement(response, f"{DAV}href").text = _href(exchange, node)
        known = properties(exchange, node)
        if wanted is None:
            _propstat(response, known, "200 OK")
            continue
        found = {n: v for n, v in known.items() if n in wanted}
        if exchange.faults.has("propfind-ignores-prop"):
            found = {}
        if found:
            _propstat(response, found, "200 OK")
        missing: Properties = dict.fromkeys(wanted - found.keys())
        if missing:
            _propstat(response, missing, "404 Not Found")
    return ET.tostring(root, encoding="unicode", xml_declaration=True)


def _href(exchange: Exchange, node: Node) -> str:
    path = node.path
    if exchange.faults.has("propfind-foreign-href"):
        path = PurePosixPath("/elsewhere").joinpath(*path.parts[1:])
    marked = node.is_collection and not exchange.faults.has("propfind-no-type")
    quoted = paths.encode(path, directory=marked)
    if exchange.faults.has("propfind-unescaped"):
        quoted = f"{path}/" if node.is_collection else str(path)
    whole = exchange.dialect.propfind.absolute_href or exchange.faults.has("propfind-absolute-href")
    return exchange.element.url + quoted if whole else quoted


def _propstat(response: ET.Element, found: Properties, status: str) -> None:
    propstat = ET.SubElement(response, f"{DAV}propstat")
    prop = ET.SubElement(propstat, f"{DAV}prop")
    for name, value in found.items():
        element = ET.SubElement(prop, name)
        if isinstance(value, ET.Element):
            element.append(value)
        elif value is not None:
            element.text = value
    ET.SubElement(propstat, f"{DAV}status").text = f"HTTP/1.1 {status}"


def properties(exchange: Exchange, node: Node) -> Properties:
    """Every property of a node, by Clark name; an element value is appended, None is empty."""
    faults, form = exchange.faults, exchange.dialect.propfind
    modified = node.modified + (YEAR_S if faults.has("propfind-wrong-date") else 0)
    found: Properties = {
        f"{DAV}displayname": node.path.name,
        f"{DAV}getlastmodified": formatdate(modified, usegmt=True),
    }
    if not faults.has("propfind-no-type"):
        found[f"{DAV}resourcetype"] = ET.Element(f"{DAV}collection") if node.is_collection else None
    if node.is_collection:
        found |= _quota(exchange) if form.quota else {}
        return found
    if faults.has("quota-on-files"):
        found |= _quota(exchange)
    shown = replace(node, size=node.size + 1) if faults.has("propfind-wrong-size") else node
    if not faults.has("propfind-no-size"):
        found[f"{DAV}getcontentlength"] = str(shown.size)
    found[f"{DAV}getcontenttype"] = "application/octet-stream"
    if form.etag and not faults.has("etag-missing"):
        found[f"{DAV}getetag"] = etag(exchange, node)
    if form.checksum is not None:
        value = exchange.files.digests(node, "adler32")["adler32"].hex()
        found[form.checksum] = f"adler32={value}"
    return found


def _quota(exchange: Exchange) -> Properties:
    if exchange.faults.has("quota-missing"):
        return {}
    files = exchange.files
    available = -1 if exchange.faults.has("quota-negative") else max(0, files.quota - files.used)
    return {
        f"{DAV}quota-used-bytes": str(files.used),
        f"{DAV}quota-available-bytes": str(available),
    }
