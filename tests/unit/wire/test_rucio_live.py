"""A running Rucio is asked by the user's own clients; here a package of that name plays them."""

from __future__ import annotations

import sys
from pathlib import Path
from textwrap import dedent

import pytest
from click.testing import CliRunner

from lakeproof.commands.inventory import group
from lakeproof.inventory import load
from lakeproof.inventory.sources import rucio
from lakeproof.session import census
from lakeproof.wire.rucio_live import RucioUnknown, take_census, user_python

CLIENT = """
    class CannotAuthenticate(Exception): ...

    WAN = {"read": 1, "write": 1, "third_party_copy_read": PRIORITY, "third_party_copy_write": 1}

    class Client:
        host = "https://rucio.example.org"

        def __init__(self, logger):
            print("Rucio may print what it likes")

        def whoami(self):
            TROUBLE
            return {"account": "probe"}

        def ping(self):
            return {"version": "VERSION"}

        def list_rses(self, expression):
            names = ["A", "B", "ALONE"] if expression == "*" else [expression]
            return iter([{"rse": name} for name in names])

        def get_rse(self, name):
            port = {"scheme": "davs", "hostname": "se.example.org", "port": 443, "prefix": "/vo"}
            return {"rse": name, "protocols": [{**port, "domains": {"wan": WAN}}]}

        def list_rse_attributes(self, name):
            return {"site": "X", "country": "NL"}

        def get_rse_usage(self, name):
            return iter([])

        def get_distance(self, source, target):
            return iter([] if "ALONE" in (source, target) else [{"distance": 1}])
"""


def _python(
    folder: Path, trouble: str = "", *, version: str = "41.5.1", priority: str = "1"
) -> Path:
    """A Python whose rucio-clients behave like this."""
    package = folder / "packages" / "rucio"
    package.mkdir(parents=True)
    text = CLIENT.replace("TROUBLE", trouble or "pass").replace("VERSION", version)
    package.joinpath("client.py").write_text(dedent(text.replace("PRIORITY", priority)))
    python = folder / "python"
    packages = package.parent
    python.write_text(f'#!/bin/sh\nPYTHONPATH={packages} exec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    return python


def test_rses_come_as_rucio_export_writes_them(tmp_path: Path) -> None:
    said: list[str] = []

    document = take_census(_python(tmp_path), None, said.append)

    assert sorted(document["rses"]) == ["A", "ALONE", "B"]
    assert document["rses"]["A"]["attributes"] == {"site": "X", "country": "NL"}
    assert document["rses"]["A"]["distance_from"] == ["B", "A"]
    assert document["rses"]["ALONE"]["distance_to"] == []
    who = "https://rucio.example.org as probe (Rucio 41.5.1)"
    assert said == [f"asking {who} about 3 RSEs"]
    assert len(rucio.harvest(document).endpoints) == 3


def test_expression_chooses(tmp_path: Path) -> None:
    document = take_census(_python(tmp_path), "B", lambda _: None)

    assert list(document["rses"]) == ["B"]
    assert document["rses"]["B"]["distance_from"] == ["A", "B"]


@pytest.mark.parametrize(("version", "offered"), [("38.2.0", False), ("39.0.0", True)])
def test_priority_0_is_what_the_running_rucio_takes_it_for(
    tmp_path: Path, version: str, offered: bool
) -> None:
    document = take_census(_python(tmp_path, version=version, priority="0"), "A", lambda _: None)

    harvest = rucio.harvest(document)

    assert ("third_party_copy_read" in harvest.endpoints[0].ways[0].priority) is offered
    assert harvest.remarks == []


@pytest.mark.parametrize(
    ("trouble", "sentence"),
    [
        ("raise CannotAuthenticate('no\\nsuch account')", "refused the log-in"),
        ("raise CannotAuthenticate('no\\nsuch account')", "no such account"),
        ("import os; os._exit(1)", "ended without an answer"),
        ("raise ConnectionError('refused')", "server does not answer"),
        ("raise OSError('something else')", "gave up .OSError: something else"),
    ],
)
def test_trouble_is_one_sentence(tmp_path: Path, trouble: str, sentence: str) -> None:
    with pytest.raises(RucioUnknown, match=sentence) as refused:
        take_census(_python(tmp_path, trouble), None, lambda _: None)

    assert "\n" not in str(refused.value)


def test_no_rucio_clients_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(RucioUnknown, match="pip install rucio-clients"):
        take_census(Path(sys.executable), None, lambda _: None)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("LAKEPROOF_RUCIO", str(tmp_path))

    done = CliRunner().invoke(group, ["import", "rucio", f"--into={tmp_path / 'x.yaml'}"])

    assert done.exit_code == 3
    assert done.output == (
        "there is no `rucio` command on the PATH: pip install rucio-clients, or "
        "script/bootstrap --with-rucio\n"
    )


@pytest.mark.parametrize("first", ["#!{0}/python", "#!/usr/bin/env python", "#!/bin/sh"])
def test_users_rucio_tells_which_python_has_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, first: str
) -> None:
    _python(tmp_path)
    command = tmp_path / "rucio"
    command.write_text(f"{first.format(tmp_path)}\n")
    command.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))

    assert user_python() == tmp_path / "python"


def test_inventory_is_made_from_the_running_rucio(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(census, "user_python", lambda: _python(tmp_path))
    into = tmp_path / "endpoints.yaml"

    done = CliRunner().invoke(group, ["import", "rucio", f"--into={into}"])

    assert done.exit_code == 0, done.output
    (site,) = load(into).sites
    assert [endpoint.rse for endpoint in site.endpoints] == ["A", "ALONE", "B"]


def test_expression_is_for_a_running_rucio(tmp_path: Path) -> None:
    done = CliRunner().invoke(group, ["import", "rucio", "export.json", "--rses=A"])

    assert "--rses is for a running Rucio" in done.output
