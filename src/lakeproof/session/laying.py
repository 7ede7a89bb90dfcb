"""Laying files at the origin of a cache, which are read at the cache."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from lakeproof.fixture_types import Laid
from lakeproof.session.endpoint import EndpointSession
from lakeproof.verdict import Blocked
from lakeproof.wire.payload import Payload
from lakeproof.wire.reply import Reply
from lakeproof.wire.storage import StorageElement

LOCKED = 423
PATIENCE_S, PAUSE_S = 5.0, 0.2


@dataclass
class Layer:
    """Lays files of one check; `cache` is the session of the cache before `origin`."""

    cache: EndpointSession
    origin: StorageElement
    seed: int
    _laid: dict[PurePosixPath, float] = field(default_factory=dict)
    _count: int = 0

    def __call__(self, name: str, size: int, *, warm: bool = False) -> Laid:
        """Put a file of its own content, over an earlier one of this name; see `Lay`.

        An earlier one is left alone until the second is over: where times of modification are
        whole seconds, nobody could tell the two versions apart. Raises Blocked.
        """
        behind = self.origin.workdir / name
        before = self._laid.get(behind)
        if before is not None:
            time.sleep(max(0.0, before + 1 - time.time()))
        self._count += 1
        payload = Payload.generated(size, self.seed + self._count)
        stored = self._put(behind, payload)
        if not stored.ok:
            raise Blocked(f"the origin does not take the file: {stored.describe()}")
        self._laid[behind] = float(int(time.time()))
        laid = Laid(self.cache.path_of(behind), behind, payload)
        if warm:
            self._warm(laid)
        return laid

    def _put(self, path: PurePosixPath, payload: Payload) -> Reply:
        """Upload; while the cache has the file open, an origin may answer that it is locked."""
        end = time.monotonic() + PATIENCE_S
        reply = self.origin.put(path, payload)
        while reply.status == LOCKED and time.monotonic() < end:
            time.sleep(PAUSE_S)
            reply = self.origin.put(path, payload)
        return reply

    def _warm(self, laid: Laid) -> None:
        comparer = laid.payload.compare()
        seen = self.cache.storage.get(laid.path, sink=comparer.feed)
        if not seen.ok or comparer.difference():
            raise Blocked(f"the file cannot be read through the cache: {seen.describe()}")
