"""The words in which a check judges what a client did whose act the raw protocol has done before.

Where our own request for the same act did not succeed the check is blocked (`expect.control`), so
whatever is raised here is about the client on this server, and says so.
"""

from __future__ import annotations

from lakeproof.verdict import Violation
from lakeproof.wire.clients.running import Ran
from lakeproof.wire.payload import BLOCK, Enough, Payload
from lakeproof.wire.reply import Reply


class ClientExpectations:
    """Expectations about clients run as people run them."""

    def managed(self, ran: Ran, raw: Reply) -> None:
        """The client did what `raw`, our own request for the same, has done."""
        if not ran.ok:
            raise Violation(
                f"{ran.client} {ran.act}",
                f"the server does it for a plain {raw.method} ({raw.status}); {ran.describe()}",
                ran.record,
            )

    def said(self, ran: Ran, *lines: str) -> None:
        """The client's answer has exactly these lines, in whatever order."""
        if sorted(ran.lines) != sorted(lines):
            told = ", ".join(ran.lines[:9]) or "nothing"
            raise Violation(
                f"{ran.client} says {', '.join(lines)}", f"{ran.client} says {told}", ran.record
            )

    def received(self, ran: Ran, data: bytes | Payload) -> None:
        """The file that the client wrote is `data`, byte for byte."""
        payload = data if isinstance(data, Payload) else Payload.of(data)
        comparer = payload.compare()
        expected = f"{ran.client} writes {payload.size} bytes, adler32 {payload.adler32}"
        if ran.file is None or not ran.file.is_file():
            raise Violation(expected, "it wrote no file", ran.record)
        with ran.file.open("rb") as file:
            try:
                while block := file.read(BLOCK):
                    comparer.feed(block)
            except Enough:
                pass  # the difference says so
        difference = comparer.difference()
        if difference is not None:
            raise Violation(expected, f"the file {difference}", ran.record)
