"""The door's redirects to the data server, and the capabilities they carry."""

from __future__ import annotations

import hashlib
import time
import uuid
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import PurePosixPath

from lakeproof.emulator.answer import Refused
from lakeproof.emulator.dialect import Dialect, Redirect
from lakeproof.emulator.identity import WRITES, Action, Bearer
from lakeproof.emulator.paths import encode

LIFETIME_S = 300.0
# How a technology that does not redirect does it when a fault makes it.
WITHOUT_DIALECT = Redirect(
    read=302, write=307, write_needs_expect=False, key="grant", query="grant={grant}"
)


@dataclass(frozen=True)
class Grant:
    """What one redirect allows at the data server, until when (monotonic seconds)."""

    identity: Bearer
    until: float


class Redirector:
    """Hands out and recognises the capabilities of one element."""

    def __init__(self, dialect: Dialect, enabled: bool | None) -> None:
        form = dialect.redirect
        wanted = enabled if enabled is not None else form is not None and form.by_default
        self.dialect = dialect
        self.form: Redirect | None = form if wanted else None
        self.data_server = ""
        self.door = ""
        self._grants: dict[str, Grant] = {}

    def applies(self, method: str, expects_continue: bool) -> bool:
        """Whether the door hands this request on."""
        if self.form is None or method not in {"GET", "PUT"}:
            return False
        return method == "GET" or expects_continue or not self.form.write_needs_expect

    def location(self, method: str, path: PurePosixPath, *, may_replace: bool) -> str:
        """The URL at the data server that lets its holder do `method` on `path`."""
        form = self.form or WITHOUT_DIALECT
        grant = uuid.uuid4().hex
        actions = {Action.READ, Action.STAT} if method == "GET" else {Action.CREATE, Action.STAT}
        if method == "PUT" and may_replace:
            actions |= WRITES
        self._grants[grant] = Grant(Bearer(path, frozenset(actions)), time.monotonic() + LIFETIME_S)
        query = form.query.format(
            grant=grant,
            seal=hashlib.sha256(grant.encode()).hexdigest(),
            timestamp=int(time.time()),
            door=self.door,
        )
        return f"{self.data_server}{encode(path)}?{query}"

    def holder(self, query: dict[str, str]) -> Bearer:
        """The identity a request at the data server carries; raises Refused."""
        key = (self.form or WITHOUT_DIALECT).key
        grant = self._grants.get(query.get(key, ""))
        if grant is None or grant.until < time.monotonic():
            raise Refused(HTTPStatus.BAD_REQUEST, self.dialect.sentence("grant_unknown"))
        return grant.identity
