"""The words in which a check says what of a file must not come out, and names what did."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from lakeproof.expect.parts import PartExpectations
from lakeproof.verdict import Violation
from lakeproof.wire.digest import parse_digest
from lakeproof.wire.payload import Payload
from lakeproof.wire.reply import Reply
from lakeproof.wire.webdav import BadMultistatus, parse_multistatus

KEPT = "the other identity is refused and learns nothing of the file"
REFUSED = 400
# A piece of content that is shorter may stand anywhere by chance.
LEAST = 8


class LeakExpectations(PartExpectations):
    """Expectations about what somebody learns who must not."""

    def nothing_read(self, reply: Reply, payload: Payload) -> None:
        """No byte of `payload` came; the violation says how many did."""
        self._not_slow(reply)
        content = b"".join(payload.blocks())
        shown = _bytes_of(content, reply.body)
        if shown:
            said = f"the other identity read {shown} of {payload.size} bytes"
            raise Violation(KEPT, f"{said} ({reply.describe()})", reply.exchange)

    def nothing_learned(self, reply: Reply, payload: Payload, etag: str = "") -> None:
        """Neither size, nor checksum, nor version of the file stands in the answer."""
        self._not_slow(reply)
        learned = list(_learned(reply, payload, etag))
        if learned:
            said = f"the other identity learned {' and '.join(learned)}"
            raise Violation(KEPT, f"{said} ({reply.describe()})", reply.exchange)

    def nothing_listed(self, reply: Reply, *paths: PurePosixPath) -> None:
        """None of `paths` stands in the answer, whatever its form; the violation names them."""
        self._not_slow(reply)
        named, text = _listed(reply), reply.body.decode("utf-8", errors="replace")
        seen = [path.name for path in paths if path in named or path.name in text]
        if seen:
            said = f"the other identity saw the name {' and '.join(seen)}"
            raise Violation(KEPT, f"{said} ({reply.describe()})", reply.exchange)

    def kept(self, reply: Reply, payload: Payload, etag: str = "") -> None:
        """Nothing was read of the file, and the request was refused.

        What else an answer tells that is no refusal is named. What a refusal tells is the business
        of a check of its own.
        """
        self.nothing_read(reply, payload)
        if reply.failure is not None or reply.status < REFUSED:
            self.nothing_learned(reply, payload, etag)
            raise Violation(KEPT, reply.describe(), reply.exchange)


def _bytes_of(content: bytes, body: bytes) -> int:
    """How many bytes of `content` the body begins with or consists of."""
    if content in body:
        return len(content)
    return len(body) if len(body) >= LEAST and body in content else 0


def _learned(reply: Reply, payload: Payload, etag: str) -> Iterator[str]:
    headers = reply.headers
    text = reply.body.decode("utf-8", errors="replace")
    sizes = [headers.get("Content-Length", ""), headers.get("Content-Range", "").rpartition("/")[2]]
    if str(payload.size) in sizes or re.search(rf"\b{payload.size}\b", text):
        yield f"the size ({payload.size} bytes)"
    stated = parse_digest(headers.get("Digest", ""))
    sums = {"adler32": payload.adler32, "md5": payload.md5}
    for name, value in sums.items():
        if stated.get(name) == value or value in text:
            yield f"the {name} checksum ({value})"
    if etag and headers.get("ETag") == etag:
        yield f"the version (ETag {etag})"


def _listed(reply: Reply) -> set[PurePosixPath]:
    try:
        return {entry.path for entry in parse_multistatus(reply.body, reply.url)}
    except BadMultistatus:
        return set()
