"""Runs get in whole, once, whoever imports them, however often, and whatever happens meanwhile."""

from __future__ import annotations

import inspect
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import func, select, update

from lakeproof import tree
from lakeproof.results import Result
from lakeproof.store import Store, StoreError, ingest, open_store, rollup
from lakeproof.store.ingest import folders_in
from lakeproof.store.load import standing
from lakeproof.store.names import PAIRED
from lakeproof.store.schema import Answer, Base, Detail, Run, Visit, Words
from lakeproof.verdict import Blame, Outcome
from tests.unit.store.contents import rolled_up
from tests.unit.store.made import (
    result,
    run_name,
    take_in,
    write_results,
    write_run,
)

ANSWERS = {"A": {"webdav.files.put": "P", "webdav.files.get": "F"}, "B": {"webdav.files.put": "N"}}


def _number(store: Store, table: type[Base] = Answer) -> int:
    with store.read() as connection:
        return connection.scalar(select(func.count()).select_from(table)) or 0


def _results(store: Store) -> list[Result]:
    with store.read() as connection:
        return [each.result for each in standing(connection)]


def test_every_field_comes_back(store: Store, tmp_path: Path) -> None:
    rich = replace(
        result(0, 1, "f"),
        technology="dcache",
        observed_version="9.2",
        expected="201",
        do="dcache: set x",
        blame=Blame.PARTNER,
        partner="B",
        cell="create.put.inside",
        direction="pull",
        transcript="transcripts/SE/x.txt",
        known_issue="https://example.org/1",
        emulated=True,
        stand_ins=("token issuer", "FTS"),
        attempts=({"outcome": "fail", "duration_s": 1.5}, {"outcome": "pass"}),
        measured={"uploads_per_s": 2.5},
        suite_version="1.0",
    )
    write_results(write_run(tmp_path, 0, {}).folder, (rich,))

    take_in(store, tmp_path)

    assert _results(store) == [rich]


def test_once_more_changes_nothing(store: Store, tmp_path: Path) -> None:
    write_run(tmp_path, 0, ANSWERS)

    first, again = take_in(store, tmp_path), take_in(store, tmp_path)

    assert [(done.new, done.read) for done in first + again] == [(3, 3), (0, 0)]
    assert _number(store) == 3


def test_from_another_copy_changes_nothing(store: Store, tmp_path: Path) -> None:
    """A copy of the folder without what the store noted about the first one."""
    write_run(tmp_path / "one", 0, ANSWERS)
    write_run(tmp_path / "two", 0, ANSWERS)
    take_in(store, tmp_path / "one")
    before = rolled_up(store)
    with store.write() as connection:
        connection.execute(update(Run).values(imported=0))

    (done,) = take_in(store, tmp_path / "two")

    assert (done.new, done.read) == (0, 3)
    assert rolled_up(store) == before


def test_a_run_that_goes_on_is_followed(store: Store, tmp_path: Path) -> None:
    run = write_run(tmp_path, 0, ANSWERS, finished=False)
    whole = (run.folder / "results.jsonl").read_bytes()
    cut = whole.index(b"\n") + 40  # in the middle of the second line
    (run.folder / "results.jsonl").write_bytes(whole[:cut])
    (first,) = take_in(store, tmp_path)
    (run.folder / "results.jsonl").write_bytes(whole)

    (second,) = take_in(store, tmp_path)

    assert [first.new, second.new] == [1, 2]
    assert len(_results(store)) == 3


def test_jobs_of_many_machines_merge(store: Store, tmp_path: Path) -> None:
    """Two jobs of an hour, each with a site of its own, each with a folder of its own."""
    for job, endpoint in enumerate("AB"):
        write_run(tmp_path / endpoint, job, {endpoint: ANSWERS["A"]})

    done = take_in(store, tmp_path / "A", tmp_path / "B")

    assert [each.new for each in done] == [2, 2]
    assert {each.endpoint for each in _results(store)} == {"A", "B"}


def test_the_latest_run_is_no_run_of_its_own(tmp_path: Path) -> None:
    run = write_run(tmp_path, 0, ANSWERS)
    (tmp_path / "latest").symlink_to(run.folder)

    assert folders_in(tmp_path) == folders_in(tmp_path / "runs") == [run.folder]
    assert folders_in(run.folder) == [run.folder]


