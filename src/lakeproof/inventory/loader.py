"""Reads an inventory file once and reports all its problems together, each with its place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import ValidationError

from lakeproof.inventory.explain import explain
from lakeproof.inventory.model import Inventory
from lakeproof.inventory.problems import (
    InventoryError,
    Loc,
    Problem,
    key_path,
    nearest,
    one_of,
)
from lakeproof.inventory.tree import SyntaxProblem, Tree, read_tree

LARGEST_INVENTORY = 16 * 1024 * 1024


def load(path: Path | str) -> Inventory:
    """The inventory in a YAML file.

    Raises InventoryError with every problem, each one line:
    `file:line:column: key: found ..., expected ...`.
    """
    file = Path(path)
    return parse(_text(file), file)


def parse(text: str, file: Path) -> Inventory:
    """The inventory in `text`, which was read from `file`; raises InventoryError as `load` does."""
    try:
        tree = read_tree(text)
    except SyntaxProblem as problem:
        place = f"{file}:{problem.line}:{problem.column}"
        raise InventoryError([f"{place}: {problem.sentence}"]) from None
    if not isinstance(tree.data, dict):
        found = "an empty file" if tree.data is None else "no mapping at the top"
        raise InventoryError([f"{file}:1:1: (top): found {found}, expected version: 1, sites: ..."])
    problems = [*tree.problems, *_cross_references(tree.data)]
    inventory: Inventory | None = None
    try:
        inventory = Inventory.model_validate(tree.data)
    except ValidationError as error:
        problems += explain(error, tree.written)
    if problems or inventory is None:
        raise InventoryError(_lines(file, tree, problems))
    return inventory.read_from(file)


def _text(file: Path) -> str:
    try:
        with file.open("rb") as stream:
            content = stream.read(LARGEST_INVENTORY + 1)
    except OSError as error:
        raise InventoryError([f"{file}: cannot be read: {error.strerror or error}"]) from None
    if len(content) > LARGEST_INVENTORY:
        raise InventoryError([f"{file}: larger than 16 MiB, so it is no inventory"])
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise InventoryError([f"{file}:{line}:1: found bytes that are not UTF-8 text"]) from None


def _lines(file: Path, tree: Tree, problems: list[Problem]) -> list[str]:
    placed = [(tree.place(p.loc, on_key=p.on_key), p) for p in problems]
    placed.sort(key=lambda pair: pair[0])
    lines = [
        f"{file}:{line}:{column}: {key_path(p.loc)}: found {p.found}, expected {p.expected}"
        for (line, column), p in placed
    ]
    return list(dict.fromkeys(lines))


def _cross_references(data: dict[str, Any]) -> list[Problem]:
    """What no single value shows: names used twice, issuers nobody defined.

    Works on the raw data, so that these problems are reported together with all others.
    """
    problems: list[Problem] = []
    sites = _mappings(("sites",), data.get("sites"))
    endpoints = [
        pair
        for loc, site in sites
        for pair in _mappings((*loc, "endpoints"), site.get("endpoints"))
    ]
    problems += _repeated("site", sites)
    problems += _repeated("endpoint", endpoints)
    issuers = data.get("issuers")
    known = set(issuers) if isinstance(issuers, dict) else set()
    for loc, endpoint in endpoints:
        auth = endpoint.get("auth")
        for key in ("tokens", "other"):
            tokens = auth.get(key) if isinstance(auth, dict) else None
            if isinstance(tokens, str) and _is_unknown_issuer(tokens, known):
                expected = f"{one_of(known)} of issuers{nearest(tokens, known)}"
                problems.append(Problem((*loc, "auth", key), "an unknown issuer", expected))
    return problems + _origins(endpoints)


def _origins(endpoints: list[tuple[Loc, dict[str, Any]]]) -> list[Problem]:
    """Caches of endpoints that are not there, or of themselves, or of further caches."""
    storages = {
        str(endpoint["name"])
        for _, endpoint in endpoints
        if "name" in endpoint and "cache_of" not in endpoint
    }
    problems = []
    for loc, endpoint in endpoints:
        origin = endpoint.get("cache_of")
        if isinstance(origin, str) and origin not in storages:
            expected = f"the name of a storage endpoint: {one_of(storages)}"
            found = f'"{origin[:80]}"'
            problems.append(
                Problem((*loc, "cache_of"), found, expected + nearest(origin, storages))
            )
    return problems


def _is_unknown_issuer(tokens: str, known: set[str]) -> bool:
    return tokens not in known and ":" not in tokens and "." not in tokens and tokens != "discover"


def _mappings(loc: Loc, value: object) -> list[tuple[Loc, dict[str, Any]]]:
    items = value if isinstance(value, list) else []
    return [((*loc, i), item) for i, item in enumerate(items) if isinstance(item, dict)]


def _repeated(kind: str, items: list[tuple[Loc, dict[str, Any]]]) -> list[Problem]:
    problems: list[Problem] = []
    first: dict[str, Loc] = {}
    for loc, item in items:
        name = item.get("name")
        if not isinstance(name, str):
            continue
        # names become file names, and not every file system tells A from a
        earlier = first.setdefault(name.casefold(), loc)
        if earlier != loc:
            found = f'the {kind} name "{name[:80]}" a second time (first in {key_path(earlier)})'
            problems.append(Problem((*loc, "name"), found, "a name of its own"))
    return problems
