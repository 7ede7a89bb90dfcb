"""An FTS (File Transfer Service) as checks talk to it, over its REST interface."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import quote, urlsplit

from lakeproof.credentials.names import PathName
from lakeproof.credentials.tamper import flip_signature
from lakeproof.credentials.wallet import EndpointWallet
from lakeproof.inventory.door import DEFAULT_PORTS
from lakeproof.verdict import Blocked, NotRun
from lakeproof.wire.auth import Bearer, ClientCert, Credential
from lakeproof.wire.connection import TlsConfig
from lakeproof.wire.guard import WriteGuard
from lakeproof.wire.http import HttpClient, Timeouts
from lakeproof.wire.payload import Payload
from lakeproof.wire.reply import Reply
from lakeproof.wire.storage import StorageElement
from lakeproof.wire.transcript import Recorder

ABSENT = "it needs an FTS: give --fts URL, or `fts: {url: …}` in the inventory"
QUEUED = frozenset({"SUBMITTED", "READY"})
OVER = frozenset({"FINISHED", "FAILED", "FINISHEDDIRTY", "CANCELED"})
# What Rucio asks for when it looks after its jobs.
FIELDS = (
    "file_state",
    "dest_surl",
    "finish_time",
    "start_time",
    "staging_start",
    "staging_finished",
    "reason",
    "source_surl",
    "file_metadata",
)
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.05, 2.0
LARGEST_ANSWER = 4 * 1024 * 1024
SCOPE = "fts"

Place = tuple[StorageElement, PurePosixPath]


@dataclass(frozen=True)
class FtsTarget:
    """The FTS of a run: its REST URL, and the authorities that vouch for it."""

    url: str
    ca: PathName | None = None
    emulated: bool = False


# A storage by host and port, and where its files are: below which path of the WebDAV door, and
# below which root:// URL.
RootDoors = Mapping[tuple[str, int], tuple[PurePosixPath, str]]


@dataclass(frozen=True)
class FtsJob:
    """A job as FTS describes it, with its files."""

    id: str
    fields: dict[str, Any]

    @property
    def state(self) -> str:
        """SUBMITTED, ACTIVE, FINISHED, FAILED, CANCELED and the like."""
        return str(self.fields.get("job_state", ""))

    @property
    def over(self) -> bool:
        """Whether nothing will change any more."""
        return self.state in OVER

    @property
    def is_in_preparation(self) -> bool:
        """Whether tokens of its files are still to be made ready, which takes no queue."""
        return any(file.get("file_state") == "TOKEN_PREP" for file in self.files)

    @property
    def files(self) -> list[dict[str, Any]]:
        """What FTS says of each file."""
        found = self.fields.get("files")
        return [file for file in found if isinstance(file, dict)] if isinstance(found, list) else []

    @property
    def reason(self) -> str:
        """Why its files failed, in FTS's words."""
        reasons = (str(file.get("reason") or "") for file in self.files)
        return "; ".join(reason for reason in reasons if reason)

    def describe(self) -> str:
        """One phrase: "the job is FAILED: SOURCE [2] …"."""
        said = f"the job is {self.state or 'of no state'}"
        return f"{said}: {self.reason}" if self.reason else said


