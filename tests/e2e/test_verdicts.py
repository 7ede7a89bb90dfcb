"""What a run says about Debian's XRootD, by inventory and by URL."""

from __future__ import annotations

from typing import Any

import pytest

from lakeproof.lake import Lake
from lakeproof.session.plan import ISSUERS
from tests.plugin.tree import Finished

pytestmark = pytest.mark.lake
# blocked: what a check needs first is not there (ETag, IPv6), and is judged by a check of its own
SANE = {"pass", "nonstrict", "known", "unsupported", "notrun", "blocked"}
FEWEST_CHECKS = 45

# How what a person types begins: with curl, with openssl, or with a client of root://.
BY_HAND = ("curl ", "(printf ", "XrdSecPROTOCOL=", "xrdfs ", "xrdcp ")


def _complaints(run: Finished) -> list[str]:
    return [
        f"{row['outcome']} {row['endpoint']} {row['check']}: {row['actual']}"
        for row in run.results
        if row["outcome"] not in SANE
    ]


def test_run_finds_nothing_new(whole_run: Finished) -> None:
    assert _complaints(whole_run) == []
    assert whole_run.code == 0, whole_run.output


def test_every_check_was_tried_on_both_sites(whole_run: Finished, lake: Lake) -> None:
    checks = [
        {row["check"] for row in whole_run.results if row["endpoint"] == site.name}
        for site in lake.real_sites
    ]

    assert len(checks[0]) >= FEWEST_CHECKS
    assert checks[0] == checks[1]
    assert whole_run.outcomes["pass"] > FEWEST_CHECKS


def test_both_sites_get_the_same_verdicts(whole_run: Finished, lake: Lake) -> None:
    first, second = (
        {_key(row): row["outcome"] for row in whole_run.results if row["endpoint"] == site.name}
        for site in lake.real_sites
    )

    assert first == second


def test_known_defects_name_their_issue(whole_run: Finished) -> None:
    known = [row for row in whole_run.results if row["outcome"] == "known"]

    assert known
    for row in known:
        assert row["known_issue"].startswith("https://"), row["check"]
        assert row["do"], row["check"]
        assert row["reproduce"].startswith(BY_HAND), row["check"]


def test_issuer_is_tested_once_and_sound(whole_run: Finished, url_run: Finished) -> None:
    for run in (whole_run, url_run):
        rows = [row for row in run.results if row["site"] == ISSUERS]
        assert rows
        assert len({row["check"] for row in rows}) == len(rows)
        assert {row["check"].partition(".")[0] for row in rows} == {"issuer"}
        assert {row["outcome"] for row in rows} <= {"pass", "notrun"}


def test_version_is_observed(whole_run: Finished) -> None:
    storages = [row for row in whole_run.results if row["site"] != ISSUERS]
    assert {row["technology"] for row in storages} == {"xrootd"}
    assert all(row["observed_version"] for row in storages)


def test_url_gets_the_same_verdicts_as_the_inventory(
    whole_run: Finished, url_run: Finished, lake: Lake
) -> None:
    name = lake.real_sites[0].name
    by_inventory = {
        _key(row): _unlisted(row["outcome"], row["level"])
        for row in whole_run.results
        if row["endpoint"] == name
    }
    by_url = {_key(row): row["outcome"] for row in url_run.results if row["site"] != ISSUERS}

    # Declared features, observable peer and the second identity are in the inventory only.
    open_ends = {"notrun", "unsupported", "blocked"}
    same = {c for c, said in by_url.items() if not {said, by_inventory[c]} & open_ends}
    assert {c: by_url[c] for c in same} == {c: by_inventory[c] for c in same}
    assert by_url.keys() == by_inventory.keys()
    assert len(same) >= FEWEST_CHECKS


def _key(row: dict[str, Any]) -> tuple[str, str]:
    return row["check"], row["cell"] or ""


def _unlisted(outcome: str, level: str) -> str:
    """The outcome of a check that no list of known failures covers."""
    if outcome != "known":
        return outcome
    return "fail" if level == "MUST" else "nonstrict"


def test_url_is_told_of_known_defects(url_run: Finished) -> None:
    failed = [row for row in url_run.results if row["outcome"] == "fail"]

    assert url_run.code == 1
    assert failed
    assert any("known bug: " in row["do"] for row in failed)
    assert not [row for row in url_run.results if row["known_issue"]]


def test_scope_root_is_found_and_printed_once(url_run: Finished, lake: Lake) -> None:
    assert url_run.output.count(f"--scope-root {lake.real_sites[0].base_path}") == 1 or (
        url_run.output.count(f"--scope-root {lake.real_sites[0].base_path} says so") == 2
    )


def test_nothing_of_ours_is_left(whole_run: Finished, url_run: Finished, lake: Lake) -> None:
    for run in (whole_run, url_run):
        assert run.summary["left_behind"] == []
    for site in lake.real_sites:
        data = lake.layout.data(site)
        assert data.is_dir()
        # The areas of both identities stay.
        areas = {data / "lakeproof", data / "neighbour", data / "neighbour" / "lakeproof"}
        assert set(data.rglob("*")) <= areas
