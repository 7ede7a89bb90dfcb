from __future__ import annotations

import os
from pathlib import Path

import pytest

from lakeproof.inventory import load
from lakeproof.lake import LakeError, packages
from lakeproof.lake.control import environment, find, up
from lakeproof.lake.inventory_file import inventory_text
from lakeproof.lake.layout import Lake, LakeSite, Layout, default_directory, load_plan, save_plan


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    sites = (
        LakeSite("LAKE-XRD-A", "a", "xrd-a.lakeproof.test", 1, 2),
        LakeSite("LAKE-XRD-B", "b", "xrd-b.lakeproof.test", 3, 4),
    )
    return Lake(tmp_path, sites, "https://issuer.lakeproof.test:5", 5)


def test_state_directory_is_the_chosen_one_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAKEPROOF_LAKE", "/a/lake")
    monkeypatch.setenv("XDG_STATE_HOME", "/state")
    assert default_directory() == Path("/a/lake")

    monkeypatch.delenv("LAKEPROOF_LAKE")
    assert default_directory() == Path("/state/lakeproof/lake")


def test_state_directory_without_a_choice(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LAKEPROOF_LAKE", "XDG_STATE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", "/home/someone")

    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert default_directory() == Path("/home/someone/.local/state/lakeproof/lake")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert default_directory() == Path("/var/lib/lakeproof/lake")


def test_plan_is_read_as_it_was_written(lake: Lake) -> None:
    save_plan(lake, [{"name": "issuer"}])

    assert load_plan(lake.directory) == (lake, [{"name": "issuer"}])


def test_no_lake_is_one_sentence_with_the_way_out(tmp_path: Path) -> None:
    with pytest.raises(LakeError, match=r"there is no lake in .*`lakeproof lake up`"):
        find(tmp_path)


def test_generated_inventory_is_valid_and_names_its_secrets(lake: Lake) -> None:
    lake.inventory.write_text(inventory_text(lake))

    inventory = load(lake.inventory)

    endpoints = [endpoint for site in inventory.sites for endpoint in site.endpoints]
    assert [endpoint.name for endpoint in endpoints] == ["LAKE-XRD-A", "LAKE-XRD-B"]
    assert endpoints[0].audience != endpoints[1].audience
    assert inventory.issuers["lake"].trusted_odd_tokens


def test_environment_names_files_not_secrets(lake: Lake) -> None:
    exported = environment(lake)

    assert exported["LAKE_A_URL"] == "davs://xrd-a.lakeproof.test:1/data"
    assert exported["LAKE_B_ROOT_URL"] == "root://xrd-b.lakeproof.test:4//data"
    assert exported["LAKE_CLIENT_SECRET_FILE"] == str(lake.client_secret_file)


def test_missing_packages_are_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(packages, "LIBRARIES", tmp_path)

    assert packages.missing(tmp_path)[0] == "xrootd-server"
    with pytest.raises(LakeError, match=r"apt-get install .*xrootd-server.*script/bootstrap"):
        packages.require()


@pytest.mark.parametrize("name", ["with space", "x" * 80])
def test_unusable_directory_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(LakeError, match="cannot hold a lake"):
        up(tmp_path / name)


def test_directory_with_other_things_is_not_taken_over(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("")

    with pytest.raises(LakeError, match="holds other things than a lake"):
        up(tmp_path)

    assert not Layout(tmp_path).lock.exists()