@pytest.mark.parametrize(
    "spoiled", [b"{", b"[]\n", b'{"run": 1}\n', b"\xff\xfe\n", b"null\n"], ids=repr
)
def test_a_line_that_is_no_result_is_named_and_others_get_in(
    store: Store, tmp_path: Path, spoiled: bytes
) -> None:
    bad, good = write_run(tmp_path, 0, ANSWERS), write_run(tmp_path, 1, ANSWERS)
    path = bad.folder / "results.jsonl"
    size = path.stat().st_size
    path.write_bytes(path.read_bytes() + spoiled.rstrip(b"\n") + b"\n")

    done = take_in(store, tmp_path)

    assert [each.run for each in done] == [bad.folder.name, good.folder.name]
    assert done[0].problem is not None
    assert f"{path}: the line at byte {size}" in done[0].problem
    assert (done[1].problem, done[1].new) == (None, 3)


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"run": "x", "started": "yesterday"}'])
def test_a_run_json_that_is_none_is_named(store: Store, tmp_path: Path, content: str) -> None:
    run = write_run(tmp_path, 0, ANSWERS)
    (run.folder / "run.json").write_text(content)

    (done,) = take_in(store, tmp_path)

    assert done.problem is not None
    assert str(run.folder / "run.json") in done.problem
    assert _number(store, Run) == 0


def test_a_folder_without_run_json_is_taken_by_its_first_line(store: Store, tmp_path: Path) -> None:
    run = write_run(tmp_path, 0, ANSWERS)
    (run.folder / "run.json").unlink()

    (done,) = take_in(store, tmp_path)

    assert (done.run, done.new) == (run_name(0), 3)


def test_texts_that_no_database_takes(store: Store, tmp_path: Path) -> None:
    hostile = replace(result(0, 1, "F"), actual="<script>\x00\ud800 'x'); DROP TABLE result; --")
    write_results(write_run(tmp_path, 0, {}).folder, (hostile,))

    take_in(store, tmp_path)

    (found,) = _results(store)
    assert found.actual == "<script>\ufffd\ufffd 'x'); DROP TABLE result; --"


def test_the_same_failure_hour_after_hour_is_one_text(store: Store, tmp_path: Path) -> None:
    for hour in range(5):
        write_run(tmp_path, hour, {"A": {"webdav.files.put": "F"}})
    take_in(store, tmp_path)

    assert (_number(store), _number(store, Detail), _number(store, Words)) == (5, 1, 2)
    (found,) = _results(store)
    assert found.actual is not None
    assert f"/{run_name(4)}/0000-put-000004/" in found.actual


def test_words_are_those_of_the_newest_run(store: Store, tmp_path: Path) -> None:
    for hour, title in ((1, "new"), (0, "old"), (2, "newest")):
        place = tmp_path / title
        write_run(place, hour, {"A": {"a.b.c": "P"}}, title=title)
        take_in(store, place)

    assert [each.title for each in _results(store)] == ["newest"]


def test_a_renamed_check_goes_on_with_its_history(store: Store, tmp_path: Path) -> None:
    """The machine of the third run still has the older suite."""
    renamed = {"a.b.old": "c.d.new"}
    for hour, check in enumerate(["a.b.old", "c.d.new", "a.b.old"]):
        run = write_run(tmp_path, hour, {"A": {check: "F"}})
        list(ingest.import_runs(store, [run.folder], renamed if hour else None))

    (span,) = rolled_up(store)["spans"]

    assert (span[1], span[6], span[8], span[10]) == ("c.d.new", run_name(0), run_name(2), 3)


def test_a_killed_import_is_resumed(store: Store, tmp_path: Path) -> None:
    """SIGKILL after three chunks of ten; then as if nothing had been."""
    checks = {f"a.b.check-{number}": "PF"[number % 2] for number in range(95)}
    write_run(tmp_path, 0, {"A": checks})
    kill = f"""
import os, signal
from pathlib import Path
from lakeproof.store import ingest, open_store
ingest.CHUNK = 10
insert, calls = ingest._insert, []
def patched(*arguments):
    calls.append(1)
    if len(calls) > 3:
        insert(*arguments)  # in the transaction that dies
        os.kill(os.getpid(), signal.SIGKILL)
    return insert(*arguments)
ingest._insert = patched
list(ingest.import_runs(open_store({store.name!r}), ingest.folders_in(Path({str(tmp_path)!r}))))
"""
    killed = subprocess.run([sys.executable, "-c", kill], check=False, timeout=120)
    assert killed.returncode == -9
    assert _number(store) == 30

    (done,) = take_in(store, tmp_path)

    assert (done.new, done.read) == (65, 65)
    other = open_store(tmp_path / "other.sqlite")
    take_in(other, tmp_path)
    assert rolled_up(store) == rolled_up(other)
    other.close()


