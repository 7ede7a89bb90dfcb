"""What pages are told, of two real runs and of made ones."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from lakeproof.matrix import Mark as CellMark
from lakeproof.results import Result
from lakeproof.store import Store
from lakeproof.store.changes import Change
from lakeproof.store.queries import HISTORY, STANDS, EndpointView, Mark, Reader
from lakeproof.verdict import Outcome
from tests.unit.store.golden import FIRST, SECOND, golden_store
from tests.unit.store.made import BEGIN, run_name, take_in, write_run

DCACHE, EOS, DPM, STORM, XRD_A = (
    "LAKE-DCACHE-EMULATED",
    "LAKE-EOS-EMULATED",
    "LAKE-DPM-EMULATED",
    "LAKE-STORM-EMULATED",
    "LAKE-XRD-A",
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("golden")


@pytest.fixture(scope="module")
def golden(folder: Path) -> Iterator[Store]:
    store = golden_store(folder)
    yield store
    store.close()


@pytest.fixture(scope="module")
def read(golden: Store) -> Iterator[Reader]:
    with Reader(golden) as reader:
        yield reader


def _lines(folder: Path, run: str, endpoint: str) -> list[Result]:
    text = (folder / "runs" / run / "results.jsonl").read_text("utf-8")
    rows = [Result.from_dict(json.loads(line)) for line in text.splitlines()]
    return [row for row in rows if row.endpoint == endpoint]


def _roughly(result: Result) -> dict[str, object]:
    """As it is kept: milliseconds, and the storage as it was known at the run's end."""
    moment = datetime.fromisoformat(result.started).timestamp()
    return {
        **result.as_dict(),
        "started": round(moment, 2),
        "duration_s": round(result.duration_s, 3),
        "observed_version": None,
        "technology": None,
    }


@pytest.mark.parametrize("endpoint", [DCACHE, STORM, XRD_A])
def test_every_result_of_the_last_run_comes_back_as_it_was(
    read: Reader, folder: Path, endpoint: str
) -> None:
    def key(result: Result) -> tuple[str, ...]:
        return result.check, result.cell or "", result.partner or ""

    expected = sorted(_lines(folder, SECOND, endpoint), key=key)
    latest = sorted((each.result for each in read.endpoint(endpoint, endpoint).latest), key=key)

    assert len(latest) == len(expected) == 600
    for found, wanted in zip(latest, expected, strict=True):
        one, other = _roughly(found), _roughly(wanted)
        assert abs(one.pop("started") - other.pop("started")) < 0.02  # type: ignore[operator]
        assert one == other


def test_the_fleet_says_what_changed_where(read: Reader) -> None:
    fleet = read.fleet()

    changed = {line.endpoint: line.changed for line in fleet.endpoints}
    assert changed[DCACHE][Change.FIXED] == 33
    assert Change.REGRESSED not in changed[DCACHE]
    assert changed[STORM][Change.REGRESSED] == 20
    assert changed[DPM] == {Change.BROKEN: 536, Change.REGRESSED: 1}
    assert changed[EOS] == changed[XRD_A] == {Change.BROKEN: 2}
    assert [line.endpoint for line in fleet.endpoints] == sorted(changed)
    assert fleet.newest == max(line.last.started for line in fleet.endpoints)
    assert {line.endpoint: line.new_failures for line in fleet.endpoints if line.new_failures} == {
        DPM: 1,
        STORM: 15,
    }
    assert {line.last.run for line in fleet.endpoints} == {SECOND}
    assert {line.previous.run for line in fleet.endpoints if line.previous} == {FIRST}
    assert all(sum(line.standing.values()) == 600 for line in fleet.endpoints)
    assert all(line.last.complete for line in fleet.endpoints)


def test_what_fails_in_both_runs_fails_since_the_first(read: Reader) -> None:
    view = read.endpoint(EOS, EOS)

    failing = [each for each in view.latest if each.result.outcome is Outcome.FAIL]
    assert [each.result.check for each in failing] == [
        "integrity.digests.digest-of-missing-file-is-not-found",
        "integrity.digests.get-with-digest-of-missing-file-is-not-found",
    ]
    assert {each.failing_since for each in failing} == {view.runs[0].started}
    assert {each.changed for each in failing} == {None}
    assert {each.strip for each in failing} == {(Mark(Outcome.FAIL, flaky=False),) * 2}


def test_what_broke_fails_since_the_second(read: Reader) -> None:
    view = read.endpoint(STORM, STORM)

    (found,) = [each for each in view.latest if each.result.check == "tpc.push.push-copies-truth"]
    assert found.failing_since == view.runs[1].started
    assert found.changed is Change.REGRESSED
    assert [mark.outcome for mark in found.strip if mark] == [Outcome.PASS, Outcome.FAIL]
    transition = next(t for t in view.transitions if t.check == found.result.check)
    assert (transition.before, transition.after) == (Outcome.PASS, Outcome.FAIL)
    assert transition.actual == found.result.actual
    assert transition.run == SECOND