class Fts:
    """One FTS, asked with the credentials of the endpoint under test."""

    def __init__(
        self,
        target: FtsTarget,
        wallet: EndpointWallet,
        tls: TlsConfig,
        timeouts: Timeouts,
        recorder: Recorder,
        root_doors: RootDoors | None = None,
    ) -> None:
        self.url = target.url.rstrip("/")
        self.patience_s = timeouts.total_s
        self._wallet = wallet
        self._root_doors = root_doors or {}
        ca = target.ca.path() if target.ca else None
        self._base = urlsplit(self.url).path.rstrip("/")
        self._client = HttpClient(
            self.url,
            tls=TlsConfig(ca) if ca else tls,
            timeouts=timeouts,
            recorder=recorder,
            guard=WriteGuard(PurePosixPath(f"{self._base}/jobs")),
        )

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    @property
    def audience(self) -> str:
        """Whom tokens for it are for, as Rucio asks for them: its host name."""
        return str(urlsplit(self.url).hostname)

    @cached_property
    def token(self) -> Bearer:
        """A token to submit with; raises CredentialError when the issuer gives none."""
        return self._wallet.bearer(SCOPE, audience=self.audience)

    @property
    def forged(self) -> Bearer:
        """The same token with another signature."""
        return Bearer(flip_signature(self.token.token), "a token with a forged signature")

    @property
    def certificate(self) -> ClientCert:
        """The certificate to submit with; raises NotRun without one."""
        if self._wallet.certificate is None:
            raise NotRun("no certificate: give --proxy")
        return self._wallet.certificate

    @property
    def is_delegated(self) -> bool:
        """Whether FTS holds something to act with in the name of our certificate."""
        told = json_of(self.get("/whoami", auth=self.certificate))
        mine = told.get("delegation_id") if isinstance(told, dict) else None
        held = self.get(f"/delegation/{mine}", auth=self.certificate)
        return held.ok and isinstance(json_of(held), dict)

    def get(self, path: str, *, auth: Credential | None = None) -> Reply:
        """GET below its URL, with the token unless `auth` says otherwise."""
        return self._ask("GET", path, auth)

    def delete(self, path: str, *, auth: Credential | None = None) -> Reply:
        """DELETE below /jobs."""
        return self._ask("DELETE", path, auth)

    def post(self, path: str, document: object, *, auth: Credential | None = None) -> Reply:
        """POST of a JSON document."""
        return self._ask("POST", path, auth, json.dumps(document).encode())

    def entry(
        self,
        sources: Sequence[Place],
        destination: Place,
        data: Payload | None = None,
        *,
        by_token: bool = True,
        checksum: str | None = None,
        over_root: bool = False,
    ) -> dict[str, Any]:
        """A file of a submission, as Rucio makes it; `checksum` is adler32, that of `data` else.

        Its URLs are davs, or root:// with `over_root`; NotRun for a storage without such a door.
        """
        url = self._root_url if over_root else _url
        summed = checksum or (data.adler32 if data else None)
        tokens = {}
        if by_token:
            tokens["source_tokens"] = [_token("GET", place) for place in sources]
            tokens["destination_tokens"] = [_token("PUT", destination)]
        return {
            "sources": [url(place) for place in sources],
            "destinations": [url(destination)],
            "metadata": {"request_id": "lakeproof", "activity": "lakeproof"},
            "filesize": data.size if data else None,
            "checksum": f"ADLER32:{summed}" if summed else None,
            "activity": "lakeproof",
            **tokens,
        }

    def submit(
        self, *entries: dict[str, Any], auth: Credential | None = None, **params: object
    ) -> Reply:
        """Submit a job of these files; `params` are FTS's own (overwrite, verify_checksum, …)."""
        given = {"job_metadata": {"issuer": "lakeproof"}, "retry": 0, **params}
        return self.post("/jobs", {"files": list(entries), "params": given}, auth=auth)

    def job(self, job_id: str, *, auth: Credential | None = None) -> FtsJob:
        """The job as it is now; without any state when FTS does not know it."""
        reply = self.get(f"/jobs/{job_id}?files={','.join(FIELDS)}", auth=auth)
        found = json_of(reply)
        found = found[0] if isinstance(found, list) and found else found
        return FtsJob(job_id, found if isinstance(found, dict) else {})

    def wait(self, submitted: Reply, *states: str, auth: Credential | None = None) -> FtsJob:
        """The job that was `submitted`, once it is over or in one of `states`.

        Gives it as it is when the endpoint's total time-out has passed; raises Blocked when it
        waits in the queue even then, as FTS may have others to copy for.
        """
        found = json_of(submitted)
        job_id = str(found.get("job_id", "")) if isinstance(found, dict) else ""
        deadline, pause_s = time.monotonic() + self.patience_s, FIRST_PAUSE_S
        job = self.job(job_id, auth=auth)
        while not job.over and job.state not in states and time.monotonic() < deadline:
            time.sleep(pause_s)
            pause_s = min(pause_s * 1.5, LONGEST_PAUSE_S)
            job = self.job(job_id, auth=auth)
        if job.state in QUEUED and job.state not in states and not job.is_in_preparation:
            raise Blocked(
                f"the job still waits in FTS's queue ({job.state}) after {self.patience_s:.0f} s"
            )
        return job

    def copies(self, source: Place, destination: Place, data: Payload) -> bool:
        """Whether a plain job of this pair ends as FINISHED: a control of what asks for more."""
        reply = self.submit(self.entry([source], destination, data))
        return reply.ok and self.wait(reply).state == "FINISHED"

    def cancel(self, job: FtsJob, *, auth: Credential | None = None) -> Reply:
        """Cancel a job."""
        return self.delete(f"/jobs/{job.id}", auth=auth)

    def _root_url(self, place: Place) -> str:
        storage, path = place
        parts = urlsplit(storage.client.origin)
        door = self._root_doors.get((str(parts.hostname), parts.port or DEFAULT_PORTS["https"]))
        if door is None:
            raise NotRun(f"{storage.client.origin} has no root:// door in the inventory")
        folder, base = door
        return f"{base}/{quote(str(path.relative_to(folder)))}"

    def _ask(
        self, method: str, path: str, auth: Credential | None, body: bytes | None = None
    ) -> Reply:
        return self._client.request(
            method,
            f"{self._base}{path}",
            headers={"Accept": "application/json", "Content-Type": "application/json"},
            body=body,
            auth=self.token if auth is None else auth,
            max_body=LARGEST_ANSWER,
        )


def json_of(reply: Reply) -> Any:  # noqa: ANN401  any JSON
    """What a JSON answer says; None when it is none."""
    try:
        return json.loads(reply.body)
    except ValueError:
        return None


def _url(place: Place) -> str:
    storage, path = place
    return storage.client.url_of(path).replace("https://", "davs://", 1)


def _token(method: str, place: Place) -> str:
    storage, path = place
    credential = storage.credential(method, path)
    if not isinstance(credential, Bearer):
        raise NotRun("no access token: give --token")
    return credential.token
