"""What is read from Rucio's and FTS's books."""

from __future__ import annotations

from typing import Any

import pytest

from lakeproof.blame import Kind, Look, State
from lakeproof.session.case import Case, read_job, read_rule
from lakeproof.session.fts import FtsJob

PATIENCE_S = 600.0
COPIES = ("third_party_copy_read", "third_party_copy_write")


def _end(*schemes: str, copies: tuple[str, ...] = COPIES, **settings: object) -> dict[str, Any]:
    wan = {"read": 1, "write": 1, **dict.fromkeys(copies, 1)}
    protocols = [{"scheme": scheme, "domains": {"lan": {}, "wan": wan}} for scheme in schemes]
    able = {"availability_read": True, "availability_write": True}
    fts = "https://fts.example.org:8446,https://other.example.org"
    return {
        "settings": {**able, "protocols": protocols, **settings},
        "attributes": {"fts": fts},
    }


def _file(**other: Any) -> dict[str, Any]:  # noqa: ANN401  JSON
    return {
        "did": "lake:f",
        "state": "STUCK",
        "request": None,
        "request_age_s": None,
        "past": None,
        "transfer": {"attempts": 4, "last_error": "RequestState.FAILED"},
        "bytes": 3000,
        "adler32": "6ce47e8",
        "urls": {
            "A": ["root://a.example.org:1094//vo/f", "davs://a.example.org/vo/f"],
            "B": ["davs://b.example.org/vo/f"],
        },
        "states": {"A": "AVAILABLE", "B": "UNAVAILABLE"},
        "source": "A",
        "destination": "B",
        "ends": {"A": _end("davs", "root"), "B": _end("davs")},
        "distance": [{"distance": 1}],
        "limit": 1000,
        "usage": [{"bytes": 10}],
        **other,
    }


def _rule(*files: dict[str, Any], state: str = "STUCK", error: str | None = None) -> Case:
    rule = {
        "id": "0123",
        "scope": "lake",
        "name": "f",
        "state": state,
        "error": error,
        "rse_expression": "B",
    }
    told = {"rule": rule, "waits_s": 700, "files": 1, "waiting": 1, "looked_at": list(files)}
    (case,) = read_rule(told, PATIENCE_S)
    return case


def _state(case: Case, look: Look) -> State | None:
    return case.books[look].state if look in case.books else None


def test_a_file_of_a_rule() -> None:
    error = "RequestErrMsg.TRANSFER_FAILED:SOURCE [2] HTTP 404 : File not found"

    case = _rule(_file(), error=error)

    assert (case.name, case.source, case.destination, case.asked) == ("lake:f", "A", "B", "0123")
    assert case.source_url == "davs://a.example.org/vo/f"  # that is how it is looked at
    assert (case.size, case.adler32) == (3000, "06ce47e8")
    assert case.fts_url == "https://fts.example.org:8446"
    assert case.reason.kind is Kind.MISSING
    assert {seen.state for seen in case.books.values()} == {State.YES}


@pytest.mark.parametrize(
    ("request_state", "age_s", "look", "state"),
    [
        ("QUEUED", 5, Look.HANDED_ON, State.UNSEEN),
        ("QUEUED", 700, Look.HANDED_ON, State.NO),
        ("WAITING", 700, Look.HANDED_ON, State.NO),
        ("SUBMITTED", 700, Look.HANDED_ON, State.YES),
        ("SUBMITTING", 5, Look.SUBMITTED, State.UNSEEN),
        ("SUBMITTING", 700, Look.SUBMITTED, State.NO),
        ("SUBMISSION_FAILED", 5, Look.SUBMITTED, State.NO),
        ("QUEUED", 700, Look.SUBMITTED, State.UNSEEN),
    ],
)
def test_where_a_request_waits(request_state: str, age_s: float, look: Look, state: State) -> None:
    case = _rule(_file(request={"state": request_state}, request_age_s=age_s), state="REPLICATING")

    assert _state(case, look) is state


