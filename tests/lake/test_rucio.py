"""A lake with a real Rucio. One lake for all of these tests: it takes seconds to start."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from lakeproof.commands.inventory import group as inventory
from lakeproof.inventory import load
from lakeproof.lake import Lake, down, status, up
from lakeproof.lake.commands import group
from lakeproof.lake.control import environment
from lakeproof.lake.rucio import installed
from lakeproof.lake.rucio.database import USER
from lakeproof.lake.rucio.names import rse_of
from lakeproof.lake.services import database_socket
from lakeproof.readiness.judge import judge
from lakeproof.readiness.paste import commands
from lakeproof.readiness.place import Place
from tests.lake.doors import Doors
from tests.unit.core.samples import readiness_rows

pytestmark = pytest.mark.lake
CONTENT = b"a file that Rucio knows\n" * 4000


@pytest.fixture(scope="module")
def doors(rucio_lake: Lake) -> Iterator[Doors]:
    doors = Doors(rucio_lake)
    yield doors
    doors.close()


def _rucio(doors: Doors, *arguments: str, auth: str = "userpass") -> str:
    """What the `rucio` command says, as the ordinary account."""
    token = doors.token(
        "openid storage.read:/ storage.modify:/",
        audience="rucio https://wlcg.cern.ch/jwt/v1/any",
    )
    done = subprocess.run(
        [installed.client_python().parent / "rucio", "--auth-strategy", auth, *arguments],
        env={
            **environment(doors.lake),
            "PATH": "/usr/bin:/bin",
            "HOME": str(doors.lake.directory),
            "BEARER_TOKEN": token,
        },
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_everything_answers_and_says_what_it_is(rucio_lake: Lake) -> None:
    said = CliRunner().invoke(group, ["status", "--directory", str(rucio_lake.directory)])

    assert said.exit_code == 0, said.output
    for name in ("postgresql", "rucio ", "rucio-daemons"):
        assert name in said.output
    exported = CliRunner().invoke(group, ["env", "--directory", str(rucio_lake.directory)])
    assert f"export LAKE_RUCIO_URL={rucio_lake.rucio_url}" in exported.output


@pytest.mark.parametrize("auth", ["userpass", "x509", "oidc"])
def test_ordinary_account_logs_in(doors: Doors, auth: str) -> None:
    assert "probe" in _rucio(doors, "whoami", auth=auth)


def test_database_is_closed_to_others(rucio_lake: Lake) -> None:
    folder = rucio_lake.directory / "pg"

    assert folder.stat().st_mode & 0o077 == 0
    (service,) = [each for each in status(rucio_lake.directory) if each.name == "postgresql"]
    inodes = {path.readlink().name for path in Path(f"/proc/{service.pid}/fd").iterdir()}
    for table in ("tcp", "tcp6"):
        for row in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            assert f"socket:[{row.split()[9]}]" not in inodes


def test_each_site_is_an_rse_that_takes_a_file(doors: Doors, tmp_path: Path) -> None:
    listed = _rucio(doors, "rse", "list").split()
    assert sorted(listed) == sorted(rse_of(site) for site in doors.lake.sites)

    for site in doors.lake.sites:
        file = tmp_path / f"{site.short}-{zlib.adler32(str(doors.lake.directory).encode())}"
        file.write_bytes(CONTENT)
        arguments = ["--rse", rse_of(site), "--scope", "lakeproof", "--lifetime", "600"]
        _rucio(doors, "upload", *arguments, "--register-after-upload", str(file), auth="oidc")

        # The truth is what lies there, whatever Rucio says.
        (stored,) = doors.lake.layout.data(site).glob(f"rucio/**/{file.name}")
        assert stored.read_bytes() == CONTENT


def _judged(inventory: Path, out: Path, *arguments: str) -> dict[str, list[dict[str, Any]]]:
    """The results of a run by check; an unfit endpoint is a result too."""
    run = [sys.executable, "-m", "lakeproof.cli", "run", "-i", str(inventory), "--out", str(out)]
    done = subprocess.run(
        [*run, *arguments], capture_output=True, text=True, timeout=900, check=False
    )
    assert done.returncode in (0, 1, 2), done.stdout + done.stderr
    results: dict[str, list[dict[str, Any]]] = {}
    for line in (out / "latest" / "results.jsonl").read_text().splitlines():
        result = json.loads(line)
        results.setdefault(result["check"], []).append(result)
    return results


def test_whole_suite_passes_on_a_real_rse(rucio_lake: Lake, tmp_path: Path) -> None:
    """All six, and every pair, are what `script/demo --with rucio` tries."""
    chosen = ["--suite", "rucio", "--intrusive", f"--endpoint={rucio_lake.real_sites[0].name}"]

    found = _judged(rucio_lake.inventory, tmp_path, *chosen)

    outcomes = {check: [each["outcome"] for each in results] for check, results in found.items()}
    # An ordinary account may not add one.
    assert outcomes.pop("rucio.rules.subscription-brings-a-new-dataset") == ["notrun"]
    assert len(outcomes) >= 18
    assert {check for check, seen in outcomes.items() if seen != ["pass"]} == set()


def test_endpoint_is_accused_only_when_it_fails_without_rucio_too(
    rucio_lake: Lake, tmp_path: Path
) -> None:
    """An FTS that does nothing leaves rules unfinished: nobody's endpoint is to blame for it."""
    impatient = tmp_path / "endpoints.yaml"
    told = rucio_lake.inventory.read_text()
    assert "patience_s: 60" in told
    impatient.write_text(told.replace("patience_s: 60", "patience_s: 3"))
    (fts,) = [each for each in status(rucio_lake.directory) if each.name == "fts"]
    assert fts.pid is not None
    chosen = ["--check", "rucio.rules.*both", f"--endpoint={rucio_lake.sites[0].name}"]

    os.kill(fts.pid, signal.SIGSTOP)
    try:
        found = _judged(impatient, tmp_path / "out", *chosen)
    finally:
        os.kill(fts.pid, signal.SIGCONT)

    ((result,),) = found.values()
    assert (result["outcome"], result["blame"]) == ("error", "partner")
    assert "asked directly" in result["actual"]


