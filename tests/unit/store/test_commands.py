"""`lakeproof store` as it is typed."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from lakeproof.commands.store import group
from lakeproof.store_place import StorePlaceError, store_place
from tests.unit.store.made import BEGIN, run_name, write_run


@pytest.fixture(autouse=True)
def _own_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LAKEPROOF_STORE", raising=False)


def _type(*arguments: str) -> Result:
    return CliRunner().invoke(group, arguments)


def test_runs_of_the_out_folder_get_into_the_store_beside_them(tmp_path: Path) -> None:
    for hour in range(2):
        write_run(tmp_path, hour, {"A": {"a.b.c": "PF"[hour]}})

    done = _type("import", "--out", str(tmp_path))
    again = _type("import", "--out", str(tmp_path))

    assert (done.exit_code, again.exit_code) == (0, 0)
    assert done.output.splitlines() == [
        f"{run_name(hour)}: 1 new of 1 results read" for hour in range(2)
    ]
    assert f"{run_name(0)}: 0 new of 0 results read" in again.output
    assert (tmp_path / "store.sqlite").is_file()


def test_a_spoiled_run_is_named_and_ends_with_2(tmp_path: Path) -> None:
    for hour in range(2):
        write_run(tmp_path, hour, {"A": {"a.b.c": "P"}})
    path = tmp_path / "runs" / run_name(0) / "results.jsonl"
    path.write_text("nonsense\n")

    done = _type("import", "--out", str(tmp_path))

    assert done.exit_code == 2
    assert f"{path}: the line at byte 0 is no result" in done.output
    assert f"{run_name(1)}: 1 new" in done.output


def test_nothing_to_import_is_said(tmp_path: Path) -> None:
    done = _type("import", str(tmp_path))

    assert done.exit_code == 3
    assert str(tmp_path) in done.output


def test_changes_of_the_last_run(tmp_path: Path) -> None:
    write_run(tmp_path, 0, {"A": {"a.b.c": "P", "a.b.d": "N"}}, version="1.0")
    write_run(tmp_path, 1, {"A": {"a.b.c": "F", "a.b.d": "P", "a.b.e": "P"}}, version="1.1")
    _type("import", "--out", str(tmp_path))

    done = _type("changes", "--out", str(tmp_path))

    assert done.exit_code == 0
    assert done.output.splitlines() == [
        f"A  2026-11-01 01:00 UTC  {run_name(1)}",
        "  the suite changed too, from 1.0 to 1.1: marked with *",
        "* regressed  HIGH     pass -> fail  a.b.c",
        f"             PUT /area/{run_name(1)}/0000-put-000001/f answered 500",
        "* fixed      HIGH     nonstrict -> pass  a.b.d",
        "  new        1 pass, the first time judged",
        "",
        "regressed  was as required when it was last judged, and is not any more",
        "fixed      was not as required, or could not be judged, and is as required now",
        "new        judged here for the first time",
    ]


def test_many_changes_of_a_kind_are_counted(tmp_path: Path) -> None:
    for hour in range(2):
        checks = {f"a.b.check-{number:02}": "PE"[hour] for number in range(14)}
        write_run(tmp_path, hour, {"A": checks})
    _type("import", "--out", str(tmp_path))

    some, all_ = (_type("changes", "--out", str(tmp_path), *more) for more in ((), ("--all",)))

    assert some.output.count("pass -> error") == 10
    assert "… and 4 more broken (--all)" in some.output
    assert all_.output.count("pass -> error") == 14


def test_changes_since_and_of_whom(tmp_path: Path) -> None:
    for hour in range(3):
        write_run(tmp_path, hour, {"A": {"a.b.c": "PFF"[hour]}, "B": {"a.b.c": "PPP"[hour]}})
    _type("import", "--out", str(tmp_path))
    days = (datetime.now(UTC) - BEGIN).days + 1

    def output(*arguments: str) -> str:
        return _type("changes", "--out", str(tmp_path), *arguments).output

    assert output() == "nothing changed\n"
    assert "regressed" in output("--since", f"{days}d")
    assert output("--since", f"{days}d", "--endpoint", "B") == "nothing changed\n"
    assert "no result of C" in output("--endpoint", "C")


def test_what_fails_and_since_when(tmp_path: Path) -> None:
    for hour in range(3):
        write_run(tmp_path, hour, {"A": {"a.b.c": "PFF"[hour], "a.b.d": "N"}, "B": {"a.b.c": "P"}})
    _type("import", "--out", str(tmp_path))

    done = _type("failing", "--out", str(tmp_path))

    assert done.output.splitlines() == [
        "A  1 failing",
        "  HIGH     since 2026-11-01 01:00  a.b.c",
        f"           PUT /area/{run_name(2)}/0000-put-000002/f answered 500",
        "",
        "B  0 failing",
        "",
    ]
    assert "no result of C" in _type("failing", "--site", "C", "--out", str(tmp_path)).output


def test_status_and_prune(tmp_path: Path) -> None:
    for hour in range(3):
        write_run(tmp_path, hour, {"A": {"a.b.c": "P"}})
    _type("import", "--out", str(tmp_path))
    assert "results    3" in _type("status", "--out", str(tmp_path)).output.splitlines()

    done = _type("prune", "--results", "1h", "--out", str(tmp_path))

    assert done.exit_code == 0
    assert done.output == "removed 2 results, 0 texts, 0 visits of endpoints\n"
    assert "results    1" in _type("status", "--out", str(tmp_path)).output.splitlines()


@pytest.mark.parametrize(
    ("said", "code", "words"),
    [
        ("mysql://x/y", 3, "expected a file, sqlite:///PATH, postgresql://"),
        ("none", 3, "there is no store"),
        ("/dev/null/store", 2, "/dev/null"),
    ],
)
def test_places_that_are_none(said: str, code: int, words: str) -> None:
    done = _type("status", "--store", said)

    assert done.exit_code == code
    assert words in done.output


def test_where_the_store_is(monkeypatch: pytest.MonkeyPatch) -> None:
    assert store_place(None, Path("out")) == "out/store.sqlite"
    assert store_place("x.sqlite", Path("out")) == "x.sqlite"
    monkeypatch.setenv("LAKEPROOF_STORE", "postgresql://h/d")
    assert store_place(None, Path("out")) == "postgresql://h/d"
    assert store_place("none", Path("out")) is None
    with pytest.raises(StorePlaceError):
        store_place("http://x", Path("out"))
