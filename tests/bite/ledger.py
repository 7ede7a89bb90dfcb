"""What was looked at and judged right: exceptions of dialects, relatives of faults, waiting faults.

The files beside this module are read by the tests, which fail when an entry is missing and
when one has become wrong.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import yaml


@cache
def load(name: str) -> dict[str, Any]:
    """The mapping in `<name>.yaml` beside this module."""
    content = yaml.safe_load((Path(__file__).parent / f"{name}.yaml").read_text("utf-8"))
    return dict(content or {})


def nonstrict(check_id: str, dialect: str) -> str | None:
    """Why a sound element of this dialect does not meet this recommendation, or None."""
    entry = load("nonstrict").get(check_id, {})
    return entry.get(dialect) if isinstance(entry, dict) else None
