"""Builds every page from the results store, one endpoint at a time."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from lakeproof import bugs, lookup
from lakeproof.check import Check, Registry
from lakeproof.data import load
from lakeproof.features import NEEDS
from lakeproof.known import KnownFailure
from lakeproof.machines.standing import Standing
from lakeproof.matrix_view import sentence as matrix_sentence
from lakeproof.pages.beside import Beside
from lakeproof.pages.endpoint import EndpointPage
from lakeproof.pages.mesh import mesh_page
from lakeproof.pages.places import Places, up
from lakeproof.pages.render import Writer
from lakeproof.pages.strip import HEIGHTS, worst
from lakeproof.pages.words import CHANGE_WORDS, about, rerun, turn
from lakeproof.store import Store
from lakeproof.store.changes import Change
from lakeproof.store.queries import (
    CheckLine,
    EndpointLine,
    EndpointView,
    Latest,
    Reader,
    Transition,
)
from lakeproof.verdict import Level, Outcome, Severity

RECENT = timedelta(days=7)
# The suites whose checks FTS takes part in.
WITH_FTS = frozenset({"fts", "rucio"})
SHOWN = 50


@dataclass(frozen=True)
class Context:
    """What pages say beside the results.

    `listed` are the entries of all known failures, `golden` the endpoints that others are measured
    with, `expected` those of the inventory, by site and name; `runs` is where the folders of runs
    are, for links to them; `url` where the pages will be, for links in feeds.
    """

    registry: Registry
    now: datetime
    stale_hours: float = 26.0
    listed: Sequence[KnownFailure] = ()
    golden: Collection[str] = ()
    expected: Collection[tuple[str, str]] = ()
    runs: Path | None = None
    url: str = ""


@dataclass(frozen=True)
class Place:
    """One result on the page of a check."""

    site: str
    endpoint: str
    emulated: bool
    stand_ins: tuple[str, ...]
    about: str
    outcome: Outcome
    since: datetime
    failing_since: datetime | None
    actual: str


@dataclass(frozen=True)
class FleetLine:
    """One endpoint on the first page."""

    line: EndpointLine
    sentence: str
    history: tuple[Outcome | None, ...]
    urgent: int

    @property
    def unsure(self) -> bool:
        """Nothing is known to be wrong, but too much is not known: never shown as sound."""
        standing = self.line.standing
        passed, blocked = standing.get(Outcome.PASS, 0), standing.get(Outcome.BLOCKED, 0)
        errors = standing.get(Outcome.ERROR, 0)
        return not self.urgent and (errors > 0 or blocked >= passed or not self.line.last.complete)


@dataclass
class Gathered:
    """What the pages after those of the endpoints need from them."""

    lines: list[FleetLine] = field(default_factory=list)
    of_check: dict[str, list[Place]] = field(default_factory=lambda: defaultdict(list))


@dataclass(frozen=True)
class CheckPage:
    """A check of the suite, or one that only results know any more (`check` is None)."""

    id: str
    suite: str
    title: str
    req: str
    level: Level
    severity: Severity
    check: Check | None
    standing: tuple[tuple[Outcome, int], ...]

    @property
    def faults(self) -> list[tuple[str, str]]:
        """The faults of the emulator that prove it, with what each does."""
        known = load("faults")
        names = sorted(self.check.catches) if self.check else []
        return [(name, str(known.get(name, {}).get("does", ""))) for name in names]

    @property
    def needs(self) -> list[tuple[str, str]]:
        """What an endpoint and a run must have for it."""
        names = sorted(self.check.needs) if self.check else []
        return [(name, NEEDS.get(name, "")) for name in names]

    @property
    def hints(self) -> list[tuple[str, str]]:
        """What to change, by storage system."""
        return [(name, str(text)) for name, text in lookup.hints().get(self.id, {}).items()]

    @property
    def requirement(self) -> lookup.Requirement | None:
        """The clause behind it."""
        return lookup.requirement(self.req)

    @property
    def bugs(self) -> list[bugs.Bug]:
        """Known defects that make it fail."""
        return bugs.of_check(self.id)


def build(store: Store, folder: Path, context: Context) -> Writer:
    """Write every page below `folder`; how many there are is in what it returns."""
    with Reader(store) as read:
        fleet = read.fleet()
        known = [(line.site, line.endpoint) for line in fleet.endpoints]
        writer = Writer(folder, Places(known), context.now, context.stale_hours)
        writer.assets()
        gathered, beside = Gathered(), Beside(writer, context.url)
        sites = list(dict.fromkeys(site for site, _ in known))
        for site in sites:
            pages = _site_pages(writer, read, site, context)
            for page in pages:
                _gather(gathered, page)
            beside.site(site, [_standing_of(page) for page in pages])
        changes = _told(read.changes(context.now - RECENT))
        _fleet_page(writer, context, gathered, changes)
        beside.feeds(changes, sites, fleet.newest or context.now)
        beside.metrics()
        writer.page(
            "mesh/index.html",
            "mesh.html.j2",
            mesh=mesh_page(read.mesh(), context.golden, context.now),
        )
        _check_pages(writer, read.checks(), context.registry, gathered)
    return writer


def _site_pages(writer: Writer, read: Reader, site: str, context: Context) -> list[EndpointPage]:
    views = read.site(site).endpoints
    pages = [
        EndpointPage(view, read.matrix(site, view.line.endpoint), context.registry, context.listed)
        for view in views
    ]
    for page in pages:
        _endpoint_page(writer, page, context)
    if len(pages) > 1:
        writer.page(writer.places.site(site), "site.html.j2", site=site, pages=pages)
    return pages


def _standing_of(page: EndpointPage) -> Standing:
    line = page.view.line
    return Standing(line.site, line.endpoint, tuple(page.results))


def _endpoint_page(writer: Writer, page: EndpointPage, context: Context) -> None:
    line = page.view.line
    place = writer.places.endpoint(line.site, line.endpoint)
    writer.page(
        place,
        "endpoint.html.j2",
        it=page,
        line=line,
        matrix_sentence=matrix_sentence(page.cells) if page.cells else "",
        turn=turn,
        rerun=rerun,
        runs=_run_links(writer.folder / place, page.view, context.runs),
    )
    whole = [
        result.as_dict() | {"failing_since": _iso(latest.failing_since)}
        for result, latest in zip(page.results, page.view.latest, strict=True)
    ]
    content = json.dumps(whole, ensure_ascii=False, separators=(",", ":"))
    writer.text(place.replace("index.html", "results.json"), content)


def _iso(when: datetime | None) -> str | None:
    return when.isoformat() if when else None


def _relative(page: Path, runs: Path | None) -> str:
    """The way from a page to the folders of runs, when both are in one place; else nothing."""
    if runs is None or not runs.is_dir():
        return ""
    # strict is not needed: the page may not exist yet, and its folders are real ones
    above = runs.resolve().parent
    inside = page.resolve()
    if not inside.is_relative_to(above):
        return ""
    return f"{up(inside.relative_to(above).as_posix())}{runs.name}/"


def _run_links(page: Path, view: EndpointView, runs: Path | None) -> dict[str, str]:
    """The folder of each run that is still there."""
    way = _relative(page, runs)
    if not way or runs is None:
        return {}
    there = {path.name for path in runs.iterdir()}
    return {run.run: f"{way}{run.run}/" for run in view.runs if run.run in there}


def _gather(gathered: Gathered, page: EndpointPage) -> None:
    line = page.view.line
    history = tuple(worst(run.totals) for run in page.view.runs)
    urgent = sum(1 + len(card.others) for card in page.cards)
    gathered.lines.append(FleetLine(line, page.sentence, history, urgent))
    for latest in page.view.latest:
        gathered.of_check[latest.result.check].append(_place(line, latest))


def _place(line: EndpointLine, latest: Latest) -> Place:
    result = latest.result
    return Place(
        line.site,
        line.endpoint,
        line.emulated,
        tuple(what for what in line.stand_ins if what != "FTS" or latest.suite in WITH_FTS),
        about(result),
        result.outcome,
        latest.since,
        latest.failing_since,
        result.actual or "",
    )


def _told(changes: Sequence[Transition]) -> list[Transition]:
    """All but what passes the first time that it is judged."""
    return [c for c in changes if c.before is not None or c.after is Outcome.FAIL]


def _fleet_page(
    writer: Writer, context: Context, gathered: Gathered, changes: Sequence[Transition]
) -> None:
    known = {(each.line.site, each.line.endpoint) for each in gathered.lines}
    writer.page(
        "index.html",
        "index.html.j2",
        lines=gathered.lines,
        missing=sorted(set(context.expected) - known),
        changes=_by_endpoint(changes),
        counted=_counted,
        shown=SHOWN,
        days=RECENT.days,
    )


def _by_endpoint(
    changes: Sequence[Transition],
) -> list[tuple[tuple[str, str], list[Transition]]]:
    """What changed, endpoint by endpoint, by name."""
    found: dict[tuple[str, str], list[Transition]] = defaultdict(list)
    for each in changes:
        found[each.site, each.endpoint].append(each)
    return sorted(found.items(), key=lambda item: (item[0][0].casefold(), item[0][1].casefold()))


def _counted(changes: Sequence[Transition]) -> list[tuple[Change, int]]:
    counts = Counter(each.change for each in changes)
    return [(change, counts[change]) for change in CHANGE_WORDS if counts[change]]


def _check_pages(
    writer: Writer,
    lines: Sequence[CheckLine],
    registry: Registry,
    gathered: Gathered,
) -> None:
    found = {line.check: line for line in lines}
    pages = [_of_registry(check, found.get(check.id)) for check in registry]
    known = {page.id for page in pages}
    pages += [_of_results(line) for line in lines if line.check not in known]
    pages.sort(key=lambda page: page.id)
    suites: Mapping[str, list[CheckPage]] = defaultdict(list)
    for page in pages:
        suites[page.suite].append(page)
        writer.page(
            writer.places.check(page.id),
            "check.html.j2",
            it=page,
            places_of=_worst_first(gathered.of_check.get(page.id, [])),
        )
    writer.page("checks/index.html", "checks.html.j2", suites=suites, number=len(pages))


def _worst_first(found: Sequence[Place]) -> list[Place]:
    order = list(HEIGHTS)
    return sorted(found, key=lambda each: (order.index(each.outcome), each.site, each.endpoint))


def _of_registry(check: Check, line: CheckLine | None) -> CheckPage:
    return CheckPage(
        check.id,
        check.suite,
        check.title,
        check.req,
        check.level,
        check.severity,
        check,
        _standing(line),
    )


def _of_results(line: CheckLine) -> CheckPage:
    return CheckPage(
        line.check,
        line.suite,
        line.title,
        line.req,
        line.level,
        line.severity,
        None,
        _standing(line),
    )


def _standing(line: CheckLine | None) -> tuple[tuple[Outcome, int], ...]:
    counts = line.standing if line else {}
    return tuple((outcome, counts[outcome]) for outcome in HEIGHTS if counts.get(outcome))
