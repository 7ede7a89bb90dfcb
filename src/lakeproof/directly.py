"""What Rucio, FTS and their clients do with an endpoint, done without them."""

from __future__ import annotations

from dataclasses import dataclass

from lakeproof.expect import Expect
from lakeproof.session.rse import Rse
from lakeproof.wire.payload import Payload
from lakeproof.wire.storage import StorageElement

TEMPORARY = ".rucio.upload"


@dataclass(frozen=True)
class Directly:
    """Asks the endpoint under test itself, in the check's own directory.

    Each of these raises Violation when the endpoint does not do it.
    """

    se: StorageElement
    expect: Expect

    def upload(self, data: Payload) -> None:
        """A file under a temporary name, compared, and renamed."""
        target = self.se.workdir / "uploaded"
        temporary = target.with_name(target.name + TEMPORARY)
        self.expect.success(self.se.put(temporary, data))
        self.expect.truth(self.se, temporary, data)
        self.expect.success(self.se.move(temporary, target))
        self.expect.truth(self.se, target, data)

    def copy(self, source: Rse, name: str, data: Payload) -> None:
        """A third-party copy of another RSE's file, which the endpoint fetches."""
        target, there, peer = self.se.workdir / "copied", source.path_of(name), source.storage
        self.expect.control(peer.head(there))
        transfer = self.se.copy(
            target,
            direction="pull",
            remote=peer.url_of(there),
            remote_auth=peer.credential("GET", there),
        )
        self.expect.transferred(transfer)
        self.expect.truth(self.se, target, data)

    def replace(self, source: Rse, name: str, data: Payload) -> None:
        """Deletion of what is in the way, then the copy."""
        target = self.se.workdir / "copied"
        self.expect.control(self.se.put(target, b"in the way"))
        self.expect.success(self.se.delete(target))
        self.copy(source, name, data)

    def delete(self) -> None:
        """Deletion of a file."""
        target = self.se.workdir / "deleted"
        self.expect.control(self.se.put(target, b"soon gone"))
        self.expect.success(self.se.delete(target))
        self.expect.absent(self.se, target)
