"""Jobs and files in SQLite: what has been committed survives whatever happens to the process."""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections.abc import Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lakeproof.fts.errors import Refused
from lakeproof.fts.states import MULTIHOP, OVER, State, follows, of_job
from lakeproof.fts.submission import CONFLICT, NewJob, storage_of

SCHEMA = """
CREATE TABLE IF NOT EXISTS job (
  job_id TEXT PRIMARY KEY, job_state TEXT NOT NULL, job_type TEXT NOT NULL, vo_name TEXT NOT NULL,
  user_dn TEXT NOT NULL, method TEXT NOT NULL, submit_time REAL NOT NULL, job_finished REAL,
  priority INTEGER NOT NULL, reason TEXT, params TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS file (
  file_id INTEGER PRIMARY KEY AUTOINCREMENT, job_id TEXT NOT NULL REFERENCES job(job_id),
  file_index INTEGER NOT NULL, file_state TEXT NOT NULL, source_surl TEXT NOT NULL,
  dest_surl TEXT NOT NULL, source_se TEXT NOT NULL, dest_se TEXT NOT NULL,
  user_filesize INTEGER, filesize INTEGER, checksum TEXT NOT NULL, activity TEXT NOT NULL,
  file_metadata TEXT, staging_metadata TEXT, archive_metadata TEXT, scitag INTEGER,
  source_token TEXT NOT NULL, destination_token TEXT NOT NULL,
  reason TEXT, recoverable INTEGER, retry INTEGER NOT NULL DEFAULT 0, due REAL NOT NULL DEFAULT 0,
  touched INTEGER NOT NULL DEFAULT 0, request TEXT,
  start_time REAL, finish_time REAL, staging_start REAL, staging_finished REAL,
  archive_start_time REAL, archive_finish_time REAL, tx_duration REAL, throughput REAL,
  copied_by TEXT
);
CREATE INDEX IF NOT EXISTS by_job ON file(job_id);
CREATE INDEX IF NOT EXISTS by_state ON file(file_state);
CREATE TABLE IF NOT EXISTS ban (storage TEXT PRIMARY KEY, status TEXT NOT NULL, message TEXT);
"""
CANCELLED = "Job canceled by the user"

Row = dict[str, Any]


