"""What is old goes, what stands stays, and a pruned store takes no old run in again."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from lakeproof.store import Store
from lakeproof.store.changes import Change
from lakeproof.store.queries import Reader
from lakeproof.store.retention import Pruned, prune
from lakeproof.store.schema import Answer, Daily, Detail, Run, Span, Visit
from tests.unit.store.contents import rolled_up
from tests.unit.store.made import BEGIN, run_name, take_in, write_run

HOURS = 48
NOW = BEGIN + timedelta(hours=HOURS)
DAY = timedelta(hours=24)


@pytest.fixture
def filled(store: Store, tmp_path: Path) -> Store:
    """Two days, a run each fourth hour: one fails since hour 8, one was asked on day one only."""
    for hour in range(0, HOURS, 4):
        asked = {"webdav.files.put": "P", "webdav.files.get": "P" if hour < 8 else "F"}
        once = {"webdav.files.once": "N"} if hour < 4 else {}
        write_run(tmp_path, hour, {"A": asked | once})
    take_in(store, tmp_path)
    return store


def _number(store: Store, table: type[Answer | Detail | Daily | Run | Span | Visit]) -> int:
    with store.read() as connection:
        return connection.scalar(select(func.count()).select_from(table)) or 0


def test_results_go_and_what_they_amount_to_stays(filled: Store) -> None:
    before = rolled_up(filled)

    gone = prune(filled, NOW, results=DAY)

    # of the first day's six runs: two each, and the one that is the newest of its check stays
    assert gone == Pruned(results=12, texts=0, visits=0)
    assert _number(filled, Answer) == 12 + 1
    assert rolled_up(filled) == before
    with Reader(filled) as read:
        view = read.endpoint("SITE", "A")
    failing = {each.result.check: each.failing_since for each in view.latest}
    assert failing["webdav.files.get"] == BEGIN + timedelta(hours=8)
    assert failing["webdav.files.once"] == BEGIN


def test_once_more_removes_nothing(filled: Store) -> None:
    prune(filled, NOW, results=DAY)

    assert prune(filled, NOW, results=DAY) == Pruned(0, 0, 0)


def test_texts_go_with_the_last_result_that_has_them(store: Store, tmp_path: Path) -> None:
    for hour, letter in ((0, "F"), (1, "P")):
        write_run(tmp_path, hour, {"A": {"a.b.c": letter}})
    take_in(store, tmp_path)

    gone = prune(store, NOW, results=timedelta(hours=1))

    assert gone.texts == 2
    assert _number(store, Detail) == 1  # the one without any text


def test_history_goes_but_for_what_stands(filled: Store, tmp_path: Path) -> None:
    prune(filled, NOW, results=DAY, history=DAY)

    with Reader(filled) as read:
        view = read.endpoint("SITE", "A")
        days = read.days("SITE", "A")
    assert [day.day for day in days] == [(BEGIN + DAY).date()]
    assert {each.result.check for each in view.latest} == {
        "webdav.files.put",
        "webdav.files.get",
        "webdav.files.once",
    }
    # the first visit (spans that stand began with it), the one of hour 8, and day two's
    assert _number(filled, Visit) == 1 + 1 + 6
    assert _number(filled, Run) == 1 + 1 + 6


def test_an_old_run_is_not_taken_in_again(filled: Store, tmp_path: Path) -> None:
    prune(filled, NOW, results=DAY)
    before = rolled_up(filled)
    late = tmp_path / "late"
    write_run(late, 5, {"A": {"webdav.files.put": "F"}})

    done = take_in(filled, tmp_path, late)

    assert {each.run for each in done if each.too_old} == {
        run_name(hour) for hour in (*range(0, 24, 4), 5)
    }
    assert rolled_up(filled) == before
    assert not any(each.new for each in done)


def test_a_late_run_of_the_time_that_is_kept_finds_its_place(filled: Store, tmp_path: Path) -> None:
    """It splits the span of the first check, of which all but the end is pruned."""
    prune(filled, NOW, results=DAY)
    late = tmp_path / "late"
    write_run(late, 30, {"A": {"webdav.files.put": "F"}})

    take_in(filled, late)

    spans = [span for span in rolled_up(filled)["spans"] if span[1] == "webdav.files.put"]
    assert sorted((span[6], span[8], span[10], span[11]) for span in spans) == [
        (run_name(0), run_name(28), 8, False),
        (run_name(30), run_name(30), 1, False),
        (run_name(32), run_name(44), 4, True),
    ]
    with Reader(filled) as read:
        found = read.changes(BEGIN + timedelta(hours=29), endpoint="A")
    assert [each.change for each in found] == [Change.FIXED, Change.REGRESSED]
