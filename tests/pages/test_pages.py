"""What the pages say, read from their source: no browser needed."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from click.testing import CliRunner

from lakeproof import cli
from lakeproof.pages.places import Places, file_name, up
from lakeproof.pages.render import ticks, web
from lakeproof.pages.strip import HEIGHTS, drawn, worst
from lakeproof.store import open_store
from lakeproof.verdict import Outcome
from tests.pages.built import Built, build_pages, build_runs
from tests.pages.hostile import LARGE, MANY
from tests.unit.store.made import write_run

STORM = "LAKE-STORM-EMULATED/index.html"
ONE_MEGABYTE = 1_000_000


class _Links(HTMLParser):
    """Every link, every id, and every tag that is not closed where it must be."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.ids: list[str] = []
        self.tags: list[str] = []
        self.handlers: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.handlers += [name for name, _ in attrs if name.startswith("on")]
        for name, value in attrs:
            if name in {"href", "src"} and value:
                self.links.append(value)
            if name == "id" and value:
                self.ids.append(value)


def _read(path: Path) -> _Links:
    parser = _Links()
    parser.feed(path.read_text("utf-8"))
    return parser


def test_site_page_answers_what_since_when_whose_turn_and_what_to_type(golden: Built) -> None:
    text = golden.text(STORM)

    card = text[text.index("</b> An upload over a file must either") :]
    for said in (
        "content has at least 17 bytes too many",
        "<dt>Whose turn</dt><dd>the site</dd>",
        "2026-11-24 14:0",
        "lakeproof run --endpoint LAKE-STORM-EMULATED --check webdav.files.overwrite-",
        "curl -X PUT",
    ):
        assert said in card[:6000], said
    assert "15 new failures. 357 of 372 core requirements met" in text


def test_one_cause_is_read_once(golden: Built) -> None:
    text = golden.text(STORM)

    assert text.count('<article class="card fail"') == 5
    assert "10 more checks were answered in the same words" in text


def test_emulated_endpoints_are_named_so_and_real_ones_are_not(golden: Built) -> None:
    assert "emulated stand-in" in golden.text(STORM)
    assert "emulated stand-in" not in golden.text("LAKE-XRD-A/index.html").partition("<main")[2]
    assert golden.text("index.html").count('class="badge em"') == 4
    assert golden.text("mesh/index.html").count('class="badge em"') == 8
    assert "emulated stand-in" in golden.text(
        "checks/webdav.files.overwrite-replaces-or-refuses.html"
    )


def test_stand_ins_are_named_wherever_they_took_part(tmp_path: Path) -> None:
    write_run(tmp_path, 0, {"SE": {"fts.jobs.a": "P", "webdav.files.a": "P"}}, stand_ins=("FTS",))
    built = build_runs(tmp_path)

    (endpoint,) = (page for page in built.pages() if "<h1>SE" in page.read_text("utf-8"))
    assert "<strong>1 stand-in</strong>: FTS" in endpoint.read_text("utf-8")
    assert "with stand-in: FTS" in built.text("index.html")
    assert "with stand-in: FTS" in built.text("checks/fts.jobs.a.html")
    assert "with stand-in" not in built.text("checks/webdav.files.a.html"), "FTS is not asked"


def test_mesh_names_the_suspect_and_blames_nobody_for_an_unwell_end(golden: Built) -> None:
    text = golden.text("mesh/index.html")

    assert "Suspect: <b>LAKE-STORM-EMULATED as" in text
    assert "LAKE-DPM-EMULATED could not be judged by itself" in text
    assert text.count("Suspect:") == 1
    assert "This is a hint where to look, no result" in text
    assert "blocked by source" in text
    assert "blocked by destination" in text
    assert text.index("LAKE-XRD-A") < text.index("LAKE-DCACHE-EMULATED")  # golden first


def test_mesh_has_the_pace_of_copies_in_a_table_of_its_own(tmp_path: Path) -> None:
    copied: dict[str, Any] = {
        "partner": "B",
        "direction": "pull",
        "measured": {"copy_mb_per_s": 2.5},
    }
    write_run(tmp_path, 0, {"A": {"tpc.mesh.pair-pull-copies-truth": "P"}}, **copied)
    text = build_runs(tmp_path).text("mesh/index.html")

    table = text[text.index("<caption>Pull, megabytes a second") :].partition("</table>")[0]
    assert "<td>2.5</td>" in table
    assert 'class="o ' not in table, "nobody judges it"


