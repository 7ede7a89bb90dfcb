"""One copy that does not come about, as Rucio's and FTS's books have it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from lakeproof.blame.facts import Look, Seen
from lakeproof.blame.reasons import NO_REASON, Kind, Reason, read_reason
from lakeproof.session.fts import FtsJob

Said = Mapping[str, Any]
# Of these one may be the source and the other the destination of a copy.
HTTP = frozenset({"davs", "https", "srm+https", "cs3s"})
QUEUED = ("QUEUED", "PREPARING", "WAITING")
NOT_TAKEN = ("SUBMISSION_FAILED", "SUBMITTING")
ADLER32_DIGITS = 8


@dataclass(frozen=True)
class Case:
    """One file that is to be copied: from where to where, and what the books say of it.

    `source` and `destination` are RSEs, or hosts where no RSE is known; `asked` is the id of the
    rule or job. URLs are as Rucio or FTS has them, empty where it has none. `age_s` is for how
    long the request has been as it is.
    """

    name: str
    source: str
    destination: str
    asked: str = ""
    source_url: str = ""
    destination_url: str = ""
    size: int | None = None
    adler32: str = ""
    state: str = ""
    reason: Reason = NO_REASON
    job: str = ""
    fts_url: str = ""
    request: str = ""
    age_s: float | None = None
    books: Mapping[Look, Seen] = field(default_factory=dict)

    @property
    def over_root(self) -> bool:
        """Whether the copy goes by root://, which is not what is looked at here."""
        return urlsplit(self.source_url).scheme in ("root", "xroot", "roots")


def read_rule(told: Said, patience_s: float) -> list[Case]:
    """The files of a rule as the clients' `examine` tells of them."""
    files = told["looked_at"] or [{}]
    return [_of_file(told, file, patience_s) for file in files]


def read_job(job: FtsJob) -> list[Case]:
    """The files of a job of FTS that are not FINISHED; all of them when they all are."""
    open_ = [file for file in job.files if file.get("file_state") != "FINISHED"]
    return [_of_job(job, file) for file in open_ or job.files]


def _of_job(job: FtsJob, file: Said) -> Case:
    source, destination = str(file.get("source_surl")), str(file.get("dest_surl"))
    told = file.get("file_metadata")
    known = told if isinstance(told, dict) else {}
    size = known.get("filesize")
    state = str(file.get("file_state"))
    waits = Seen.of(job.state != "FINISHED", f"the job is {job.state}")
    return Case(
        name=urlsplit(source).path.rpartition("/")[2],
        asked=job.id,
        source=str(known.get("src_rse") or urlsplit(source).netloc),
        destination=str(known.get("dst_rse") or urlsplit(destination).netloc),
        source_url=source,
        destination_url=destination,
        size=size if isinstance(size, int) else None,
        adler32=_adler32(known.get("adler32")),
        state=f"the job is {job.state}, the file {state}",
        reason=read_reason(str(file.get("reason") or "")),
        job=job.id,
        books={Look.RULE_WAITS: waits},
    )


def _of_file(told: Said, file: Said, patience_s: float) -> Case:
    rule = told["rule"]
    request, past = file.get("request") or {}, file.get("past") or {}
    source, destination = file.get("source") or "", file.get("destination") or ""
    urls = file.get("urls") or {}
    ends = file.get("ends") or {}
    said = request.get("err_msg") or past.get("err_msg") or rule.get("error")
    attributes = ends.get(destination, {}).get("attributes", {})
    return Case(
        name=file.get("did") or f"{rule['scope']}:{rule['name']}",
        source=source,
        destination=destination or str(rule["rse_expression"]),
        asked=str(rule["id"]),
        source_url=_preferred(urls.get(source)),
        destination_url=request.get("dest_url") or _preferred(urls.get(destination)),
        size=file.get("bytes"),
        adler32=_adler32(file.get("adler32")),
        state=_state(told, request),
        reason=read_reason(said),
        job=str(request.get("external_id") or past.get("external_id") or ""),
        fts_url=str(attributes.get("fts") or "").partition(",")[0],
        request=str(request.get("state") or ""),
        age_s=file.get("request_age_s"),
        books=dict(_books(told, file, patience_s)),
    )


def _books(told: Said, file: Said, patience_s: float) -> Iterator[tuple[Look, Seen]]:
    rule = told["rule"]
    state, error = str(rule["state"]), rule.get("error")
    yield Look.RULE_WAITS, Seen.of(state != "OK", f"the rule is {state}")
    held = state in ("SUSPENDED", "WAITING_APPROVAL")
    yield Look.RULE_ALLOWED, Seen.of(not held, f"the rule is {state}")
    yield Look.QUOTA, _quota(read_reason(error).kind is Kind.QUOTA, file, error)
    if not file:
        if state == "INJECT":
            yield Look.HANDED_ON, _late(told["waits_s"], patience_s, "the rule is INJECT")
        return
    submitted = _submitted(file, patience_s)
    if state != "OK":
        yield Look.HANDED_ON, _handed_on(file, patience_s)
        yield Look.SUBMITTED, submitted
    yield from _ends(file, reached=submitted.state == "yes")


