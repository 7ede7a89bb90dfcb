"""The REST interface, as Rucio's fts3 transfer tool and FTS's own clients use it."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

from aiohttp import hdrs, web

from lakeproof import __version__
from lakeproof.fts import submission
from lakeproof.fts.access import ANYBODY, NOBODY, TOKEN, Access, Caller
from lakeproof.fts.engine import Engine
from lakeproof.fts.errors import Refused, status_line
from lakeproof.fts.settings import BASE_ID, Settings
from lakeproof.fts.states import OVER, State
from lakeproof.fts.store import Row, Store
from lakeproof.fts.submission import PRIORITIES

log = logging.getLogger("lakeproof.fts")
STAND_IN = f"lakeproof's stand-in for FTS, version {__version__}: not FTS itself"
OK, MULTI, BAD, FORBIDDEN, NOT_FOUND = 200, 207, 400, 403, 404
NO_CONTENT = 204
LARGEST_BODY = 16 * 1024 * 1024
NEWEST = 100
JOB_TIMES = ("submit_time", "job_finished")
FILE_TIMES = (
    "start_time",
    "finish_time",
    "staging_start",
    "staging_finished",
    "archive_start_time",
    "archive_finish_time",
)
FILE_JSON = ("file_metadata", "staging_metadata", "archive_metadata")
SECRET = ("source_token", "destination_token", "due", "touched", "request")
PARAMETERS = (
    "verify_checksum",
    "copy_pin_lifetime",
    "bring_online",
    "archive_timeout",
    "max_time_in_queue",
    "retry",
    "retry_delay",
)
TAKES = Callable[[web.Request, Caller], Awaitable[web.StreamResponse]]


class Rest:
    """The application: answers from the store, and tells the engine what is new."""

    def __init__(self, settings: Settings, store: Store, access: Access, engine: Engine) -> None:
        self._settings = settings
        self._store = store
        self._access = access
        self._engine = engine

    def application(self) -> web.Application:
        """The aiohttp application; the engine runs as long as it does."""
        application = web.Application(client_max_size=LARGEST_BODY)
        routes: list[tuple[str, str, TAKES, bool]] = [
            ("GET", "/", self._version, False),
            ("GET", "/whoami", self._whoami, False),
            ("GET", "/jobs", self._list, True),
            ("POST", "/jobs", self._submit, True),
            ("PUT", "/jobs", self._submit, True),
            ("GET", "/jobs/{ids}", self._query, True),
            ("POST", "/jobs/{ids}", self._modify, True),
            ("DELETE", "/jobs/{ids}", self._cancel, True),
            ("GET", "/jobs/{ids}/files", self._files, True),
            ("DELETE", "/jobs/{ids}/files/{files}", self._cancel, True),
            ("GET", "/jobs/{ids}/{field}", self._field, True),
            ("GET", "/ban/se", self._bans, True),
            ("POST", "/ban/se", self._ban, True),
            ("DELETE", "/ban/se", self._unban, True),
            ("GET", "/delegation/{id}", self._delegation, True),
        ]
        for method, path, handler, closed in routes:
            application.router.add_route(method, path, self._answering(handler, closed=closed))
        application.on_response_prepare.append(_say_stand_in)
        application.cleanup_ctx.append(self._with_engine)
        return application

    async def _with_engine(self, _: web.Application) -> Any:  # noqa: ANN401  aiohttp's context
        task = asyncio.create_task(self._engine.run())
        yield
        task.cancel()
        self._engine.close()
        self._access.close()

    def _answering(
        self, handler: TAKES, *, closed: bool
    ) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        """`handler` for whoever asks; a `closed` one refuses those who show nothing."""

        async def answer(request: web.Request) -> web.StreamResponse:
            try:
                caller = await asyncio.to_thread(self._access.caller, request)
                if closed:
                    self._require_somebody(caller)
                return await handler(request, caller)
            except Refused as refusal:
                body = {"status": refusal.line, "message": str(refusal)}
                return web.json_response(body, status=refusal.status)

        return answer

    def _require_somebody(self, caller: Caller) -> None:
        if caller.method == NOBODY and "fts-anonymous" not in self._settings.faults:
            raise Refused(FORBIDDEN, "A certificate or a token is needed")

    async def _version(self, _: web.Request, __: Caller) -> web.StreamResponse:
        if "fts-version-html" in self._settings.faults:
            return web.Response(text="<html>Please log in</html>", content_type="text/html")
        return web.json_response(
            {
                "delegation": {"major": 1, "minor": 0, "patch": 0},
                "api": {"major": 3, "minor": 14, "patch": 0},
                "core": {"major": 3, "minor": 14, "patch": 0},
                "schema": {"major": 10, "minor": 0, "patch": 0},
                "stand_in": STAND_IN,
                "_links": {
                    "curies": [],
                    "fts:whoami": {"href": "/whoami", "title": "Who the service takes you for"},
                    "fts:joblist": {"href": "/jobs", "title": "Jobs"},
                    "fts:submissionSchema": {"href": "/jobs", "title": "Submit by POST"},
                },
            }
        )

    async def _whoami(self, _: web.Request, caller: Caller) -> web.StreamResponse:
        faults = self._settings.faults
        known = caller is not ANYBODY and "fts-whoami-nobody" not in faults
        return web.json_response(
            {
                "user_dn": caller.name,
                "dn": [caller.name],
                "base_id": None if "fts-base-id-missing" in faults else BASE_ID,
                "voms_cred": [],
                "vos": [self._settings.vo] if known else [],
                "vos_id": [],
                "roles": [],
                "level": {"transfer": "vo", "config": "vo"} if known else {},
                "delegation_id": caller.delegation_id,
                "method": caller.method,
                "is_root": False,
            }
        )

    async def _submit(self, request: web.Request, caller: Caller) -> web.StreamResponse:
        self._access.require_delegation(caller)
        settings = self._settings
        job = submission.read(
            await request.read(), settings.vo, settings.issuers, by_token=caller.method == TOKEN
        )
        await asyncio.to_thread(self._store.add, job, caller.name, caller.method, settings.vo)
        log.info("job %s of %s: %d file(s)", job.job_id, caller.name, len(job.files))
        self._engine.wake()
        return web.json_response({"job_id": job.job_id})

    async def _list(self, request: web.Request, _: Caller) -> web.StreamResponse:
        states = [state for state in request.query.get("state_in", "").split(",") if state]
        limit = request.query.get("limit", "")
        wanted = int(limit) if limit.isdigit() else NEWEST
        return web.json_response([_job(row) for row in self._store.newest(wanted, states)])

    async def _query(self, request: web.Request, _: Caller) -> web.StreamResponse:
        fields = [name for name in request.query.get("files", "").split(",") if name]
        found = [self._shown(job_id, fields) for job_id in _ids(request)]
        if "fts-bulk-broken" in self._settings.faults:
            found = found[:1]
        if "fts-unknown-job-200" in self._settings.faults:
            return web.json_response(found)
        return _several(found)

    async def _files(self, request: web.Request, _: Caller) -> web.StreamResponse:
        found = [self._store.job(job_id) or _missing(job_id) for job_id in _ids(request)]
        shown = [
            row if "http_status" in row else [_file(file) for file in row["files"]] for row in found
        ]
        if len(shown) > 1:
            return web.json_response(shown)
        return web.json_response(shown[0], status=NOT_FOUND if isinstance(shown[0], dict) else OK)

    async def _field(self, request: web.Request, _: Caller) -> web.StreamResponse:
        job = self._required(_ids(request)[0])
        name = request.match_info["field"]
        if name not in job:
            raise Refused(NOT_FOUND, f"No such field: {name}")
        return web.json_response(job[name])

    async def _modify(self, request: web.Request, _: Caller) -> web.StreamResponse:
        document = await _json(request)
        params = document.get("params")
        priority = params.get("priority") if isinstance(params, dict) else None
        if not isinstance(priority, int) or priority not in PRIORITIES:
            raise Refused(BAD, "Invalid value for priority: must be between 1 and 5")
        shown = []
        for job_id in _ids(request):
            job = self._shown(job_id, [])
            if job["http_status"] == status_line(OK):
                if job["job_state"] in OVER:
                    job["http_status"] = status_line(304)
                    job["http_message"] = "The job is in a terminal state"
                else:
                    self._store.set_priority(job_id, priority)
                    job["priority"] = priority
                    job["http_message"] = None
            shown.append(job)
        self._engine.wake()
        return _several(shown)

    async def _cancel(self, request: web.Request, _: Caller) -> web.StreamResponse:
        files = _numbers(request.match_info.get("files", ""))
        shown = []
        for job_id in _ids(request):
            job = self._shown(job_id, [])
            if job["http_status"] == status_line(OK):
                stopped = self._cancelled(job_id, files)
                if stopped:
                    job = {**self._shown(job_id, []), "http_message": None}
                else:
                    job["http_status"] = status_line(304)
                    job["http_message"] = "The job is in a terminal state"
            shown.append(job)
        return _several(shown)

    def _cancelled(self, job_id: str, files: list[int]) -> list[int]:
        if "fts-cancel-ignored" in self._settings.faults:
            return [0]
        stopped = self._store.cancel(job_id, files)
        log.info("job %s cancelled: %d file(s)", job_id, len(stopped))
        if "fts-cancel-leaves" not in self._settings.faults:
            self._engine.stop(stopped)
        return stopped

    async def _bans(self, _: web.Request, __: Caller) -> web.StreamResponse:
        return web.json_response(
            [
                {"se": row["storage"], "status": row["status"], "message": row["message"]}
                for row in self._store.bans()
            ]
        )

    async def _ban(self, request: web.Request, _: Caller) -> web.StreamResponse:
        document = await _json(request)
        storage, status = document.get("storage"), document.get("status", "CANCEL")
        if not isinstance(storage, str) or not storage:
            raise Refused(BAD, "Missing storage parameter")
        if status not in ("CANCEL", "WAIT"):
            raise Refused(BAD, "status can only be CANCEL or WAIT")
        stopped = self._store.ban(storage, status, str(document.get("message", "")))
        self._engine.stop(stopped)
        jobs = sorted({row["job_id"] for row in self._store.newest(NEWEST, ["CANCELED"])})
        return web.json_response(jobs if stopped else [])

    async def _unban(self, request: web.Request, _: Caller) -> web.StreamResponse:
        storage = request.query.get("storage", "")
        if not storage:
            raise Refused(BAD, "Missing storage parameter")
        self._store.unban(storage)
        self._engine.wake()
        return web.Response(status=NO_CONTENT)

    async def _delegation(self, request: web.Request, caller: Caller) -> web.StreamResponse:
        """What is delegated: the lake's people have left their credential with the stand-in."""
        mine = request.match_info["id"] == caller.delegation_id
        if not mine or self._access.certificate_of(caller.name) is None:
            return web.json_response(None)
        until = _moment(time.time() + 86400)
        return web.json_response({"termination_time": until, "voms_attrs": []})

    def _required(self, job_id: str) -> Row:
        shown = self._shown(job_id, [])
        if "job_state" not in shown:
            raise Refused(NOT_FOUND, str(shown["http_message"]))
        return shown

    def _shown(self, job_id: str, fields: list[str]) -> Row:
        row = self._store.job(job_id)
        if row is None:
            return _missing(job_id)
        shown = {**_job(row), "http_status": status_line(OK)}
        if fields:
            shown["files"] = [
                {name: value for name, value in _file(file).items() if name in fields}
                for file in row["files"]
            ]
        return self._spoiled(shown, [file["file_id"] for file in row["files"]])

    def _spoiled(self, shown: Row, files: list[int]) -> Row:
        faults = self._settings.faults
        if "fts-cancel-leaves" in faults and self._engine.is_busy_with(files):
            shown["job_state"] = State.ACTIVE  # it goes on, and what it copies will stay
        if "fts-metadata-lost" in faults:
            shown["job_metadata"] = None
            for file in shown.get("files", []):
                file["file_metadata"] = None
        return shown


