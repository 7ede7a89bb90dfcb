"""The templates and what they may call; everything that is printed is escaped."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from lakeproof import __version__
from lakeproof.lookup import citation
from lakeproof.mesh.view import evidence
from lakeproof.pages.grid import MEANS, SIGNS, sign
from lakeproof.pages.places import ASSETS, Places, up
from lakeproof.pages.strip import drawn
from lakeproof.pages.words import CHANGE_WORDS, LEVEL_MEANING, SEVERITY_MEANING
from lakeproof.store.changes import CHANGE_MEANING
from lakeproof.verdict import OUTCOME_MEANING, Level, Outcome, Severity
from lakeproof.wording import printable

HERE = Path(__file__).parent
TICKED = re.compile(r"`([^`\n]+)`")


def web(url: str | None) -> str:
    """`url` when a browser may be sent there, else nothing: no javascript:, no file:."""
    parts = urlsplit(url or "")
    return url or "" if parts.scheme in {"http", "https"} and parts.netloc else ""


def ticks(text: str) -> Markup:
    """Escaped text, with what stands between `back ticks` as code."""
    return Markup(TICKED.sub(r"<code>\1</code>", str(escape(text))))  # noqa: S704  escaped


def moment(when: datetime) -> str:
    """`2026-11-24 14:00 UTC`."""
    return f"{when.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def seconds(span: float) -> str:
    """`340 ms`, `2.1 s`, `5 min`."""
    if span < 1:
        return f"{span * 1000:.0f} ms"
    return f"{span:.1f} s" if span < 100 else f"{span / 60:.0f} min"  # noqa: PLR2004


def plural(number: int, one: str, more: str = "") -> str:
    """`1 check`, `2 checks`."""
    return f"{number} {one if number == 1 else more or one + 's'}"


@cache
def environment() -> Environment:
    """Jinja2 with escaping in every template and no silent blanks."""
    made = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "web": web,
        "moment": moment,
        "seconds": seconds,
        "printable": printable,
        "iso": lambda when: when.astimezone(UTC).isoformat(timespec="seconds"),
        "ticks": ticks,
        "seen_in": lambda mark: mark and mark.outcome,
        "value_of": lambda each: each.value,
    }
    made.globals |= {
        "Outcome": Outcome,
        "DETAILED": (Outcome.FAIL, Outcome.NONSTRICT, Outcome.KNOWN, Outcome.FIXED),
        "Level": Level,
        "Severity": Severity,
        "OUTCOME_MEANING": OUTCOME_MEANING,
        "CHANGE_MEANING": CHANGE_MEANING,
        "CHANGE_WORDS": CHANGE_WORDS,
        "LEVEL_MEANING": LEVEL_MEANING,
        "SEVERITY_MEANING": SEVERITY_MEANING,
        "citation": citation,
        "MEANS": MEANS,
        "SIGNS": SIGNS,
        "drawn": drawn,
        "evidence": evidence,
        "sign": sign,
        "plural": plural,
        "version": __version__,
    }
    return made


class Writer:
    """Writes pages below `folder`; all of them know when they were made, and when runs are old."""

    def __init__(self, folder: Path, places: Places, now: datetime, stale_hours: float) -> None:
        self.folder = folder
        self.places = places
        self.now = now
        self._always = {"places": places, "now": now, "stale_hours": stale_hours}
        self.written = 0

    def stale(self, when: datetime) -> bool:
        """Whether a run of that moment is too old to rely on."""
        age = (self.now - when).total_seconds() / 3600
        return age > float(self._always["stale_hours"])  # type: ignore[arg-type]

    def page(self, path: str, template: str, **content: Any) -> None:  # noqa: ANN401
        """One page from one template."""
        text = environment().get_template(template)
        facts: Mapping[str, Any] = {**self._always, "writer": self, "up": up(path), "page": path}
        self.text(path, text.render(**facts, **content))

    def text(self, path: str, content: str) -> None:
        """One file, replaced whole: whoever reads meanwhile reads the old one."""
        target = self.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        fresh = target.with_name(f".{target.name}.new")
        fresh.write_text(content, encoding="utf-8", errors="replace")
        fresh.replace(target)
        self.written += 1

    def assets(self) -> None:
        """The style sheet and the script."""
        (self.folder / ASSETS).mkdir(parents=True, exist_ok=True)
        for source in sorted((HERE / ASSETS).iterdir()):
            shutil.copyfile(source, self.folder / ASSETS / source.name)
