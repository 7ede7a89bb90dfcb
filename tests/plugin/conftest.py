"""A miniature checkout and small storages for it to check."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.plugin.dav import Storage
from tests.plugin.tree import Tree


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    """An empty miniature checkout."""
    return Tree(tmp_path)


@pytest.fixture
def storage() -> Iterator[Storage]:
    """A storage that behaves until it is told otherwise."""
    made = Storage()
    yield made
    made.stop()


@pytest.fixture
def other_storage() -> Iterator[Storage]:
    """Another one."""
    made = Storage()
    yield made
    made.stop()
