"""One browser and one set of pages for all tests here; the pages are built once."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.pages.built import Built, build_pages, build_runs
from tests.pages.hostile import hostile_runs
from tests.unit.store.golden import golden_store

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def golden(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """The pages of the two recorded runs of the six-site lake."""
    out = tmp_path_factory.mktemp("golden")
    store = golden_store(out)
    try:
        return build_pages(store, out)
    finally:
        store.close()


@pytest.fixture(scope="session")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """Pages of runs whose every text wants to be markup, one of them with 10,000 results."""
    out = tmp_path_factory.mktemp("hostile")
    hostile_runs(out)
    return build_runs(out)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Headless Chromium as Debian packages it; CI has it, elsewhere these tests need it."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None and not os.environ.get("CI"):
        pytest.skip("Chromium is not installed (apt-get install chromium)")
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=found, args=ARGUMENTS)
        yield launched
        launched.close()
