"""Runs with forks or workers: the same result as without, and each endpoint in one of them."""

from __future__ import annotations

import re
from typing import Any
from xml.etree import ElementTree

import pytest

from tests.plugin.dav import Storage
from tests.plugin.tree import Finished, Tree

SUITE = '''
@rule()
def test_sound(se, expect):
    """A rule holds.

    Harm."""
    expect.control(se.put(se.workdir / "f", b"abc"))
    expect.content(se, se.workdir / "f", b"abc")

@rule(severity=CRITICAL)
def test_broken(se, expect):
    """A rule is broken.

    Harm."""
    expect.refused(se.put(se.workdir / "f", b"abc"))

@rule(level=SHOULD)
def test_advice(se, expect):
    """An advice is not taken.

    Harm."""
    expect.status(se.put(se.workdir / "f", b"abc"), 299)

@rule(needs={"webdav", "write", "partner"})
def test_with_partner(se, partner, expect):
    """The partner stores too.

    Harm."""
    expect.success(partner.put(partner.workdir / "f", b"abc"))

@rule(needs={"webdav", "write", "partner"})
def test_mesh(se, peer, expect):
    """Each pair works.

    Harm."""
    expect.success(peer.put(peer.workdir / "f", b"abc"))

@rule()
def test_bug_of_ours(se):
    """It does not crash.

    Harm."""
    raise KeyError(se.name)

@rule()
def test_blocked(se, expect):
    """A control holds.

    Harm."""
    expect.control(se.get(se.workdir / "nothing"))
'''
CHECKS, ENDPOINTS = 7, 2
IN_WORKERS = ("-n2", "--dist=loadgroup")
IN_FORKS = ("--jobs=2",)


@pytest.fixture(autouse=True)
def endpoints(tree: Tree, storage: Storage, other_storage: Storage) -> None:
    tree.write_suite(SUITE)
    tree.write_inventory({"ALPHA": storage.url, "BETA": other_storage.url})


def _without(row: dict[str, Any], keys: tuple[str, ...]) -> dict[str, Any]:
    return {key: value for key, value in row.items() if key not in keys}


def _comparable(run: Finished) -> list[dict[str, Any]]:
    varying = ("run", "started", "duration_s", "reproduce", "transcript")
    rows = [_without(row, varying) for row in run.results]
    for row in rows:
        row["attempts"] = [_without(attempt, varying) for attempt in row["attempts"]]
    return sorted(rows, key=lambda row: (row["endpoint"], row["check"], row["partner"] or ""))


def test_workers_merge_to_the_same_result(
    tree: Tree, storage: Storage, other_storage: Storage
) -> None:
    alone = tree.run("--progress")
    expected = _comparable(alone)
    summary = alone.summary
    cases = _cases(alone)
    assert len(expected) == CHECKS * ENDPOINTS

    for options in (IN_WORKERS, IN_FORKS):
        merged = tree.run("--progress", *options)

        assert _comparable(merged) == expected
        assert merged.code == alone.code == 1
        assert merged.summary["totals"] == summary["totals"]
        assert merged.summary["left_behind"] == []
        assert merged.summary["requests"] >= CHECKS
        assert storage.runs == other_storage.runs == []
        assert {row["run"] for row in merged.results} == {merged.summary["run"]}
        assert len(list((merged.folder / "allure-results").glob("*-result.json"))) == len(expected)
        if options == IN_FORKS:  # pytest-xdist adds the group to each name
            assert _cases(merged) == cases


def _cases(run: Finished) -> list[tuple[str, bool]]:
    """What junit.xml says of each item: its name, and whether it failed."""
    tree = ElementTree.parse(run.folder / "junit.xml")  # noqa: S314  our own
    return sorted((case.get("name", ""), len(case) > 0) for case in tree.iter("testcase"))


def test_each_endpoint_stays_in_one_worker(tree: Tree) -> None:
    run = tree.run("-v", *IN_WORKERS)

    ran = re.findall(r"^\[(gw\d+)\].*\[(ALPHA|BETA)", run.output, re.MULTILINE)
    assert len(ran) == CHECKS * ENDPOINTS
    workers = {name: {worker for worker, endpoint in ran if endpoint == name} for _, name in ran}
    assert [len(used) for used in workers.values()] == [1, 1]
    assert workers["ALPHA"] != workers["BETA"]


def test_each_endpoint_stays_in_one_fork(tree: Tree, storage: Storage) -> None:
    tree.write_suite(
        '''
import os

@rule()
def test_first(se, survey):
    """It runs somewhere.

    Harm."""
    survey(f"process-{os.getpid()}", works=True)

@rule()
def test_second(se, survey):
    """It runs in the same place.

    Harm."""
    survey(f"process-{os.getpid()}", works=True)
'''
    )
    tree.write_inventory(dict.fromkeys(("ALPHA", "BETA", "GAMMA"), storage.url))

    run = tree.run("--progress", "--jobs=auto")

    ran = {(row["endpoint"], *row["measured"]) for row in run.results}
    assert len(run.results) == 6
    assert len(ran) == len({process for _, process in ran}) == 3
    assert storage.runs == []


def test_reachability_comes_first(tree: Tree) -> None:
    tree.write_suite(
        '''
@rule()
def test_answers(se, expect):
    """It answers.

    Harm."""
    expect.success(se.options(se.directory))
''',
        "reachability/test_first.py",
    )

    run = tree.run("--progress")

    for name in ("ALPHA", "BETA"):
        checks = [row["check"] for row in run.results if row["endpoint"] == name]
        assert checks[0] == "reachability.first.answers"
        assert len(checks) == CHECKS + 1


@pytest.mark.parametrize("options", [(*IN_WORKERS, "--max-worker-restart=2"), IN_FORKS])
def test_lost_worker_is_an_error_and_its_traces_are_removed(
    tree: Tree, storage: Storage, other_storage: Storage, options: tuple[str, ...]
) -> None:
    tree.write_suite(
        '''
import os

@rule()
def test_dies(se):
    """The worker survives.

    Harm."""
    se.put(se.workdir / "f", b"abc")
    if se.name == "ALPHA":
        os._exit(3)

@rule()
def test_goes_on(se, expect):
    """What comes after it is tried.

    Harm."""
    expect.success(se.put(se.workdir / "f", b"abc"))
''',
        "demo/test_rules.py",
    )

    run = tree.run("--progress", *options)

    assert run.code == 2
    assert run.result("dies", "BETA")["outcome"] == "pass"
    if options == IN_FORKS:  # pytest-xdist drops what stood behind it
        assert run.result("goes-on", "ALPHA")["outcome"] == "pass"
    assert storage.runs == other_storage.runs == []