def test_endpoint_that_was_never_tried_is_on_the_first_page(golden: Built) -> None:
    assert "NEW-SE" in golden.text("index.html")
    assert "never tried" in golden.text("index.html")


def test_known_failures_have_their_issue(golden: Built) -> None:
    text = golden.text("LAKE-XRD-A/index.html")

    assert text.count('<article class="card known"') == 54
    assert 'href="https://github.com/xrootd/xrootd/' in text
    assert re.search(r'class="badge[^"]*">review 20\d\d-', text)


def test_old_runs_broken_ones_and_downtimes_are_said_first(hostile: Built) -> None:
    down = hostile.text("DOWN/index.html")
    site = next(path.parent.parent for path in hostile.folder.glob("*/*/index.html"))
    other = (site / "OTHER" / "index.html").read_text("utf-8")

    assert "Announced downtime until 2026-11-30 08:00 UTC: new disks" in down
    assert "No result since <time" in down
    assert "The last run did not end" in other
    assert "no result since" in hostile.text("index.html")
    assert 'class="o pass">ok' not in hostile.text("index.html")


def test_store_without_results_says_what_to_type(tmp_path: Path) -> None:
    store = open_store(tmp_path / "store.sqlite")
    try:
        built = build_pages(store, tmp_path)
    finally:
        store.close()

    assert "No result is stored yet. Type <code>lakeproof run</code>" in built.text("index.html")
    assert "No pair was tried yet" in built.text("mesh/index.html")
    assert "None needs action" not in built.text("index.html")


def test_site_with_two_endpoints_has_a_page_of_its_own(hostile: Built) -> None:
    (page,) = [
        path for path in hostile.folder.glob("*/index.html") if (path.parent / "OTHER").is_dir()
    ]

    text = page.read_text("utf-8")

    assert "2 endpoints" in text
    assert 'OTHER/index.html">OTHER</a>' in text


def test_scope_matrix_is_a_table_with_a_sentence_for_each_violation(golden: Built) -> None:
    text = golden.text("LAKE-XRD-A/index.html")

    assert '<th scope="row" title="storage.create:{scope}: the scope&#39;s own collection">' in text
    assert "Not as the profile says, in words (files)" in text


@pytest.mark.parametrize("built", ["golden", "hostile"])
def test_every_link_leads_somewhere_and_ids_are_unique(
    built: str, request: pytest.FixtureRequest
) -> None:
    pages: Built = request.getfixturevalue(built)
    seen: dict[Path, _Links] = {}
    checks = [path for path in pages.pages() if path.parent.name == "checks"]
    others = [path for path in pages.pages() if path.parent.name not in {"checks", MANY}]
    for path in [*others, *checks[::20], pages.folder / "checks" / "index.html"]:
        found = seen.setdefault(path, _read(path))
        assert len(found.ids) == len(set(found.ids)), path
        for link in found.links:
            parts = urlsplit(link)
            if parts.scheme:
                assert parts.scheme in {"https", "http", "data"}, link
            elif parts.path:
                target = (path.parent / unquote(parts.path)).resolve()
                if "/runs/" not in target.as_posix():  # transcripts are not in the recording
                    assert target.exists(), f"{path}: {link}"
            elif parts.fragment:
                assert parts.fragment in found.ids or parts.fragment == "main", link


def test_no_text_becomes_markup(hostile: Built) -> None:
    for path in hostile.folder.glob("*-*/**/*.html"):
        found = _read(path)
        assert "img" not in found.tags, path
        assert not found.handlers, path
        assert found.tags.count("script") == 1, path
        assert not [link for link in found.links if link.startswith("javascript:")], path
    text = "".join(p.read_text("utf-8") for p in hostile.folder.glob("*-*/**/*.html"))
    assert "{{ 7 * 191 }}" in text
    assert "1337" not in text


def test_no_name_leaves_the_folder(hostile: Built) -> None:
    root = hostile.folder.resolve()

    assert all(path.resolve().is_relative_to(root) for path in hostile.pages())
    assert {path.name for path in root.parent.iterdir()} <= {
        "site",
        "runs",
        "store.sqlite",
        "store.sqlite-wal",
        "store.sqlite-shm",
    }


