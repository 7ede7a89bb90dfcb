"""What the page of one endpoint says: what failed, since when, whose turn, what to type."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property

from lakeproof.cache_table import HEADINGS, Line, cache_lines
from lakeproof.check import Registry
from lakeproof.known import KnownFailure
from lakeproof.matrix import Seen
from lakeproof.pages.grid import Grid, grids
from lakeproof.pages.strip import HEIGHTS, worst
from lakeproof.pages.words import about
from lakeproof.results import Result
from lakeproof.store.changes import Change
from lakeproof.store.views import EndpointView, Latest, Transition
from lakeproof.verdict import Outcome
from lakeproof.wording import endpoint_sentence, figures_sentence

URGENT = (Outcome.FAIL, Outcome.FIXED)
UNJUDGED = (Outcome.ERROR, Outcome.BLOCKED)
VIOLATED = (Outcome.FAIL, Outcome.NONSTRICT, Outcome.KNOWN)
QUIET = (Outcome.PASS, Outcome.UNSUPPORTED, Outcome.NOTRUN)
DOWNTIME = "downtime until"
ABSENT = "is declared absent, but the endpoint offers it"
# What an endpoint offers or not; the other needs of checks are ours.
FEATURES = ("root", "tpc-pull", "tpc-push", "macaroons", "md5", "quota", "srr", "tape", "redirects")


@dataclass(frozen=True)
class Row:
    """One result on the page; `anchor` is where its details are, if it has any."""

    number: int
    latest: Latest

    @property
    def result(self) -> Result:
        """The result itself."""
        return self.latest.result

    @property
    def anchor(self) -> str:
        """The same in every build of the page, unless checks come or go."""
        return f"r{self.number}"

    @property
    def about(self) -> str:
        """Cell and partner."""
        return about(self.result)


@dataclass(frozen=True)
class Card:
    """Something to act on: the worst result, and those that were answered in the same words."""

    first: Row
    others: tuple[Row, ...]


@dataclass(frozen=True)
class Reason:
    """Why some checks could not be judged, in one sentence for all of them."""

    text: str
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Suite:
    """The results of one suite; it is shown open when something in it is to be seen."""

    name: str
    rows: tuple[Row, ...]
    counts: tuple[tuple[Outcome, int], ...]
    history: tuple[Outcome | None, ...]

    @property
    def is_green(self) -> bool:
        """Nothing failed, broke, or is listed as known."""
        return all(outcome in QUIET for outcome, _ in self.counts)


@dataclass(frozen=True)
class Feature:
    """A feature and how it stands: sound, failing, absent, or absent but seen."""

    name: str
    state: str
    says: str
    bad: int = 0


@dataclass(frozen=True)
class Known:
    """A known failure, with the entry that lists it where that is still there."""

    row: Row
    entry: KnownFailure | None

    def overdue(self, today: date) -> bool:
        """Whether its review date has passed."""
        return self.entry is not None and self.entry.review < today


@dataclass(frozen=True)
class EndpointPage:
    """Everything on the page of one endpoint, in the order in which it stands there."""

    view: EndpointView
    cells: Sequence[Seen]
    registry: Registry
    listed: Sequence[KnownFailure] = ()

    @cached_property
    def rows(self) -> tuple[Row, ...]:
        """Every result, by check, cell and partner."""
        return tuple(Row(number, latest) for number, latest in enumerate(self.view.latest, 1))

    @property
    def results(self) -> list[Result]:
        """The results alone."""
        return [latest.result for latest in self.view.latest]

    @cached_property
    def sentence(self) -> str:
        """The endpoint in one sentence; a new failure is said first."""
        said = endpoint_sentence(self.results)
        new = self.view.line.new_failures
        return f"{new} new failure{'s' if new > 1 else ''}. {said}" if new else said

    @property
    def figures(self) -> str:
        """What was measured, in one line."""
        return figures_sentence(self.results)

    @property
    def cache_lines(self) -> tuple[Line, ...]:
        """What a cache gains, by kind of file and way of reading; empty for what is none."""
        return cache_lines(self.results)

    @property
    def cache_headings(self) -> tuple[str, ...]:
        """The columns of `cache_lines`."""
        return HEADINGS

    @property
    def counts(self) -> tuple[tuple[Outcome, int], ...]:
        """How many results of each outcome, what hurts most first."""
        return _counts(self.results)

    @property
    def downtime(self) -> str:
        """The announced downtime that kept the last run from judging, or nothing."""
        said = (r.actual or "" for r in self.results if r.outcome is Outcome.NOTRUN)
        return next((text for text in said if text.startswith(DOWNTIME)), "")

    @cached_property
    def cards(self) -> tuple[Card, ...]:
        """What needs action: by severity, then by age."""
        return tuple(_cards(row for row in self.rows if row.result.outcome in URGENT))

    @cached_property
    def recommendations(self) -> tuple[Card, ...]:
        """What is recommended and not so."""
        return tuple(_cards(r for r in self.rows if r.result.outcome is Outcome.NONSTRICT))

    @cached_property
    def known(self) -> tuple[Known, ...]:
        """Known failures by name."""
        found = [row for row in self.rows if row.result.outcome is Outcome.KNOWN]
        return tuple(Known(row, self._entry(row.result)) for row in found)

    @cached_property
    def reasons(self) -> tuple[Reason, ...]:
        """Why checks could not be judged: errors first, then what keeps most of them."""
        grouped: dict[tuple[Outcome, str], list[Row]] = defaultdict(list)
        for row in self.rows:
            if row.result.outcome in UNJUDGED:
                grouped[row.result.outcome, row.result.actual or ""].append(row)
        order = sorted(grouped, key=lambda key: (UNJUDGED.index(key[0]), -len(grouped[key])))
        return tuple(Reason(key[1], tuple(grouped[key])) for key in order)

    @cached_property
    def changes(self) -> tuple[tuple[Change, tuple[Transition, ...]], ...]:
        """What the last run changed, worst kind first; what is new and sound is left out."""
        found: dict[Change, list[Transition]] = defaultdict(list)
        for each in self.view.transitions:
            if each.change is not Change.NEW or each.after in VIOLATED:
                found[each.change].append(each)
        return tuple((change, tuple(each)) for change, each in found.items())

    @cached_property
    def suites(self) -> tuple[Suite, ...]:
        """All results by suite."""
        strips = {each.suite: each for each in self.view.suites}
        grouped: dict[str, list[Row]] = defaultdict(list)
        for row in self.rows:
            grouped[row.latest.suite].append(row)
        return tuple(
            Suite(
                name,
                tuple(rows),
                _counts(row.result for row in rows),
                tuple(
                    None if run is None else worst(run)
                    for run in (strips[name].runs if name in strips else ())
                ),
            )
            for name, rows in sorted(grouped.items())
        )

    @cached_property
    def features(self) -> tuple[Feature, ...]:
        """What the endpoint offers, as far as checks have looked at it."""
        return tuple(filter(None, (self._feature(name) for name in FEATURES)))

    @cached_property
    def grids(self) -> tuple[Grid, ...]:
        """The matrix of scopes and operations, a table for each part that was tried."""
        return grids(self.cells)

    @cached_property
    def _needs(self) -> dict[str, frozenset[str]]:
        found = {name: self.registry.get(name) for name in {r.check for r in self.results}}
        return {name: check.needs for name, check in found.items() if check is not None}

    def _feature(self, name: str) -> Feature | None:
        rows = [result for result in self.results if name in self._needs.get(result.check, ())]
        outcomes = Counter(result.outcome for result in rows)
        if any(ABSENT in (r.actual or "") and (r.actual or "").startswith(name) for r in rows):
            return Feature(name, "seen", "declared absent, but it is there")
        bad = outcomes[Outcome.FAIL] + outcomes[Outcome.KNOWN]
        if bad:
            return Feature(name, "failing", "offered, and not as required", bad)
        if outcomes[Outcome.PASS] or outcomes[Outcome.NONSTRICT]:
            return Feature(name, "sound", "offered and sound")
        if outcomes[Outcome.UNSUPPORTED]:
            return Feature(name, "absent", "not offered")
        return None

    def _entry(self, result: Result) -> KnownFailure | None:
        for entry in self.listed:
            cell = result.cell in entry.cells if result.cell else not entry.cells
            if cell and entry.issue == result.known_issue and entry.names(result.check):
                return entry
        return None


def _counts(results: Iterable[Result]) -> tuple[tuple[Outcome, int], ...]:
    counted = Counter(result.outcome for result in results)
    return tuple((outcome, counted[outcome]) for outcome in HEIGHTS if counted[outcome])


def _cards(rows: Iterable[Row]) -> Iterable[Card]:
    """Rows answered in the same words on one card, so that one cause is not read nine times."""

    def urgency(row: Row) -> tuple[int, int, datetime]:
        since = row.latest.failing_since or row.latest.since
        return (
            URGENT.index(row.result.outcome) if row.result.outcome in URGENT else 0,
            (row.result.severity.rank),
            since,
        )

    grouped: dict[tuple[Outcome, str], list[Row]] = defaultdict(list)
    for row in sorted(rows, key=urgency):
        said = row.result.actual or row.anchor
        grouped[row.result.outcome, said].append(row)
    return [Card(first, tuple(others)) for first, *others in grouped.values()]