def test_a_job_was_taken() -> None:
    request = {"state": "SUBMITTED", "external_id": "job-1"}

    case = _rule(_file(request=request, request_age_s=5.0), state="REPLICATING")

    assert case.job == "job-1"
    assert _state(case, Look.SUBMITTED) is State.YES


@pytest.mark.parametrize(
    ("last", "state"),
    [("SUBMISSION_FAILED", State.NO), ("LOST", State.YES), ("NO_SOURCES", State.UNSEEN)],
)
def test_how_the_last_request_ended(last: str, state: State) -> None:
    transfer = {"attempts": 1, "last_error": f"RequestState.{last}"}

    assert _state(_rule(_file(transfer=transfer)), Look.SUBMITTED) is state


def test_no_distance_matters_where_nothing_was_submitted() -> None:
    never = {"attempts": 1, "last_error": "RequestState.NO_SOURCES"}

    assert _state(_rule(_file(distance=[], transfer=never)), Look.DISTANCE) is State.NO
    # It went by another RSE.
    assert _state(_rule(_file(distance=[])), Look.DISTANCE) is None


@pytest.mark.parametrize(
    ("source", "destination", "state"),
    [
        (_end("davs"), _end("https"), State.YES),
        (_end("root"), _end("root", "davs"), State.YES),
        (_end("root"), _end("davs"), State.NO),
        (_end("davs"), _end("davs", copies=("third_party_copy_read",)), State.NO),
    ],
)
def test_protocols_for_copies(
    source: dict[str, Any], destination: dict[str, Any], state: State
) -> None:
    assert _state(_rule(_file(ends={"A": source, "B": destination})), Look.PROTOCOL) is state


@pytest.mark.parametrize(
    ("file", "look"),
    [
        (_file(states={"B": "COPYING"}, source=None), Look.REPLICA),
        (
            _file(ends={"A": _end("davs", availability_read=False), "B": _end("davs")}),
            Look.READABLE,
        ),
        (
            _file(ends={"A": _end("davs"), "B": _end("davs", availability_write=False)}),
            Look.WRITABLE,
        ),
    ],
)
def test_what_rucio_has_switched_off(file: dict[str, Any], look: Look) -> None:
    case = _rule(file)

    assert [each for each, seen in case.books.items() if seen.state is State.NO] == [look]


def test_quota_stops_a_rule_before_it_has_files() -> None:
    case = _rule(error="There is not enough quota left to fulfil the operation.")

    assert _state(case, Look.QUOTA) is State.NO
    assert (case.source, case.destination) == ("", "B")


@pytest.mark.parametrize("state", ["SUSPENDED", "WAITING_APPROVAL"])
def test_a_rule_that_is_held(state: str) -> None:
    assert _state(_rule(_file(), state=state), Look.RULE_ALLOWED) is State.NO


def test_a_rule_that_nobody_injects() -> None:
    assert _state(_rule(state="INJECT"), Look.HANDED_ON) is State.NO


def test_files_of_a_job() -> None:
    done = {"file_state": "FINISHED", "source_surl": "davs://a/1", "dest_surl": "davs://b/1"}
    failed = {
        "file_state": "FAILED",
        "source_surl": "davs://a.example.org/vo/2",
        "dest_surl": "davs://b.example.org/vo/2",
        "reason": "DESTINATION [1] HTTP 403 : Permission refused",
        "file_metadata": {"src_rse": "A", "filesize": 5, "adler32": "62c0215"},
    }

    (case,) = read_job(FtsJob("job-1", {"job_state": "FINISHEDDIRTY", "files": [done, failed]}))

    assert (case.source, case.destination) == ("A", "b.example.org")
    assert (case.size, case.adler32, case.job) == (5, "062c0215", "job-1")
    assert (case.reason.scope, case.reason.kind) == ("DESTINATION", Kind.DENIED)
