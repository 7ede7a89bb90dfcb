"""Checklists: what is a yes and what is not, in HTML that prints and in Markdown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from click.testing import CliRunner
from playwright.sync_api import Browser

from lakeproof import cli, tree
from lakeproof.pages.checklist import Checklist, State, write
from lakeproof.profiles import Profile
from lakeproof.store import open_store
from lakeproof.store.queries import Reader
from lakeproof.store.views import EndpointView
from lakeproof.verdict import Outcome
from lakeproof.wire.printing import CannotPrintError, print_to_pdf
from tests.pages.built import AT, Built

ViewOf = Callable[[str], EndpointView]
PROFILE = Profile(
    "small",
    "A small profile",
    "It says little.",
    ("webdav.files.*",),
    "should",
    manual=("The contact | is <known>.",),
)


@pytest.fixture
def view_of(golden: Built) -> ViewOf:
    """The view of an endpoint of the recorded runs."""

    def ask(name: str) -> EndpointView:
        store = open_store(golden.folder.parent / "store.sqlite")
        with Reader(store) as read:
            found = read.endpoint(name, name)
        store.close()
        return found

    return ask


def _list(view: EndpointView, *outcomes: Outcome) -> Checklist:
    """The list of a view of which the first results of the profile are as told, others pass."""
    told = iter(outcomes)
    latest = [
        replace(each, result=replace(each.result, outcome=next(told, Outcome.PASS)))
        for each in view.latest
        if each.result.check.startswith("webdav.files.") and each.result.level.value == "MUST"
    ]
    return Checklist(PROFILE, replace(view, latest=tuple(latest)), tree.load_checks(), (), AT)


@pytest.mark.parametrize(
    ("outcomes", "begins"),
    [
        ([], "Ready, once"),
        ([Outcome.FAIL, Outcome.ERROR], "Not ready: 1 core requirement is not met"),
        ([Outcome.BLOCKED], "Not decided: 1 core requirement is not judged"),
        ([Outcome.NOTRUN, Outcome.ERROR], "Not decided: 2 core requirements are not judged"),
        ([Outcome.KNOWN], "Ready, with 1 waived, once"),
        ([Outcome.UNSUPPORTED], "Ready, once"),
    ],
)
def test_verdict_is_a_yes_only_when_everything_was_judged(
    view_of: ViewOf, outcomes: list[Outcome], begins: str
) -> None:
    assert _list(view_of("LAKE-DCACHE-EMULATED"), *outcomes).verdict.startswith(begins)


def test_endpoint_without_results_is_not_ready(view_of: ViewOf) -> None:
    view = replace(view_of("LAKE-XRD-A"), latest=())
    made = Checklist(PROFILE, view, tree.load_checks(), (), AT)

    assert {item.state for item in made.items} == {State.UNTRIED}
    assert made.verdict.startswith("Not decided: ")
    assert "lakeproof run --endpoint LAKE-XRD-A --suite webdav" in made.markdown()


def test_list_has_evidence_waivers_manual_items_and_a_place_to_sign(
    view_of: ViewOf, browser: Browser, tmp_path: Path
) -> None:
    made = _list(view_of("LAKE-DCACHE-EMULATED"), Outcome.FAIL, Outcome.KNOWN, Outcome.BLOCKED)
    write([(tmp_path / "list", made)])
    page = browser.new_page()
    page.goto((tmp_path / "list.html").as_uri())

    text = page.inner_text("main")
    found = Axe().run(page, options={"preload": False}).response["violations"]
    page.close()

    for said in (
        "Not ready: 1 core requirement is not met.",
        "emulated stand-in",
        "dcache 9.2.30",
        "lp-20261124T",
        "2026-11-24",
        "Waivers (1)",
        "The contact | is <known>.",
        "Site: name, date, signature",
    ):
        assert said in text, said
    assert [each["id"] for each in found] == []


def test_markdown_is_escaped_once(view_of: ViewOf) -> None:
    text = _list(view_of("LAKE-DCACHE-EMULATED"), Outcome.FAIL).markdown()

    assert r"- [ ] The contact \| is \<known\>." in text
    assert "\\\\" not in text
    assert "(webdav.files." in text


def test_list_is_printed_to_pdf(browser: Browser, tmp_path: Path) -> None:
    page = tmp_path / "list.html"
    page.write_text("<title>x</title><h1>A list</h1>")

    print_to_pdf(page, tmp_path / "list.pdf")

    assert browser.is_connected()
    assert (tmp_path / "list.pdf").read_bytes().startswith(b"%PDF-")


def test_machine_without_a_browser_is_told_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(CannotPrintError, match="needs Chromium"):
        print_to_pdf(tmp_path / "list.html", tmp_path / "list.pdf")


def test_command_writes_both_forms_and_names_what_it_does_not_know(golden: Built) -> None:
    out = golden.folder.parent
    runner = CliRunner()
    asked = ["checklist", "--profile", "wlcg-tpc", "--out", str(out), "--endpoint"]

    done = runner.invoke(cli.group, [*asked, "LAKE-EOS-EMULATED"])
    unknown = runner.invoke(cli.group, [*asked, "NOBODY"])

    assert done.exit_code == 0, done.output
    assert "LAKE-EOS-EMULATED  Not ready" in done.output
    stem = out / "checklists" / "wlcg-tpc-LAKE-EOS-EMULATED"
    assert stem.with_suffix(".html").is_file()
    assert stem.with_suffix(".md").is_file()
    assert unknown.exit_code == 3
    assert "NOBODY" in unknown.output
