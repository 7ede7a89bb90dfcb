from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lakeproof.store import Store, open_store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """An empty store in a file."""
    found = open_store(tmp_path / "store.sqlite")
    yield found
    found.close()
