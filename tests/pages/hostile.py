"""Runs in which endpoints, partners and answers try to be markup, paths or endless."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from lakeproof.results import Result
from lakeproof.verdict import Blame, Level, Outcome
from tests.unit.store.made import result, write_results, write_run

SCRIPT = "<script>document.title='owned'</script>"
IMAGE = '"><img src=x onerror="document.title=\'owned\'">'
TEMPLATE = "{{ 7 * 191 }}{% raw %}"
SITE = f"../../{SCRIPT}"
ENDPOINT = f"SE {IMAGE}"
MANY, DOWN = "MANY", "DOWN"
LARGE = 10_000
CHECKS = 100


def hostile_runs(out: Path) -> None:
    """The hostile site's run, one that was killed, one in a downtime, one with LARGE results."""
    odd = write_run(out, 0, {ENDPOINT: {"webdav.files.a": "F"}}, site=SITE)
    write_results(odd.folder, tuple(_odd(odd.results[0])))
    write_run(out, 1, {"OTHER": {"webdav.files.a": "P"}}, site=SITE, finished=False)
    told = "downtime until 2026-11-30 08:00 UTC: new disks"
    write_run(out, 3, {DOWN: {"webdav.files.a": "R"}}, site=DOWN, actual=told)
    many = write_run(out, 2, {MANY: {"webdav.files.a": "P"}}, site=MANY)
    rows = []
    for number in range(LARGE):
        letter = "F" if number % 97 == 0 else "P"
        check, cell = number % CHECKS, f"cell-{number // CHECKS}"
        name = f"suite{check % 12}.topic.behaviour-{check}"
        more: dict[str, Any] = {"check": name, "cell": cell, "endpoint": MANY}
        title = f"Requirement {number} must be met by every storage."
        rows.append(result(2, number % 3000, letter, site=MANY, title=title, **more))
    write_results(many.folder, tuple(rows))


def _odd(first: Result) -> list[Result]:
    said: dict[str, Any] = {
        "title": f"Title {SCRIPT}",
        "expected": f"expected {IMAGE}",
        "actual": f"actual {SCRIPT}{IMAGE}{TEMPLATE}\x00\x1b[31m",
        "do": f"do {IMAGE}",
        "reproduce": f"curl '{IMAGE}' \"{SCRIPT}\"",
        "known_issue": "javascript:document.title='owned'",
        "technology": f"tech{IMAGE}",
        "observed_version": SCRIPT,
        "url": f"https://se.example.org/{IMAGE}",
        "stand_ins": ("FTS", f"issuer {IMAGE}"),
    }
    mesh: dict[str, Any] = {"partner": f"https://p.example.org/{IMAGE}", "direction": "pull"}
    made = []
    for number, outcome in enumerate(Outcome):
        own: dict[str, Any] = {
            "check": f"webdav.files.{'x' * number}{IMAGE}",
            "outcome": outcome,
            "blame": Blame.PARTNER if outcome is Outcome.ERROR else None,
            "level": list(Level)[number % 3],
        }
        made.append(replace(first, **(said | own)))
    pair: dict[str, Any] = {
        **said,
        **mesh,
        "check": "tpc.mesh.pair-pull-copies-truth",
        "outcome": Outcome.FAIL,
    }
    return [*made, replace(first, **pair)]
