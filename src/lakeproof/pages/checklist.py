"""A profile as a checklist of one endpoint: what is met, open or waived, and who signs."""

from __future__ import annotations

import re
import shlex
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from lakeproof import __version__
from lakeproof.check import Check, Registry
from lakeproof.known import KnownFailure
from lakeproof.pages.render import HERE, environment, moment
from lakeproof.pages.words import about, rerun, turn
from lakeproof.profiles import Profile
from lakeproof.results import Result
from lakeproof.store.views import EndpointView, Latest
from lakeproof.verdict import Level, Outcome
from lakeproof.wording import printable

# What Markdown, or HTML inside it, would read as more than text.
MARKDOWN = re.compile(r"([\\`*_{}\[\]<>#|~&])")


class State(StrEnum):
    """How one item of the list stands."""

    OPEN = "not met"
    ADVISED = "recommendation not met"
    WAIVED = "waived"
    UNJUDGED = "not judged"
    UNTRIED = "not tried"
    ABSENT = "not offered"
    MET = "met"


SIGNS = {
    State.OPEN: "✗",
    State.ADVISED: "△",
    State.WAIVED: "≡",
    State.UNJUDGED: "?",
    State.UNTRIED: "?",
    State.ABSENT: "∅",
    State.MET: "✓",
}
STATES = {
    Outcome.PASS: State.MET,
    Outcome.FIXED: State.MET,
    Outcome.FAIL: State.OPEN,
    Outcome.NONSTRICT: State.ADVISED,
    Outcome.KNOWN: State.WAIVED,
    Outcome.UNSUPPORTED: State.ABSENT,
    Outcome.BLOCKED: State.UNJUDGED,
    Outcome.ERROR: State.UNJUDGED,
    Outcome.NOTRUN: State.UNJUDGED,
}


@dataclass(frozen=True)
class Item:
    """One requirement of the list, with its evidence; `latest` is None when it was never tried."""

    check: Check
    latest: Latest | None

    @property
    def result(self) -> Result | None:
        """The evidence."""
        return self.latest.result if self.latest else None

    @property
    def state(self) -> State:
        """How it stands."""
        return STATES[self.latest.result.outcome] if self.latest else State.UNTRIED

    @property
    def about(self) -> str:
        """Cell and partner."""
        return about(self.latest.result) if self.latest else ""

    @property
    def date(self) -> str:
        """The day of the evidence."""
        return self.latest.result.started[:10] if self.latest else ""

    @property
    def says(self) -> str:
        """What was seen, or why nothing was."""
        return printable(self.result.actual or "") if self.result else "no run has tried it"

    @property
    def turn(self) -> str:
        """Who has to do something."""
        return (turn(self.result) if self.result else "") or "whoever runs lakeproof"


@dataclass(frozen=True)
class Waiver:
    """A known failure: accepted for now, with the reason where the list still has it."""

    item: Item
    entry: KnownFailure | None

    def overdue(self, today: date) -> bool:
        """Whether somebody was to look at it again by now."""
        return self.entry is not None and self.entry.review < today