def test_transitions_come_with_the_most_urgent_first(read: Reader) -> None:
    urgency = [(t.change, t.severity.rank) for t in read.endpoint(STORM, STORM).transitions]

    order = [Change.REGRESSED, Change.BROKEN, Change.NEW, Change.FLAKY, Change.FIXED]
    assert urgency == sorted(urgency, key=lambda pair: (order.index(pair[0]), pair[1]))
    assert Counter(change for change, _ in urgency) == {
        Change.REGRESSED: 20,
        Change.BROKEN: 17,
        Change.NEW: 1,
        Change.FLAKY: 1,
    }


def test_the_mesh_has_every_pair_in_both_directions(read: Reader) -> None:
    mesh = read.mesh()

    assert len({(c.source, c.destination, c.direction) for c in mesh.cells}) == 6 * 5 * 2
    assert {end.name: end.healthy for end in mesh.ends}[DPM] is False
    assert [end.name for end in mesh.ends if end.healthy] == [
        DCACHE,
        EOS,
        STORM,
        XRD_A,
        "LAKE-XRD-B",
    ]
    failed = [c for c in mesh.cells if c.latest.result.outcome is Outcome.FAIL]
    assert {(c.source, c.active, c.direction) for c in failed} == {(STORM, STORM, "push")}
    pulled = next(c for c in mesh.cells if c.direction == "pull")
    assert pulled.active == pulled.destination == pulled.latest.result.endpoint
    assert pulled.source == pulled.latest.result.partner


def test_one_check_at_every_endpoint(read: Reader) -> None:
    view = read.check("tokens.scopes.create-cannot-overwrite")

    assert {endpoint: each.result.outcome for _, endpoint, each in view.latest} == {
        DCACHE: Outcome.PASS,
        DPM: Outcome.BLOCKED,
        EOS: Outcome.PASS,
        STORM: Outcome.PASS,
        XRD_A: Outcome.PASS,
        "LAKE-XRD-B": Outcome.PASS,
    }
    assert sum(view.line.standing.values()) == 6
    assert view.line.standing[Outcome.BLOCKED] == 1


def test_checks_count_each_result_once(read: Reader) -> None:
    lines = read.checks()

    assert sum(sum(line.standing.values()) for line in lines) == 6 * 600
    assert [line.check for line in lines] == sorted(line.check for line in lines)


def test_the_scope_matrix_of_an_endpoint(read: Reader) -> None:
    marks = Counter(seen.mark for seen in read.matrix(DCACHE, DCACHE))
    blocked = Counter(seen.mark for seen in read.matrix(DPM, DPM))

    assert marks[CellMark.ALLOWED] > 30
    assert marks[CellMark.REFUSED] > 50
    assert set(blocked) == {CellMark.UNJUDGED}


def test_days_count_all_runs(read: Reader) -> None:
    (day,) = read.days(STORM, STORM)

    assert sum(number for counts in day.suites.values() for number in counts.values()) == 1200
    assert day.suites["tpc"][Outcome.FAIL] > 5


@pytest.mark.parametrize("call", ["site", "check"])
def test_unknown_names(read: Reader, call: str) -> None:
    with pytest.raises(KeyError):
        getattr(read, call)("nobody")
    with pytest.raises(KeyError):
        read.endpoint("nobody", XRD_A)


def test_a_reader_answers_inside_its_with_only(store: Store) -> None:
    with pytest.raises(RuntimeError):
        Reader(store).fleet()


def test_an_empty_store(store: Store) -> None:
    with Reader(store) as read:
        assert read.fleet().endpoints == ()
        assert read.fleet().newest is None
        assert [*read.mesh().cells, *read.checks(), *read.changes()] == []


def _view(store: Store) -> EndpointView:
    with Reader(store) as read:
        return read.endpoint("SITE", "A")


def test_a_first_run_changes_nothing(store: Store, tmp_path: Path) -> None:
    write_run(tmp_path, 0, {"A": {"a.b.c": "F"}})
    take_in(store, tmp_path)

    view = _view(store)

    assert view.transitions == ()
    assert (view.line.previous, view.line.new_failures) == (None, 0)
    assert [each.failing_since for each in view.latest] == [view.runs[0].started]


def test_a_run_of_a_part_leaves_the_rest_standing(store: Store, tmp_path: Path) -> None:
    write_run(tmp_path, 0, {"A": {"a.b.c": "F", "x.y.z": "P"}})
    write_run(tmp_path, 1, {"A": {"x.y.z": "P"}})
    take_in(store, tmp_path)

    view = _view(store)

    assert view.line.standing == {Outcome.FAIL: 1, Outcome.PASS: 1}
    assert view.line.last.totals == {Outcome.PASS: 1}
    assert [(each.result.run, each.in_last_run) for each in view.latest] == [
        (run_name(0), False),
        (run_name(1), True),
    ]
    assert [each.strip[1] for each in view.latest] == [None, Mark(Outcome.PASS, flaky=False)]
    assert [strip.runs for strip in view.suites] == [
        ({Outcome.FAIL: 1}, None),
        ({Outcome.PASS: 1}, {Outcome.PASS: 1}),
    ]