def test_files_of_a_killed_run_end_by_themselves(rucio_lake: Lake, tmp_path: Path) -> None:
    """Each file, dataset and rule of the suite has an end, so nobody has to clean up."""
    ends = (rucio_lake.real_sites[0], rucio_lake.sites[-1])
    chosen = ["--check", "rucio.rules.*every-file", "--check", "rucio.mesh.*"]
    found = _judged(
        rucio_lake.inventory, tmp_path, *chosen, *(f"--endpoint={site.name}" for site in ends)
    )
    assert [each["outcome"] for each in found["rucio.mesh.pair-rule-makes-a-true-copy"]] == [
        "pass",
        "pass",
    ]
    run = json.loads((tmp_path / "latest" / "run.json").read_text())["run"]

    database = database_socket(rucio_lake.layout)
    for table in ("dids", "rules"):
        asked = f"SELECT count(*), count({'expired' if table == 'dids' else 'expires'}_at) "
        done = subprocess.run(
            [
                "/usr/bin/psql",
                *("-h", str(database), "-U", USER, "-d", USER, "-At", "-c"),
                f"{asked} FROM {table} WHERE name LIKE '{run}%'",
            ],
            capture_output=True,
            text=True,
            check=True,
        )
        made, ending = done.stdout.strip().split("|")
        assert int(made) >= 5, table
        assert made == ending, table


