"""Every run is in the store of results at its end, and a store that fails costs nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from lakeproof.store import open_store
from lakeproof.store.changes import Change
from lakeproof.store.queries import Reader
from lakeproof.verdict import Outcome
from tests.plugin.dav import Storage
from tests.plugin.tree import Tree

FAILS = """
from lakeproof.verdict import Violation

@rule()
def test_works(se):
    '''It works.

    Else nobody can.
    '''
    raise Violation("one", "another")
"""
PASSES = """
@rule()
def test_works(se):
    '''It works.

    Else nobody can.
    '''
"""


@pytest.fixture
def checked(tree: Tree, storage: Storage) -> Tree:
    """A tree with one check and one endpoint."""
    tree.write_suite(PASSES)
    tree.write_inventory({"SE": storage.url})
    return tree


def test_two_runs_are_in_the_store_with_what_changed(checked: Tree) -> None:
    in_place = {"LAKEPROOF_STORE": ""}
    checked.run(env=in_place)
    checked.write_suite(FAILS)
    second = checked.run(env=in_place)

    store = open_store(checked.out / "store.sqlite")
    with Reader(store) as read:
        (line,) = read.fleet().endpoints
        (transition,) = read.changes()
    store.close()

    assert second.code == 1, second.output
    assert line.last.run == second.summary["run"]
    assert line.last.complete
    assert line.standing == {Outcome.FAIL: 1}
    assert (transition.change, transition.before) == (Change.REGRESSED, Outcome.PASS)
    assert transition.actual == "another"


def test_a_store_that_fails_costs_no_results(checked: Tree, tmp_path: Path) -> None:
    spoiled = tmp_path / "spoiled.sqlite"
    spoiled.write_text("no database at all" * 100)

    run = checked.run(f"--store={spoiled}")

    assert run.code == 0
    assert run.outcomes == {"pass": 1}
    assert "This run is not in the store of results" in run.output
    assert f"lakeproof store import {run.folder.resolve()}" in run.output
    assert run.summary["options"]["store"] == "given"


def test_a_store_of_another_kind_is_wrong_usage(checked: Tree) -> None:
    run = checked.lakeproof("run", "--store=mysql://x/y", f"--out={checked.out}")

    assert run.code == 3
    assert "--store: found" in run.output
    assert not checked.out.exists()
