"""Servers that are shaky or throttle: nothing they answer by that is taken for an answer."""

from __future__ import annotations

import pytest

from tests.cli_faults.ground import Ground

FILES = "--check=webdav.files.*"
REFUSALS = "--check=tokens.signature.*-is-refused"
# dCache's own figures, but shorter: the pacing is about counts, not about this very time.
WINDOW_S, BLOCK_S = 20, 1


def test_every_third_request_failing_is_flaky_not_green_and_not_all_red(ground: Ground) -> None:
    with ground.element("flaky", ["flaky"]) as url:
        found = ground.run(url, "flaky", FILES).run

    flaky = [row for row in found.results if row["flaky"]]
    assert flaky, found.output
    assert f"{len(flaky)} flaky" in found.output
    assert len(found.outcomes) > 1, found.output
    silent = [
        row["check"]
        for row in found.results
        if row["outcome"] == "pass" and row["attempts"] and not row["flaky"]
    ]
    assert silent == []


def test_429_to_everything_is_never_a_verdict(ground: Ground) -> None:
    with ground.element("throttles", ["throttles-all"]) as url:
        found = ground.run(
            url, "throttles", FILES, "--check=tokens.*", limits={"backoff_s": 0.01}
        ).run

    assert not set(found.outcomes) & {"pass", "fail", "nonstrict"}, found.output
    assert found.outcomes["error"] == 1
    assert "throttled: " in found.output
    assert found.code == 2


@pytest.mark.parametrize("workers", [1, 2])
def test_refusals_of_a_throttling_dcache_come_out_right(ground: Ground, workers: int) -> None:
    with ground.element(f"dcache{workers}", (), "--dialect=dcache", "--throttle-block=1") as url:
        pacing = {"unauthorised": 3, "window_s": WINDOW_S, "block_s": BLOCK_S}
        found = ground.run(
            url, f"dcache{workers}", REFUSALS, f"-j{workers}", technology="dcache", pacing=pacing
        ).run

    assert set(found.outcomes) <= {"pass", "notrun", "unsupported"}, found.output
    assert found.outcomes["pass"] > 3
