"""Feeds, badges and metrics beside the pages of the golden runs, and of the hostile ones."""

from __future__ import annotations

from pathlib import Path

import pytest
from defusedxml.ElementTree import fromstring
from prometheus_client.parser import text_string_to_metric_families

from lakeproof.machines.atom import ATOM
from lakeproof.pages.beside import Beside
from lakeproof.pages.places import Places
from lakeproof.pages.render import Writer
from tests.pages.built import AT, Built

STORM = "LAKE-STORM-EMULATED"


def _texts(built: Built, feed: str, path: str) -> list[str]:
    root = fromstring(built.text(feed).encode())
    return [each.text or "" for each in root.findall(path, {"": ATOM})]


def _links(built: Built, feed: str) -> set[str]:
    root = fromstring(built.text(feed).encode())
    return {each.attrib["href"] for each in root.iterfind(".//link", {"": ATOM})}


def test_feed_tells_what_broke_and_what_was_repaired(golden: Built) -> None:
    whole = _texts(golden, "changes.atom", "entry/title")
    mine = _texts(golden, f"{STORM}/changes.atom", "entry/title")

    assert "LAKE-DPM-EMULATED: broken: 536 checks" in whole
    assert mine == [title for title in whole if title.startswith(STORM)]
    assert f"{STORM}: regressed: 20 checks" in mine


@pytest.mark.parametrize("kind", ["golden", "hostile"])
def test_every_link_of_a_feed_leads_to_a_page(kind: str, request: pytest.FixtureRequest) -> None:
    built: Built = request.getfixturevalue(kind)
    feeds = sorted(built.folder.rglob("changes.atom"))

    assert len(feeds) > 1
    for feed in feeds:
        name = feed.relative_to(built.folder).as_posix()
        links = _links(built, name)
        assert links
        for link in links:
            assert (feed.parent / link).is_file(), (name, link)


def test_pages_name_their_feeds(golden: Built) -> None:
    text = golden.text(f"{STORM}/index.html")

    assert 'type="application/atom+xml" title="What changed" href="../changes.atom"' in text
    assert f'title="What changed at {STORM}" href="../{STORM}/changes.atom"' in text
    assert f'href="../{STORM}/badge.svg"' in text
    assert 'href="changes.atom"' in golden.text("index.html")


def test_feed_has_whole_addresses_where_they_are_known(tmp_path: Path) -> None:
    writer = Writer(tmp_path, Places([("S", "S")]), AT, 26)

    Beside(writer, "https://lake.example.org/pages").feeds([], ["S"], AT)

    built = Built(tmp_path, writer.written)
    assert _links(built, "S/changes.atom") == {
        "https://lake.example.org/pages/S/index.html",
        "https://lake.example.org/pages/S/changes.atom",
    }
    assert _texts(built, "S/changes.atom", "updated") == ["2026-11-24T15:00:00+00:00"]


def test_each_site_has_a_badge_with_the_numbers_of_its_page(golden: Built) -> None:
    label = fromstring(golden.text(f"{STORM}/badge.svg").encode()).attrib["aria-label"]

    assert label == "lakeproof: 357/372, 15 failed"
    assert "357 of 372 core requirements met" in golden.text(f"{STORM}/index.html")


def test_metrics_are_of_the_newest_results_of_all_endpoints(golden: Built) -> None:
    found = {
        (sample.name, sample.labels.get("endpoint"), sample.labels.get("outcome")): sample.value
        for family in text_string_to_metric_families(golden.text("metrics.prom"))
        for sample in family.samples
        if sample.name != "lakeproof_mesh_copies"
    }

    assert found["lakeproof_core_requirements_met", STORM, None] == 357
    assert found["lakeproof_results", STORM, "fail"] > 0
    assert len({endpoint for _, endpoint, _ in found}) == 6