def test_inventory_is_imported_from_the_running_rucio(
    rucio_lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment(rucio_lake).items():
        monkeypatch.setenv(name, value)
    lakes_own, fresh = tmp_path / "endpoints.yaml", tmp_path / "new" / "endpoints.yaml"
    fresh.parent.mkdir()
    before = f"# written by hand\n{rucio_lake.inventory.read_text()}"
    lakes_own.write_text(before)

    for into in (lakes_own, fresh):
        said = CliRunner().invoke(inventory, ["import", "rucio", f"--into={into}"])
        assert said.exit_code == 0, said.output

    assert lakes_own.read_text() == before
    found = {endpoint.rse: endpoint for _, endpoint in load(fresh).endpoints()}
    assert set(found) == {rse_of(site) for site in rucio_lake.sites}
    for site in rucio_lake.sites:
        assert found[rse_of(site)].url == f"{site.url.replace('davs', 'https', 1)}/rucio"
    # The authority stands in no Rucio: here it is this lake's own.
    run = [sys.executable, "-m", "lakeproof.cli", "run", "-i", str(fresh), f"--out={tmp_path}"]
    done = subprocess.run(
        [*run, "--read-only", "--check=*.speaks-webdav"],
        env={**os.environ, "SSL_CERT_FILE": str(rucio_lake.ca)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    lines = (tmp_path / "latest" / "results.jsonl").read_text().splitlines()
    assert [json.loads(line)["outcome"] for line in lines] == ["pass"] * 6, done.stdout


def test_drift_between_inventory_rucio_and_endpoints(
    rucio_lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment(rucio_lake).items():
        monkeypatch.setenv(name, value)
    site = rucio_lake.real_sites[0]
    moved = tmp_path / "endpoints.yaml"
    right, wrong = f"{site.host}:{site.root_port}/", f"{site.host}:1/"
    moved.write_text(rucio_lake.inventory.read_text().replace(right, wrong))

    done = CliRunner().invoke(inventory, ["drift", str(moved), "--rucio=live", "--json"])

    (row,) = json.loads(done.stdout)
    assert (row["endpoint"], row["what"]) == (site.name, "root door")
    assert (row["inventory"], row["source"]) == (f"root://{wrong[:-1]}", f"root://{right[:-1]}")
    assert f"root://{wrong[:-1]}: nothing answers" in row["served"]
    assert row["served"].endswith(f"root://{right[:-1]}: an XRootD answers")


def test_commands_of_readiness_make_an_rse_of_a_storage(doors: Doors, tmp_path: Path) -> None:
    lake, site = doors.lake, doors.lake.real_sites[0]
    place = Place(
        site.name,
        site.name,
        site.url,
        rse="READY_SCRATCHDISK",
        root=site.root_url,
        scope_root=site.base_path,
    )
    (ready,) = judge([place], readiness_rows(endpoint=site.name))
    # The quota stands there as a comment, for whoever is to have one.
    lines = [line.removeprefix("# ").replace("ACCOUNT", "probe") for line in commands(ready)]
    pasted = "\n".join(line for line in lines if line.startswith("rucio "))

    subprocess.run(
        ["/bin/sh", "-e"],
        input=pasted,
        env={
            "PATH": f"{installed.client_python().parent}:/usr/bin:/bin",
            "HOME": str(lake.directory),
            "RUCIO_CONFIG": str(lake.directory / "rucio" / "etc" / "rucio.cfg"),
        },
        check=True,
        text=True,
        timeout=120,
    )

    assert pasted.count("\n") >= 6
    shown = _rucio(doors, "rse", "show", "READY_SCRATCHDISK")
    for setting in ready.settings:
        assert f"{setting.attribute.key}: {setting.value}" in shown
    file = tmp_path / "to-the-new-rse"
    file.write_bytes(CONTENT)
    arguments = ["--rse", "READY_SCRATCHDISK", "--scope", "lakeproof", "--lifetime", "600"]
    _rucio(doors, "upload", *arguments, "--register-after-upload", str(file), auth="oidc")
    (stored,) = lake.layout.data(site).glob(f"lakeproof/**/{file.name}")
    assert stored.read_bytes() == CONTENT


def test_accounts_and_files_outlive_a_restart(doors: Doors, tmp_path: Path) -> None:
    lake = doors.lake
    site = lake.real_sites[0]
    file = tmp_path / "outlives"
    file.write_bytes(CONTENT)
    arguments = ["--rse", rse_of(site), "--scope", "lakeproof", "--lifetime", "600"]
    _rucio(doors, "upload", *arguments, "--register-after-upload", str(file), auth="oidc")

    down(lake.directory)
    again = Doors(up(lake.directory, port_base=0, rucio=True))
    try:
        where = _rucio(again, "replica", "list", "file", "lakeproof:outlives")
        assert str(again.sites[site.short].port) in where
    finally:
        again.close()
