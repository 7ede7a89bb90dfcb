"""The words in which a check says what it requires; every unmet one raises `Violation`.

Controls are different: they establish that the credential and the endpoint work at all,
and an unmet control raises `Blocked`, because then the requirement was never tried.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable
from pathlib import PurePosixPath
from typing import Protocol, TypeVar

from lakeproof.expect.clients import ClientExpectations
from lakeproof.expect.leaks import LeakExpectations
from lakeproof.expect.root import RootExpectations
from lakeproof.expect.rucio import RucioExpectations
from lakeproof.verdict import Blame, Blocked, Unjudged, Violation
from lakeproof.wire.auth import Credential
from lakeproof.wire.payload import Payload
from lakeproof.wire.reply import NotReached, Reply
from lakeproof.wire.sample import Sample
from lakeproof.wire.storage import StorageElement, parse_digest
from lakeproof.wire.tpc import TpcEnd, Transfer
from lakeproof.wire.webdav import BadMultistatus, Entry, parse_multistatus

# What the five technologies say when the other end of a copy answered 429; no bare number, which
# could be a size.
_THROTTLED = re.compile(
    r"(?i)too many requests|\b(?:status(?: code)?|code|HTTP(?:/\d(?:\.\d)?)?|error|"
    r"(?:rejected )?(?:GET|PUT|HEAD))\W{1,2}429\b"
)
NOT_FOUND = (404, 410)
FIRST_PAUSE_S = 0.1
MULTI_STATUS = 207
_WORD = re.compile(r"[^\W\d_]{3}")


class Addressed(Protocol):
    """Something that is about one address of a door: a probe, or a storage element."""

    @property
    def address(self) -> str | None:
        """The address; None for whichever the system takes."""


T = TypeVar("T", bound=Addressed)


class Expect(LeakExpectations, RucioExpectations, RootExpectations, ClientExpectations):
    """Expectations about replies, transfers and the state of a storage element."""

    def control(self, reply: Reply) -> None:
        """The request must succeed for the check to mean anything; otherwise `Blocked`."""
        if not reply.ok:
            raise Blocked(f"the control request did not succeed: {reply.describe()}")

    def control_transfer(self, transfer: Transfer) -> None:
        """A third-party copy must succeed for the check to mean anything; otherwise `Blocked`."""
        if transfer.end is not TpcEnd.SUCCESS:
            raise Blocked(f"the control copy did not succeed: {transfer.describe()}")

    def given(self, condition: bool, otherwise: str) -> None:
        """`condition` must hold for the check to mean anything; `otherwise` says why not."""
        if not condition:
            raise Blocked(otherwise)

    def that(self, condition: bool, expected: str, actual: str) -> None:
        """`condition` holds; the two sentences are what the admin reads if it does not."""
        if not condition:
            raise Violation(expected, actual)

    def every(self, doors: Iterable[T], judge: Callable[[T], None]) -> None:
        """`judge` finds nothing wrong at any address; the violation names where it does.

        All addresses are tried. One that cannot be judged counts only when no other is wrong.
        """
        wrong: dict[str, Violation] = {}
        unjudged: list[Blocked | Unjudged | NotReached] = []
        tried = 0
        for door in doors:
            tried += 1
            try:
                judge(door)
            except Violation as violation:
                wrong[door.address or "the door"] = violation
            except (Blocked, Unjudged, NotReached) as why:
                unjudged.append(why)
        if wrong:
            first = next(iter(wrong.values()))
            found = "; ".join(f"{address}: {one.actual}" for address, one in wrong.items())
            where = f"at {len(wrong)} of {tried} addresses: " if tried > 1 else ""
            raise Violation(first.expected, where + found, first.evidence) from first
        if unjudged:
            raise unjudged[0]
        self.given(tried > 0, "no address of the door accepts a connection")

    def equal(self, actual: object, expected: object, what: str) -> None:
        """`actual == expected`; `what` names the thing compared."""
        if actual != expected:
            raise Violation(f"{what}: {expected}", f"{what}: {actual}")

    def answered(self, reply: Reply) -> None:
        """An HTTP answer came, whole and in time."""
        if reply.failure is not None:
            raise Violation(
                f"a complete answer to {reply.method}", reply.describe(), reply.exchange
            )

    def success(self, reply: Reply) -> None:
        """The request was answered 2xx, whole."""
        self._not_slow(reply)
        if not reply.ok:
            raise Violation(f"{reply.method} succeeds (any 2xx)", reply.describe(), reply.exchange)

    def status(self, reply: Reply, *accepted: int) -> None:
        """The status code is one of `accepted`."""
        self._not_slow(reply)
        if reply.failure is not None or reply.status not in accepted:
            codes = " or ".join(str(code) for code in accepted)
            raise Violation(f"{reply.method} answers {codes}", reply.describe(), reply.exchange)

    def refused(self, reply: Reply) -> None:
        """The request was answered with an error status (4xx or 5xx), not carried out.

        The exact code is the business of the SHOULD checks on codes: a server that refuses
        with a clumsy code is clumsy, not open.
        """
        self._not_slow(reply)
        if reply.failure is not None or reply.status < 400:  # noqa: PLR2004  first error status
            raise Violation(f"{reply.method} is refused", reply.describe(), reply.exchange)

    def let_in(self, ask: Callable[[], Reply]) -> None:
        """What `ask` sends with a client certificate is answered 2xx; TLS must not refuse it."""
        try:
            reply = ask()
        except NotReached as why:
            if why.kind != "tls":
                raise
            raise Violation("the certificate is let in", why.sentence) from None
        self.success(reply)

    def turned_away(self, ask: Callable[[], Reply]) -> None:
        """What `ask` sends is refused: by an error status, or by TLS, which looks at certificates.

        A server that rejects a client certificate closes the connection before any answer.
        """
        try:
            reply = ask()
        except NotReached as why:
            if why.kind in ("tls", "unreachable"):
                return
            raise
        if reply.failure is None or reply.failure.kind != "closed":
            self.refused(reply)

    def not_found(self, reply: Reply) -> None:
        """The answer is 404 (or 410)."""
        self.status(reply, *NOT_FOUND)

    def multistatus(self, reply: Reply) -> list[Entry]:
        """The answer is 207 with a WebDAV multistatus body; gives its entries."""
        self.status(reply, MULTI_STATUS)
        try:
            return parse_multistatus(reply.body, reply.url)
        except BadMultistatus as bad:
            raise Violation(
                "a WebDAV multistatus body (XML)", f"{bad}: {reply.text[:80]}", reply.exchange
            ) from None

    def content(
        self,
        se: StorageElement,
        path: PurePosixPath,
        data: bytes | Payload,
        auth: Credential | None = None,
    ) -> None:
        """Reading `path` gives exactly `data`, compared byte by byte in constant memory."""
        payload = data if isinstance(data, Payload) else Payload.of(data)
        comparer = payload.compare()
        reply = se.get(path, auth=auth, sink=comparer.feed)
        self._not_slow(reply)
        expected = f"{path.name} holds {payload.size} bytes, adler32 {payload.adler32}"
        difference = comparer.difference()
        longer = reply.failure is not None and reply.failure.kind == "oversized"
        if not reply.ok and not longer:
            raise Violation(expected, reply.describe())
        if difference is not None:
            raise Violation(expected, f"content {difference}")

    def truth(self, se: StorageElement, path: PurePosixPath, data: bytes | Payload) -> None:
        """`path` has the size, the adler32 and the bytes of `data`, whatever was reported."""
        payload = data if isinstance(data, Payload) else Payload.of(data)
        reply = se.digest(path, "adler32")
        self._not_slow(reply)
        seen = parse_digest(reply.headers.get("Digest", "")).get("adler32")
        size = reply.headers.get("Content-Length")
        if reply.ok and seen not in (None, payload.adler32):
            raise Violation(
                f"adler32 {payload.adler32} at the storage", f"adler32 {seen}", reply.exchange
            )
        if reply.ok and size not in (None, str(payload.size)):
            raise Violation(f"{payload.size} bytes", f"{size} bytes", reply.exchange)
        self.content(se, path, payload)

    def unchanged(self, se: StorageElement, path: PurePosixPath, data: bytes | Payload) -> None:
        """After a refusal `path` still holds `data`."""
        payload = data if isinstance(data, Payload) else Payload.of(data)
        try:
            self.content(se, path, payload)
        except Violation as found:
            raise Violation(
                f"content unchanged ({payload.size} bytes, adler32 {payload.adler32})", found.actual
            ) from None

    def eventually(self, met: Callable[[], None], within_s: float = 3) -> None:
        """`met`, which holds expectations, raises no Violation any more within `within_s`.

        For what a server does after it has answered, or when nobody waits for its answer.
        """
        end, pause_s = time.monotonic() + within_s, FIRST_PAUSE_S
        while True:
            try:
                return met()
            except Violation:
                if time.monotonic() >= end:
                    raise
            time.sleep(pause_s)
            pause_s *= 2

    def absent(self, se: StorageElement, path: PurePosixPath) -> None:
        """Nothing exists at `path`: HEAD answers 404."""
        reply = se.head(path)
        self._not_slow(reply)
        if reply.failure is not None or reply.status not in NOT_FOUND:
            size = reply.headers.get("Content-Length", "unknown")
            seen = f"it exists ({size} bytes)" if reply.ok else reply.describe()
            raise Violation(f"nothing is left at {path.name}", seen)

    def digest(self, reply: Reply, algorithm: str, payload: Payload | Sample) -> None:
        """The `Digest` header of `reply` carries the right value of `algorithm` (RFC 3230)."""
        self._not_slow(reply)
        truth = str(getattr(payload, algorithm))
        header = reply.headers.get("Digest", "")
        found = parse_digest(header).get(algorithm)
        if found != truth:
            seen = f"Digest: {header}" if header else "no Digest header"
            raise Violation(f"{algorithm}={truth}", f"{seen} ({reply.describe()})", reply.exchange)

    def transferred(self, transfer: Transfer) -> None:
        """The copy was accepted and its stream ended with a success line."""
        self._not_slow(transfer.reply)
        self._not_throttled(transfer)
        if transfer.end is not TpcEnd.SUCCESS:
            raise Violation(
                "the copy succeeds, with a final line 'success: …'",
                transfer.describe(),
                transfer.reply.exchange,
            )

    def not_transferred(self, transfer: Transfer) -> None:
        """The copy was refused, or its stream ended with a failure line."""
        self._not_slow(transfer.reply)
        self._not_throttled(transfer)
        if transfer.end in (TpcEnd.SUCCESS, TpcEnd.UNKNOWN):
            raise Violation(
                "the copy is refused, or ends with a line 'failure: …'",
                transfer.describe(),
                transfer.reply.exchange,
            )

    def ended(self, transfer: Transfer) -> None:
        """The copy came to an end, good or bad, within the time that the run allows."""
        failure = transfer.reply.failure
        if failure is not None and failure.kind == "timeout":
            raise Violation(
                "the copy ends within the total time-out of the run",
                transfer.describe(),
                transfer.reply.exchange,
            )

    def reason_given(self, transfer: Transfer) -> None:
        """A failure line says why; a refusal has said so by its status."""
        if transfer.end is TpcEnd.REFUSED or _WORD.search(transfer.reason):
            return
        raise Violation(
            "a failure line with an explanation that a person can read",
            transfer.describe(),
            transfer.reply.exchange,
        )

    def no_secret_shown(self, transfer: Transfer) -> None:
        """The answer repeats none of the credentials that were sent along."""
        if transfer.repeated:
            raise Violation(
                "an answer without credentials in it",
                f"it holds {' and '.join(transfer.repeated)}",
                transfer.reply.exchange,
            )

    def failed_cleanly(
        self, transfer: Transfer, destination: StorageElement, target: PurePosixPath
    ) -> None:
        """The copy left nothing at its destination, and said that it failed and why."""
        self._not_slow(transfer.reply)
        self.absent(destination, target)
        self.not_transferred(transfer)
        self.reason_given(transfer)
        self.no_secret_shown(transfer)

    def _not_throttled(self, transfer: Transfer) -> None:
        """A copy that failed because the other end let nobody in shows nothing about this one."""
        if transfer.end is not TpcEnd.SUCCESS and _THROTTLED.search(transfer.message):
            raise Unjudged(f"throttled: {transfer.describe()}", Blame.PARTNER)


expect = Expect()