class Store:
    """The jobs of one stand-in; every method is one transaction and may be called by any thread."""

    def __init__(self, path: Path, faults: Set[str] = frozenset()) -> None:
        """Opens or makes the database; only its owner may read it, as it holds tokens."""
        path.touch(mode=0o600)
        self._faults = faults
        self._lock = threading.RLock()
        self._database = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._database.row_factory = sqlite3.Row
        self._database.execute("PRAGMA journal_mode=WAL")
        self._database.executescript(SCHEMA)
        known = {row["name"] for row in self._database.execute("PRAGMA table_info(file)")}
        if "copied_by" not in known:  # a lake of an older lakeproof
            self._database.execute("ALTER TABLE file ADD COLUMN copied_by TEXT")

    def close(self) -> None:
        """Close the database."""
        with self._lock:
            self._database.close()

    def add(self, job: NewJob, owner: str, method: str, vo: str) -> None:
        """Keep a new job; raises Refused (409) for an id or a destination that is taken."""
        with self._changing() as database:
            if database.execute("SELECT 1 FROM job WHERE job_id = ?", (job.job_id,)).fetchone():
                raise Refused(CONFLICT, "The sid provided by the user is duplicated")
            if job.kind != MULTIHOP:
                self._require_free({file.destination for file in job.files})
            database.execute(
                "INSERT INTO job VALUES (?, ?, ?, ?, ?, ?, ?, NULL, ?, NULL, ?)",
                (
                    job.job_id,
                    job.state,
                    job.kind,
                    vo,
                    owner,
                    method,
                    time.time(),
                    job.params["priority"],
                    json.dumps(job.params),
                ),
            )
            for file in job.files:
                self._insert(
                    "file",
                    {
                        "job_id": job.job_id,
                        "file_index": file.index,
                        "file_state": file.state,
                        "source_surl": file.source,
                        "dest_surl": file.destination,
                        "source_se": storage_of(file.source),
                        "dest_se": storage_of(file.destination),
                        "user_filesize": file.size,
                        "checksum": file.checksum,
                        "activity": file.activity,
                        "file_metadata": json.dumps(file.metadata),
                        "staging_metadata": json.dumps(file.staging_metadata),
                        "archive_metadata": json.dumps(file.archive_metadata),
                        "scitag": file.scitag,
                        "source_token": file.source_token,
                        "destination_token": file.destination_token,
                    },
                )

    def job(self, job_id: str) -> Row | None:
        """One job with its `files`, oldest first; None when there is none."""
        with self._changing() as database:
            found = database.execute("SELECT * FROM job WHERE job_id = ?", (job_id,)).fetchone()
            return None if found is None else {**found, "files": self._files_of(job_id)}

    def newest(self, limit: int, states: Sequence[str] = ()) -> list[Row]:
        """The newest jobs without their files, in one of `states` where any are given."""
        with self._changing() as database:
            rows = database.execute("SELECT * FROM job ORDER BY submit_time DESC").fetchall()
        return [dict(row) for row in rows if not states or row["job_state"] in states][:limit]

    def waiting(self, now: float) -> list[Row]:
        """Files that have something to be done, most urgent first, each with its job's facts."""
        with self._changing() as database:
            rows = database.execute(
                "SELECT file.*, job.job_type, job.priority, job.params, job.method, job.user_dn, "
                "job.submit_time FROM file JOIN job USING (job_id) WHERE due <= ? AND "
                "(file_state IN ('SUBMITTED', 'STAGING', 'STARTED', 'ARCHIVING') "
                "OR (file_state = 'CANCELED' AND (touched OR "
                "(request IS NOT NULL AND staging_finished IS NULL)))) AND "
                "source_se NOT IN (SELECT storage FROM ban) AND "
                "dest_se NOT IN (SELECT storage FROM ban) "
                "ORDER BY job.priority DESC, file_id",
                (now,),
            ).fetchall()
        return [{**row, "params": json.loads(row["params"])} for row in rows]

    def recover(self) -> list[int]:
        """After a restart: what was being copied is queued again; returns those files' ids."""
        with self._changing() as database:
            rows = database.execute("SELECT file_id FROM file WHERE file_state = 'ACTIVE'")
            found = [row["file_id"] for row in rows]
            database.execute("UPDATE file SET file_state='SUBMITTED' WHERE file_state='ACTIVE'")
        return found

    def move(self, file_id: int, before: State, after: State, **facts: object) -> bool:
        """Change a file that is in state `before`; False, and no change, when it no longer is."""
        facts = {"file_state": after, **facts}
        with self._changing() as database:
            names = ", ".join(f"{name} = ?" for name in facts)
            done = database.execute(
                f"UPDATE file SET {names} WHERE file_id = ? AND file_state = ?",  # noqa: S608
                (*facts.values(), file_id, before),
            )
            if done.rowcount == 0:
                return False
            job_id = database.execute(
                "SELECT job_id FROM file WHERE file_id = ?", (file_id,)
            ).fetchone()["job_id"]
            self._settle(job_id, after)
        return True

    def mark(self, file_id: int, **facts: object) -> None:
        """Note facts about a file, whatever its state."""
        with self._changing() as database:
            names = ", ".join(f"{name} = ?" for name in facts)
            database.execute(
                f"UPDATE file SET {names} WHERE file_id = ?",  # noqa: S608  our own names
                (*facts.values(), file_id),
            )

    def cancel(self, job_id: str, files: Sequence[int] = ()) -> list[int]:
        """Cancel a job, or some files of it; returns the files that it happened to."""
        with self._changing():
            open_files = [
                row["file_id"]
                for row in self._files_of(job_id)
                if row["file_state"] not in OVER and (not files or row["file_id"] in files)
            ]
            for file_id in open_files:
                self.mark(
                    file_id,
                    file_state=State.CANCELED,
                    reason=CANCELLED,
                    finish_time=time.time(),
                    due=0,
                )
            if open_files:
                self._settle(job_id, State.CANCELED)
        return open_files

    def set_priority(self, job_id: str, priority: int) -> None:
        """Give a job another priority, 1 to 5."""
        with self._changing() as database:
            database.execute("UPDATE job SET priority=? WHERE job_id=?", (priority, job_id))

    def bans(self) -> list[Row]:
        """The storages that nothing is copied from or to."""
        with self._changing() as database:
            return [dict(row) for row in database.execute("SELECT * FROM ban ORDER BY storage")]

    def ban(self, storage: str, status: str, message: str) -> list[int]:
        """Stop copies of `storage`: they WAIT, or those queued are CANCELed and returned."""
        with self._changing() as database:
            database.execute(
                "INSERT OR REPLACE INTO ban VALUES (?, ?, ?)", (storage, status, message)
            )
            if status != "CANCEL":
                return []
            rows = database.execute(
                "SELECT file_id, job_id FROM file WHERE (source_se = ? OR dest_se = ?) "
                "AND file_state NOT IN ('FINISHED', 'FAILED', 'CANCELED')",
                (storage, storage),
            ).fetchall()
            return [
                file_id for row in rows for file_id in self.cancel(row["job_id"], [row["file_id"]])
            ]

    def unban(self, storage: str) -> None:
        """Let copies of `storage` go on."""
        with self._changing() as database:
            database.execute("DELETE FROM ban WHERE storage = ?", (storage,))

    @contextmanager
    def _changing(self) -> Iterator[sqlite3.Connection]:
        """One transaction; within another it is part of that one."""
        with self._lock:
            if self._database.in_transaction:
                yield self._database
                return
            self._database.execute("BEGIN IMMEDIATE")
            try:
                yield self._database
            except BaseException:
                self._database.execute("ROLLBACK")
                raise
            self._database.execute("COMMIT")

    def _insert(self, table: str, facts: Mapping[str, object]) -> None:
        names, marks = ", ".join(facts), ", ".join("?" * len(facts))
        self._database.execute(
            f"INSERT INTO {table} ({names}) VALUES ({marks})",  # noqa: S608  our own names
            tuple(facts.values()),
        )

    def _files_of(self, job_id: str) -> list[Row]:
        rows = self._database.execute(
            "SELECT * FROM file WHERE job_id = ? ORDER BY file_id", (job_id,)
        )
        return [dict(row) for row in rows]

    def _require_free(self, destinations: set[str]) -> None:
        for destination in destinations:
            taken = self._database.execute(
                "SELECT job_id FROM file WHERE dest_surl = ? AND (file_state NOT IN "
                "('FINISHED', 'FAILED', 'CANCELED', 'NOT_USED') OR touched)",
                (destination,),
            ).fetchone()
            if taken:
                raise Refused(
                    CONFLICT,
                    "The submission contains transfers with the same destination as the job "
                    f"{taken['job_id']}: {destination}",
                )

    def _settle(self, job_id: str, ended: State) -> None:
        """The next alternative or hop has its turn; the job's state follows from its files'."""
        job = self._database.execute("SELECT * FROM job WHERE job_id=?", (job_id,)).fetchone()
        files = self._files_of(job_id)
        unused = [row for row in files if row["file_state"] == State.NOT_USED]
        if unused and follows(job["job_type"], ended) and "fts-others-unused" not in self._faults:
            staged = json.loads(job["params"])["bring_online"] > 0
            turn = State.STAGING if staged and job["job_type"] != MULTIHOP else State.SUBMITTED
            self.mark(unused[0]["file_id"], file_state=turn)
            files = self._files_of(job_id)
        state = of_job(job["job_type"], [State(row["file_state"]) for row in files])
        over = state in OVER
        reasons = [row["reason"] for row in files if row["file_state"] == State.FAILED]
        reason = CANCELLED if state is State.CANCELED else "; ".join(filter(None, reasons[:1]))
        self._database.execute(
            "UPDATE job SET job_state = ?, job_finished = ?, reason = ? WHERE job_id = ?",
            (state, time.time() if over else None, reason if over and reason else None, job_id),
        )
