"""Faults drawn by lot, one server each: the command line finds each and says so."""

from __future__ import annotations

import random
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

import pytest

from lakeproof import tree
from lakeproof.check import Check
from lakeproof.verdict import Level
from tests.cli_faults.ground import Ground
from tests.plugin.tree import Finished

SEED = 20261122
DRAWN = 20
AT_A_TIME = 2
# What one server and one client on one machine cannot show, and why.
OUT_OF_REACH = {
    "ipv6-broken": "localhost has one address",
    "one-address-closed": "localhost has one address",
    "tpc-missing-source-hangs": "a copy is waited for five minutes",
    "tpc-unreachable-hangs": "a copy is waited for five minutes",
    "token-audience-url-refused": "the run's own tokens are for the URL, so none works",
    "token-rs256-refused": "the issuer's own tokens are RS256, so none works",
}

# What a bare command line does not give.
BEYOND_A_COMMAND_LINE = frozenset(
    {
        "cache",
        "elsewhere",
        "fts",
        "issuer",
        "observer",
        "recall",
        "redirects",
        "root",
        "rucio",
        "sample",
        "srr",
        "tape",
        "tape-door",
        "x509",
    }
)


def _catchers() -> dict[str, list[Check]]:
    found: dict[str, list[Check]] = {}
    for check in tree.load_checks():
        if check.needs & BEYOND_A_COMMAND_LINE:
            continue
        for fault in check.catches:
            found.setdefault(fault, []).append(check)
    return found


CATCHERS = _catchers()
DRAWN_FAULTS = random.Random(SEED).sample(  # noqa: S311  a lot, not a secret
    sorted(CATCHERS.keys() - OUT_OF_REACH), DRAWN
)
# localhost has one address here
FAULTS = [fault for fault in DRAWN_FAULTS if not fault.startswith("one-address-")]


@pytest.fixture(scope="module")
def runs(ground: Ground) -> Mapping[str, Finished]:
    """One server and one run a fault, a few at a time."""

    def run(fault: str, partner: str) -> Finished:
        claiming = [f"--check={check.id}" for check in CATCHERS[fault]]
        with ground.element(fault, [fault]) as url:
            return ground.check(url, partner, f"drawn-{fault}", "--intrusive", *claiming)

    with ground.element("partner") as partner, ThreadPoolExecutor(AT_A_TIME) as pool:
        begun = {fault: pool.submit(run, fault, partner) for fault in FAULTS}
        return {fault: future.result() for fault, future in begun.items()}


@pytest.mark.parametrize("fault", FAULTS)
def test_command_line_finds_the_fault(runs: Mapping[str, Finished], fault: str) -> None:
    run, levels = runs[fault], {check.id: check.level for check in CATCHERS[fault]}
    caught = [
        row
        for row in run.results
        if row["check"] in levels and row["outcome"] in ("fail", "nonstrict")
    ]
    assert caught, run.output
    for row in caught:
        must = levels[row["check"]] is Level.MUST
        assert row["outcome"] == ("fail" if must else "nonstrict")
        assert row["expected"]
        assert row["actual"]
        assert row["check"] in run.output
    assert run.code == (1 if run.outcomes["fail"] else 0), run.output
    assert not run.outcomes["error"], run.output