def test_pages_of_six_hundred_results_stay_small(golden: Built) -> None:
    for path in golden.folder.glob("LAKE-*/index.html"):
        results = path.with_name("results.json").read_text("utf-8").count('"check":')
        assert path.stat().st_size / results * 1000 < ONE_MEGABYTE, path


def test_ten_thousand_results_are_all_there(hostile: Built) -> None:
    assert hostile.text(f"{MANY}/index.html").count("data-o=") == LARGE


@pytest.mark.parametrize(
    "name", ["../x", "a/b", "", ".", "..", "checks", "CON", "ü", "x" * 200, "a b"]
)
def test_odd_names_become_plain_ones(name: str) -> None:
    made = file_name(name)

    assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,80}", made)
    assert made.casefold() not in {"checks", "con"}


def test_names_that_differ_in_capitals_only_have_different_folders() -> None:
    places = Places([("SITE", "a"), ("site", "a"), ("Other", "b"), ("Other", "c")])

    assert places.site("SITE").casefold() != places.site("site").casefold()
    assert places.endpoint("Other", "b") == "Other/b/index.html"
    assert places.endpoint("SITE", "a") == places.site("SITE")
    assert up("Other/b/index.html") == "../../"


@pytest.mark.parametrize("url", ["javascript:alert(1)", "file:///etc/passwd", "https:x", None, ""])
def test_only_web_addresses_become_links(url: str | None) -> None:
    assert web(url) == ""
    assert web("https://example.org/x") == "https://example.org/x"


def test_strip_is_taller_the_worse_and_says_it_in_words() -> None:
    made = drawn([Outcome.PASS, None, Outcome.FAIL])

    assert made.says == "3 runs, oldest first: 1 fail, 1 pass; newest fail"
    assert HEIGHTS[Outcome.FAIL] == max(HEIGHTS.values())
    assert dict(made.paths)["fail"].startswith("M12 0")
    assert set(HEIGHTS) == set(Outcome)


@pytest.mark.parametrize(
    ("counts", "shown"),
    [
        ({Outcome.PASS: 9, Outcome.FAIL: 1, Outcome.BLOCKED: 90}, Outcome.FAIL),
        ({Outcome.PASS: 9, Outcome.BLOCKED: 90}, Outcome.BLOCKED),
        ({Outcome.PASS: 90, Outcome.BLOCKED: 9}, Outcome.PASS),
        ({Outcome.BLOCKED: 9}, Outcome.BLOCKED),
        ({}, None),
    ],
)
def test_bar_of_many_results_shows_the_worst(
    counts: dict[Outcome, int], shown: Outcome | None
) -> None:
    assert worst(counts) is shown


def test_endpoint_that_was_not_judged_is_never_ok(golden: Built) -> None:
    text = golden.text("index.html")
    rows = {name: text[text.index(f">{name}</a>") :][:900] for name in ("LAKE-XRD-A", "LAKE-XRD-B")}

    assert '<b class="o error">unsure</b>' in rows["LAKE-XRD-A"].partition("</li>")[0]  # one error
    assert '<b class="o known">known</b>' in rows["LAKE-XRD-B"].partition("</li>")[0]
    assert '<b class="o pass">ok</b>' in text


def test_back_ticks_become_code_and_nothing_else_does() -> None:
    assert ticks("set `a<b>` to <i>") == "set <code>a&lt;b&gt;</code> to &lt;i&gt;"


def test_moments_are_in_utc(golden: Built) -> None:
    moments = re.findall(r'<time datetime="([^"]+)"', golden.text("index.html"))

    assert moments
    assert all(datetime.fromisoformat(each).tzinfo == UTC for each in moments)


def test_command_builds_the_pages_and_says_where(golden: Built, tmp_path: Path) -> None:
    store = str(golden.folder.parent / "store.sqlite")

    done = CliRunner().invoke(cli.group, ["report", "--out", str(tmp_path), "--store", store])

    assert done.exit_code == 0, done.output
    assert (tmp_path / "site" / "index.html").as_uri() in done.output
    assert "LAKE-XRD-A" in (tmp_path / "site" / "index.html").read_text("utf-8")
