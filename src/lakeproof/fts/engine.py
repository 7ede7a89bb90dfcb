"""Takes the waiting files in turn and sees each of them through."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from lakeproof.fts import errors
from lakeproof.fts.access import Access
from lakeproof.fts.copying import Copier, Done, Order, Trust
from lakeproof.fts.ends import DESTINATION, SOURCE, End, HttpEnd, credential
from lakeproof.fts.errors import CopyFailed
from lakeproof.fts.settings import Settings
from lakeproof.fts.states import State
from lakeproof.fts.store import Row, Store
from lakeproof.fts.tape import ARCHIVING, ON_TAPE, STAGING, Tape
from lakeproof.wire.connection import TlsConfig
from lakeproof.wire.redact import redactor
from lakeproof.wire.reply import NotReached

log = logging.getLogger("lakeproof.fts")
HOUR_S = 3600
TOO_LONG = "Job has been canceled because it stayed in the queue for too long"


class Engine:
    """Runs what is due, a bounded number between two storages and in all."""

    def __init__(self, settings: Settings, store: Store, access: Access, trust: Trust) -> None:
        self._settings = settings
        self._store = store
        self._access = access
        self._trust = trust
        self._pool = ThreadPoolExecutor(settings.at_once, "copy")
        self._running: dict[int, tuple[tuple[str, str], threading.Event]] = {}
        self._wake = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    async def run(self) -> None:
        """Until cancelled: start what is due, as soon as something changes."""
        self._loop = asyncio.get_running_loop()
        for file_id in self._store.recover():
            log.info("file %s was being copied when we ended: it is copied again", file_id)
        while True:
            self._wake.clear()
            for row in self._store.waiting(time.time()):
                self._start(row)
            try:
                await asyncio.wait_for(self._wake.wait(), self._settings.poll_s)
            except TimeoutError:
                continue

    def wake(self) -> None:
        """Something is new; may be called by any thread."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._wake.set)

    def stop(self, files: list[int]) -> None:
        """Break off the copies of these files, if they are being made."""
        for file_id in files:
            if file_id in self._running:
                self._running[file_id][1].set()
        self.wake()

    def is_busy_with(self, files: list[int]) -> bool:
        """Whether something is being done for any of these files."""
        return not self._running.keys().isdisjoint(files)

    def close(self) -> None:
        """Break off everything; what was being copied is taken up at the next start."""
        for _, stop in self._running.values():
            stop.set()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _start(self, row: Row) -> None:
        file_id, link = row["file_id"], (row["source_se"], row["dest_se"])
        same = sum(1 for other, _ in self._running.values() if other == link)
        full = len(self._running) >= self._settings.at_once or same >= self._settings.per_link
        if file_id in self._running or full or self._loop is None:
            return
        stop = threading.Event()
        self._running[file_id] = (link, stop)
        future = self._loop.run_in_executor(self._pool, self._one, row, stop)
        future.add_done_callback(lambda done: self._ended(file_id, done))

    def _ended(self, file_id: int, done: asyncio.Future[None]) -> None:
        del self._running[file_id]
        if not done.cancelled() and done.exception() is not None:
            log.error("file %s", file_id, exc_info=done.exception())
        self._wake.set()

    def _one(self, row: Row, stop: threading.Event) -> None:
        """Whatever is the next thing to be done with this file."""
        state = State(row["file_state"])
        step = {
            State.SUBMITTED: self._copy,
            State.STAGING: self._stage,
            State.STARTED: self._await_disk,
            State.ARCHIVING: self._await_tape,
            State.CANCELED: self._clean,
        }[state]
        try:
            step(row, stop)
        except CopyFailed as error:
            self._failed(row, state, error)
        except NotReached as error:
            failed = CopyFailed(_scope(state), errors.EHOSTUNREACH, error.sentence)
            self._failed(row, state, failed)
        except Exception as error:
            # Nothing may leave a file without an end; the log has the rest.
            log.exception("file %s", row["file_id"])
            self._failed(row, state, CopyFailed("AGENT", errors.EIO, type(error).__name__))

    def _copy(self, row: Row, stop: threading.Event) -> None:
        file_id = row["file_id"]
        waited = time.time() - row["submit_time"]
        longest = row["params"]["max_time_in_queue"]
        if longest > 0 and waited > longest * HOUR_S:
            self._store.move(
                file_id,
                State.SUBMITTED,
                State.CANCELED,
                reason=TOO_LONG,
                finish_time=time.time(),
            )
            return
        began = time.time()
        if not self._store.move(file_id, State.SUBMITTED, State.ACTIVE, start_time=began):
            return
        log.info("file %s of %s: %s -> %s", *_named(row))
        try:
            copier = Copier(self._order(row, stop), self._trust, _on_tape)
        except CopyFailed as error:
            self._failed(row, State.ACTIVE, error)
            return
        try:
            self._store.mark(file_id, copied_by=copier.engine)
            done = self._made(copier)
        except CopyFailed as error:
            self._failed(row, State.ACTIVE, error, copier)
        else:
            self._release(row)
            archive = row["params"]["archive_timeout"] > 0
            after = State.ARCHIVING if archive else State.FINISHED
            facts: dict[str, Any] = {
                "filesize": done.size,
                "tx_duration": done.duration_s,
                "throughput": done.size / max(done.duration_s, 1e-3) / 2**20,
                "touched": 0,
                "copied_by": done.by,
                **(
                    {"archive_start_time": time.time()} if archive else {"finish_time": time.time()}
                ),
            }
            if not self._store.move(file_id, State.ACTIVE, after, **facts):
                self._remove(row, copier)
            log.info("file %s of %s: %s, by %s", file_id, row["job_id"], after, done.by)
        finally:
            copier.close()

    def _made(self, copier: Copier) -> Done:
        faults = self._settings.faults
        if "fts-lies" in faults:
            return Done(0, 0, "nobody")
        if "fts-fails-always" in faults:
            raise CopyFailed("TRANSFER", errors.ECOMM, "Communication error on send")
        return copier.make()

    def _order(self, row: Row, stop: threading.Event) -> Order:
        person = self._access.certificate_of(row["user_dn"])
        params = row["params"]
        overwrite = "yes" if params.get("overwrite") else "no"
        if params.get("overwrite_when_only_on_disk"):
            overwrite = "disk"
        if params.get("overwrite_hop") and not self._last_hop(row):
            overwrite = "yes"
        return Order(
            source=self._reached(row["source_surl"]),
            destination=self._reached(row["dest_surl"]),
            source_auth=credential(row["source_token"], person),
            destination_auth=credential(row["destination_token"], person),
            size=row["user_filesize"],
            checksum=row["checksum"],
            mode=params["verify_checksum"],
            overwrite=overwrite,
            ours=bool(row["touched"]),
            client_info={
                "job-id": row["job_id"],
                "file-id": str(row["file_id"]),
                "retry": str(row["retry"]),
            },
            touching=lambda: self._store.mark(row["file_id"], touched=1),
            stop=stop.is_set,
        )

    def _reached(self, url: str) -> str:
        by_http = self._settings.root_by_http
        return url.replace("root://", "davs://", 1) if by_http else url

    def _last_hop(self, row: Row) -> bool:
        job = self._store.job(row["job_id"])
        return job is not None and job["files"][-1]["file_id"] == row["file_id"]

    def _failed(
        self, row: Row, before: State, error: CopyFailed, copier: Copier | None = None
    ) -> None:
        """The end of a file, unless it may be tried again or was cancelled meanwhile."""
        file_id = row["file_id"]
        again = error.recoverable and row["retry"] < row["params"]["retry"]
        reason = "" if "fts-reason-lost" in self._settings.faults else redactor.text(str(error))
        log.warning("file %s of %s: %s", file_id, row["job_id"], reason)
        # Cleaning was tried; what could not be removed is not asked for again and again.
        facts: dict[str, Any] = {
            "reason": reason,
            "recoverable": int(error.recoverable),
            "touched": 0,
        }
        if again:
            due = time.time() + row["params"]["retry_delay"]
            moved = self._store.move(
                file_id, before, State.SUBMITTED, retry=row["retry"] + 1, due=due, **facts
            )
        else:
            moved = self._store.move(
                file_id, before, State.FAILED, finish_time=time.time(), **facts
            )
        if not moved and copier is not None:
            self._remove(row, copier)

    def _clean(self, row: Row, stop: threading.Event) -> None:
        """What a cancelled copy left behind when the process ended, or asked of the tape."""
        self._forget_stage(row)
        if not row["touched"]:
            return
        copier = Copier(self._order(row, stop), self._trust, _on_tape)
        try:
            self._remove(row, copier)
        finally:
            copier.close()

    def _remove(self, row: Row, copier: Copier) -> None:
        current = self._store.job(row["job_id"])
        ours = {f["file_id"]: f["touched"] for f in current["files"]} if current else {}
        if ours.get(row["file_id"]) and "fts-cancel-leaves" not in self._settings.faults:
            try:
                copier.clean()
            except CopyFailed as error:
                log.warning("file %s is cancelled, but %s", row["file_id"], error)
        self._store.mark(row["file_id"], touched=0)

    def _stage(self, row: Row, stop: threading.Event) -> None:
        del stop
        end = self._tape_end(row, SOURCE)
        try:
            request = Tape(end, STAGING).request_stage(row["params"]["copy_pin_lifetime"])
        finally:
            end.close()
        self._store.move(
            row["file_id"],
            State.STAGING,
            State.STARTED,
            request=request,
            staging_start=time.time(),
            due=time.time() + self._settings.poll_s,
        )

    def _forget_stage(self, row: Row) -> None:
        """Ask the tape no longer for the file of a cancelled job."""
        if not row["request"] or row["staging_finished"]:
            return
        self._store.mark(row["file_id"], request=None)
        end = self._tape_end(row, SOURCE)
        try:
            Tape(end, STAGING).cancel(row["request"])
        finally:
            end.close()

    def _release(self, row: Row) -> None:
        """What was staged for this copy need not stay on disk: FTS's evict, and no part of it."""
        if not row["request"]:
            return
        end = self._tape_end(row, SOURCE)
        try:
            Tape(end, STAGING).release(row["request"])
        except (CopyFailed, NotReached) as error:
            log.warning("file %s of %s is not released: %s", row["file_id"], row["job_id"], error)
        finally:
            end.close()

    def _await_disk(self, row: Row, stop: threading.Event) -> None:
        del stop
        end = self._tape_end(row, SOURCE)
        try:
            there = Tape(end, STAGING).staged(row["request"])
        finally:
            end.close()
        now, longest = time.time(), row["params"]["bring_online"]
        if there:
            only = row["source_surl"] == row["dest_surl"]
            after = State.FINISHED if only else State.SUBMITTED
            facts = {"staging_finished": now, **({"finish_time": now} if only else {})}
            self._store.move(row["file_id"], State.STARTED, after, **facts)
        elif now - row["staging_start"] > longest:
            raise CopyFailed(
                STAGING, errors.ETIMEDOUT, f"bring-online timeout has been exceeded ({longest} s)"
            )
        else:
            self._store.mark(row["file_id"], due=now + self._settings.poll_s)

    def _await_tape(self, row: Row, stop: threading.Event) -> None:
        del stop
        end = self._tape_end(row, DESTINATION)
        try:
            where = Tape(end, ARCHIVING).locality()
        finally:
            end.close()
        now, longest = time.time(), row["params"]["archive_timeout"]
        if where in ON_TAPE:
            self._store.move(
                row["file_id"],
                State.ARCHIVING,
                State.FINISHED,
                archive_finish_time=now,
                finish_time=now,
            )
        elif now - row["archive_start_time"] > longest:
            raise CopyFailed(
                ARCHIVING, errors.ETIMEDOUT, f"archive timeout has been exceeded ({longest} s)"
            )
        else:
            self._store.mark(row["file_id"], due=now + self._settings.poll_s)

    def _tape_end(self, row: Row, scope: str) -> HttpEnd:
        side = "source" if scope == SOURCE else "destination"
        url = row["source_surl"] if scope == SOURCE else row["dest_surl"]
        if not url.startswith(("davs://", "https://")):
            raise CopyFailed(scope, errors.ENOTSUP, "Tape is reached by davs or https only")
        person = self._access.certificate_of(row["user_dn"])
        auth = credential(row[f"{side}_token"], person)
        return HttpEnd(scope, url, auth, TlsConfig(self._trust.ca), self._trust.patience_s)


def _scope(state: State) -> str:
    return {State.STAGING: STAGING, State.STARTED: STAGING, State.ARCHIVING: ARCHIVING}.get(
        state, "TRANSFER"
    )


def _on_tape(end: End) -> bool:
    """Whether the file at `end` has a copy on tape; a storage without tape has none."""
    if not isinstance(end, HttpEnd):
        return False
    try:
        return Tape(end, DESTINATION).locality() in ON_TAPE
    except CopyFailed:
        return False


def _named(row: Row) -> tuple[Any, ...]:
    return (
        row["file_id"],
        row["job_id"],
        redactor.text(row["source_surl"]),
        redactor.text(row["dest_surl"]),
    )
