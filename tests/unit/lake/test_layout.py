from __future__ import annotations

import os
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest

from lakeproof import tree
from lakeproof.emulator import load_dialect
from lakeproof.inventory import Inventory, load
from lakeproof.lake import LakeError, built, hosts, packages, ports
from lakeproof.lake.control import environment, find, up
from lakeproof.lake.inventory_file import inventory_text
from lakeproof.lake.layout import Lake, Layout, default_directory, load_plan, save_plan
from lakeproof.lake.sites import FEATURES, TITLES, described, sites_at

PORTS = range(1, 1 + ports.COUNT)


def _lake(
    directory: Path, *, named: bool = True, emulated_only: bool = False, newer: bool = False
) -> Lake:
    sites = sites_at(PORTS, named=named, emulated_only=emulated_only, newer=newer)
    peer = tuple(f"https://peer.lakeproof.test:{port}" for port in PORTS[ports.PEER])
    return Lake(directory, sites, "https://issuer.lakeproof.test:1", 1, peer)


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return _lake(tmp_path)


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


def test_sites_have_ports_of_their_own_below_the_count(tmp_path: Path) -> None:
    for only, newer in ((False, False), (False, True), (True, False)):
        lake = _lake(tmp_path, emulated_only=only, newer=newer)
        taken = [lake.issuer_port, *(port for site in lake.sites for port in site.ports)]

        assert len(taken) == len(set(taken))
        assert set(taken) <= set(PORTS)


def test_full_lake_has_two_real_and_four_emulated_sites(lake: Lake) -> None:
    assert [site.name for site in lake.real_sites] == ["LAKE-XRD-A", "LAKE-XRD-B"]
    assert [(site.name, site.technology) for site in lake.emulated_sites] == [
        ("LAKE-DCACHE-EMULATED", "dcache"),
        ("LAKE-EOS-EMULATED", "eos"),
        ("LAKE-DPM-EMULATED", "dpm"),
        ("LAKE-STORM-EMULATED", "storm"),
    ]


def test_newer_xrootd_adds_two_real_sites_one_of_them_with_tape(tmp_path: Path) -> None:
    lake = _lake(tmp_path, newer=True)
    lake.inventory.write_text(inventory_text(lake))

    real = [(site.name, site.built, site.tape) for site in lake.real_sites]
    endpoints = {endpoint.name: endpoint for _, endpoint in load(lake.inventory).endpoints()}

    assert real == [
        ("LAKE-XRD-A", False, False),
        ("LAKE-XRD-B", False, False),
        ("LAKE-XRD6-A", True, False),
        ("LAKE-XRD6-B", True, True),
    ]
    assert {site.host for site in lake.real_sites} <= set(hosts.NAMES)
    assert [endpoints[name].features["tape"] for name, *_ in real] == [False, False, False, True]
    assert {described(site) for site in lake.real_sites} == {"XRootD", built.TITLE}
    assert environment(lake)["LAKE_A6_URL"] == "davs://xrd-a6.lakeproof.test:20/data"


def test_emulated_lake_has_a_site_in_the_place_of_xrootd(tmp_path: Path) -> None:
    lake = _lake(tmp_path, named=False, emulated_only=True)

    assert not lake.real_sites
    assert lake.sites[-1].name == "LAKE-XRD-EMULATED"
    assert {site.host for site in lake.sites} == {"localhost"}
    assert len({site.audience for site in lake.sites}) == len(lake.sites)


def test_host_names_of_sites_are_those_in_the_hosts_file(lake: Lake, tmp_path: Path) -> None:
    for site in (*lake.sites, *_lake(tmp_path, emulated_only=True).sites):
        assert site.host in hosts.NAMES


