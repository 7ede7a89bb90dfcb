"""Capabilities of the WLCG Common JWT Profile 1.3, §2.2.1: which scope grants what, and where."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from urllib.parse import unquote

from lakeproof.emulator.faults import Faults
from lakeproof.emulator.identity import Action
from lakeproof.emulator.paths import ROOT, resolve, within

STORAGE = "storage."
CAPABILITIES = ("storage.", "compute.")
KINDS = ("read", "create", "modify", "stage", "poll")

GRANTS: dict[str, frozenset[Action]] = {
    "read": frozenset({Action.READ, Action.LIST, Action.STAT}),
    "create": frozenset({Action.CREATE, Action.MKCOL, Action.RENAME, Action.STAT}),
    "modify": frozenset(
        {
            Action.CREATE,
            Action.MKCOL,
            Action.RENAME,
            Action.OVERWRITE,
            Action.DELETE,
            Action.DISPLACE,
            Action.STAT,
        }
    ),
    "stage": frozenset({Action.STAGE, Action.POLL, Action.STAT}),
    "poll": frozenset({Action.POLL}),
}

# Each of these faults gives a kind of scope more, or less, than the profile does.
GIVEN: dict[str, tuple[str, frozenset[Action]]] = {
    "scope-create-overwrites": ("create", frozenset({Action.OVERWRITE})),
    "scope-create-deletes": ("create", frozenset({Action.DELETE})),
    "scope-create-reads": ("create", frozenset({Action.READ})),
    "scope-create-rename-overwrites": ("create", frozenset({Action.DISPLACE})),
    "scope-modify-reads": ("modify", frozenset({Action.READ})),
    "scope-read-writes": ("read", frozenset({Action.CREATE, Action.OVERWRITE})),
    "scope-read-deletes": ("read", frozenset({Action.DELETE})),
    "scope-read-mkcols": ("read", frozenset({Action.MKCOL})),
    "scope-stage-reads": ("stage", frozenset({Action.READ})),
    "scope-poll-reads": ("poll", frozenset({Action.READ, Action.STAT})),
    "tape-scope-read-stages": ("read", frozenset({Action.STAGE, Action.POLL})),
    "tape-scope-poll-stages": ("poll", frozenset({Action.STAGE})),
}
TAKEN: dict[str, tuple[tuple[str, ...], frozenset[Action]]] = {
    "scope-create-refused": (("create",), frozenset({Action.CREATE})),
    "scope-modify-rename-refused": (("modify",), frozenset({Action.RENAME})),
    "scope-create-mkcol-refused": (("create",), frozenset({Action.MKCOL})),
    "scope-create-rename-refused": (("create",), frozenset({Action.RENAME})),
    "scope-modify-create-refused": (("modify",), frozenset({Action.CREATE})),
    "scope-modify-delete-refused": (("modify",), frozenset({Action.DELETE})),
    "tape-scope-stage-refused": (("stage",), frozenset({Action.STAGE})),
    "tape-scope-poll-refused": (("poll",), frozenset({Action.POLL})),
    "scope-stat-refused": (("create", "modify", "stage"), frozenset({Action.STAT})),
}


class BadScopeError(ValueError):
    """A scope that makes the whole token unacceptable."""


@dataclass(frozen=True)
class Capability:
    """One storage scope: kind, path on this element, whether that names a directory only."""

    kind: str
    path: PurePosixPath
    directory: bool


def is_capability(scope: str) -> bool:
    """Whether a scope is one of the profile's capability statements."""
    return scope.startswith(CAPABILITIES)


def parse(scopes: Iterable[str], base: PurePosixPath, faults: Faults) -> list[Capability]:
    """The storage capabilities of a token; raises BadScopeError for one without a path."""
    found = []
    for scope in scopes:
        name, _, raw = scope.partition(":")
        name = name.lower() if faults.has("scope-case-ignored") else name
        kind = name.removeprefix(STORAGE)
        if not name.startswith(STORAGE) or kind not in KINDS:
            continue
        if not raw.startswith("/"):
            if faults.has("scope-pathless-skipped"):
                continue
            if not faults.has("scope-pathless-accepted"):
                raise BadScopeError(f"scope {name} has no path")
            raw = "/"
        found.append(_capability(kind, raw, base, faults))
    if faults.has("scope-first-only"):
        return list({held.kind: held for held in reversed(found)}.values())
    return found


def _capability(kind: str, raw: str, base: PurePosixPath, faults: Faults) -> Capability:
    decoded = raw if faults.has("scope-not-decoded") else unquote(raw)
    segments = [part for part in decoded.split("/") if part not in {"", "."}]
    if ".." in segments and not faults.has("scope-dotdot-widens"):
        raise BadScopeError("a scope must not contain '..'")
    if ".." in segments:
        segments = segments[: segments.index("..") - 1]
    path = resolve(ROOT.joinpath(*segments))
    return Capability(kind, base.joinpath(*path.parts[1:]), decoded.endswith("/"))


@dataclass(frozen=True)
class TokenIdentity:
    """The bearer of a verified token with capabilities."""

    capabilities: tuple[Capability, ...]
    area: PurePosixPath
    list_with: tuple[str, ...]
    faults: Faults = field(default_factory=Faults)
    anonymous: bool = False

    def may(self, action: Action, path: PurePosixPath, *, collection: bool = False) -> bool:
        """See Identity."""
        if self.faults.has("scope-ignored"):
            return True
        if not self._in_area(path):
            return False
        return any(
            action in self.granted(c.kind) and self._covers(c, action, path, collection)
            for c in self.capabilities
        )

    def granted(self, kind: str) -> frozenset[Action]:
        """What a scope of this kind grants on its path."""
        actions = GRANTS[kind]
        if kind in self.list_with:
            actions |= {Action.LIST}
        for fault, (extended, given) in GIVEN.items():
            if extended == kind and self.faults.has(fault):
                actions |= given
        for fault, (kinds, taken) in TAKEN.items():
            if kind in kinds and self.faults.has(fault):
                actions -= taken
        return actions

    def _in_area(self, path: PurePosixPath) -> bool:
        return self.faults.has("scope-outside-prefix") or within(path, self.area)

    def _covers(self, held: Capability, action: Action, path: PurePosixPath, dir_: bool) -> bool:
        if self.faults.has("scope-path-ignored"):
            return True
        if self.faults.has("scope-outside-prefix") and held.path == self.area:
            return True
        if path == held.path:
            return dir_ or self._covers_file(held)
        if self.faults.has("scope-prefix-confusion") and str(path).startswith(str(held.path)):
            return True
        if path in held.path.parents:
            ancestor_ok = action is Action.MKCOL or self.faults.has("scope-ancestor-file")
            return ancestor_ok and held.kind in {"create", "modify"}
        return within(path, held.path)

    def _covers_file(self, held: Capability) -> bool:
        """Whether a scope covers the file that has exactly its path."""
        if self.faults.has("scope-file-refused"):
            return False
        return not held.directory or self.faults.has("scope-trailing-slash-file")
