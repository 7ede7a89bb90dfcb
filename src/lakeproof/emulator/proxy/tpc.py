"""Faults of third-party copies that a real server carries out."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import PurePosixPath
from urllib.parse import urlsplit

from lakeproof.emulator.answer import Answer, Refused, text
from lakeproof.emulator.faults import Faults
from lakeproof.emulator.proxy.call import Call, Upstream, first, flipped

FAULTS = frozenset(
    [
        "tpc-pull-lies",
        "tpc-push-lies",
        "tpc-pull-unsupported",
        "tpc-push-unsupported",
        "tpc-empty-file",
        "tpc-truncates",
        "tpc-corrupts",
        "tpc-empty-fails",
        "tpc-failure-is-success",
        "tpc-push-failure-is-success",
        "tpc-stores-error-page",
        "tpc-failure-keeps-partial",
        "tpc-push-missing-as-empty",
        "tpc-accepted-200",
        "tpc-content-type-html",
        "tpc-no-terminal-line",
        "tpc-two-terminal-lines",
        "tpc-no-markers",
        "tpc-marker-garbage",
        "tpc-marker-no-end",
        "tpc-marker-not-number",
        "tpc-marker-decreasing",
        "tpc-marker-beyond-size",
        "tpc-both-headers-accepted",
        "tpc-overwrite-f-ignored",
        "tpc-overwrite-f-truncates",
        "tpc-overwrite-t-refused",
        "tpc-overwrite-push-f-ignored",
        "tpc-overwrite-push-t-refused",
        "tpc-transfer-header-dropped",
        "tpc-self-copy-truncates",
        "tpc-self-copy-deletes",
    ]
)
SUCCESS, FAILURE = b"success: Created", b"failure: disk is full"
GARBAGE = b"java.io.IOException: Broken pipe\n"
BYTES = b"stripe bytes transferred:"
PAGE = b"<html><body>403 Forbidden</body></html>"
ASIDE = ".lakeproof-aside"
LONGEST_LINE = 1 << 16
SMALL_MARKER = (
    b"Perf Marker\nTimestamp: %d\nStripe Index: 0\nStripe Bytes Transferred: %d\n"
    b"Total Stripe Count: 1\nEnd\n"
)


@dataclass
class Copy:
    """One COPY under way; `aside` is a spoiled double of the file that a push sends instead."""

    call: Call
    upstream: Upstream
    path: PurePosixPath
    pulls: bool
    aside: PurePosixPath | None = None

    @property
    def faults(self) -> Faults:
        """The faults the proxy has."""
        return self.call.exchange.faults


async def before(copy: Copy) -> Answer | None:
    """Change the COPY, or answer it without the real server; may raise Refused."""
    faults, headers = copy.faults, copy.call.headers
    if not faults.names & FAULTS:
        return None
    way = "pull" if copy.pulls else "push"
    if faults.has(f"tpc-{way}-unsupported"):
        raise Refused(HTTPStatus.NOT_IMPLEMENTED, "COPY is not supported")
    if faults.has(f"tpc-{way}-lies"):
        return _report(SUCCESS)
    if faults.any("tpc-self-copy-truncates", "tpc-self-copy-deletes") and _onto_itself(copy):
        if faults.has("tpc-self-copy-deletes"):
            await copy.upstream.remove(copy.path)
        else:
            await copy.upstream.put(copy.path, b"")
        return _report(SUCCESS)
    if faults.has("tpc-both-headers-accepted") and copy.pulls:
        headers.popall("Destination", None)
    if faults.has("tpc-transfer-header-dropped"):
        for name in [name for name in headers if name.lower().startswith("transferheader")]:
            headers.popall(name, None)
    await _overwrite(copy)
    return None if copy.pulls else await _before_push(copy)


async def _overwrite(copy: Copy) -> None:
    faults, headers = copy.faults, copy.call.headers
    keep = headers.get("Overwrite", "T").strip().upper() == "F"
    explicit = "Overwrite" in headers and not keep
    own, other = "tpc-overwrite-t-refused", "tpc-overwrite-push-t-refused"
    if explicit and faults.has(own if copy.pulls else other):
        raise Refused(HTTPStatus.PRECONDITION_FAILED, "Destination exists")
    ignored = "tpc-overwrite-f-ignored" if copy.pulls else "tpc-overwrite-push-f-ignored"
    if keep and faults.has(ignored):
        headers["Overwrite"] = "T"
    if keep and copy.pulls and faults.has("tpc-overwrite-f-truncates"):
        await copy.upstream.put(copy.path, b"")


async def _before_push(copy: Copy) -> Answer | None:
    faults, found = copy.faults, await copy.upstream.head(copy.path)
    if found is None:
        if faults.has("tpc-push-missing-as-empty"):
            await _push_instead(copy, None)
        return None
    if faults.has("tpc-empty-fails") and found.get("Content-Length") == "0":
        return _report(FAILURE)
    change = _change(faults)
    if change is not None:
        await _push_instead(copy, change)
    return None


Change = Callable[[AsyncIterator[bytes], int], tuple[AsyncIterator[bytes], int]]


def _change(faults: Faults) -> Change | None:
    """What becomes of the data of a transfer, None where it stays as it is."""
    if faults.has("tpc-truncates"):
        return lambda body, length: (first(body, length // 2), length // 2)
    if faults.has("tpc-empty-file"):
        return lambda body, _: (first(body, 0), 0)
    return (lambda body, length: (flipped(body), length)) if faults.has("tpc-corrupts") else None


async def _push_instead(copy: Copy, change: Change | None) -> None:
    """Let a spoiled double of the file be pushed; without a `change` an empty one."""
    copy.aside = copy.path.with_name(copy.path.name + ASIDE)
    if change is None:
        await copy.upstream.put(copy.aside, b"")
    else:
        await _store_changed(copy.upstream, copy.path, copy.aside, change)
    copy.call.retarget(copy.aside)
    copy.call.use_token(copy.upstream.token)


async def _store_changed(
    upstream: Upstream, source: PurePosixPath, to: PurePosixPath, change: Change
) -> None:
    length, content = await upstream.read(source)
    body, changed_length = change(content, length)
    await upstream.put(to, body, changed_length)


def after(copy: Copy, answer: Answer) -> Answer:
    """The answer to COPY with its report spoiled as it comes."""
    faults = copy.faults
    if answer.status >= HTTPStatus.MULTIPLE_CHOICES or isinstance(answer.body, bytes):
        return answer
    if faults.has("tpc-accepted-200"):
        answer.status = HTTPStatus.OK
    if faults.has("tpc-content-type-html"):
        answer.headers["Content-Type"] = "text/html"
    if faults.names & FAULTS:
        answer.body, answer.length = _spoiled(copy, answer.body), None
    return answer


async def _spoiled(copy: Copy, body: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The report line by line; what the real server did is undone before its last line."""
    if copy.faults.has("tpc-marker-garbage"):
        yield GARBAGE
    if copy.faults.any("tpc-marker-decreasing", "tpc-marker-beyond-size"):
        yield SMALL_MARKER % (1, 1 << 40)
        yield SMALL_MARKER % (2, 1 << 30)
    async for line in _lines(body):
        word = line.strip().lower()
        if word.startswith(b"success"):
            yield await _after_success(copy, line)
        elif word.startswith((b"failure", b"aborted")):
            yield await _after_failure(copy, line)
        else:
            yield _marker_line(line, copy.faults)
    if copy.aside is not None:
        await copy.upstream.remove(copy.aside)


