"""Pages in a folder, and what tests ask about them."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from lakeproof import tree
from lakeproof.commands.report import known_failures
from lakeproof.pages.build import Context, build
from lakeproof.store import Store, open_store
from tests.unit.store.made import take_in

AT = datetime(2026, 11, 24, 15, tzinfo=UTC)
"""When the pages are made: an hour after the recorded runs."""


@dataclass(frozen=True)
class Built:
    """A folder of pages."""

    folder: Path
    files: int

    def text(self, page: str) -> str:
        """The source of a page."""
        return (self.folder / page).read_text("utf-8")

    def url(self, page: str) -> str:
        """Where a browser finds it."""
        return (self.folder / page).resolve().as_uri()

    def pages(self) -> list[Path]:
        """Every page."""
        return sorted(self.folder.rglob("*.html"))


def build_pages(store: Store, out: Path) -> Built:
    """All pages of this store below `out`, where its runs are, too."""
    context = Context(
        registry=tree.load_checks(),
        now=AT,
        listed=known_failures(),
        golden={"LAKE-XRD-A"},
        expected={("NEW-SITE", "NEW-SE")},
        runs=out / "runs",
    )
    writer = build(store, out / "site", context)
    return Built(out / "site", writer.written)


def build_runs(out: Path) -> Built:
    """All pages of the runs that are written below `out`."""
    with closing(open_store(out / "store.sqlite")) as store:
        take_in(store, out)
        return build_pages(store, out)
