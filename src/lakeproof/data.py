"""Reads the catalogue's YAML: one file a name, or a folder of that name with one file a suite."""

from __future__ import annotations

from collections.abc import Hashable
from functools import cache
from pathlib import Path
from typing import Any

import yaml

CATALOGUE = Path(__file__).parent / "catalogue"


class DuplicateKeyError(ValueError):
    """Two entries of the catalogue have one key: names the key and where the second one is."""


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """A safe loader (in C where libyaml is there) that does not let a later key win silently."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        """The mapping; raises DuplicateKeyError."""
        seen: set[object] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if key in seen and key_node.value != "<<":
                mark = key_node.start_mark
                raise DuplicateKeyError(f"{mark.name}:{mark.line + 1}: {key} is there already")
            seen.add(key)
        mapping: dict[Hashable, Any] = super().construct_mapping(node, deep)
        return mapping


def read(path: Path) -> dict[str, Any]:
    """The mapping in one file; empty for an empty one."""
    with path.open(encoding="utf-8") as stream:
        content = yaml.load(stream, Loader=_Loader)  # noqa: S506  a safe loader, see above
    if content is not None and not isinstance(content, dict):
        raise TypeError(f"{path}: expected a mapping")
    return content or {}


@cache
def load(name: str, folder: Path = CATALOGUE) -> dict[str, Any]:
    """The mapping in `<name>.yaml`, or of all files in `<name>/`; raises DuplicateKeyError."""
    whole = folder / f"{name}.yaml"
    files = [whole] if whole.is_file() else sorted((folder / name).glob("*.yaml"))
    if not files:
        raise FileNotFoundError(f"there is neither {whole} nor a folder of that name")
    merged: dict[str, Any] = {}
    for file in files:
        for key, entry in read(file).items():
            if key in merged:
                raise DuplicateKeyError(f"{file}: {key} is there already, in another file")
            merged[key] = entry
    return merged