async def _after_success(copy: Copy, line: bytes) -> bytes:
    faults, upstream = copy.faults, copy.upstream
    change = _change(faults) if copy.pulls else None
    if change is not None:
        aside = copy.path.with_name(copy.path.name + ASIDE)
        await _store_changed(upstream, copy.path, aside, change)
        await _store_changed(upstream, aside, copy.path, lambda body, length: (body, length))
        await upstream.remove(aside)
    if faults.has("tpc-empty-fails") and copy.pulls:
        found = await upstream.head(copy.path)
        if found is not None and found.get("Content-Length") == "0":
            return FAILURE
    if faults.has("tpc-no-terminal-line"):
        return b""
    return line.rstrip() + b"\n" + FAILURE if faults.has("tpc-two-terminal-lines") else line


async def _after_failure(copy: Copy, line: bytes) -> bytes:
    faults, upstream = copy.faults, copy.upstream
    if copy.pulls and faults.has("tpc-failure-keeps-partial"):
        await upstream.put(copy.path, PAGE[:10])
    if copy.pulls and faults.has("tpc-stores-error-page"):
        await upstream.put(copy.path, PAGE)
        return SUCCESS
    lied = "tpc-failure-is-success" if copy.pulls else "tpc-push-failure-is-success"
    if faults.has("tpc-no-terminal-line"):
        return b""
    return SUCCESS if faults.has(lied) else line


def _marker_line(line: bytes, faults: Faults) -> bytes:
    word = line.strip().lower()
    if faults.has("tpc-no-markers"):
        return b""
    if word == b"end" and faults.has("tpc-marker-no-end"):
        return b""
    if word.startswith(BYTES) and faults.has("tpc-marker-not-number"):
        return b"Stripe Bytes Transferred: many\n"
    return line


async def _lines(body: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    kept = b""
    async for chunk in body:
        kept += chunk
        *complete, kept = kept.splitlines(keepends=True) or [b""]
        if kept.endswith(b"\n") or len(kept) > LONGEST_LINE:
            complete.append(kept)
            kept = b""
        for line in complete:
            yield line
    if kept:
        yield kept


def _onto_itself(copy: Copy) -> bool:
    name = "Source" if copy.pulls else "Destination"
    other = urlsplit(copy.call.headers.get(name, ""))
    return other.netloc == copy.call.exchange.request.host and other.path == str(copy.path)


def _report(line: bytes) -> Answer:
    return text(HTTPStatus.CREATED, line.decode())