def _ends(file: Said, *, reached: bool) -> Iterator[tuple[Look, Seen]]:
    """What Rucio knows of the two RSEs and the way between them."""
    source, destination, ends = file["source"], file["destination"], file["ends"]
    states = ", ".join(f"{rse} {state}" for rse, state in file["states"].items())
    available = [r for r, s in file["states"].items() if s == "AVAILABLE" and r != destination]
    yield Look.REPLICA, Seen.of(bool(available), states or "there is no replica at all")
    able = ends[destination]["settings"]["availability_write"]
    yield Look.WRITABLE, Seen.of(bool(able), f"availability_write of {destination} is {able}")
    if not source:
        return
    able = ends[source]["settings"]["availability_read"]
    yield Look.READABLE, Seen.of(bool(able), f"availability_read of {source} is {able}")
    if not file["distance"] and not reached:
        yield Look.DISTANCE, Seen.of(False, f"none from {source} to {destination}")
    elif file["distance"]:
        yield Look.DISTANCE, Seen.of(True, f"{file['distance'][0]['distance']}")
    reads = _schemes(ends[source], "third_party_copy_read")
    writes = _schemes(ends[destination], "third_party_copy_write")
    said = f"{source} gives by {_list(reads)}, {destination} takes by {_list(writes)}"
    yield Look.PROTOCOL, Seen.of(_common(reads, writes), said)


def _quota(over: bool, file: Said, error: object) -> Seen:
    limit = file.get("limit")
    used = sum(int(usage.get("bytes") or 0) for usage in file.get("usage", []))
    numbers = f"limit {limit} bytes, used {used}" if limit is not None else ""
    if over:
        return Seen.of(False, "; ".join(part for part in (str(error), numbers) if part))
    return Seen.of(True, numbers)


def _handed_on(file: Said, patience_s: float) -> Seen:
    request = file["request"]
    if request is None:
        tried = int(file["transfer"].get("attempts") or 0)
        if not tried and file["state"] == "REPLICATING":
            return Seen.of(None, "Rucio shows no request")
        return Seen.of(True, f"{tried} attempts")
    if request["state"] not in QUEUED:
        return Seen.of(True, f"the request is {request['state']}")
    return _late(file["request_age_s"], patience_s, f"the request is {request['state']}")


def _submitted(file: Said, patience_s: float) -> Seen:
    request = file["request"]
    if request is None:
        last = str(file["transfer"].get("last_error") or "").rpartition(".")[2]
        taken = {"FAILED": True, "DONE": True, "LOST": True, **dict.fromkeys(NOT_TAKEN, False)}
        return Seen.of(taken.get(last), f"the last request ended {last or 'nobody knows how'}")
    state, said = request["state"], f"the request is {request['state']}"
    if state == "SUBMITTING":
        return _late(file["request_age_s"], patience_s, said)
    if request.get("external_id"):
        return Seen.of(True, f"job {request['external_id']}")
    if request.get("retry_count"):
        said += f", after {request['retry_count']} attempts"
    return Seen.of(False if state in NOT_TAKEN else None, said)


def _late(age_s: float | None, patience_s: float, said: str) -> Seen:
    """No when it has been so for too long, else not to be told yet."""
    if age_s is None:
        return Seen.of(None, said)
    late = age_s > patience_s
    return Seen.of(False if late else None, f"{said} for {age_s:.0f} s")


def _schemes(end: Said, operation: str) -> list[str]:
    protocols = end["settings"].get("protocols") or []
    able = [p for p in protocols if (p["domains"].get("wan") or {}).get(operation)]
    return sorted({str(protocol["scheme"]) for protocol in able})


def _common(one: Sequence[str], other: Sequence[str]) -> bool:
    return bool(set(one) & set(other)) or bool(HTTP & set(one) and HTTP & set(other))


def _list(names: Sequence[str]) -> str:
    return ", ".join(names) or "nothing"


def _preferred(urls: object) -> str:
    """The one by HTTP where there is one: by that it is looked at."""
    found = [str(url) for url in urls] if isinstance(urls, list) else []
    return next((url for url in found if urlsplit(url).scheme in HTTP), found[0] if found else "")


def _state(told: Said, request: Said) -> str:
    rule = told["rule"]
    said = f"the rule is {rule['state']}"
    if request:
        said += f", the request {request['state']}"
    return f"{said} ({told['waiting']} of {told['files']} files wait)"


def _adler32(value: object) -> str:
    return str(value).lower().zfill(ADLER32_DIGITS) if value else ""
