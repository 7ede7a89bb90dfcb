"""One upload: written aside with running checksums, then made visible or discarded."""

from __future__ import annotations

import asyncio
import shutil
from http import HTTPStatus
from pathlib import Path, PurePosixPath

from lakeproof.emulator.answer import Refused
from lakeproof.emulator.checksums import Checksums
from lakeproof.emulator.faults import Faults
from lakeproof.emulator.namespace import Namespace, Node

MIXED_BLOCK = 16


class Upload:
    """Bytes on their way to `path`; nothing is visible there before `commit`."""

    def __init__(self, namespace: Namespace, path: PurePosixPath, faults: Faults) -> None:
        self.namespace = namespace
        self.path = path
        self.faults = faults
        self.received = 0
        self.chunked = False
        self.checksums = Checksums()
        self.temporary = namespace.aside_path()
        final = namespace.locate(path)
        in_place = faults.has("put-in-progress-visible") and final.parent.is_dir()
        self._at = final if in_place and not final.exists() else self.temporary
        self._stream = self._at.open("wb")

    def write(self, chunk: bytes) -> None:
        """Append bytes; raises Refused 507 when the quota is exceeded."""
        self.received += len(chunk)
        if self.over_quota and not self.faults.has("put-full-201"):
            raise Refused(HTTPStatus.INSUFFICIENT_STORAGE, "Quota exceeded")
        self.checksums.feed(chunk)
        self._stream.write(chunk)
        if self._at is not self.temporary:
            self._stream.flush()

    async def commit(self, *, exclusive: bool = False) -> None:
        """Make the complete file visible; FileExistsError if `exclusive` and one is there."""
        self._close()
        before = self.namespace.find(self.path)
        if before is None:
            self.make_parents()
        if await spoil(self, before):
            return
        self.namespace.adopt(self.temporary, self.path, exclusive=exclusive)
        self.namespace.remember_digests(self.path, self._final_checksums())

    def discard(self) -> None:
        """Forget everything that was written."""
        self._close()
        keeps = self.faults.has("put-aborted-kept") or (
            self.chunked and self.faults.has("put-chunked-cut-kept")
        )
        if keeps and self.received:
            self.namespace.adopt(self.temporary, self.path)
        self.temporary.unlink(missing_ok=True)

    @property
    def over_quota(self) -> bool:
        """Whether these bytes do not fit any more."""
        return self.namespace.used + self.received > self.namespace.quota

    @property
    def written_at(self) -> Path:
        """Where the bytes lie before the commit."""
        return self._at

    def flush(self) -> None:
        """Bring everything written so far to the disk."""
        self._stream.flush()

    def release(self) -> Path:
        """End writing and hand the complete temporary file over."""
        self._close()
        return self.temporary

    def make_parents(self) -> None:
        """Create the collections that lead to the path; raises Refused 409 where a file is."""
        try:
            self.namespace.locate(self.path.parent).mkdir(parents=True, exist_ok=True)
        except (FileExistsError, NotADirectoryError):
            raise Refused(HTTPStatus.CONFLICT, f"Not a collection: {self.path.parent}") from None

    def _close(self) -> None:
        if not self._stream.closed:
            self._stream.close()
            if self._at is not self.temporary:
                self._at.replace(self.temporary)

    def _final_checksums(self) -> dict[str, bytes]:
        """The checksums of what was received; of what was stored, when a fault changed that."""
        if self.faults.names:
            node = self.namespace.get(self.path)
            return self.namespace.digests(node, "adler32", "md5")
        return self.checksums.values()


async def spoil(upload: Upload, before: Node | None) -> bool:
    """Apply the faults that concern stored content; True when nothing is to be stored."""
    faults, temporary = upload.faults, upload.temporary
    if faults.has("put-concurrent-mixed"):
        await _mix(upload)
    if faults.has("put-truncates"):
        truncate(temporary)
    if faults.has("put-corrupts"):
        flip_byte(temporary)
    if before is not None and not before.is_collection:
        _merge_with_old(temporary, before, faults)
    lost = (
        faults.has("put-lies")
        or (faults.has("put-empty-lost") and upload.received == 0)
        or (faults.has("put-overwrite-ignored") and before is not None)
        or (faults.has("put-full-201") and upload.over_quota)
    )
    if lost:
        temporary.unlink()
    return lost


def truncate(path: Path) -> None:
    """Cut a file to its first half."""
    with path.open("r+b") as stream:
        stream.truncate(path.stat().st_size // 2)


def flip_byte(path: Path) -> None:
    """Change the byte in the middle of a file that has any."""
    size = path.stat().st_size
    if size == 0:
        return
    with path.open("r+b") as stream:
        stream.seek(size // 2)
        old = stream.read(1)
        stream.seek(size // 2)
        stream.write(bytes([old[0] ^ 0x55]))


def _merge_with_old(temporary: Path, old: Node, faults: Faults) -> None:
    new = temporary.read_bytes() if faults.names else b""
    if faults.has("put-overwrite-appends"):
        shutil.copyfile(old.disk, temporary)
        with temporary.open("ab") as stream:
            stream.write(new)
    elif faults.has("put-overwrite-keeps-tail"):
        with temporary.open("ab") as stream:
            stream.write(old.disk.read_bytes()[len(new) :])


async def _mix(upload: Upload) -> None:
    """Interleave with what another upload of the same name has stored meanwhile."""
    before = upload.namespace.find(upload.path)
    await asyncio.sleep(0.2)
    after = upload.namespace.find(upload.path)
    if after is None or (before is not None and before.etag == after.etag):
        return
    mine, theirs = bytearray(upload.temporary.read_bytes()), after.disk.read_bytes()
    for start in range(MIXED_BLOCK, len(mine), 2 * MIXED_BLOCK):
        mine[start : start + MIXED_BLOCK] = theirs[start : start + MIXED_BLOCK]
    upload.temporary.write_bytes(mine)
