"""What lies beside the pages for other programs: feeds of what changed, badges, metrics."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from lakeproof.machines.atom import feed
from lakeproof.machines.badge import badge
from lakeproof.machines.prometheus import FILE as METRICS
from lakeproof.machines.prometheus import Metrics
from lakeproof.machines.standing import Standing
from lakeproof.pages.places import up
from lakeproof.pages.render import Writer
from lakeproof.store.queries import Transition

FEED = "changes.atom"
BADGE = "badge.svg"


class Beside:
    """Writes them with the pages' writer; `url` is where the pages will be, when that is known.

    Without it a feed's links are relative to the feed.
    """

    def __init__(self, writer: Writer, url: str) -> None:
        self._writer = writer
        self._url = f"{url.rstrip('/')}/" if url else ""
        self._metrics = Metrics()

    def site(self, site: str, standings: Sequence[Standing]) -> None:
        """The badge of a site, all its endpoints together; they also go into the metrics."""
        for each in standings:
            self._metrics.add(each)
            self._metrics.add_copies(each.rows)
        self._writer.text(self._writer.places.beside(site, BADGE), badge(standings))

    def metrics(self) -> None:
        """All endpoints as metrics, for whoever scrapes the pages."""
        self._writer.text(METRICS, self._metrics.text())

    def feeds(self, changes: Sequence[Transition], sites: Sequence[str], newest: datetime) -> None:
        """A feed of all changes, and one for each site; `newest` is the time of the newest run."""
        self._feed(FEED, "lakeproof: what changed", changes, newest)
        for site in sites:
            mine = [each for each in changes if each.site == site]
            path = self._writer.places.beside(site, FEED)
            self._feed(path, f"lakeproof: what changed at {site}", mine, newest)

    def _feed(self, path: str, title: str, changes: Sequence[Transition], newest: datetime) -> None:
        base = self._url or up(path)
        text = feed(
            changes,
            title=title,
            updated=newest,
            page=f"{base}{path.replace(FEED, 'index.html')}",
            itself=f"{base}{path}" if self._url else "",
            where=lambda each: f"{base}{self._writer.places.endpoint(each.site, each.endpoint)}",
        )
        self._writer.text(path, text)
