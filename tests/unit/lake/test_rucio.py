from __future__ import annotations

import configparser
import json
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from lakeproof.lake import LakeError, ports
from lakeproof.lake.ca import issue, make_authority, write_credential
from lakeproof.lake.commands import group
from lakeproof.lake.control import environment, up
from lakeproof.lake.layout import CLIENTS, Lake, load_plan, save_plan
from lakeproof.lake.rucio import database, installed, prepare
from lakeproof.lake.services import doors
from lakeproof.lake.sites import sites_at

PORTS = range(1, 1 + ports.COUNT)


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    sites = sites_at(PORTS, named=True, emulated_only=False)
    peer = tuple(f"https://peer.lakeproof.test:{port}" for port in PORTS[ports.PEER])
    lake = Lake(tmp_path, sites, "https://issuer.lakeproof.test:1", 1, peer)
    return replace(
        lake,
        rucio_url=f"https://rucio.lakeproof.test:{PORTS[ports.RUCIO]}",
        fts_url=f"https://fts.lakeproof.test:{PORTS[ports.FTS]}",
    )


@pytest.fixture
def environments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What `script/bootstrap --with-rucio` makes, as far as it is looked at."""
    folder = tmp_path / "environments"
    for name in ("server", "client"):
        packages = folder / name / "lib" / "python3.11" / "site-packages"
        (packages / "rucio").mkdir(parents=True)
        (packages / "gfal2.cpython-311.so").touch()
    monkeypatch.setenv("LAKEPROOF_RUCIO", str(folder))
    return folder


@pytest.fixture
def postgresql(tmp_path: Path) -> Path:
    folder = tmp_path / "postgresql"
    for version in ("9", "15"):
        programs = folder / version / "bin"
        programs.mkdir(parents=True)
        (programs / "initdb").touch()
    return folder


def test_nothing_is_missing_where_everything_is(environments: Path, postgresql: Path) -> None:
    assert installed.missing(postgresql) == []


def test_what_is_missing_is_named(environments: Path, tmp_path: Path) -> None:
    (environments / "client" / "lib" / "python3.11" / "site-packages" / "rucio").rmdir()
    for library in environments.glob("server/lib/python3.11/site-packages/gfal2*"):
        library.unlink()

    assert installed.missing(tmp_path) == ["postgresql", "gfal2 for rucio", "rucio-clients"]


def test_newest_postgresql_is_taken(postgresql: Path) -> None:
    assert installed.postgresql("initdb", postgresql).endswith("/15/bin/initdb")


def test_no_rucio_is_one_sentence_with_the_way_out(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("LAKEPROOF_RUCIO", str(tmp_path / "none"))

    # not below tmp_path, whose name is longer than a lake's may be
    with (
        tempfile.TemporaryDirectory(prefix="lp-") as name,
        pytest.raises(LakeError, match=r"no rucio, .*script/bootstrap --with-rucio installs it"),
    ):
        up(Path(name), rucio=True)


def test_plan_keeps_the_urls(lake: Lake) -> None:
    save_plan(lake, [])

    assert load_plan(lake.directory)[0] == lake
    assert (lake.rucio_port, lake.fts_port) == (PORTS[ports.RUCIO], PORTS[ports.FTS])


def test_lake_without_rucio_says_how_to_have_one(lake: Lake) -> None:
    plain = replace(lake, rucio_url="", fts_url="")

    assert "LAKE_RUCIO_URL" not in environment(plain)
    with pytest.raises(LakeError, match="lakeproof lake up --with rucio"):
        _ = plain.rucio_port


def test_environment_and_doors_have_rucio(lake: Lake) -> None:
    exported = environment(lake)

    assert exported["LAKE_RUCIO_URL"] == lake.rucio_url
    assert exported["LAKE_FTS_URL"] == lake.fts_url
    names = [door.name for door in doors(lake)]
    assert names[-4:] == ["fts", "postgresql", "rucio", "rucio-daemons"]


def test_each_site_is_an_rse_with_its_protocols(lake: Lake, environments: Path) -> None:
    settings = _prepared(lake)

    rses = {rse["name"]: rse for rse in settings["rses"]}
    assert len(rses) == len(lake.sites)
    for site in lake.sites:
        rse = rses[f"{site.name}_SCRATCHDISK"]
        davs = rse["protocols"][0]
        assert (davs["scheme"], davs["hostname"], davs["port"]) == ("davs", site.host, site.port)
        assert davs["prefix"].startswith(f"{site.base_path}/")
        schemes = [protocol["scheme"] for protocol in rse["protocols"]]
        assert schemes == (["davs"] if site.emulated else ["davs", "root"])
        assert rse["attributes"]["fts"] == lake.fts_url


def test_secrets_of_rucio_are_private_and_configuration_is_readable(
    lake: Lake, environments: Path
) -> None:
    _prepared(lake)

    etc = prepare.home(lake.layout) / "etc"
    for path in (*etc.iterdir(), prepare.client_settings(lake.layout)):
        assert path.stat().st_mode & 0o077 == 0, path
    server = configparser.ConfigParser(interpolation=None)
    server.read(etc / "rucio.cfg")
    assert server["database"]["default"] == database.url(lake.layout)
    assert "multi_vo" not in server["common"]
    client = configparser.ConfigParser(interpolation=None)
    client.read(prepare.client_settings(lake.layout))
    assert client["client"]["account"] == "probe"
    assert json.loads((etc / "idpsecrets.json").read_text())["lake"]["issuer"] == lake.issuer


def test_database_listens_on_no_port(lake: Lake, postgresql: Path) -> None:
    settings = database.SETTINGS

    assert settings["listen_addresses"] == ""
    assert settings["unix_socket_permissions"] == "0700"
    assert database.url(lake.layout).endswith(f"?host={lake.directory}/pg/run")


def test_help_of_up_names_rucio() -> None:
    assert "--with [rucio]" in CliRunner().invoke(group, ["up", "-h"]).output


def _prepared(lake: Lake) -> dict[str, Any]:
    layout = lake.layout
    layout.secret.mkdir()
    authority = make_authority()
    write_credential(issue(authority, "alice"), layout.credential("alice"))
    for client in CLIENTS:
        layout.client_secret(client).write_text("s\n")
    prepare.write_settings(lake)
    settings: dict[str, Any] = json.loads((prepare.home(layout) / "etc" / "lake.json").read_text())
    return settings