async def _say_stand_in(_: web.Request, response: web.StreamResponse) -> None:
    response.headers[hdrs.SERVER] = f"lakeproof-fts-stand-in/{__version__}"


def _job(row: Row) -> Row:
    """A job as clients see it, without its files."""
    params = row["params"]
    params = json.loads(params) if isinstance(params, str) else params
    return {
        "job_id": row["job_id"],
        "job_state": row["job_state"],
        "job_type": row["job_type"],
        "vo_name": row["vo_name"],
        "user_dn": row["user_dn"],
        "priority": row["priority"],
        "reason": row["reason"],
        "cancel_job": row["job_state"] == "CANCELED",
        "overwrite_flag": bool(params.get("overwrite")),
        "job_metadata": params.get("job_metadata") or {},
        **{name: params[name] for name in PARAMETERS},
        **{name: _moment(row[name]) for name in JOB_TIMES},
    }


def _file(row: Row) -> Row:
    """A file as clients see it."""
    return {
        name: _moment(value)
        if name in FILE_TIMES
        else json.loads(value or "null")
        if name in FILE_JSON
        else value
        for name, value in row.items()
        if name not in SECRET
    }


def _moment(seconds: float | None) -> str | None:
    if seconds is None:
        return None
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def _missing(job_id: str) -> Row:
    return {
        "job_id": job_id,
        "http_status": status_line(NOT_FOUND),
        "http_message": f'No job with the id "{job_id}" has been found',
    }


def _several(found: list[Row]) -> web.StreamResponse:
    """One object for one id, a list for several; the status says whether all went well."""
    if len(found) == 1:
        missing = found[0]["http_status"] == status_line(NOT_FOUND)
        return web.json_response(found[0], status=NOT_FOUND if missing else OK)
    well = all(one["http_status"] == status_line(OK) for one in found)
    return web.json_response(found, status=OK if well else MULTI)


def _ids(request: web.Request) -> list[str]:
    return [job_id for job_id in request.match_info["ids"].split(",") if job_id] or [""]


def _numbers(text: str) -> list[int]:
    return [int(part) for part in text.split(",") if part.isdigit()]


async def _json(request: web.Request) -> dict[str, Any]:
    try:
        document = json.loads(await request.read() or b"{}")
    except ValueError:
        raise Refused(BAD, "Badly formatted JSON request") from None
    if not isinstance(document, dict):
        raise Refused(BAD, "Badly formatted JSON request")
    return document
