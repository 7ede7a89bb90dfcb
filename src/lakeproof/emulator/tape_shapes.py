"""How the tape API tells where files are and how far a request is."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Any

from lakeproof.emulator.exchange import Exchange
from lakeproof.emulator.faults import Faults
from lakeproof.emulator.namespace import Node
from lakeproof.emulator.tape import RUNNING, StageFile, StageRequest, State

MILLISECONDS = 1000


def where(exchange: Exchange, path: PurePosixPath) -> dict[str, Any]:
    """One entry of an answer to archiveinfo."""
    faults = exchange.faults
    node = find(exchange, path)
    entry: dict[str, Any] = {"path": str(path)}
    if node is None and faults.has("tape-locality-of-missing"):
        entry["locality"] = "NONE"
    elif node is None:
        entry |= {} if faults.has("tape-missing-without-error") else {"error": "No such file"}
    elif node.is_collection and faults.has("tape-collection-on-tape"):
        entry["locality"] = "TAPE"
    elif node.is_collection:
        entry["error"] = "Not a file"
    else:
        entry["locality"] = _locality(exchange, node)
    return entry


def find(exchange: Exchange, path: PurePosixPath) -> Node | None:
    """What the tape system knows at a path."""
    if exchange.faults.has("tape-root-prefix"):
        return None
    return exchange.files.find(path)


def _locality(exchange: Exchange, node: Node) -> str:
    faults = exchange.faults
    if faults.has("tape-locality-unknown"):
        return "ONLINE_AND_NEARLINE"
    if faults.has("tape-locality-lost") and node.size > 0:
        return "LOST"
    if faults.has("tape-empty-on-tape") and node.size == 0:
        return "TAPE"
    return exchange.element.tape.locality(node)


def progress(exchange: Exchange, request: StageRequest) -> dict[str, Any]:
    """How far a stage request is."""
    faults = exchange.faults
    request.polls += 1
    first = min((f.started for f in request.files.values()), default=request.created)
    shown: dict[str, Any] = {
        "id": uuid.uuid4().hex if faults.has("tape-progress-other-id") else request.id,
        "createdAt": _time(exchange, request.created),
        "startedAt": _time(exchange, first),
        "files": _files(exchange, request),
    }
    if faults.has("tape-times-missing"):
        del shown["createdAt"]
    if request.completed is not None:
        shown["completedAt"] = _time(exchange, request.completed)
    return shown


def _files(exchange: Exchange, request: StageRequest) -> list[dict[str, Any]]:
    files = [_file(exchange, file, request.polls) for file in request.files.values()]
    if exchange.faults.has("tape-file-forgotten"):
        return files[:-1]
    if exchange.faults.has("tape-path-twice"):
        return files + [file for file in files if PurePosixPath(file["path"]) in request.again]
    return files


def _file(exchange: Exchange, file: StageFile, polls: int) -> dict[str, Any]:
    faults = exchange.faults
    shown: dict[str, Any] = {"path": str(file.path)}
    by_disk, by_state = _said(exchange)
    node = find(exchange, file.path)
    if by_disk:
        shown["onDisk"] = node is not None and exchange.element.tape.on_disk(node)
    if by_state:
        shown["state"] = _word(faults, file.state, polls)
    if by_state or faults.has("tape-times-without-state"):
        shown["startedAt"] = _time(exchange, file.started)
        if file.finished is not None:
            shown["finishedAt"] = _time(exchange, file.finished)
    if file.error:
        shown["error"] = file.error
    elif faults.has("tape-error-null"):
        shown["error"] = None
    return shown


def _said(exchange: Exchange) -> tuple[bool, bool]:
    """Whether a file is told about by `onDisk`, and whether by `state`."""
    faults = exchange.faults
    if faults.has("tape-state-and-on-disk"):
        return True, True
    if faults.has("tape-no-progress"):
        return False, False
    by_disk = exchange.dialect.tape.progress == "on_disk" or faults.has("tape-times-without-state")
    return by_disk, not by_disk


def _word(faults: Faults, state: State, polls: int) -> str:
    if faults.has("tape-state-unknown") and state is State.COMPLETED:
        return "DONE"
    if faults.has("tape-state-goes-back") and state is State.COMPLETED and polls % 2 == 0:
        return str(State.STARTED)
    if faults.has("tape-recall-goes-back") and state in RUNNING and polls % 2 == 0:
        return str(State.SUBMITTED)
    return str(state)


def _time(exchange: Exchange, moment: float) -> int | str:
    faults = exchange.faults
    if faults.has("tape-times-text"):
        return datetime.fromtimestamp(moment, UTC).isoformat()
    milliseconds = faults.has("tape-milliseconds") or exchange.dialect.tape.milliseconds
    return int(moment * (MILLISECONDS if milliseconds else 1))
