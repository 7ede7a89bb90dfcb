"""The words in which a check judges partial answers and checksums of the sample file."""

from __future__ import annotations

from lakeproof.verdict import Blame, Unjudged, Violation
from lakeproof.wire.digest import BadField, parse_digest, parse_repr_digest
from lakeproof.wire.ranges import BadPartial, Part, Partial, partial
from lakeproof.wire.reply import Reply
from lakeproof.wire.sample import Reading, Sample
from lakeproof.wire.storage import StorageElement

OK, PARTIAL = 200, 206
KNOWN = {
    "adler32": "adler32",
    "md5": "md5",
    "sha-256": "sha256",
    "crc32c": "crc32c",
}


class PartExpectations:
    """Expectations about what is read of a file whose content is known."""

    def part(self, reply: Reply, sample: Sample, first: int, last: int) -> None:
        """The answer carries the bytes `first` … `last` of the sample, or, as 200, all of it."""
        found = self.parts(reply, sample)
        if found is not None and found.spans != [(first, last)]:
            said = ", ".join(f"{a}-{b}" for a, b in found.spans)
            raise Violation(f"bytes {first}-{last}", f"bytes {said}", reply.exchange)

    def parts(self, reply: Reply, sample: Sample) -> Partial | None:
        """Whatever the answer carries are the bytes that it names; None for a whole 200."""
        self._not_slow(reply)
        if reply.status == OK:
            self._whole(reply, sample)
            return None
        if reply.failure is not None or reply.status != PARTIAL:
            expected = "206 with the bytes asked for, or 200 with the whole file"
            raise Violation(expected, reply.describe(), reply.exchange)
        try:
            found = partial(reply)
        except BadPartial as bad:
            expected = "206 with a Content-Range for all that it carries"
            raise Violation(expected, f"206 with {bad}", reply.exchange) from None
        for part in found.parts:
            _compare(part, sample, reply)
        return found

    def same(self, se: StorageElement, sample: Sample) -> None:
        """Reading the sample file gives the sample, whatever its length."""
        reading = Reading()
        reply = se.get(sample.path, sink=reading.feed)
        self._not_slow(reply)
        expected = f"{sample.path.name} holds {sample.size} bytes, adler32 {sample.adler32}"
        if not reply.ok:
            raise Violation(expected, reply.describe(), reply.exchange)
        difference = sample.difference(reading.at(sample.path))
        if difference is not None:
            raise Violation(expected, f"content {difference}", reply.exchange)

    def whole(self, reply: Reply, sample: Sample) -> None:
        """The answer is 200 with the whole sample."""
        self._not_slow(reply)
        if reply.status != OK:
            raise Violation("200 with the whole file", reply.describe(), reply.exchange)
        self._whole(reply, sample)

    def stated_digests(self, reply: Reply, sample: Sample) -> dict[str, str]:
        """Every checksum that a Digest header states is that of the sample; gives them."""
        header = reply.headers.get("Digest", "")
        return self._true(parse_digest(header), f"Digest: {header}", reply, sample)

    def stated_repr_digests(self, reply: Reply, sample: Sample) -> dict[str, str]:
        """Every checksum that a Repr-Digest field states is that of the sample; gives them."""
        said = f"Repr-Digest: {reply.headers.get('Repr-Digest')}"
        return self._true(self.repr_digest_form(reply), said, reply, sample)

    def no_hang(self, reply: Reply, control: Reply) -> None:
        """The answer came to its end, as did that to `control`, a plain request sent after it."""
        hangs = reply.failure is not None and reply.failure.kind == "timeout"
        if hangs and control.ok:
            expected = f"an answer, as {control.method} without the odd part gets at once"
            raise Violation(expected, reply.describe(), reply.exchange)

    def same_digest(self, one: Reply, other: Reply, algorithm: str) -> None:
        """Two answers state the same checksum of this kind, unless one of them states none."""
        first, second = (
            parse_digest(reply.headers.get("Digest", "")).get(algorithm) for reply in (one, other)
        )
        if first is not None and second is not None and first != second:
            raise Violation(
                f"{algorithm} {first} as {one.method} says",
                f"{algorithm} {second} by {other.method}",
                other.exchange,
            )

    def repr_digest_form(self, reply: Reply) -> dict[str, str]:
        """A Repr-Digest, where there is one, is a dictionary of byte sequences; gives its hex."""
        header = reply.headers.get("Repr-Digest")
        if header is None:
            return {}
        try:
            return parse_repr_digest(header)
        except BadField as bad:
            expected = "Repr-Digest: <algorithm>=:<base64>:"
            raise Violation(expected, f"Repr-Digest: {header} ({bad})", reply.exchange) from None

    def _true(
        self, found: dict[str, str], said: str, reply: Reply, sample: Sample
    ) -> dict[str, str]:
        self._not_slow(reply)
        judged = {name: value for name, value in found.items() if name in KNOWN}
        for name, value in judged.items():
            truth = str(getattr(sample, KNOWN[name]))
            if value != truth:
                raise Violation(f"{name} {truth} (hex)", said, reply.exchange)
        return judged

    def _whole(self, reply: Reply, sample: Sample) -> None:
        oversized = reply.failure is not None and reply.failure.kind == "oversized"
        if oversized and not sample.is_kept and reply.body.startswith(sample.head):
            return  # so long that nobody reads on, and right as far as it was read
        expected = f"200 with the whole file ({sample.size} bytes, adler32 {sample.adler32})"
        if reply.failure is not None:
            raise Violation(expected, reply.describe(), reply.exchange)
        if reply.length != sample.size:
            raise Violation(expected, f"200 with {reply.length} bytes", reply.exchange)
        kept = sample.head + sample.tail if sample.is_kept else sample.head
        if not reply.body.startswith(kept):
            raise Violation(expected, "200 with other bytes", reply.exchange)

    def _not_slow(self, reply: Reply) -> None:
        """A time-out is not an answer: slow is not wrong, so the check is not judged."""
        if reply.failure is not None and reply.failure.kind == "timeout":
            raise Unjudged(reply.describe(), Blame.ENDPOINT)


def _compare(part: Part, sample: Sample, reply: Reply) -> None:
    name = f"bytes {part.first}-{part.last}"
    if not part.first <= part.last < sample.size:
        raise Violation(
            f"bytes inside the file (0-{sample.size - 1})", f"Content-Range {name}", reply.exchange
        )
    length = part.last - part.first + 1
    if len(part.data) != length:
        raise Violation(
            f"{length} bytes after Content-Range {name}", f"{len(part.data)} bytes", reply.exchange
        )
    if part.data != sample.cut(part.first, part.last):
        raise Violation(f"{name} of the file", f"other bytes under the name {name}", reply.exchange)
