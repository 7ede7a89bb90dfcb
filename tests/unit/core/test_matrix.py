"""The scope matrix: the table is sound, and results are laid over it as they are."""

from __future__ import annotations

import json
from io import BytesIO, TextIOWrapper
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from rich.console import Console

from lakeproof import tree
from lakeproof.cli import group
from lakeproof.matrix import OWN, Cell, Mark, overlay, table
from lakeproof.matrix_view import FILE, print_matrix, write
from lakeproof.results import Result
from lakeproof.session.grounds import OPERATIONS
from lakeproof.session.root_cells import ROOT_OPERATIONS
from lakeproof.session.tape_cells import TAPE_OPERATIONS
from lakeproof.verdict import Outcome
from tests.unit.core.samples import result as make_result

CHECKS = {check.id: check for check in tree.load_checks()}
FEWEST_CELLS = 100


def _result(cell: Cell, outcome: Outcome, **other: Any) -> Result:  # noqa: ANN401  as various as the fields
    own = cell.check.startswith(OWN)
    return make_result(check=cell.check, cell=cell.id if own else None, outcome=outcome, **other)


def _of(verdict: str) -> Cell:
    return next(c for c in table().cells if c.verdict == verdict and c.check.startswith(OWN))


def test_there_are_enough_cells_and_each_once() -> None:
    names = [cell.id for cell in table().cells]

    assert len(names) >= FEWEST_CELLS
    assert len(names) == len(set(names))


def test_every_cell_is_judged_by_a_check_that_exists() -> None:
    assert {cell.check for cell in table().cells} <= CHECKS.keys()


def test_every_check_of_the_matrix_has_cells() -> None:
    own = {name for name in CHECKS if name.startswith(OWN)}

    assert own == {cell.check for cell in table().cells if cell.check.startswith(OWN)}


def test_every_part_of_the_table_is_used() -> None:
    cells = table().cells

    assert {cell.grant.name for cell in cells} == set(table().grants)
    assert {cell.place.name for cell in cells} == set(table().places)
    assert {cell.operation.name for cell in cells} == set(table().operations)


def test_every_operation_of_own_cells_can_be_tried() -> None:
    own = {cell.operation.name for cell in table().cells if cell.check.startswith(OWN)}

    assert own <= OPERATIONS.keys() | TAPE_OPERATIONS.keys() | ROOT_OPERATIONS.keys()


def test_a_cell_says_what_must_happen() -> None:
    cell = next(c for c in table().cells if c.id == "create.put.outside")

    assert cell.sentence == (
        "With storage.create, PUT of a new file must be refused (another collection)."
    )


@pytest.mark.parametrize(
    ("verdict", "outcome", "mark"),
    [
        ("allow", Outcome.PASS, Mark.ALLOWED),
        ("deny", Outcome.PASS, Mark.REFUSED),
        ("open", Outcome.PASS, Mark.OPEN),
        ("deny", Outcome.FAIL, Mark.VIOLATED),
        ("allow", Outcome.KNOWN, Mark.VIOLATED),
        ("allow", Outcome.BLOCKED, Mark.UNJUDGED),
        ("deny", Outcome.NOTRUN, Mark.UNJUDGED),
    ],
)
def test_a_mark_follows_the_outcome(verdict: str, outcome: Outcome, mark: Mark) -> None:
    cell = _of(verdict)

    (seen,) = [s for s in overlay([_result(cell, outcome)])["SE"] if s.cell == cell]

    assert seen.mark is mark


def test_what_was_not_tried_is_not_judged() -> None:
    cells = overlay([_result(_of("deny"), Outcome.PASS)])["SE"]

    assert [s.mark for s in cells].count(Mark.UNJUDGED) == len(table().cells) - 1


def test_a_check_of_its_own_stands_in_for_its_cell() -> None:
    other = next(c for c in table().cells if not c.check.startswith(OWN))
    results = [_result(_of("deny"), Outcome.PASS), _result(other, Outcome.FAIL)]

    (seen,) = [s for s in overlay(results)["SE"] if s.cell == other]

    assert seen.mark is Mark.VIOLATED


def test_endpoints_without_a_cell_have_no_matrix() -> None:
    assert overlay([make_result()]) == {}


def test_open_cells_show_what_was_seen() -> None:
    result = _result(_of("open"), Outcome.PASS, measured={"works": 1.0})

    assert "·+" in _printed([result], "utf-8")


def test_letters_stand_for_signs_where_there_are_none() -> None:
    text = _printed([_result(_of("allow"), Outcome.PASS)], "ascii")

    assert "y must work and does" in text
    assert text.isascii()


def test_only_tables_of_which_something_was_tried_are_shown() -> None:
    copied = next(c for c in table().cells if c.operation.part == "copies" and c.check in CHECKS)
    results = [_result(_of("deny"), Outcome.PASS)]

    assert "COPY" not in _printed(results, "utf-8")
    assert copied.operation.says in _printed([*results, _result(copied, Outcome.PASS)], "utf-8")


def test_violations_are_told_in_words() -> None:
    cell = _of("deny")

    text = _printed([_result(cell, Outcome.FAIL, actual="PUT answered 201")], "utf-8")

    assert f"! {cell.sentence} PUT answered 201" in text


def _printed(results: list[Result], encoding: str) -> str:
    raw = BytesIO()
    stream = TextIOWrapper(raw, encoding=encoding)
    console = Console(file=stream, highlight=False, soft_wrap=True)
    assert print_matrix(console, results, ()) == 1
    stream.flush()
    return raw.getvalue().decode(encoding)


def test_the_run_folder_keeps_the_matrix(tmp_path: Path) -> None:
    cell = _of("deny")
    write(tmp_path, [_result(cell, Outcome.PASS)])

    kept = json.loads((tmp_path / FILE).read_text("utf-8"))

    (found,) = [c for c in kept["endpoints"]["SE"] if c["cell"] == cell.id]
    assert (found["mark"], found["verdict"], found["check"]) == ("refused", "deny", cell.check)


def test_no_file_without_cells(tmp_path: Path) -> None:
    write(tmp_path, [make_result()])

    assert not (tmp_path / FILE).exists()


def test_the_command_reads_a_run(tmp_path: Path) -> None:
    folder = tmp_path / "runs" / "one"
    folder.mkdir(parents=True)
    line = json.dumps(_result(_of("deny"), Outcome.PASS).as_dict())
    (folder / "results.jsonl").write_text(f"{line}\n", encoding="utf-8")

    done = CliRunner().invoke(group, ["matrix", "one", "--out", str(tmp_path)])

    assert done.exit_code == 0
    assert "Scopes: 1 of 1 cells" in done.output


def test_the_command_says_what_is_missing(tmp_path: Path) -> None:
    done = CliRunner().invoke(group, ["matrix", "--out", str(tmp_path)])

    assert done.exit_code == 3
    assert "there is no results.jsonl" in done.output
