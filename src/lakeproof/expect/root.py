"""What a check says of answers over root://."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from lakeproof.verdict import Violation
from lakeproof.wire.payload import Payload
from lakeproof.wire.reply import NotReached, Reply
from lakeproof.wire.root.reply import RootReply

if TYPE_CHECKING:
    from pathlib import PurePosixPath

    from lakeproof.wire.auth import Credential
    from lakeproof.wire.root.door import RootDoor
    from lakeproof.wire.root.speech import Offer, RootSpeech


class RootExpectations:
    """Expectations about a root:// door."""

    def success(self, reply: Reply) -> None:
        """As `Expect.success`."""
        raise NotImplementedError

    def read_over_root(
        self,
        root: RootDoor,
        path: PurePosixPath,
        data: bytes | Payload,
        auth: Credential | None = None,
    ) -> None:
        """Reading `path` over root:// gives exactly `data`."""
        reply = root.read(path, auth=auth)
        self.success(reply)
        self.same_bytes(reply.body, data)

    def same_bytes(self, got: bytes, data: bytes | Payload) -> None:
        """`got` is `data`, byte by byte."""
        payload = data if isinstance(data, Payload) else Payload.of(data)
        comparer = payload.compare()
        if got:
            comparer.feed(got[: payload.size])
        difference = comparer.difference()
        if len(got) > payload.size:
            difference = f"has {len(got) - payload.size} bytes too many"
        if difference is not None:
            raise Violation(
                f"{payload.size} bytes, adler32 {payload.adler32}", f"content {difference}"
            )

    def ranges(self, reply: RootReply, data: bytes, wanted: Sequence[tuple[int, int]]) -> None:
        """A vector read of `wanted` (offset, length) gave these ranges of `data`."""
        self.success(reply)
        truth = [(offset, data[offset : offset + length]) for offset, length in wanted]
        found = [(chunk.offset, chunk.data) for chunk in reply.chunks]
        if len(found) != len(truth):
            raise Violation(f"{len(truth)} ranges", f"{len(found)} ranges", reply.exchange)
        wrong = [
            offset for (offset, _), each in zip(truth, found, strict=True) if each[0] != offset
        ]
        garbled = [
            offset for (offset, part), each in zip(truth, found, strict=True) if each[1] != part
        ]
        if wrong or garbled:
            where = (wrong or garbled)[0]
            raise Violation(
                f"the bytes of all {len(truth)} ranges",
                f"{len(wrong or garbled)} are wrong, the first at byte {where}",
                reply.exchange,
            )

    def root_checksum(self, reply: RootReply, algorithm: str, payload: Payload) -> None:
        """The answer to a query for a checksum is the right one."""
        self.success(reply)
        truth = (algorithm, str(getattr(payload, algorithm)))
        if reply.checksum != truth:
            raise Violation(" ".join(truth), reply.said or "nothing", reply.exchange)

    def tls_stands(self, greet: Callable[[], Offer]) -> Offer:
        """The door's TLS is let to stand by a client that looks at the certificate."""
        try:
            return greet()
        except NotReached as why:
            if why.kind != "tls":
                raise
            raise Violation("a certificate that clients accept", why.sentence) from None

    def greeted(self, speech: RootSpeech) -> Offer:
        """The door greets whoever comes; that it hangs up, or says nothing, counts against it."""
        try:
            return speech.greet()
        except NotReached as why:
            raise Violation("the door greets a client", why.sentence) from None
