"""The cells of the scope matrix that are about root://: the same table, the other door."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import PurePosixPath

from lakeproof.session.tried import Tried
from lakeproof.wire.auth import Bearer
from lakeproof.wire.root.door import RootDoor

THERE, SENT = b"what was there before", b"what the request brings"
ROOT_LOOKING = frozenset({"rstat", "rread"})
ROOT_NEW = frozenset({"rnew", "rmkdir"})

Attempt = Callable[[RootDoor, PurePosixPath, Bearer], Tried]


def _new(root: RootDoor, target: PurePosixPath, bearer: Bearer) -> Tried:
    reply = root.write(target, SENT, auth=bearer)
    return Tried(reply, absent=(target,), holding={target: SENT})


def _replace(root: RootDoor, target: PurePosixPath, bearer: Bearer) -> Tried:
    reply = root.write(target, SENT, replace=True, auth=bearer)
    return Tried(reply, kept={target: THERE}, holding={target: SENT})


def _mkdir(root: RootDoor, target: PurePosixPath, bearer: Bearer) -> Tried:
    return Tried(root.mkdir(target, auth=bearer), absent=(target,), made=(target,))


def _move(root: RootDoor, target: PurePosixPath, bearer: Bearer) -> Tried:
    to = target.with_name(f"{target.name}-renamed")
    reply = root.move(target, to, auth=bearer)
    before, after = {target: THERE}, {to: THERE}
    return Tried(reply, kept=before, absent=(to,), holding=after, gone=(target,))


def _remove(root: RootDoor, target: PurePosixPath, bearer: Bearer) -> Tried:
    return Tried(root.remove(target, auth=bearer), kept={target: THERE}, gone=(target,))


ROOT_OPERATIONS: dict[str, Attempt] = {
    "rstat": lambda root, target, bearer: Tried(root.stat(target, auth=bearer)),
    "rread": lambda root, target, bearer: Tried(root.read(target, auth=bearer)),
    "rnew": _new,
    "rmkdir": _mkdir,
    "rover": _replace,
    "rmove": _move,
    "rremove": _remove,
}
