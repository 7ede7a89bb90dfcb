"""OPTIONS, MKCOL, MOVE and DELETE."""

from __future__ import annotations

from http import HTTPStatus
from pathlib import PurePosixPath
from urllib.parse import urlsplit

from lakeproof.emulator import paths
from lakeproof.emulator.answer import Answer, Refused, text
from lakeproof.emulator.exchange import Exchange
from lakeproof.emulator.identity import Action
from lakeproof.emulator.namespace import Node
from lakeproof.emulator.spoiled import load as spoiled_load
from lakeproof.emulator.upload import truncate

BROKEN = HTTPStatus.INTERNAL_SERVER_ERROR


async def options(exchange: Exchange) -> Answer:
    """Answer OPTIONS; needs no credential."""
    faults, methods = exchange.faults, exchange.dialect.methods
    if faults.has("options-500"):
        raise Refused(BROKEN, "Internal error")
    answer = text(HTTPStatus.OK)
    if faults.has("options-no-allow"):
        return answer
    for offered in methods.dav:
        answer.headers.add("DAV", offered)
    allow = methods.allow[:2] if faults.has("options-incomplete") else methods.allow
    answer.headers["Allow"] = ", ".join(allow)
    if not faults.has("range-accept-missing"):
        answer.headers["Accept-Ranges"] = "bytes"
    return answer


async def mkcol(exchange: Exchange) -> Answer:
    """Answer MKCOL."""
    path, faults, dialect = exchange.path, exchange.faults, exchange.dialect
    exchange.allow(Action.MKCOL, collection=True)
    body = await exchange.small_body()
    if body and dialect.mkcol.body == "refuse" and not faults.has("mkcol-body-ignored"):
        raise Refused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "MKCOL takes no body")
    spoiled = await spoiled_load.mkcol(exchange)
    if spoiled is not None:
        return spoiled
    old = exchange.files.find(path)
    if old is not None and _mkcol_over(exchange, old):
        return text(HTTPStatus.CREATED, dialect.sentence("done"))
    if faults.has("mkcol-parent-500") and exchange.files.find(path.parent) is None:
        raise Refused(BROKEN, "Internal error")
    if not faults.has("mkcol-lies"):
        parents = dialect.mkcol.parents or faults.has("mkcol-makes-parents")
        exchange.files.make_collection(path, parents=parents)
    plain = faults.has("mkcol-status-200")
    return text(HTTPStatus.OK if plain else HTTPStatus.CREATED, dialect.sentence("done"))


def _mkcol_over(exchange: Exchange, old: Node) -> bool:
    """Whether a fault makes MKCOL over something that exists succeed."""
    faults = exchange.faults
    if old.is_collection and faults.has("mkcol-existing-500"):
        raise Refused(BROKEN, "Internal error")
    if old.is_collection and faults.has("mkcol-existing-wipes"):
        for child in exchange.files.children(old.path):
            exchange.files.remove(child)
        return False
    if not old.is_collection and faults.has("mkcol-over-file-500"):
        raise Refused(BROKEN, "Internal error")
    if not old.is_collection and faults.has("mkcol-over-file-replaces"):
        exchange.files.remove(old)
        return False
    return faults.has("mkcol-existing-201" if old.is_collection else "mkcol-over-file-201")


async def delete(exchange: Exchange) -> Answer:
    """Answer DELETE."""
    faults, dialect, files = exchange.faults, exchange.dialect, exchange.files
    kept = await spoiled_load.delete(exchange)
    node = files.find(exchange.path)
    is_collection = node is not None and node.is_collection
    try:
        exchange.allow(Action.DELETE, collection=is_collection or exchange.slash)
    except Refused:
        if faults.has("scope-denied-yet-deleted") and node is not None:
            files.remove(node)
        raise
    if node is None or (exchange.slash and faults.has("delete-slash-refused")):
        return _delete_missing(exchange)
    _check_deletable(exchange, node)
    if not kept:
        _remove(exchange, node)
    status = HTTPStatus.OK if faults.has("delete-status-200") else dialect.status.deleted
    return text(status, "" if status == HTTPStatus.NO_CONTENT else dialect.sentence("done"))


def _check_deletable(exchange: Exchange, node: Node) -> None:
    faults, dialect = exchange.faults, exchange.dialect
    denied = Refused(dialect.status.denied, dialect.sentence("denied", path=node.path))
    if exchange.path == exchange.element.config.base_path:
        raise denied
    members = exchange.files.children(node.path) if node.is_collection else []
    if members and faults.has("delete-nonempty-half"):
        exchange.files.remove(members[0])
    if members and not dialect.delete.recursive and not faults.has("delete-nonempty-lies"):
        broken = faults.has("delete-nonempty-500")
        status = BROKEN if broken else dialect.status.delete_nonempty
        raise Refused(status, dialect.sentence("nonempty", path=node.path))
    if faults.has("delete-refused") and not node.is_collection:
        raise denied


