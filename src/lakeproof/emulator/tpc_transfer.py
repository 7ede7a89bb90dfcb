"""One third-party transfer: pulling into, or pushing out of, this element."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path

import aiohttp

from lakeproof.emulator import digests
from lakeproof.emulator.answer import Refused
from lakeproof.emulator.checksums import CHUNK
from lakeproof.emulator.exchange import Exchange
from lakeproof.emulator.reading import file_body
from lakeproof.emulator.remote import (
    PENDING_S,
    PENDING_TRIES,
    Remote,
    TransferFailedError,
    stated_digests,
)
from lakeproof.emulator.upload import Upload, flip_byte, truncate
from lakeproof.emulator.writer import phrase

FOREVER_S = 3600.0
LATE_S = 3.0
SOON_S = 0.5
OVERLAP_S = 0.4
IMPATIENT_S = 0.5
STORED = frozenset({HTTPStatus.OK, HTTPStatus.CREATED, HTTPStatus.NO_CONTENT, HTTPStatus.ACCEPTED})


@dataclass
class Transfer:
    """A transfer and how far it is; `verify` None compares checksums where there are some."""

    exchange: Exchange
    remote: Remote
    pull: bool
    overwrite: bool
    verify: bool | None
    moved: int = 0
    size: int | None = None
    connections: str = ""
    started: float = field(default_factory=time.time)

    async def run(self) -> None:
        """Do it; raises TransferFailedError."""
        element = self.exchange.element
        element.transfers += 1
        try:
            self.connections = await self.remote.connections()
            await (self._pull() if self.pull else self._push())
        except TransferFailedError as why:
            await self._hang_instead(why)
            await self._leave_something()
            raise
        except Refused as refusal:
            raise TransferFailedError(refusal.sentence) from refusal
        except FileExistsError:
            raise TransferFailedError("destination exists") from None
        finally:
            element.transfers -= 1

    # --- pull ----------------------------------------------------------------------------------

    async def _pull(self) -> None:
        """GET from the other party into a temporary file, verify, make it visible."""
        faults = self.exchange.faults
        with self._overlap() as remote:
            async with self._source(remote) as reply:
                wrong_status = reply.status != HTTPStatus.OK
                if wrong_status and faults.has("tpc-failure-is-success"):
                    return
                if wrong_status and not faults.has("tpc-stores-error-page"):
                    raise self._rejected(reply.status, "tpc_rejected")
                self.size = reply.content_length
                upload = Upload(self.exchange.files, self.exchange.path, faults)
                try:
                    await self._receive(reply, upload)
                    await self._verify_pull(reply, upload)
                    await self._commit(upload)
                except BaseException as why:
                    self._give_up(upload, why)
                    raise
            if faults.has("tpc-concurrent-mixed"):
                await asyncio.sleep(OVERLAP_S)

    def _overlap(self) -> _Overlap:
        return _Overlap(self)

    def _source(self, remote: Remote) -> _Source:
        return _Source(remote)

    async def _receive(self, reply: aiohttp.ClientResponse, upload: Upload) -> None:
        try:
            async for chunk in reply.content.iter_chunked(CHUNK):
                upload.write(chunk)
                self.moved += len(chunk)
                self._check_patience()
                await self._pace()
        except (aiohttp.ClientError, OSError, TimeoutError) as why:
            if isinstance(why, TimeoutError) and self.exchange.faults.has(
                "tpc-stalled-source-hangs"
            ):
                await asyncio.sleep(FOREVER_S)
            if not self.exchange.faults.has("tpc-truncated-source-accepted"):
                raise TransferFailedError(
                    f"source ended after {self.moved} bytes: {type(why).__name__}"
                ) from why
        if self.exchange.faults.has("tpc-empty-fails") and self.moved == 0:
            raise TransferFailedError("GET response contains no content")

    def _check_patience(self) -> None:
        slow = time.time() - self.started > IMPATIENT_S
        if slow and self.exchange.faults.has("tpc-slow-source-refused"):
            raise TransferFailedError("the source is too slow")

    async def _verify_pull(self, reply: aiohttp.ClientResponse, upload: Upload) -> None:
        """Compare checksums with the source's, and with those the client gave for the file."""
        faults = self.exchange.faults
        known = upload.checksums.values()
        if faults.has("tpc-wrong-digest-accepted"):
            return
        ignored = faults.has("tpc-repr-digest-ignored")
        for stated in digests.claimed(self.exchange) if not ignored else ():
            if known.get(stated.algorithm, stated.value) != stated.value:
                raise TransferFailedError(f"checksum differs from the client's {stated.header}")
        if self.verify is False and not faults.has("tpc-verification-false-ignored"):
            return
        theirs = stated_digests(reply) or (await self.remote.facts())[1]
        self._compare(known, theirs)

    def _compare(self, ours: dict[str, bytes], theirs: dict[str, bytes]) -> None:
        common = ours.keys() & theirs.keys()
        wanted = self.verify or self.exchange.faults.has("tpc-verification-false-ignored")
        if not common and wanted and not self.exchange.faults.has("tpc-verification-ignored"):
            raise TransferFailedError("checksum verification failed: file has no checksum")
        for name in sorted(common):
            if ours[name] != theirs[name]:
                raise TransferFailedError(
                    f"checksum verification failed: {name} is {ours[name].hex()} here and "
                    f"{theirs[name].hex()} there"
                )

    async def _commit(self, upload: Upload) -> None:
        faults = self.exchange.faults
        upload.flush()
        if faults.has("tpc-pull-lies"):
            upload.discard()
            return
        if faults.has("tpc-empty-file"):
            upload.written_at.write_bytes(b"")
        if faults.has("tpc-truncates"):
            truncate(upload.written_at)
        if faults.has("tpc-corrupts"):
            flip_byte(upload.written_at)
        if faults.has("tpc-success-before-close"):
            upload.release()
            self.exchange.element.later(LATE_S, upload.commit)
            return
        exclusive = not self.overwrite and not faults.has("tpc-overwrite-f-ignored")
        await upload.commit(exclusive=exclusive)
        if faults.has("tpc-changes-later"):
            self.exchange.element.later(SOON_S, self._change)

    async def _change(self) -> None:
        """Spoil the file behind everybody's back."""
        node = self.exchange.files.find(self.exchange.path)
        if node is not None and node.size:
            flip_byte(node.disk)

    def _give_up(self, upload: Upload, why: BaseException) -> None:
        faults = self.exchange.faults
        cancelled = isinstance(why, asyncio.CancelledError)
        keep = "tpc-cancel-keeps-partial" if cancelled else "tpc-failure-keeps-partial"
        if faults.has(keep):
            upload.make_parents()
            self.exchange.files.adopt(upload.release(), self.exchange.path)
        else:
            upload.discard()

    # --- push ----------------------------------------------------------------------------------

    async def _push(self) -> None:
        """PUT to the other party, then compare size and checksum with what it holds."""
        exchange, faults = self.exchange, self.exchange.faults
        node = exchange.files.find(exchange.path)
        if node is None and not faults.has("tpc-push-missing-as-empty"):
            raise TransferFailedError("no such file")
        disk, size = (node.disk, node.size) if node else (Path(os.devnull), 0)
        self.size = size
        if faults.has("tpc-push-lies"):
            return
        if faults.has("tpc-empty-fails") and size == 0:
            raise TransferFailedError("nothing to send")
        length = size // 2 if faults.has("tpc-truncates") else size

        sent = AsyncExitStack()  # a body that nobody reads to its end keeps its file open

        def content() -> AsyncIterator[bytes]:
            self.moved = 0
            body = file_body(disk, 0, length)
            counted = self._counted(body, length)
            sent.push_async_callback(body.aclose)
            sent.push_async_callback(counted.aclose)
            return counted

        headers = {"Content-Length": str(length), "Content-Type": "application/octet-stream"}
        headers |= {
            name: value
            for name in ("Repr-Digest", "Digest")
            if (value := exchange.header(name)) is not None
            and not faults.has("tpc-push-digest-dropped")
        }
        expect = length >= exchange.dialect.tpc.expect_from
        try:
            async with sent, self.remote.request("PUT", headers, content, expect=expect) as reply:
                if reply.status not in STORED and faults.has("tpc-push-failure-is-success"):
                    return
                if reply.status not in STORED:
                    raise self._rejected(reply.status, "tpc_push_rejected")
        except TransferFailedError as why:
            if why.__cause__ is not None and faults.has("tpc-push-broken-is-success"):
                return
            raise
        self.moved = length
        broken = faults.any("tpc-truncates", "tpc-corrupts", "tpc-wrong-digest-accepted")
        if node is not None and not broken:
            await self._verify_push(size)

    async def _counted(self, body: AsyncIterator[bytes], length: int) -> AsyncGenerator[bytes]:
        middle = length // 2 if self.exchange.faults.has("tpc-corrupts") else -1
        async for chunk in body:
            here = middle - self.moved
            if 0 <= here < len(chunk):
                yield chunk[:here] + bytes([chunk[here] ^ 0x55]) + chunk[here + 1 :]
            else:
                yield chunk
            self.moved += len(chunk)
            await self._pace()

    async def _verify_push(self, size: int) -> None:
        if self.verify is False and not self.exchange.faults.has("tpc-verification-false-ignored"):
            return
        their_size, theirs = await self.remote.facts()
        if their_size is not None and their_size != size:
            raise TransferFailedError(
                f"HEAD Content-Length ({their_size}) does not match file size ({size})"
            )
        node = self.exchange.files.get(self.exchange.path)
        self._compare(self.exchange.files.digests(node, "adler32", "md5"), theirs)

    # --- both ----------------------------------------------------------------------------------

    async def _pace(self) -> None:
        """Wait while the transfer is ahead of the configured rate."""
        rate = self.exchange.element.config.transfer_rate
        ahead_s = self.moved / rate - (time.time() - self.started) if rate else 0.0
        if ahead_s > 0:
            await asyncio.sleep(ahead_s)

    def _rejected(self, status: int, key: str) -> TransferFailedError:
        return TransferFailedError(
            self.exchange.dialect.sentence(
                key, status=status, phrase=phrase(status), remote=self.remote.shown
            )
        )

    async def _leave_something(self) -> None:
        """Where a fault says so, leave an empty file of a pull that failed."""
        files, path, faults = self.exchange.files, self.exchange.path, self.exchange.faults
        if self.pull and faults.has("tpc-failure-keeps-partial") and files.find(path) is None:
            await Upload(files, path, faults).commit()

    async def _hang_instead(self, why: TransferFailedError) -> None:
        faults = self.exchange.faults
        unreachable = why.__cause__ is not None
        if faults.has("tpc-unreachable-hangs" if unreachable else "tpc-missing-source-hangs"):
            await asyncio.sleep(FOREVER_S)


