"""The pages in a real browser: no error, nothing that keeps a person out, filters that last."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from tests.pages.built import Built
from tests.pages.hostile import LARGE, MANY

PAGES = [
    "index.html",
    "LAKE-STORM-EMULATED/index.html",
    "mesh/index.html",
    "checks/index.html",
    "checks/tpc.content.push-copies-large-file.html",
]
# Preloading style sheets is refused from file://; the rules below need nothing but the page.
OPTIONS = {"preload": False, "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
SHOWN = "[...document.querySelectorAll('li[data-o]')].filter((row) => row.checkVisibility()).length"


class Watched:
    """A page, and what its console said."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.said: list[str] = []
        page.on("console", lambda message: self.said.append(message.text))
        page.on("pageerror", lambda error: self.said.append(str(error)))
        page.on("requestfailed", lambda request: self.said.append(request.url))


@pytest.fixture(scope="module")
def watched(browser: Browser) -> Iterator[Watched]:
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    yield Watched(page)
    page.close()


@pytest.mark.parametrize("path", PAGES)
def test_page_has_no_errors_and_axe_finds_nothing(
    golden: Built, watched: Watched, path: str
) -> None:
    page = watched.page
    page.emulate_media(color_scheme="light")
    page.goto(golden.url(path))
    assert "lakeproof" in page.title()

    found = []
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        rules = OPTIONS if scheme == "light" else {"preload": False, "runOnly": ["color-contrast"]}
        for each in Axe().run(page, options=rules).response["violations"]:
            found.append((scheme, each["id"], each["nodes"][0]["html"]))

    assert found == []
    assert watched.said == []


@pytest.mark.parametrize("path", PAGES)
def test_phone_needs_no_sideways_scrolling(golden: Built, watched: Watched, path: str) -> None:
    watched.page.set_viewport_size({"width": 360, "height": 740})
    watched.page.goto(golden.url(path))

    beyond = watched.page.evaluate("document.documentElement.scrollWidth - window.innerWidth")

    watched.page.set_viewport_size({"width": 1280, "height": 900})
    assert beyond <= 0


def test_filters_are_in_the_address_and_come_back_from_it(golden: Built, watched: Watched) -> None:
    page = watched.page
    page.goto(golden.url("LAKE-STORM-EMULATED/index.html"))
    page.select_option("select[name=outcome]", "fail")
    page.fill("input[name=q]", "upload")
    page.wait_for_url("**/index.html?q=upload&outcome=fail")
    shown = page.evaluate(SHOWN)

    page.reload()

    assert 0 < shown < 15
    assert page.evaluate(SHOWN) == shown
    assert page.input_value("input[name=q]") == "upload"
    assert page.inner_text("form output") == f"{shown} of 600 checks"


def test_page_is_read_without_the_script(golden: Built, browser: Browser) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(golden.url("LAKE-STORM-EMULATED/index.html"))

    assert page.locator("article.fail").first.is_visible()
    assert page.locator("code.cmd").first.is_visible()
    assert not page.locator("form.filters").is_visible()
    page.locator("summary", has_text="tokens").first.click()
    assert page.locator("details.suite[open] li").first.is_visible()
    context.close()


def test_keyboard_reaches_search_and_content(golden: Built, watched: Watched) -> None:
    page = watched.page
    page.goto(golden.url("index.html"))
    page.keyboard.press("Tab")
    first = page.evaluate("document.activeElement.textContent")
    page.keyboard.press("/")

    assert first == "Skip to the content"
    assert page.evaluate("document.activeElement.name") == "q"


def test_address_of_a_detail_opens_what_it_is_in(golden: Built, watched: Watched) -> None:
    page = watched.page
    page.goto(golden.url("mesh/index.html"))
    page.locator("a.m.fail").first.click()

    opened = page.locator("details.told[open] li:target")

    assert opened.is_visible()
    assert "LAKE-STORM-EMULATED" in opened.inner_text()


def test_mesh_shows_storage_systems_on_request(golden: Built, watched: Watched) -> None:
    page = watched.page
    page.goto(golden.url("mesh/index.html"))
    page.click("[data-toggle=kinds]")

    assert page.locator("table.kinds").first.is_visible()
    assert not page.locator("table.mesh").first.is_visible()


def test_hostile_texts_stay_texts(hostile: Built, watched: Watched) -> None:
    watched.said.clear()
    for path in sorted(hostile.folder.glob("*-*/**/*.html")):
        watched.page.goto(path.resolve().as_uri())
        assert watched.page.title() != "owned"
        assert watched.page.locator("img").count() == 0
    assert watched.said == []


def test_ten_thousand_rows_can_be_searched(hostile: Built, watched: Watched) -> None:
    page = watched.page
    watched.said.clear()
    page.goto(hostile.url(f"{MANY}/index.html"))
    page.fill("input[name=q]", "behaviour-99 cell-99")
    page.wait_for_function("document.querySelector('form output').textContent.startsWith('1 of')")

    assert page.inner_text("form output") == f"1 of {LARGE} checks"
    assert page.evaluate(SHOWN) == 1
    assert watched.said == []
