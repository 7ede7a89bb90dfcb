"""Reading the catalogue's YAML files."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import yaml

CATALOGUE = Path(__file__).parents[1] / "catalogue"


@cache
def load_yaml(name: str) -> dict[str, Any]:
    """The mapping in `catalogue/<name>`; the C parser is used where libyaml is there."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    with (CATALOGUE / name).open(encoding="utf-8") as stream:
        content = yaml.load(stream, Loader=loader)  # noqa: S506  a safe loader, fast or slow
    if not isinstance(content, dict):
        raise TypeError(f"catalogue/{name}: expected a mapping")
    return content