class _Source:
    """GET of the source; a 202 (the checksum is still being computed) is asked again."""

    def __init__(self, remote: Remote) -> None:
        self.remote = remote

    async def __aenter__(self) -> aiohttp.ClientResponse:
        for _ in range(PENDING_TRIES):
            self._request = self.remote.request("GET", {"Want-Digest": "adler32"})
            reply = await self._request.__aenter__()
            if reply.status != HTTPStatus.ACCEPTED:
                return reply
            await self._request.__aexit__(None, None, None)
            await asyncio.sleep(PENDING_S)
        raise TransferFailedError("remote server not ready for GET request")

    async def __aexit__(self, *why: object) -> None:
        await self._request.__aexit__(*why)  # type: ignore[arg-type]


class _Overlap:
    """Which source a pull reads from: its own, unless a fault mixes up pulls that overlap."""

    active: list[Remote] = []  # noqa: RUF012  shared by all pulls of the process on purpose

    def __init__(self, transfer: Transfer) -> None:
        self.remote = transfer.remote
        self.mixed = transfer.exchange.faults.has("tpc-concurrent-mixed")

    def __enter__(self) -> Remote:
        other = self.active[0] if self.mixed and self.active else self.remote
        self.active.append(self.remote)
        return other

    def __exit__(self, *_: object) -> None:
        self.active.remove(self.remote)
