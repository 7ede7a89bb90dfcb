"""One run in which every outcome occurs, and everything that it leaves on disk."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element

import pytest
from defusedxml.ElementTree import parse

from lakeproof.results import run_of
from tests.plugin.dav import Storage
from tests.plugin.tree import Finished, Tree

SUITE = '''
from lakeproof.credentials.errors import CredentialError
from lakeproof.verdict import Blame, Unjudged
from lakeproof.wire.reply import NotReached

@pytest.fixture
def broken():
    raise RuntimeError("the set-up broke")

@rule()
def test_content_is_kept(se, expect):
    """Content is kept.

    Harm."""
    expect.control(se.put(se.workdir / "f", b"abc"))
    expect.content(se, se.workdir / "f", b"abc")

@rule(severity=CRITICAL)
def test_violated_must_fails(se, expect):
    """A PUT is refused.

    Harm."""
    expect.refused(se.put(se.workdir / "f", b"abc"))

@rule(level=SHOULD)
def test_violated_should_is_nonstrict(se, expect):
    """A PUT should be answered 299.

    Harm."""
    expect.status(se.put(se.workdir / "f", b"abc"), 299)

@rule(level=MAY)
def test_violated_may_is_nonstrict(se, expect):
    """Two may be three.

    Harm."""
    expect.equal(2, 3, "two")

@rule()
def test_listed_fails(se, expect):
    """A HEAD of nothing succeeds.

    Harm."""
    expect.success(se.head(se.workdir / "nothing"))

@rule()
def test_listed_passes(se, expect):
    """All is well.

    Harm."""
    expect.success(se.put(se.workdir / "f", b"abc"))

@rule(needs={"webdav", "tpc-pull"})
def test_absent_feature(se, expect):
    """Copies are made.

    Harm."""
    raise AssertionError("must not run")

@rule()
def test_control_fails(se, expect):
    """What is not there can be read.

    Harm."""
    expect.control(se.get(se.workdir / "nothing"))

@rule()
def test_bug_of_ours(se):
    """It does not crash.

    Harm."""
    se.put(se.workdir / "f", b"abc")
    raise KeyError("a bug")

@rule()
def test_assertion_is_no_verdict(se):
    """A bare assert judges nobody.

    Harm."""
    assert 1 + 1 == 3

@rule()
def test_set_up_breaks(se, broken):
    """A broken set-up judges nobody.

    Harm."""

@rule()
def test_credential_missing(se):
    """A credential is there.

    Harm."""
    raise CredentialError("TOKEN is not set; export it")

@rule()
def test_network_down(se):
    """The network is there.

    Harm."""
    raise NotReached("refused", "connection refused", se.url + "/f")

@rule()
def test_partner_down(se):
    """The partner is there.

    Harm."""
    raise NotReached("refused", "connection refused", "https://other.example.org/f")

@rule()
def test_endpoint_slow(se):
    """It is quick.

    Harm."""
    raise Unjudged("no answer within 60 s", Blame.ENDPOINT)

@rule(needs={"webdav", "intrusive"})
def test_not_opted_in(se):
    """A flood is survived.

    Harm."""
    raise AssertionError("must not run")

@rule()
def test_skips_by_itself(se):
    """It can be skipped.

    Harm."""
    pytest.skip("not today")
'''
EXPECTED = {
    "content-is-kept": ("pass", None),
    "violated-must-fails": ("fail", None),
    "violated-should-is-nonstrict": ("nonstrict", None),
    "violated-may-is-nonstrict": ("nonstrict", None),
    "listed-fails": ("known", None),
    "listed-passes": ("fixed", None),
    "absent-feature": ("unsupported", None),
    "control-fails": ("blocked", None),
    "bug-of-ours": ("error", "us"),
    "assertion-is-no-verdict": ("error", "us"),
    "set-up-breaks": ("error", "us"),
    "credential-missing": ("error", "credential"),
    "network-down": ("error", "network"),
    "partner-down": ("error", "partner"),
    "endpoint-slow": ("error", "endpoint"),
    "not-opted-in": ("notrun", None),
    "skips-by-itself": ("notrun", None),
}
KEYS = {
    "schema",
    "run",
    "suite_version",
    "started",
    "duration_s",
    "site",
    "endpoint",
    "url",
    "technology",
    "observed_version",
    "check",
    "title",
    "req",
    "level",
    "severity",
    "outcome",
    "expected",
    "actual",
    "do",
    "blame",
    "partner",
    "direction",
    "transcript",
    "reproduce",
    "known_issue",
    "flaky",
    "attempts",
    "measured",
}
ISSUE = "https://example.org/issues/7"


def _entry(name: str) -> dict[str, object]:
    return {
        "check": f"demo.rules.{name}",
        "issue": ISSUE,
        "reason": "a real defect",
        "review": "2030-01-01",
    }


@pytest.fixture(scope="module")
def storage() -> Iterator[Storage]:
    made = Storage()
    yield made
    made.stop()


@pytest.fixture(scope="module")
def run(storage: Storage, tmp_path_factory: pytest.TempPathFactory) -> Finished:
    tree = Tree(tmp_path_factory.mktemp("outcomes"))
    tree.write_suite(SUITE)
    known = tree.write_known(*map(_entry, ("listed-fails", "listed-passes", "set-up-breaks")))
    tree.write_inventory(
        {"ALPHA": storage.url},
        known_failures=[known],
        features={"tpc-pull": False, "tpc-push": False},
    )
    return tree.run("--progress")


@pytest.mark.parametrize(("check", "expected"), EXPECTED.items(), ids=EXPECTED)
def test_outcome(run: Finished, check: str, expected: tuple[str, str | None]) -> None:
    result = run.result(f".{check}")

    assert (result["outcome"], result["blame"]) == expected, result["actual"]


def test_every_check_has_one_result(run: Finished) -> None:
    assert sorted(row["check"] for row in run.results) == sorted(
        f"demo.rules.{c}" for c in EXPECTED
    )


def test_a_failure_makes_the_exit_code_1(run: Finished) -> None:
    assert run.code == 1


def test_nothing_is_left_on_the_storage(run: Finished, storage: Storage) -> None:
    assert run.summary["left_behind"] == []
    assert storage.runs == []


def test_results_have_the_keys_of_the_contract(run: Finished) -> None:
    for row in run.results:
        assert row.keys() >= KEYS
        assert row["schema"] == 1
        assert run_of(row["run"]) == row["run"]
        assert datetime.fromisoformat(row["started"]).utcoffset() == timedelta(0)
        assert row["duration_s"] >= 0
        assert (row["site"], row["endpoint"]) == ("SITE-ALPHA", "ALPHA")


def test_failure_says_expected_actual_and_how_to_see_it(run: Finished, storage: Storage) -> None:
    failed = run.result("violated-must-fails")

    assert failed["expected"] == "PUT is refused"
    assert failed["actual"] == "PUT answered 201 Created"
    assert failed["reproduce"].startswith("curl -X PUT ")
    assert storage.url in failed["reproduce"]
    assert (failed["level"], failed["severity"]) == ("MUST", "CRITICAL")


def test_known_and_fixed_name_the_issue(run: Finished) -> None:
    assert run.result("listed-fails")["known_issue"] == ISSUE
    assert run.result("listed-passes")["known_issue"] == ISSUE
    assert "remove the entry" in run.result("listed-passes")["actual"]


def test_known_entry_does_not_hide_a_broken_set_up(run: Finished) -> None:
    broken = run.result("set-up-breaks")

    assert broken["outcome"] == "error"
    assert "the set-up broke" in broken["actual"]
    assert broken["known_issue"] is None


def test_transcript_is_beside_the_result(run: Finished) -> None:
    text = (run.folder / run.result("content-is-kept")["transcript"]).read_text()

    assert "> PUT " in text
    assert "< 201 Created" in text


def test_run_json_has_totals_and_options(run: Finished) -> None:
    summary = run.summary

    assert summary["totals"] == {"ALPHA": dict(run.outcomes)}
    assert summary["finished"] > summary["started"]
    assert summary["exit_code"] == 1
    assert summary["requests"] > 0
    assert summary["interrupted"] is False
    assert summary["options"]["out"] == str(run.out)


def test_latest_points_at_the_run(run: Finished) -> None:
    assert run.folder.resolve() == run.out / "runs" / run.summary["run"]


def test_junit_says_the_same(run: Finished) -> None:
    root = parse(run.folder / "junit.xml").getroot()
    assert root is not None
    cases = list(root.iter("testcase"))

    said = {_check_of(case): _verdict(case) for case in cases}

    assert said == {row["check"]: _as_junit(row["outcome"]) for row in run.results}
    texts = {_check_of(case): _text(case) for case in cases}
    for row in run.results:
        if row["actual"]:
            assert row["actual"] in texts[row["check"]]


def _check_of(case: Element) -> str:
    name = case.attrib["name"].partition("[")[0]
    return f"demo.rules.{name.removeprefix('test_').replace('_', '-')}"


def _verdict(case: Element) -> str:
    tags = {child.tag for child in case} - {"system-out", "system-err", "properties"}
    return "failed" if tags & {"failure", "error"} else "skipped" if tags else "passed"


def _text(case: Element) -> str:
    said = [(child.text or "") + child.attrib.get("message", "") for child in case]
    return " ".join(said)


def _as_junit(outcome: str) -> str:
    return {"pass": "passed", "fail": "failed", "fixed": "failed", "error": "failed"}.get(
        outcome, "skipped"
    )


def _allure(folder: Path) -> dict[str, dict[str, Any]]:
    rows = [json.loads(p.read_text()) for p in (folder / "allure-results").glob("*-result.json")]
    return {row["name"]: row for row in rows}


def test_allure_has_labels_and_transcript(run: Finished) -> None:
    rows = _allure(run.folder)

    assert set(rows) == {f"demo.rules.{check} on ALPHA" for check in EXPECTED}
    row = rows["demo.rules.violated-must-fails on ALPHA"]
    labels = {label["name"]: label["value"] for label in row["labels"]}
    assert labels["site"] == "SITE-ALPHA"
    assert labels["technology"] == "unknown"
    assert labels["parentSuite"] == "ALPHA"
    assert labels["suite"] == "demo"
    assert labels["severity"] == "blocker"
    assert labels["level"] == "MUST"
    (attached,) = [a for a in row["attachments"] if a["name"] == "transcript"]
    text = (run.folder / "allure-results" / attached["source"]).read_text()
    assert "> PUT " in text


def test_allure_status_says_the_same(run: Finished) -> None:
    statuses = {name: row["status"] for name, row in _allure(run.folder).items()}

    for row in run.results:
        status = statuses[f"{row['check']} on ALPHA"]
        said = {"passed": "passed", "failed": "failed", "broken": "failed", "skipped": "skipped"}
        assert said[status] == _as_junit(row["outcome"]), row["check"]


def test_summary_can_be_acted_on(run: Finished) -> None:
    wanted = (
        "Needs action",
        "fail  CRITICAL  ALPHA  demo.rules.violated-must-fails",
        "Requirement  A PUT is refused.  [MUST, demo/rule]",
        "Expected     PUT is refused",
        "Actual       PUT answered 201 Created",
        "Reproduce    curl -X PUT",
        "Could not be judged",
        "Suspect      credential",
        "Not tried, and why",
        "ALPHA  1 check unsupported: tpc-pull is declared absent",
        "1 failed; 1 listed as known but fixed; 1 known failure; 2 recommendations not met",
    )
    for words in wanted:
        assert words in run.output
    assert "Traceback" not in run.output


def test_progress_is_one_plain_line_a_check(run: Finished) -> None:
    total = len(EXPECTED)
    lines = [line for line in run.output.splitlines() if line.startswith("[")]

    assert len(lines) == total
    assert lines[-1].startswith(f"[{total}/{total}] ")
