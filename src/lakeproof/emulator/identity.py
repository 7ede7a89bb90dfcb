"""Who asks, and what that lets them do."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import PurePosixPath
from typing import Protocol

from lakeproof.emulator.paths import within


class Action(StrEnum):
    """What a request does to a path, as far as authorisation tells it apart."""

    READ = "read"
    LIST = "list"
    STAT = "stat"
    CREATE = "create"
    MKCOL = "mkcol"
    OVERWRITE = "overwrite"
    DELETE = "delete"
    RENAME = "rename"
    DISPLACE = "displace"
    STAGE = "stage"
    POLL = "poll"


WRITES = frozenset(
    {
        Action.CREATE,
        Action.MKCOL,
        Action.OVERWRITE,
        Action.DELETE,
        Action.RENAME,
        Action.DISPLACE,
    }
)


class Identity(Protocol):
    """A client after authentication."""

    @property
    def anonymous(self) -> bool:
        """Whether no credential was presented."""
        ...

    def may(self, action: Action, path: PurePosixPath, *, collection: bool = False) -> bool:
        """Whether the client may do `action` at `path`, which is a file unless `collection`."""
        ...


@dataclass(frozen=True)
class Nobody:
    """No credential: the public area, reading only. `open_to` are what faults give away."""

    public: PurePosixPath | None = None
    open_to: frozenset[Action] = frozenset()
    anonymous: bool = True

    def may(self, action: Action, path: PurePosixPath, *, collection: bool = False) -> bool:
        """See Identity."""
        del collection
        if action in self.open_to:
            return True
        readable = action in {Action.READ, Action.LIST, Action.STAT}
        return readable and self.public is not None and within(path, self.public)


@dataclass(frozen=True)
class Member:
    """A member of the community, by certificate or group: rights on the whole area."""

    area: PurePosixPath
    actions: frozenset[Action]
    anonymous: bool = False

    def may(self, action: Action, path: PurePosixPath, *, collection: bool = False) -> bool:
        """See Identity."""
        del collection
        return action in self.actions and within(path, self.area)


@dataclass(frozen=True)
class Bearer:
    """Whoever holds a capability for one path: what a door gives on a redirect."""

    path: PurePosixPath
    actions: frozenset[Action]
    anonymous: bool = False

    def may(self, action: Action, path: PurePosixPath, *, collection: bool = False) -> bool:
        """See Identity."""
        del collection
        return action in self.actions and path == self.path


EVERYTHING = frozenset(Action)
READING = frozenset({Action.READ, Action.LIST, Action.STAT, Action.POLL})
