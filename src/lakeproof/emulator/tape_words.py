"""What a client of the tape API asks for, read from the JSON that it sends."""

from __future__ import annotations

import json
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import PurePosixPath
from typing import Any

from lakeproof.emulator import paths
from lakeproof.emulator.answer import Refused
from lakeproof.emulator.exchange import Exchange
from lakeproof.emulator.macaroons import BadMacaroonRequestError, lifetime

DEFAULT_PIN_S = 86_400
STAGE_KEYS = frozenset({"files"})
FILE_KEYS = frozenset({"path", "diskLifetime", "targetedMetadata"})


@dataclass(frozen=True)
class Wanted:
    """The files of a stage request with their disk lifetimes (s), and those named again."""

    files: dict[PurePosixPath, float]
    again: tuple[PurePosixPath, ...] = ()


class NoJsonError(Refused):
    """The body is no JSON at all."""

    def __init__(self) -> None:
        super().__init__(HTTPStatus.BAD_REQUEST, "The request is no JSON")


async def read_object(exchange: Exchange) -> dict[str, Any]:
    """The JSON object of a request; raises Refused 400."""
    try:
        body = json.loads(await exchange.small_body() or b"null")
    except ValueError:
        raise NoJsonError from None
    if not isinstance(body, dict):
        raise Refused(HTTPStatus.BAD_REQUEST, "The request is no JSON object")
    return body


async def read_paths(exchange: Exchange) -> list[PurePosixPath]:
    """The `paths` of a request; raises Refused 400."""
    listed = (await read_object(exchange)).get("paths")
    if listed == [] and exchange.faults.has("tape-empty-list-accepted"):
        return []
    if not isinstance(listed, list) or not listed:
        raise Refused(HTTPStatus.BAD_REQUEST, "paths is missing or empty")
    return [_path(exchange, {"path": path}) for path in listed]


async def read_files(exchange: Exchange) -> Wanted:
    """The `files` of a stage request; raises Refused 400."""
    faults = exchange.faults
    body = await read_object(exchange)
    listed = body.get("files")
    if not isinstance(listed, list) or not (listed or faults.has("tape-empty-list-accepted")):
        raise Refused(HTTPStatus.BAD_REQUEST, "files is missing or empty")
    unknown = faults.has("tape-extra-key-refused") and body.keys() - STAGE_KEYS
    if unknown or any(_has_extra(exchange, file) for file in listed):
        raise Refused(HTTPStatus.BAD_REQUEST, "unrecognized payload element(s)")
    files: dict[PurePosixPath, float] = {}
    again = []
    for file in listed:
        path = _path(exchange, file)
        again += [path] if path in files else []
        files[path] = _pin(exchange, file)
    return Wanted(files, tuple(again))


def _has_extra(exchange: Exchange, file: object) -> bool:
    """Whether a fault keeps out what this file brings along."""
    if not isinstance(file, dict):
        return False
    faults = exchange.faults
    given = file.get("targetedMetadata")
    sites = set(given) if isinstance(given, dict) else set()
    own = exchange.element.config.public_name
    return bool(
        (faults.has("tape-extra-file-key-refused") and file.keys() - FILE_KEYS)
        or (faults.has("tape-foreign-metadata-refused") and sites - {own})
        or (faults.has("tape-own-metadata-refused") and own in sites)
    )


def _path(exchange: Exchange, file: object) -> PurePosixPath:
    raw = file.get("path") if isinstance(file, dict) else None
    if not isinstance(raw, str) or not raw.startswith("/") or "\0" in raw:
        raise Refused(HTTPStatus.BAD_REQUEST, "path must be absolute")
    if "//" in raw and exchange.faults.has("tape-slashes-refused"):
        raise Refused(HTTPStatus.BAD_REQUEST, "path is not normalised")
    parts = [part for part in raw.split("/") if part not in {"", "."}]
    if ".." in parts and not exchange.faults.has("tape-traversal"):
        raise Refused(HTTPStatus.BAD_REQUEST, "path must not contain '..'")
    return paths.ROOT.joinpath(*parts)


def _pin(exchange: Exchange, file: object) -> float:
    """The disk lifetime a stage request asks for, in seconds."""
    wanted = file.get("diskLifetime") if isinstance(file, dict) else None
    if wanted is None:
        return DEFAULT_PIN_S
    days = exchange.faults.has("tape-lifetime-refused") and not str(wanted).startswith("PT")
    try:
        if not days:
            return lifetime(str(wanted))
    except BadMacaroonRequestError:
        pass
    raise Refused(HTTPStatus.BAD_REQUEST, "diskLifetime is no ISO 8601 duration")