def _remove(exchange: Exchange, node: Node) -> None:
    faults, files = exchange.faults, exchange.files
    if faults.has("delete-prefix"):
        for sibling in files.children(node.path.parent):
            shorter, longer = sorted((sibling.path.name, node.path.name), key=len)
            if longer.startswith(shorter) and sibling.path != node.path:
                files.remove(sibling)
    full = node.is_collection and files.children(node.path)
    if full and faults.has("delete-nonempty-lies"):
        return
    if not faults.has("delete-collection-lies" if node.is_collection else "delete-lies"):
        files.remove(node)


def _delete_missing(exchange: Exchange) -> Answer:
    if exchange.faults.has("delete-missing-204"):
        return text(HTTPStatus.NO_CONTENT)
    if exchange.faults.has("delete-missing-500"):
        raise Refused(BROKEN, "Internal error")
    sentence = exchange.dialect.sentence("not_found", path=exchange.path)
    raise Refused(HTTPStatus.NOT_FOUND, sentence)


async def move(exchange: Exchange) -> Answer:
    """Answer MOVE: both ends need rights, a collection those of deleting it."""
    files, faults, dialect = exchange.files, exchange.faults, exchange.dialect
    to = _destination(exchange)
    source, target = files.find(exchange.path), files.find(to)
    _allow_move(exchange, source, to, target)
    if source is None:
        code = BROKEN if faults.has("move-missing-500") else HTTPStatus.NOT_FOUND
        raise Refused(code, dialect.sentence("not_found", path=exchange.path))
    if to == exchange.path and faults.has("move-self-deletes"):
        files.remove(source)
        return text(dialect.status.moved_over)
    if to == exchange.path and faults.has("move-self-succeeds"):
        return text(dialect.status.moved_over)
    if source.is_collection and faults.has("move-collection-refused"):
        raise Refused(HTTPStatus.FORBIDDEN, "Cannot move a collection")
    if paths.within(to, exchange.path):
        raise Refused(HTTPStatus.FORBIDDEN, "Source and destination are the same")
    if faults.has("move-across-collections-refused") and to.parent != exchange.path.parent:
        raise Refused(HTTPStatus.FORBIDDEN, "Cannot move to another collection")
    _check_overwrite(exchange, target)
    if files.find(to.parent) is None:
        code = BROKEN if faults.has("move-parent-500") else HTTPStatus.CONFLICT
        if faults.has("move-parent-loses"):
            files.remove(source)
        raise Refused(code, dialect.sentence("parent", path=to.parent))
    _rename(exchange, source, to, target)
    if target is None:
        plain = faults.has("move-status-200")
        return text(HTTPStatus.OK if plain else dialect.status.moved, dialect.sentence("done"))
    status = dialect.status.moved_over
    return text(status, "" if status == HTTPStatus.NO_CONTENT else dialect.sentence("done"))


def _destination(exchange: Exchange) -> PurePosixPath:
    raw = exchange.header("Destination")
    if not raw:
        raise Refused(HTTPStatus.BAD_REQUEST, "Destination is missing")
    parts = urlsplit(raw)
    own = {exchange.request.host, urlsplit(exchange.element.url).netloc}
    if parts.netloc and parts.netloc not in own:
        raise Refused(HTTPStatus.BAD_GATEWAY, "Destination is on another server")
    raw_path, _ = paths.split_target(raw)
    if exchange.faults.has("move-destination-not-decoded"):
        return PurePosixPath(raw_path)
    return paths.decode(raw_path, exchange.faults)


def _allow_move(
    exchange: Exchange, source: Node | None, to: PurePosixPath, target: Node | None
) -> None:
    faults = exchange.faults
    if faults.has("scope-read-moves") and exchange.identity.may(Action.READ, exchange.path):
        return
    tree = source is not None and source.is_collection
    if not faults.has("scope-move-source-unchecked"):
        exchange.allow(Action.DELETE if tree else Action.RENAME, collection=tree)
    if not faults.has("scope-move-destination-unchecked"):
        arriving = Action.MKCOL if tree else Action.CREATE
        exchange.allow(arriving if target is None else Action.DISPLACE, to, collection=tree)


def _check_overwrite(exchange: Exchange, target: Node | None) -> None:
    faults = exchange.faults
    if target is None:
        return
    keep = (exchange.header("Overwrite") or "T").strip().upper() == "F"
    if keep and not faults.has("move-overwrite-f-ignored"):
        raise Refused(HTTPStatus.PRECONDITION_FAILED, "Destination exists and Overwrite is F")
    if not keep and faults.has("move-overwrite-t-refused"):
        raise Refused(HTTPStatus.PRECONDITION_FAILED, "Destination exists")


def _rename(exchange: Exchange, source: Node, to: PurePosixPath, target: Node | None) -> None:
    files, faults = exchange.files, exchange.faults
    if faults.has("move-loses") or (faults.has("move-overwrite-lies") and target is not None):
        files.remove(source)
        return
    if faults.has("move-copies") and not source.is_collection:
        copy = files.aside_path()
        copy.write_bytes(source.disk.read_bytes())
        files.adopt(copy, to)
        return
    if faults.has("move-collection-empties") and source.is_collection:
        for child in files.children(source.path):
            files.remove(child)
    files.move(source, to)
    if faults.has("move-truncates") and not source.is_collection:
        truncate(files.locate(to))
