"""What came of one request of the scope matrix."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import PurePosixPath

from lakeproof.wire.reply import Reply
from lakeproof.wire.tpc import Transfer


@dataclass(frozen=True)
class Tried:
    """One request of the matrix, and the state it must leave.

    Where it is refused, `kept` still hold their content and nothing is at `absent`; where it
    works, `holding` hold theirs, nothing is at `gone`, and `made` are collections. A third-party
    copy is `copy`; `arriving` is what it brings to the partner where it works. What a request to
    the tape API brought about is said in `acted`, empty for nothing.
    """

    reply: Reply
    kept: dict[PurePosixPath, bytes] = field(default_factory=dict)
    absent: tuple[PurePosixPath, ...] = ()
    holding: dict[PurePosixPath, bytes] = field(default_factory=dict)
    gone: tuple[PurePosixPath, ...] = ()
    made: tuple[PurePosixPath, ...] = ()
    copy: Transfer | None = None
    arriving: dict[PurePosixPath, bytes] = field(default_factory=dict)
    acted: str = ""

    @property
    def transfer(self) -> Transfer:
        """The third-party copy; ValueError for any other request."""
        if self.copy is None:
            raise ValueError("the cell is about no third-party copy")
        return self.copy