@dataclass(frozen=True)
class Checklist:
    """The list of one endpoint and one profile."""

    profile: Profile
    view: EndpointView
    registry: Registry
    listed: Sequence[KnownFailure]
    now: datetime

    @cached_property
    def items(self) -> tuple[Item, ...]:
        """Every requirement of the profile, by check; one for each cell and partner."""
        found: dict[str, list[Latest]] = defaultdict(list)
        for latest in self.view.latest:
            found[latest.result.check].append(latest)
        return tuple(
            Item(check, latest)
            for check in self.registry
            # issuers stand in the results as endpoints of their own
            if self.profile.includes(check) and check.suite != "issuer"
            for latest in found.get(check.id) or (None,)
        )

    @cached_property
    def verdict(self) -> str:
        """Whether the endpoint is ready, in one sentence; what nobody judged is never a yes."""
        core = Counter(item.state for item in self.items if item.check.level is Level.MUST)
        if core[State.OPEN]:
            return f"Not ready: {_requirements(core[State.OPEN])} not met."
        unsure = core[State.UNJUDGED] + core[State.UNTRIED]
        if unsure:
            return f"Not decided: {_requirements(unsure)} not judged."
        if not core[State.MET]:
            return "Not decided: no requirement was judged."
        waived = f", with {core[State.WAIVED]} waived" if core[State.WAIVED] else ""
        return f"Ready{waived}, once the items below are ticked by hand."

    def of_state(self, *states: State) -> list[Item]:
        """The items that stand so, by level, then by severity."""
        found = [item for item in self.items if item.state in states]
        levels = list(Level)
        return sorted(
            found,
            key=lambda i: (levels.index(i.check.level), i.check.severity.rank, i.check.id),
        )

    @property
    def untried(self) -> dict[str, tuple[int, str]]:
        """Suites with requirements that no run has tried: how many, and the command that does."""
        counted = Counter(i.check.suite for i in self.items if i.state is State.UNTRIED)
        endpoint = shlex.quote(self.view.line.endpoint)
        return {
            suite: (number, f"lakeproof run --endpoint {endpoint} --suite {suite}")
            for suite, number in counted.items()
        }

    @property
    def waivers(self) -> list[Waiver]:
        """What is not met and accepted."""
        return [Waiver(item, self._entry(item)) for item in self.of_state(State.WAIVED)]

    @property
    def by_suite(self) -> Mapping[str, list[Item]]:
        """All items, suite by suite."""
        found: dict[str, list[Item]] = defaultdict(list)
        for item in self.items:
            found[item.check.suite].append(item)
        return found

    @property
    def runs(self) -> tuple[str, ...]:
        """The runs that the evidence is from, newest first."""
        return tuple(sorted({i.result.run for i in self.items if i.result}, reverse=True))

    @property
    def versions(self) -> tuple[str, ...]:
        """The versions of lakeproof that made the evidence."""
        return tuple(sorted({i.result.suite_version for i in self.items if i.result}))

    def html(self) -> str:
        """One file that prints as it is: its style is inside."""
        style = (HERE / "assets" / "lakeproof.css").read_text("utf-8")
        template = environment().get_template("checklist.html.j2")
        # the style sheet is ours and holds no mark-up
        return template.render(style=Markup(style), **self._content())  # noqa: S704

    def markdown(self) -> str:
        """The same for a ticket."""
        text = _plain().get_template("checklist.md.j2").render(**self._content())
        return re.sub(r"\n{3,}", "\n\n", text)

    def _content(self) -> dict[str, Any]:
        return {
            "it": self,
            "line": self.view.line,
            "now": self.now,
            "State": State,
            "signs": SIGNS,
            "count": lambda items, state: sum(item.state is state for item in items),
            "rerun": rerun,
        }

    def _entry(self, item: Item) -> KnownFailure | None:
        result = item.result
        if result is None:
            return None
        for entry in self.listed:
            cell = result.cell in entry.cells if result.cell else not entry.cells
            if cell and entry.issue == result.known_issue and entry.names(result.check):
                return entry
        return None


def write(lists: Iterable[tuple[Path, Checklist]]) -> None:
    """Write each list beside its path, once as .html and once as .md."""
    for path, checklist in lists:
        path.parent.mkdir(parents=True, exist_ok=True)
        for suffix, text in ((".html", checklist.html()), (".md", checklist.markdown())):
            target = path.with_name(path.name + suffix)
            target.write_text(text, encoding="utf-8", errors="replace")


def _requirements(number: int) -> str:
    return "1 core requirement is" if number == 1 else f"{number} core requirements are"


def _escaped(value: object) -> object:
    """Text as Markdown shows it, on one line; what is no text, or is escaped already, stays."""
    if isinstance(value, str) and not isinstance(value, Markup):
        return MARKDOWN.sub(r"\\\1", printable(value))
    return value


def _plain() -> Environment:
    """Templates that are Markdown: everything printed is escaped for that."""
    made = Environment(  # noqa: S701  Markdown; every expression goes through _escaped
        loader=FileSystemLoader(HERE / "templates"),
        undefined=StrictUndefined,
        finalize=_escaped,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["moment"] = moment
    made.globals["version"] = __version__
    return made
