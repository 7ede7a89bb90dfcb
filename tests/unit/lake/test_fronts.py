"""A cache and a redirector in the description of a lake."""

from __future__ import annotations

from pathlib import Path

import pytest

from lakeproof.inventory import load
from lakeproof.lake import hosts, ports
from lakeproof.lake.inventory_file import inventory_text
from lakeproof.lake.layout import CACHE, REDIRECTOR, Lake, load_plan, save_plan
from lakeproof.lake.services import LOGS, doors, members
from lakeproof.lake.sites import described, sites_at

PORTS = list(range(1, 1 + ports.COUNT))


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    sites = sites_at(PORTS, named=True, emulated_only=False, newer=True, fronts={CACHE, REDIRECTOR})
    peer = tuple(f"https://peer.lakeproof.test:{port}" for port in PORTS[ports.PEER])
    return Lake(tmp_path, sites, "https://issuer.lakeproof.test:1", 1, peer)


def test_every_process_has_ports_of_its_own(lake: Lake) -> None:
    taken = [port for door in doors(lake) for port in set(door.ports)]

    assert len(taken) == len(set(taken))
    assert set(taken) <= set(PORTS)
    assert {door.service for door in doors(lake)} <= set(LOGS)


def test_storages_are_told_from_what_stands_before_them(lake: Lake) -> None:
    assert [site.name for site in lake.fronts] == ["LAKE-XCACHE", "LAKE-REDIRECTOR"]
    assert not set(lake.fronts) & set(lake.real_sites)
    assert {site.host for site in lake.fronts} <= set(hosts.NAMES)
    assert described(lake.fronts[0]) == "XRootD, cache of LAKE-XRD-A"


def test_data_servers_answer_for_the_redirector(lake: Lake) -> None:
    door, *behind = members(lake.fronts[1])

    assert [each.port for each in behind] == [door.port + 2, door.port + 3]
    assert {each.root_port == each.port for each in (door, *behind)} == {True}
    assert members(lake.fronts[0]) == (lake.fronts[0],)


def test_plan_and_inventory_tell_of_both(lake: Lake) -> None:
    save_plan(lake, [])
    lake.inventory.write_text(inventory_text(lake))

    endpoints = {each.name: each for _, each in load(lake.inventory).endpoints()}

    assert load_plan(lake.directory) == (lake, [])
    assert endpoints["LAKE-XCACHE"].cache_of == "LAKE-XRD-A"
    assert endpoints["LAKE-XCACHE"].known_failures == ("xrootd", "xcache")
    assert endpoints["LAKE-REDIRECTOR"].is_writable
