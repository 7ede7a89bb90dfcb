"""The file that reading checks read: uploaded by the run, or named by the operator."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath

from lakeproof.verdict import Blame, Blocked, Unjudged
from lakeproof.wire.payload import Payload
from lakeproof.wire.reply import Reply
from lakeproof.wire.sample import Reading, Sample, sample_of
from lakeproof.wire.storage import StorageElement

SIZE = 1024 * 1024 + 4097
SEED = 20261124
DENIED = (401, 403)


@dataclass(frozen=True)
class ServedSample:
    """What the file at `path` should be, and what reading it once gave."""

    path: PurePosixPath
    size: int
    adler32: str
    read: Sample
    reply: Reply

    @property
    def problem(self) -> str | None:
        """Why this is not the file that was stated or uploaded, or None."""
        if not self.reply.ok:
            return self.reply.describe()
        if self.read.size != self.size:
            return f"{self.path} has {self.read.size} bytes"
        if self.read.adler32 != self.adler32:
            return f"the bytes of {self.path} have adler32 {self.read.adler32}"
        return None


def upload(storage: StorageElement, directory: PurePosixPath) -> ServedSample:
    """Put a file of known content below the run's directory and read it once.

    Raises Blocked when it cannot be written: that is judged by checks of its own.
    """
    path = directory / "sample"
    truth = sample_of(path, Payload.generated(SIZE, SEED))
    stored = storage.put(path, truth.payload)
    if not stored.ok:
        raise Blocked(f"the sample file could not be written: {stored.describe()}")
    return read(storage, path, truth.size, truth.adler32)


def read(storage: StorageElement, path: PurePosixPath, size: int, adler32: str) -> ServedSample:
    """Read the operator's file once; raises Unjudged when the credential may not."""
    reading = Reading()
    reply = storage.get(path, sink=reading.feed)
    if reply.status in DENIED:
        sentence = f"the credential does not allow to read {path}: {reply.describe()}"
        raise Unjudged(sentence, Blame.CREDENTIAL)
    if reply.failure is not None and reply.failure.kind == "timeout":
        raise Unjudged(f"the sample file: {reply.describe()}", Blame.ENDPOINT)
    return ServedSample(path, size, adler32, reading.at(path), reply)
