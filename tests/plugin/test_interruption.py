"""Runs that are interrupted, politely or not, and who cleans up after them."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from lakeproof.results import new_run_id
from tests.plugin.dav import Storage
from tests.plugin.tree import DEADLINE_S, Tree, read_results

SUITE = '''
@rule()
def test_1_sound(se, expect):
    """A rule holds.

    Harm."""
    expect.success(se.put(se.workdir / "f", b"abc"))

@rule()
def test_2_hangs(se, expect):
    """It never ends.

    Harm."""
    se.put(se.workdir / "g", b"abc")
    se.get(se.workdir / "hold")

@rule()
def test_3_after(se, expect):
    """It is never reached.

    Harm."""
'''
IN_WORKERS = ("-n2", "--dist=loadgroup")


@pytest.fixture(autouse=True)
def patient(tree: Tree, storage: Storage) -> None:
    tree.write_suite(SUITE)
    path = tree.write_inventory({"ALPHA": storage.url})
    path.write_text(path.read_text().replace("timeout_s: 2", "timeout_s: 60"))


@pytest.fixture
def held(tree: Tree, storage: Storage) -> Iterator[list[subprocess.Popen[str]]]:
    """Runs that a test starts; none of them outlives it."""
    started: list[subprocess.Popen[str]] = []
    yield started
    storage.release.set()
    for process in started:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def _in_the_middle(
    tree: Tree, storage: Storage, held: list[subprocess.Popen[str]], *options: str
) -> subprocess.Popen[str]:
    process = tree.start("--progress", *options)
    held.append(process)
    assert storage.held.wait(DEADLINE_S), "the run never got to the check that hangs"
    # A worker's result may still be on its way to the process that writes it down.
    deadline = time.monotonic() + DEADLINE_S
    while not read_results(tree.out / "latest"):
        assert time.monotonic() < deadline, "the first result was never written"
        time.sleep(0.01)
    return process


@pytest.mark.parametrize("options", [(), IN_WORKERS], ids=["alone", "workers"])
def test_ctrl_c_keeps_the_results_and_cleans_up(
    tree: Tree,
    storage: Storage,
    held: list[subprocess.Popen[str]],
    options: tuple[str, ...],
) -> None:
    process = _in_the_middle(tree, storage, held, *options)

    os.killpg(process.pid, signal.SIGINT)
    output, _ = process.communicate(timeout=DEADLINE_S)

    assert process.returncode == 130
    folder = tree.out / "latest"
    assert [row["check"] for row in read_results(folder)] == ["demo.rules.1-sound"]
    assert storage.runs == []
    assert "1 of 1 core requirements met" in output
    assert "Traceback" not in output
    assert '"interrupted": true' in (folder / "run.json").read_text()


def test_ctrl_c_reaches_every_fork(
    tree: Tree, storage: Storage, held: list[subprocess.Popen[str]]
) -> None:
    path = tree.write_inventory({"ALPHA": storage.url, "BETA": storage.url})
    path.write_text(path.read_text().replace("timeout_s: 2", "timeout_s: 60"))
    process = _in_the_middle(tree, storage, held, "--jobs=2")

    # Not the group: somebody who only knows the run's own process sends it there.
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=DEADLINE_S)

    assert process.returncode == 130
    assert {row["check"] for row in read_results(tree.out / "latest")} == {"demo.rules.1-sound"}
    assert storage.runs == []
    assert "Traceback" not in output


def _killed(tree: Tree, storage: Storage, held: list[subprocess.Popen[str]]) -> str:
    process = _in_the_middle(tree, storage, held)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate(timeout=DEADLINE_S)
    storage.release.set()
    (left,) = [path for path in storage.runs if path.count("/") == 3]
    return left


def test_results_of_a_killed_run_are_kept(
    tree: Tree, storage: Storage, held: list[subprocess.Popen[str]]
) -> None:
    _killed(tree, storage, held)

    assert [row["outcome"] for row in read_results(tree.out / "latest")] == ["pass"]


def test_clean_removes_what_a_killed_run_left(
    tree: Tree, storage: Storage, held: list[subprocess.Popen[str]]
) -> None:
    left = _killed(tree, storage, held)

    cleaned = tree.lakeproof("clean", f"--out={tree.out}")

    assert cleaned.code == 0
    assert f"ALPHA: removed {storage.url.removesuffix('/store')}{left}" in cleaned.output
    assert storage.runs == []


def test_clean_takes_a_url_too(
    tree: Tree, storage: Storage, held: list[subprocess.Popen[str]]
) -> None:
    _killed(tree, storage, held)

    cleaned = tree.lakeproof("clean", storage.url, f"--out={tree.out}")

    assert cleaned.code == 0
    assert storage.runs == []


def test_next_run_removes_what_a_killed_run_left(
    tree: Tree, storage: Storage, held: list[subprocess.Popen[str]]
) -> None:
    _killed(tree, storage, held)

    run = tree.run("--progress", "--check=demo.rules.1-sound")

    assert run.code == 0
    assert storage.runs == []


def test_clean_goes_by_age_and_name(tree: Tree, storage: Storage) -> None:
    now = datetime.now(UTC)
    old, young = new_run_id(now - timedelta(days=2)), new_run_id(now)
    area = "/store/lakeproof"
    for name in (f"{old}/deep/er", young, "theirs", "lp-precious"):
        storage.add_collection(f"{area}/{name}")
    storage.tree[f"{area}/{old}/deep/er/f"] = b"abc"

    cleaned = tree.lakeproof("clean", f"--out={tree.out}")

    assert cleaned.code == 0
    assert not [path for path in storage.tree if old in path]
    assert {f"{area}/{name}" for name in (young, "theirs", "lp-precious")} <= set(storage.tree)


def test_clean_of_everything_older_than_nothing(tree: Tree, storage: Storage) -> None:
    storage.add_collection(f"/store/lakeproof/{new_run_id(datetime.now(UTC))}")

    assert tree.lakeproof("clean", "--older-than=0s", f"--out={tree.out}").code == 0
    assert storage.runs == []


def test_clean_names_what_it_could_not_remove(tree: Tree, storage: Storage) -> None:
    old = f"/store/lakeproof/{new_run_id(datetime.now(UTC) - timedelta(days=2))}"
    storage.add_collection(old)
    storage.refuse = {"DELETE"}

    cleaned = tree.lakeproof("clean", f"--out={tree.out}")

    assert cleaned.code == 2
    assert "could not remove" in cleaned.output
    assert old in cleaned.output


def test_clean_with_a_wrong_age_is_wrong_usage(tree: Tree) -> None:
    cleaned = tree.lakeproof("clean", "--older-than=tomorrow")

    assert cleaned.code == 3
    assert "24h" in cleaned.output


def test_what_cannot_be_removed_is_named(tree: Tree, storage: Storage) -> None:
    storage.refuse = {"DELETE"}

    run = tree.run("--progress", "--check=demo.rules.1-sound")

    assert run.outcomes == {"pass": 1}
    (directory,) = [path for path in storage.runs if path.count("/") == 3]
    assert any(directory in left for left in run.summary["left_behind"])
    assert "Left behind on the storage" in run.output
    assert directory in run.output


def test_storage_that_lies_about_deleting_is_found_out(tree: Tree, storage: Storage) -> None:
    storage.pretend = {"DELETE"}

    run = tree.run("--progress", "--check=demo.rules.1-sound")

    assert run.summary["left_behind"] != []
    assert "Left behind on the storage" in run.output
