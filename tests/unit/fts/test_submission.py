"""What the FTS stand-in accepts, refuses, and makes of a submission."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lakeproof.fts.errors import Refused
from lakeproof.fts.states import ALTERNATIVES, MULTIHOP, REGULAR, State, of_job
from lakeproof.fts.store import Store
from lakeproof.fts.submission import NewJob, read

A, B, C = (f"davs://{host}.example.org/data/file" for host in "abc")
F, D, X, N = State.FINISHED, State.FAILED, State.CANCELED, State.NOT_USED


def _read(files: object, by_token: bool = False, **params: object) -> NewJob:
    body = json.dumps({"files": files, "params": params}).encode()
    return read(body, "lake", ("https://issuer.example.org",), by_token=by_token)


def _file(*sources: str, to: str = C, **more: object) -> dict[str, Any]:
    return {"sources": [*sources], "destinations": [to], **more}


@pytest.mark.parametrize(
    ("files", "params", "says"),
    [
        ([], {}, "No transfers operations specified"),
        ([_file("root://a.example.org//data/file")], {}, "No valid pairs available"),
        ([_file(A)], {"overwrite": True, "overwrite_hop": True}, "Incompatible overwrite flags"),
        ([_file(A)], {"overwrite_hop": True}, "requires multihop"),
        ([_file(A)], {"overwrite_when_only_on_disk": True}, "requires 'archive-timeout'"),
        ([_file(A)], {"id_generator": "deterministic"}, "Need sid"),
        ([_file(A, scitag=7)], {}, "SciTag"),
        ([_file("not a url")], {}, "Invalid value for sources"),
        ([_file(A)], {"verify_checksum": "sometimes"}, "verify_checksum"),
    ],
)
def test_nonsense_is_refused(files: object, params: dict[str, Any], says: str) -> None:
    with pytest.raises(Refused, match=says) as refused:
        _read(files, **params)
    assert refused.value.line == "400 Bad Request"


@pytest.mark.parametrize(
    ("said", "checksum", "mode"),
    [
        (None, "ADLER32:1", "t"),
        (False, "ADLER32:1", "t"),
        (None, None, "n"),
        ("none", "ADLER32:1", "n"),
        (True, None, "b"),
        ("source", "ADLER32:1", "s"),
    ],
)
def test_what_is_compared(said: object, checksum: str | None, mode: str) -> None:
    job = _read([_file(A, checksum=checksum)], verify_checksum=said)

    assert job.params["verify_checksum"] == mode


def test_tokens_are_wanted_and_tape_is_not() -> None:
    with pytest.raises(Refused, match="does not match the number of sources"):
        _read([_file(A)], by_token=True)
    with pytest.raises(Refused, match="retrieve from tape using token"):
        _read([_file(A)], by_token=True, bring_online=60)
    with pytest.raises(Refused, match="archive to tape using token"):
        _read([_file(A)], by_token=True, archive_timeout=60)


def test_alternatives_and_hops_wait_for_their_turn() -> None:
    several, hops = _read([_file(A, B)]), _read([_file(A), _file(C, to=B)], multihop=True)

    assert (several.kind, hops.kind) == (ALTERNATIVES, MULTIHOP)
    for job in (several, hops):
        assert [file.state for file in job.files] == [State.SUBMITTED, N]


def test_deterministic_id_is_what_rucio_computes() -> None:
    job = _read([_file(A)], id_generator="deterministic", sid="request")

    again = _read([_file(B)], id_generator="deterministic", sid="request")
    assert job.job_id == again.job_id


@pytest.mark.parametrize(
    ("kind", "files", "state"),
    [
        (REGULAR, [F, F], F),
        (REGULAR, [F, D], State.FINISHEDDIRTY),
        (REGULAR, [D, D], D),
        (REGULAR, [F, State.ACTIVE], State.ACTIVE),
        (ALTERNATIVES, [D, F, N], F),
        (ALTERNATIVES, [D, D], D),
        (MULTIHOP, [F, F], F),
        (MULTIHOP, [D, N], D),
        (MULTIHOP, [F, X], X),
    ],
)
def test_state_of_a_job(kind: str, files: list[State], state: State) -> None:
    assert of_job(kind, files) is state


def test_destination_of_a_job_that_goes_on_is_taken(tmp_path: Path) -> None:
    store = Store(tmp_path / "jobs.sqlite")
    job = _read([_file(A)])
    store.add(job, "somebody", "certificate", "lake")

    with pytest.raises(Refused, match="same destination") as refused:
        store.add(_read([_file(B)]), "somebody", "certificate", "lake")

    assert refused.value.status == 409
    store.cancel(job.job_id)
    store.add(_read([_file(B)]), "somebody", "certificate", "lake")
    store.close()


def test_jobs_outlive_the_process_and_are_for_their_owner(tmp_path: Path) -> None:
    path = tmp_path / "jobs.sqlite"
    store, job = Store(path), _read([_file(A)], priority=5)
    store.add(job, "somebody", "certificate", "lake")
    (row,) = store.waiting(now=0)
    assert store.move(row["file_id"], State.SUBMITTED, State.ACTIVE)
    store.close()

    again = Store(path)

    assert again.recover() == [row["file_id"]]
    assert again.waiting(now=0)[0]["priority"] == 5
    assert path.stat().st_mode & 0o077 == 0
    again.close()


def test_second_source_has_its_turn_when_the_first_failed(tmp_path: Path) -> None:
    store, job = Store(tmp_path / "jobs.sqlite"), _read([_file(A, B)])
    store.add(job, "somebody", "certificate", "lake")
    (row,) = store.waiting(now=0)

    store.move(row["file_id"], State.SUBMITTED, D, reason="SOURCE [2] gone")

    assert [each["source_surl"] for each in store.waiting(now=0)] == [B]
    found = store.job(job.job_id)
    assert found is not None
    assert found["job_state"] == State.SUBMITTED
    store.close()


def test_banned_storage_waits(tmp_path: Path) -> None:
    store = Store(tmp_path / "jobs.sqlite")
    store.add(_read([_file(A)]), "somebody", "certificate", "lake")

    store.ban("davs://a.example.org", "WAIT", "")
    assert store.waiting(now=0) == []
    store.unban("davs://a.example.org")
    assert len(store.waiting(now=0)) == 1
    store.close()
