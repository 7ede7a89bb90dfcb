"""What other programs read is what the results say, and nothing in it takes over."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from xml.etree.ElementTree import Element

import pytest
from defusedxml.ElementTree import fromstring
from markdown_it import MarkdownIt
from prometheus_client.parser import text_string_to_metric_families

from lakeproof import CRITICAL, HIGH, LOW, MEDIUM
from lakeproof.machines.atom import ATOM, feed
from lakeproof.machines.badge import BLUE, GREEN, GREY, RED, SVG, badge, drawn
from lakeproof.machines.markdown import AT_MOST, markdown, plain
from lakeproof.machines.nagios import Line, Status, probe
from lakeproof.machines.opensearch import bulk, document
from lakeproof.machines.prometheus import metrics
from lakeproof.machines.standing import Standing, standings
from lakeproof.results import Result
from lakeproof.verdict import Outcome, Severity
from tests.unit.machines.made import EVIL, failing, row, some

NOW = datetime(2026, 11, 22, 18, tzinfo=UTC)
DAY = timedelta(days=1)
PERFDATA = re.compile(r"[a-z_]+=\d+(\.\d+)?s?;[\d]*;[\d]*;0(;\d+)?")


def _standing(*rows: Result) -> Standing:
    (only,) = standings(rows)
    return only


def _samples(text: str) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_prometheus_reads_the_numbers_of_each_endpoint() -> None:
    samples = _samples(metrics(some()))

    def of(name: str, endpoint: str = "SE", site: str = "SITE", **labels: str) -> float:
        where = {"site": site, "endpoint": endpoint, **labels}
        return samples[f"lakeproof_{name}", frozenset(where.items())]

    assert of("results", outcome="pass") == 2
    assert of("results", outcome="fail") == of("failures", severity="critical") == 1
    assert of("results", outcome="error") == of("failures", severity="low") == 0
    assert (of("core_requirements_met"), of("core_requirements")) == (2, 3)
    assert of("results", "SE-2", "OTHER", outcome="pass") == 2
    assert of("run_duration_seconds") == 62.5
    assert (
        of("last_run_timestamp_seconds")
        == datetime(2026, 11, 22, 17, 6, 3, 500000, UTC).timestamp()
    )
    mesh = frozenset({"protocol": "https", "direction": "pull", "outcome": "pass"}.items())
    assert samples["lakeproof_mesh_copies", mesh] == 1


def test_prometheus_has_few_series_however_many_checks() -> None:
    few, many = (_samples(metrics([row(n) for n in range(count)])) for count in (1, 500))

    assert len(few) == len(many) <= 22


def test_prometheus_labels_are_escaped() -> None:
    odd = 'a"b\\c\nlakeproof_results{x="y"} 1'

    samples = _samples(metrics([row(1, observed_version=odd)]))

    assert odd in {dict(labels).get("version") for _, labels in samples}
    assert sum(name == "lakeproof_results" for name, _ in samples) == len(Outcome)


def test_dashboard_asks_for_metrics_and_labels_that_there_are() -> None:
    content = json.loads((files("lakeproof.machines") / "grafana.json").read_text("utf-8"))
    there: dict[str, set[str]] = {}
    for name, labels in _samples(metrics(some())):
        there.setdefault(name, set()).update(dict(labels))

    asked = [target["expr"] for panel in content["panels"] for target in panel["targets"]]
    asked.append(content["templating"]["list"][1]["query"]["query"])
    for expression in asked:
        (name,) = re.findall(r"lakeproof_[a-z_]+", expression)
        used = re.findall(r"[{ ]([a-z_]+)=", expression)
        for group in re.findall(r"by \(([^)]+)\)", expression):
            used += group.split(", ")
        assert set(used) <= there[name], expression

    assert {panel["id"] for panel in content["panels"]} == set(range(1, 8))
    assert set(re.findall(r"lakeproof_[a-z_]+", str(asked))) == set(there)


@pytest.mark.parametrize(
    ("rows", "status"),
    [
        ([row(1)], Status.OK),
        ([row(1), row(2, outcome=Outcome.KNOWN), row(3, outcome=Outcome.NONSTRICT)], Status.OK),
        ([row(1), failing(CRITICAL)], Status.CRITICAL),
        ([row(1), failing(HIGH), row(2, outcome=Outcome.ERROR)], Status.CRITICAL),
        ([row(1), failing(MEDIUM)], Status.WARNING),
        ([row(1), failing(LOW)], Status.WARNING),
        ([row(1), failing(CRITICAL, Outcome.FIXED)], Status.WARNING),
        ([row(1), row(2, outcome=Outcome.ERROR)], Status.UNKNOWN),
        ([row(1, outcome=Outcome.BLOCKED)], Status.UNKNOWN),
        ([row(1, outcome=Outcome.NOTRUN)], Status.UNKNOWN),
    ],
)
def test_nagios_is_told_what_it_costs(rows: list[Result], status: Status) -> None:
    line = probe(_standing(*rows), NOW, DAY)

    assert line.status is status
    assert line.text.startswith(f"LAKEPROOF {status.name} - SE: ")


def test_nagios_line_is_one_line_with_numbers() -> None:
    odd = row(1, endpoint="S|E\nCRITICAL")

    text, numbers = probe(_standing(odd), NOW, DAY).text.split(" | ")

    assert "\n" not in text
    assert text.startswith("LAKEPROOF OK - S/E CRITICAL: 1 of 1 core requirements met")
    assert all(PERFDATA.fullmatch(number) for number in numbers.split(" ")), numbers
    assert "core_met=1;;;0;1" in numbers
    assert "age=3299s;;;0" in numbers


def test_nagios_does_not_take_an_old_run_for_todays() -> None:
    line = probe(_standing(row(1)), NOW + 3 * DAY, DAY)

    assert line.status is Status.UNKNOWN
    assert "no result since 2026-11-22 17:05 UTC | age=" in line.text
    assert Line.unknown("a | b").text == "LAKEPROOF UNKNOWN - a / b"


def test_opensearch_gets_a_document_a_result() -> None:
    lines = [json.loads(line) for line in bulk(some(), "lake")]

    actions, documents = lines[::2], lines[1::2]
    assert len({action["index"]["_id"] for action in actions}) == len(some()) == len(documents)
    assert {action["index"]["_index"] for action in actions} == {"lake"}
    assert actions == [json.loads(line) for line in bulk(some(), "lake")][::2]
    assert documents[0]["@timestamp"] == "2026-11-22T17:05:01+00:00"
    assert (documents[0]["suite"], documents[1]["actual"]) == ("webdav", EVIL)


def test_opensearch_has_no_field_for_each_thing_that_was_measured() -> None:
    found = document(row(1, measured={"a_s": 1.5, "b_s": 2.0}))

    assert found["measured"] == [{"name": "a_s", "value": 1.5}, {"name": "b_s", "value": 2.0}]
    assert "measured" not in document(row(1))
    assert "partner" not in document(row(1))


def _words(svg: str) -> tuple[str, str, str]:
    root = fromstring(svg)
    label, text = (str(each.text) for each in root.iter(f"{{{SVG}}}text"))
    fill = str(list(root.iter(f"{{{SVG}}}rect"))[1].get("fill"))
    assert root.get("aria-label") == f"{label}: {text}"
    return label, text, fill


@pytest.mark.parametrize(
    ("rows", "text", "colour"),
    [
        ([row(1), row(2)], "2/2", GREEN),
        ([row(1), failing()], "1/2, 1 failed", RED),
        ([row(1), row(2, outcome=Outcome.KNOWN)], "1/2", BLUE),
        ([row(1), row(2, outcome=Outcome.ERROR)], "1/1, 1 not judged", GREY),
        ([row(1, outcome=Outcome.BLOCKED)], "not judged", GREY),
    ],
)
def test_badge_says_it_in_words(rows: list[Result], text: str, colour: str) -> None:
    assert _words(badge(standings(rows))) == ("lakeproof", text, colour)


def test_badge_adds_up_a_site_and_cannot_be_broken_out_of() -> None:
    assert _words(badge(standings([row(1), row(2, endpoint="SE-2"), failing()])))[1] == (
        "2/3, 1 failed"
    )
    assert _words(drawn(EVIL, "a\nb", RED))[:2] == (EVIL, "a b")


@pytest.mark.parametrize("colour", [RED, GREEN, GREY, BLUE, "#424242"])
def test_badge_can_be_read(colour: str) -> None:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    assert 1.05 / (luminance + 0.05) >= 4.5


def test_markdown_has_a_line_for_each_endpoint_and_what_needs_action() -> None:
    text = markdown(some())

    assert "| SE | 2 of 3 | 2 | 1 | 0 | 1 | 0 |" in text
    assert "| SE-2 (emulated) | 2 of 2 | 2 | 0 | 0 | 0 | 0 |" in text
    assert "#### Needs action: 1" in text
    assert "Could not be judged" not in text


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    for block in MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(text):
        for token in block.children or ():
            yield token.type, token.content


def test_markdown_of_an_endpoint_is_no_markup() -> None:
    tokens = list(_tokens(f"said: {plain(EVIL)}"))

    assert {kind for kind, _ in tokens} == {"text"}
    assert "".join(content for _, content in tokens) == f"said: {EVIL}"
    assert "www." not in plain(EVIL)


def test_markdown_stays_short() -> None:
    text = markdown([row(n, outcome=Outcome.ERROR, actual="x") for n in range(AT_MOST + 5)])

    assert text.count("- **error**") == AT_MOST
    assert "- … and 5 more" in text


@dataclass(frozen=True)
class Changed:
    """As the store tells of it."""

    change: str
    after: Outcome
    at: datetime
    before: Outcome | None = Outcome.PASS
    site: str = "SITE"
    endpoint: str = "SE"
    check: str = "webdav.files.put"
    title: str = "PUT stores."
    severity: Severity = HIGH
    cell: str | None = None
    partner: str | None = None
    run: str = "lp-1"
    actual: str | None = EVIL


CHANGES = (
    Changed("fixed", Outcome.PASS, NOW - DAY, Outcome.FAIL, actual=None),
    Changed("regressed", Outcome.FAIL, NOW, run="lp-2"),
    Changed("new", Outcome.FAIL, NOW, None, run="lp-2", cell="read.get.same"),
)


def _feed(*changes: Changed, base: str = "https://lake.example.org/pages/") -> Element:
    text = feed(
        changes,
        title="Lake",
        updated=NOW - 9 * DAY,
        page=f"{base}index.html",
        itself=f"{base}changes.atom" if base else "",
        where=lambda each: f"{base}{each.site}/index.html",
    )
    found: Element = fromstring(text.encode())
    return found


def _all(root: Element, path: str) -> list[str]:
    spaced = "/".join(f"{{{ATOM}}}{part}" for part in path.split("/"))
    return [each.text or "" for each in root.findall(spaced)]


def test_feed_has_an_entry_for_each_change_the_newest_first() -> None:
    root = _feed(*CHANGES)

    assert _all(root, "entry/title") == [
        "SE: regressed: webdav.files.put",
        "SE: new: webdav.files.put read.get.same",
        "SE: fixed: webdav.files.put",
    ]
    assert _all(root, "updated") == _all(root, "entry/updated")[:1] == ["2026-11-22T18:00:00+00:00"]
    assert _all(root, "entry/summary")[0] == f"PUT stores. Was pass, is fail. {EVIL}"
    links = [each.get("href") for each in root.findall(f"{{{ATOM}}}entry/{{{ATOM}}}link")]
    assert set(links) == {"https://lake.example.org/pages/SITE/index.html"}


def test_feed_names_a_change_the_same_in_every_feed() -> None:
    ids = _all(_feed(*CHANGES), "entry/id")

    assert len(set(ids)) == len(CHANGES)
    assert _all(_feed(CHANGES[1], base=""), "entry/id") == ids[:1]
    assert all(each.startswith("urn:uuid:") for each in [*ids, *_all(_feed(), "id")])


def test_what_one_run_broke_at_an_endpoint_is_one_piece_of_news() -> None:
    broken = [
        Changed("broken", Outcome.ERROR, NOW, check=f"webdav.files.check-{number}")
        for number in range(12)
    ]

    root = _feed(*broken, Changed("fixed", Outcome.PASS, NOW))

    assert sorted(_all(root, "entry/title")) == [
        "SE: broken: 12 checks",
        "SE: fixed: webdav.files.put",
    ]
    (summary,) = [each for each in _all(root, "entry/summary") if "\n" in each]
    assert summary.startswith("webdav.files.check-0: PUT stores. Was pass, is error.")
    assert summary.splitlines()[10:] == ["… and 2 more."]


def test_feed_without_a_change_is_a_feed() -> None:
    root = _feed()

    assert _all(root, "updated") == ["2026-11-13T18:00:00+00:00"]
    assert _all(root, "author/name") == ["lakeproof"]