def test_what_was_not_asked_for_long_does_not_stand(store: Store, tmp_path: Path) -> None:
    later = round(STANDS / timedelta(hours=1)) + 1
    write_run(tmp_path, 0, {"A": {"a.b.gone": "F", "x.y.z": "P"}})
    write_run(tmp_path, later, {"A": {"x.y.z": "P"}})
    take_in(store, tmp_path)

    assert [each.result.check for each in _view(store).latest] == ["x.y.z"]
    with Reader(store) as read:
        assert [line.check for line in read.checks()] == ["x.y.z"]


def test_history_is_the_last_runs_only(store: Store, tmp_path: Path) -> None:
    for hour in range(HISTORY + 3):
        write_run(tmp_path, hour, {"A": {"a.b.c": "P"}})
    take_in(store, tmp_path)

    view = _view(store)

    assert [run.run for run in view.runs] == [run_name(hour) for hour in range(3, HISTORY + 3)]
    assert [len(each.strip) for each in view.latest] == [HISTORY]
    assert not any(run.suite_changed for run in view.runs)


def test_another_version_of_the_suite_is_marked(store: Store, tmp_path: Path) -> None:
    write_run(tmp_path, 0, {"A": {"a.b.c": "P", "a.b.d": "P"}}, version="1.0")
    write_run(tmp_path, 1, {"A": {"a.b.c": "F", "a.b.e": "N"}}, version="1.1")
    write_run(tmp_path, 2, {"A": {"a.b.c": "P", "a.b.d": "F", "a.b.e": "N"}}, version="1.1")
    take_in(store, tmp_path)

    with Reader(store) as read:
        found = read.changes(BEGIN)
        runs = read.endpoint("SITE", "A").runs

    assert [(t.run, t.check, t.change, t.suite_changed) for t in found] == [
        (run_name(2), "a.b.d", Change.REGRESSED, ("1.0", "1.1")),
        (run_name(2), "a.b.c", Change.FIXED, None),
        (run_name(1), "a.b.c", Change.REGRESSED, ("1.0", "1.1")),
        (run_name(1), "a.b.e", Change.NEW, ("1.0", "1.1")),
    ]
    assert [run.suite_changed for run in runs] == [False, True, False]


@pytest.mark.parametrize("change", [{"finished": None}, {"interrupted": True}], ids=str)
def test_a_run_that_was_killed_or_interrupted_is_not_complete(
    store: Store, tmp_path: Path, change: dict[str, object]
) -> None:
    path = write_run(tmp_path, 0, {"A": {"a.b.c": "P"}}).folder / "run.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    take_in(store, tmp_path)

    assert _view(store).line.last.complete is False


def test_another_partner_of_an_endpoints_own_checks_changes_nothing(
    store: Store, tmp_path: Path
) -> None:
    write_run(tmp_path, 0, {"A": {"tpc.pull.works": "P"}}, partner="GOLDEN")
    write_run(tmp_path, 1, {"A": {"tpc.pull.works": "B"}}, partner=None)
    write_run(tmp_path, 2, {"A": {"tpc.pull.works": "P"}}, partner="OTHER")
    take_in(store, tmp_path)

    view = _view(store)

    assert [each.result.partner for each in view.latest] == ["OTHER"]
    assert [t.change for t in view.transitions] == [Change.FIXED]


def test_a_partner_that_was_never_tried_itself_is_an_end_of_the_mesh(
    store: Store, tmp_path: Path
) -> None:
    check = "tpc.mesh.pair-pull-copies-truth"
    partner, pull = "https://se.example.org/x", {"A": {check: "P"}}
    write_run(tmp_path, 0, pull, partner=partner, direction="pull")
    take_in(store, tmp_path)

    with Reader(store) as read:
        mesh = read.mesh()

    assert [(end.name, end.site, end.healthy) for end in mesh.ends] == [
        ("A", "SITE", None),
        (partner, None, None),
    ]
    assert [(c.source, c.destination) for c in mesh.cells] == [(partner, "A")]


def test_endpoints_of_one_name_at_two_sites_stay_apart(store: Store, tmp_path: Path) -> None:
    write_run(tmp_path, 0, {"A": {"a.b.c": "P"}}, site="ONE")
    write_run(tmp_path, 1, {"A": {"a.b.c": "F"}}, site="TWO")
    take_in(store, tmp_path)

    with Reader(store) as read:
        lines = [(line.site, line.standing) for line in read.fleet().endpoints]
        changed = read.changes(BEGIN, site="TWO")

    assert lines == [("ONE", {Outcome.PASS: 1}), ("TWO", {Outcome.FAIL: 1})]
    assert changed == ()
