"""Known failures in a run: what they excuse, what they do not, and when they are wrong."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.plugin.dav import Storage
from tests.plugin.tree import Tree

SUITE = '''
@rule()
def test_broken(se, expect):
    """A rule is broken.

    Harm."""
    expect.refused(se.put(se.workdir / "f", b"abc"))

@rule()
def test_sound(se, expect):
    """A rule holds.

    Harm."""
    expect.success(se.put(se.workdir / "f", b"abc"))
'''
ENTRY: Mapping[str, object] = {
    "check": "demo.rules.broken",
    "issue": "https://example.org/issues/7",
    "reason": "a real defect",
    "review": "2030-01-01",
}
PYTEST_USAGE = int(pytest.ExitCode.USAGE_ERROR)


@pytest.fixture(autouse=True)
def rules(tree: Tree) -> None:
    tree.write_suite(SUITE)


def _without(key: str) -> dict[str, object]:
    return {name: value for name, value in ENTRY.items() if name != key}


def test_listed_failure_does_not_fail_the_run(tree: Tree, storage: Storage) -> None:
    known = tree.write_known(ENTRY)
    tree.write_inventory({"ALPHA": storage.url}, known_failures=[known])

    run = tree.run("--progress")

    assert run.code == 0
    assert run.outcomes == {"known": 1, "pass": 1}
    assert "Known failures" in run.output


def test_stale_entry_fails_the_run(tree: Tree, storage: Storage) -> None:
    known = tree.write_known({**ENTRY, "check": "demo.rules.*"})
    tree.write_inventory({"ALPHA": storage.url}, known_failures=[known])

    run = tree.run("--progress")

    assert run.code == 1
    assert run.outcomes == {"known": 1, "fixed": 1}
    assert "remove the entry" in run.output


def test_what_fails_sometimes_may_pass(tree: Tree, storage: Storage) -> None:
    known = tree.write_known({**ENTRY, "check": "demo.rules.*", "sometimes": True})
    tree.write_inventory({"ALPHA": storage.url}, known_failures=[known])

    run = tree.run("--progress")

    assert run.code == 0
    assert run.outcomes == {"known": 1, "pass": 1}


def test_a_second_file_may_say_that_a_check_passes(tree: Tree, storage: Storage) -> None:
    known = tree.write_known({**ENTRY, "check": "demo.rules.*"})
    beside = Path(known).with_name("beside.yaml")
    beside.write_text("implementation: beside\nentries: []\npasses: [demo.rules.sound]\n")
    tree.write_inventory({"ALPHA": storage.url}, known_failures=[known, str(beside)])

    assert tree.run("--progress").outcomes == {"known": 1, "pass": 1}


def test_only_endpoints_that_name_the_file_are_excused(tree: Tree, storage: Storage) -> None:
    tree.write_known(ENTRY)
    tree.write_inventory({"ALPHA": storage.url})

    assert tree.run("--progress").code == 1


def test_known_failures_never_apply_to_urls(tree: Tree, storage: Storage) -> None:
    known = tree.write_known(ENTRY)
    tree.write_inventory({"ALPHA": storage.url}, known_failures=[known])

    run = tree.run("--progress", f"--url={storage.url}", "--feature=tpc-pull=no")

    assert run.code == 1
    assert run.result("broken")["outcome"] == "fail"


def test_file_on_the_command_line_applies(tree: Tree, storage: Storage) -> None:
    known = tree.write_known(ENTRY)
    tree.write_inventory({"ALPHA": storage.url})

    assert tree.run("--progress", f"--known-failures={known}").code == 0


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        ([{**ENTRY, "check": "demo.rules.brokn"}], "no check is called demo.rules.brokn"),
        ([_without("issue")], "entries.0.issue: Field required"),
        ([{**ENTRY, "issue": "JIRA-7"}], "the issue must be a link"),
        ([ENTRY, ENTRY], "demo.rules.broken is listed twice"),
        ([{**ENTRY, "check": "*.broken"}], "spans more than one suite"),
    ],
    ids=["unknown-check", "no-issue", "issue-is-no-link", "twice", "wide-wildcard"],
)
def test_wrong_file_stops_the_run(
    tree: Tree, storage: Storage, entries: list[dict[str, object]], said: str
) -> None:
    known = tree.write_known(*entries)
    tree.write_inventory({"ALPHA": storage.url}, known_failures=[known])

    run = tree.run("--progress")

    assert run.code == PYTEST_USAGE
    assert "known.yaml: " in run.output
    assert said in run.output
    assert "Traceback" not in run.output
    assert storage.asked == []


def test_wrong_file_stops_a_run_with_workers(tree: Tree, storage: Storage) -> None:
    known = tree.write_known({**ENTRY, "check": "demo.rules.brokn"})
    tree.write_inventory({"ALPHA": storage.url}, known_failures=[known])

    run = tree.run("--progress", "-n2", "--dist=loadgroup")

    assert run.code == PYTEST_USAGE
    assert "no check is called demo.rules.brokn" in run.output
    assert "Traceback" not in run.output
