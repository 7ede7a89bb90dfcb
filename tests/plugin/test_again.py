"""What went wrong is tried once more: flaky is said, never hidden, and never costs much."""

from __future__ import annotations

from pathlib import Path

import pytest
from defusedxml.ElementTree import parse

from tests.plugin.dav import Storage
from tests.plugin.tree import Finished, Tree

SUITE = '''
@rule()
def test_read(se, expect):
    """What was written can be read.

    Harm."""
    expect.control(se.put(se.workdir / "f", b"abc"))
    expect.success(se.get(se.workdir / "f"))

@rule()
def test_refuse(se, expect):
    """What is not there cannot be moved.

    Harm."""
    expect.control(se.put(se.workdir / "f", b"abc"))
    expect.refused(se.get(se.workdir / "nothing"))
'''


def _run(tree: Tree, storage: Storage, check: str, *more: str, suite: str = SUITE) -> Finished:
    tree.write_suite(suite)
    tree.write_inventory({"ALPHA": storage.url}, limits={"backoff_s": 0.01})
    return tree.run("--progress", f"--check=*.{check}", *more)


def test_violation_that_goes_away_stays_a_failure_and_is_flaky(
    tree: Tree, storage: Storage
) -> None:
    storage.upset = {"GET": 1}

    run = _run(tree, storage, "read")

    row = run.result("read")
    assert (row["outcome"], row["flaky"]) == ("fail", True)
    assert [attempt["outcome"] for attempt in row["attempts"]] == ["fail", "pass"]
    assert "GET answered 503" in row["actual"]
    assert run.code == 1
    assert run.summary["flaky"] == 1


def test_control_that_recovers_is_a_flaky_pass(tree: Tree, storage: Storage) -> None:
    storage.upset = {"PUT": 1}

    run = _run(tree, storage, "read")

    row = run.result("read")
    assert (row["outcome"], row["flaky"]) == ("pass", True)
    assert [attempt["outcome"] for attempt in row["attempts"]] == ["blocked", "pass"]
    assert run.code == 0


def test_flaky_is_said_in_summary_junit_and_allure(tree: Tree, storage: Storage) -> None:
    storage.upset = {"PUT": 1}

    run = _run(tree, storage, "read")

    assert "; 1 flaky." in run.output
    assert "Flaky (tried twice, and not the same twice)" in run.output
    assert "first blocked (the control request did not succeed: PUT answered 503" in run.output
    root = parse(run.folder / "junit.xml").getroot()
    assert root is not None
    (said,) = [node.attrib for node in root.iter("property")]
    assert said["name"] == "flaky"
    assert said["value"].endswith("tried again: pass")
    (shown,) = (run.folder / "allure-results").glob("*-result.json")
    assert '"value": "flaky"' in shown.read_text()
    assert '"status": "passed"' in shown.read_text()


def test_refusal_by_a_busy_server_is_tried_again(tree: Tree, storage: Storage) -> None:
    storage.upset = {"GET": 1}

    row = _run(tree, storage, "refuse").result("refuse")

    assert (row["outcome"], row["flaky"]) == ("pass", True)
    assert row["attempts"][0]["actual"] == "although a request was answered 503"


def test_violation_that_stays_is_no_news(tree: Tree, storage: Storage) -> None:
    storage.upset = {"GET": 1000}

    run = _run(tree, storage, "read")

    row = run.result("read")
    assert (row["outcome"], row["flaky"]) == ("fail", False)
    assert len(row["attempts"]) == 2
    assert "flaky" not in run.output


def test_sound_check_is_tried_once(tree: Tree, storage: Storage) -> None:
    row = _run(tree, storage, "read").result("read")

    assert (row["outcome"], row["flaky"], row["attempts"]) == ("pass", False, [])
    assert [method for method, path in storage.asked if path.endswith("/f")].count("PUT") == 1


def test_second_attempt_has_a_directory_and_a_transcript_of_its_own(
    tree: Tree, storage: Storage
) -> None:
    storage.upset = {"GET": 1}

    run = _run(tree, storage, "read")

    written = [path for method, path in storage.asked if method == "PUT"]
    assert len(set(written)) == 2
    texts = [
        (run.folder / Path(attempt["transcript"])).read_text()
        for attempt in run.result("read")["attempts"]
    ]
    assert "< 503" in texts[0]
    assert "< 503" not in texts[1]
    assert storage.runs == []


MANY = "".join(
    f'''
@rule()
def test_broken_{number:02}(se, expect):
    """A rule is broken.

    Harm."""
    expect.refused(se.put(se.workdir / "f", b"abc"))
'''
    for number in range(15)
)


@pytest.mark.parametrize("workers", [(), ("--jobs=2",)], ids=["alone", "workers"])
def test_second_attempts_are_bounded(
    tree: Tree, storage: Storage, workers: tuple[str, ...]
) -> None:
    run = _run(tree, storage, "broken-*", *workers, suite=MANY)

    assert run.outcomes == {"fail": 15}
    assert sum(bool(row["attempts"]) for row in run.results) == 10


def test_second_attempts_can_be_switched_off(tree: Tree, storage: Storage) -> None:
    tree.write_suite(MANY)
    tree.write_inventory({"ALPHA": storage.url}, limits={"second_attempts": 0})

    run = tree.run("--progress")

    assert not any(row["attempts"] for row in run.results)


def test_endpoint_that_throttles_everything_is_not_judged(tree: Tree, storage: Storage) -> None:
    storage.throttled = {"OPTIONS", "PUT", "GET", "MKCOL", "PROPFIND"}

    run = _run(tree, storage, "re*")

    errors = [row for row in run.results if row["outcome"] == "error"]
    assert [row["blame"] for row in errors] == ["endpoint"]
    assert "throttled: OPTIONS answered 429" in errors[0]["actual"]
    assert run.outcomes == {"error": 1, "blocked": 1}
    assert run.code == 2


def test_refusal_by_throttling_is_no_refusal(tree: Tree, storage: Storage) -> None:
    storage.throttled = {"GET"}

    row = _run(tree, storage, "refuse").result("refuse")

    assert (row["outcome"], row["blame"]) == ("error", "endpoint")
    assert "throttled: GET answered 429" in row["actual"]
    assert row["attempts"] == []


def test_time_out_names_its_limit(tree: Tree, storage: Storage) -> None:
    slow = '''
@rule()
def test_slow(se, expect):
    """It is quick.

    Harm."""
    expect.success(se.get(se.workdir / "hold"))
'''
    tree.write_suite(slow)
    tree.write_inventory({"ALPHA": storage.url}, limits={"timeout_s": 0.3, "second_attempts": 0})

    row = tree.run("--progress").result("slow")

    assert (row["outcome"], row["blame"]) == ("error", "endpoint")
    assert row["actual"] == "GET: no answer within 0.3 s (timeout_s)"