@pytest.mark.parametrize("emulated_only", [False, True])
def test_generated_inventory_is_valid_and_says_what_is_emulated(
    tmp_path: Path, emulated_only: bool
) -> None:
    lake = _lake(tmp_path, emulated_only=emulated_only)
    lake.inventory.write_text(inventory_text(lake))

    inventory = load(lake.inventory)

    endpoints = [endpoint for _, endpoint in inventory.endpoints()]
    assert [endpoint.name for endpoint in endpoints] == [site.name for site in lake.sites]
    assert len({endpoint.audience for endpoint in endpoints}) == len(endpoints)
    for endpoint in endpoints:
        assert endpoint.emulated == endpoint.name.endswith("-EMULATED")
        assert bool(endpoint.note) == endpoint.emulated
        assert endpoint.known_failures == (() if endpoint.emulated else ("xrootd",))
    assert [endpoint.is_golden for endpoint in endpoints].count(True) == 1
    golden = inventory.golden()
    assert golden is not None
    assert golden.name == ("LAKE-XRD-EMULATED" if emulated_only else "LAKE-XRD-A")
    assert inventory.issuers["lake"].trusted_odd_tokens
    assert {issuer.emulated for issuer in inventory.issuers.values()} == {True}


@pytest.mark.parametrize("technology", FEATURES)
def test_declared_features_are_those_of_the_dialect(technology: str) -> None:
    dialect = load_dialect(technology)

    assert FEATURES[technology]["md5"] == ("md5" in dialect.digest.algorithms)
    assert TITLES[technology].startswith(dialect.title)


def test_shipped_inventory_describes_this_lake(tmp_path: Path) -> None:
    base = ports.DEFAULT_PORT_BASE
    usual = sites_at(range(base, base + ports.COUNT), named=True, emulated_only=False)
    lake = replace(_lake(tmp_path), sites=usual)
    lake.inventory.write_text(inventory_text(lake))

    generated = [endpoint for _, endpoint in load(lake.inventory).endpoints()]
    shipped = [endpoint for _, endpoint in load(tree.root() / "endpoints.yaml").endpoints()]

    local = {"audience", "auth", "ca"}
    assert [e.model_dump(exclude=local) for e in shipped] == [
        e.model_dump(exclude=local) for e in generated
    ]
    assert _peer_urls(load(tree.root() / "endpoints.yaml")) == tuple(
        f"https://peer.lakeproof.test:{port}"
        for port in range(base, base + ports.COUNT)[ports.PEER]
    )
    assert [e.token_audience for e in shipped] == [e.token_audience for e in generated]


def _peer_urls(inventory: Inventory) -> tuple[str | None, ...]:
    return (inventory.peer.url, inventory.peer.other_url) if inventory.peer else ()


def test_environment_names_files_not_secrets(lake: Lake) -> None:
    exported = environment(lake)

    assert exported["LAKE_A_URL"] == "davs://xrd-a.lakeproof.test:2/data"
    assert exported["LAKE_B_ROOT_URL"] == "root://xrd-b.lakeproof.test:5//data"
    assert exported["LAKE_DCACHE_EMULATED_URL"] == "davs://dcache.lakeproof.test:6/data"
    assert exported["LAKE_CLIENT_SECRET_FILE"] == str(lake.client_secret_file)
    assert set(exported.values()) >= {site.url for site in lake.sites}


def test_environment_of_a_lake_without_peer_says_what_to_do(lake: Lake) -> None:
    with pytest.raises(LakeError, match="older lakeproof: lakeproof lake down; lakeproof lake up"):
        environment(replace(lake, peer_urls=()))


def test_environment_without_real_sites_has_nothing_of_xrootd(tmp_path: Path) -> None:
    exported = environment(_lake(tmp_path, emulated_only=True))

    assert "LAKE_XRD_EMULATED_URL" in exported
    assert not exported.keys() & {"LAKE_A_URL", "LAKE_A_ROOT_URL", "LAKE_VOMS_PROXY"}


def test_missing_packages_are_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    assert packages.missing(tmp_path)[0] == "xrootd-server"


@pytest.mark.parametrize("name", ["with space", "x" * 80])
def test_unusable_directory_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(LakeError, match="cannot hold a lake"):
        up(tmp_path / name)


def test_directory_with_other_things_is_not_taken_over() -> None:
    # not below tmp_path, whose name is longer than a lake's may be
    with tempfile.TemporaryDirectory(prefix="lp-") as name:
        directory = Path(name)
        (directory / "thesis.tex").write_text("")

        with pytest.raises(LakeError, match="holds other things than a lake"):
            up(directory)

        assert not Layout(directory).lock.exists()
