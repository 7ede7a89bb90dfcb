"""An endpoint that is a cache of another one: what it is taken for unless it says otherwise."""

from __future__ import annotations

from pathlib import Path

import pytest

from lakeproof.inventory import InventoryError, load
from lakeproof.session.plan import from_inventory

TEXT = """\
version: 1
sites:
  - name: S
    endpoints:
      - name: STORAGE
        doors: {webdav: "https://se.example.org/vo"}
      - name: OTHER
        doors: {webdav: "https://other.example.org/vo"}
      - name: CACHE
        doors: {webdav: "https://cache.example.org/vo"}
        cache_of: STORAGE
"""


def _written(folder: Path, text: str) -> Path:
    file = folder / "endpoints.yaml"
    file.write_text(text)
    return file


def test_cache_takes_no_writes_and_is_no_end_of_copies(tmp_path: Path) -> None:
    cache = load(_written(tmp_path, TEXT)).endpoint("CACHE")

    assert cache.features == {"write": False, "tpc-pull": False, "tpc-push": False}
    assert not cache.is_writable


def test_cache_that_passes_uploads_on_says_so(tmp_path: Path) -> None:
    text = TEXT + "        features: {write: yes}\n"

    assert load(_written(tmp_path, text)).endpoint("CACHE").is_writable


@pytest.mark.parametrize("name", ["NOBODY", "CACHE"])
def test_origin_has_to_be_a_storage_of_the_inventory(tmp_path: Path, name: str) -> None:
    with pytest.raises(InventoryError) as caught:
        load(_written(tmp_path, TEXT.replace("cache_of: STORAGE", f"cache_of: {name}")))

    (said,) = caught.value.problems
    assert f'cache_of: found "{name}", expected the name of a storage endpoint: ' in said
    assert ":11:" in said


def test_cache_is_nobodys_partner(tmp_path: Path) -> None:
    plan = from_inventory(_written(tmp_path, TEXT), (), ())

    assert [each.name for each in plan.partners_of("STORAGE")] == ["OTHER"]
    assert [each.name for each in plan.peers_of("OTHER")] == ["STORAGE"]


def test_yaml_that_is_shown_has_what_was_written(tmp_path: Path) -> None:
    shown = load(_written(tmp_path, TEXT)).as_yaml()

    assert "cache_of: STORAGE" in shown
    assert "features" not in shown