def test_killed_between_results_and_roll_ups(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_run(tmp_path, 0, ANSWERS)
    with monkeypatch.context() as patched:
        patched.setattr(rollup, "roll_up", lambda _: 0)
        take_in(store, tmp_path)
    assert rolled_up(store)["spans"] == []

    take_in(store, tmp_path)

    assert len(rolled_up(store)["spans"]) == 3


WRITER = """
import sys
from pathlib import Path
from lakeproof.store import ingest, open_store
ingest.CHUNK = 10
store = open_store(sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
for place in sys.argv[2:]:
    done = list(ingest.import_runs(store, ingest.folders_in(Path(place))))
    assert not [each for each in done if each.problem], done
"""


def together(where: str, *jobs: list[str]) -> None:
    """Import the places of each job in a process of its own, all at once."""
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, where, *job],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for job in jobs
    ]
    for writer in writers:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "ready\n"
    for writer in writers:
        writer.communicate("\n", timeout=120)
    assert [writer.returncode for writer in writers] == [0] * len(jobs)


def made_for_two(tmp_path: Path) -> Iterator[str]:
    """Places with two runs each of the same endpoints, and one that both jobs import."""
    checks = {f"webdav.files.check-{number}": "PFN"[number % 3] for number in range(30)}
    for job in range(2):
        for hour in range(2):
            write_run(tmp_path / f"job{job}", 2 * hour + job, {"A": checks, "B": checks})
        yield str(tmp_path / f"job{job}")
    write_run(tmp_path / "both", 9, {"A": checks})
    yield str(tmp_path / "both")


def test_two_write_at_once(tmp_path: Path) -> None:
    """Both make the store, too."""
    one, two, both = made_for_two(tmp_path)
    where = tmp_path / "new" / "store.sqlite"

    together(str(where), [one, both], [two, both])

    store, other = open_store(where), open_store(tmp_path / "other.sqlite")
    take_in(other, *map(Path, (one, two, both)))
    assert _number(store) == 2 * 2 * 2 * 30 + 30
    assert rolled_up(store) == rolled_up(other)
    for each in (store, other):
        each.close()


def test_the_store_knows_which_checks_run_once_for_each_partner() -> None:
    """Else two results of one run would be one series, and the second left out."""
    paired = {
        check.id
        for check in tree.load_checks()
        if "peer" in inspect.signature(check.function).parameters
    }
    known = {check.id for check in tree.load_checks() if check.id.startswith(PAIRED)}

    assert paired == known, "PAIRED of lakeproof/store/names.py is not up to date"


def test_a_store_that_is_none(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    path.write_text("something else, and long enough to be no header of a database" * 20)

    with pytest.raises(StoreError, match="not a database"):
        open_store(path)


def test_a_place_where_none_can_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(StoreError):
        open_store(tmp_path / "file" / "store.sqlite")


def test_a_password_is_in_no_message() -> None:
    with pytest.raises(StoreError) as caught:
        open_store("postgresql://u:hunter2@127.0.0.1:1/x?connect_timeout=1")

    assert "hunter2" not in str(caught.value)
    assert "127.0.0.1" in str(caught.value)


def test_an_outcome_of_ours_counts_in_its_visit(store: Store, tmp_path: Path) -> None:
    write_run(tmp_path, 0, {"A": {"a.b.c": "P", "a.b.d": "E", "x.y.z": "E"}})
    take_in(store, tmp_path)

    with store.read() as connection:
        tallies = connection.scalar(select(Visit.tallies))

    assert json.loads(json.dumps(tallies)) == {
        "a": {Outcome.PASS.value: 1, Outcome.ERROR.value: 1},
        "x": {Outcome.ERROR.value: 1},
    }
