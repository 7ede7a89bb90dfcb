"""Rucio-readiness of every technology: what is said, and whether Rucio's own code agrees."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from lakeproof.lake import Lake
from lakeproof.lake.control import environment
from lakeproof.lake.layout import LakeSite
from lakeproof.lake.rucio import installed
from lakeproof.readiness.needs import needs
from tests.lake.doors import Doors
from tests.plugin.tree import environment as clean
from tests.plugin.tree import lakeproof_command

pytestmark = pytest.mark.lake
HERE = Path(__file__).parent
GFAL, WEBDAV = "rucio.rse.protocols.gfal.Default", "rucio.rse.protocols.webdav.Default"
SCOPES = "storage.read:/ storage.modify:/"
COPIES = ("tpc.pull.pull-copies-truth", "tpc.push.push-copies-truth")
EMULATED = ("dcache", "eos", "dpm", "storm")


@pytest.fixture(scope="module")
def ready(lake: Lake, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What rucio-ready.json says after a run of the checks that the implementations hang on."""
    out = tmp_path_factory.mktemp("ready")
    checks = {check for each in needs().implementations for check in each.needs}
    chosen = [f"--check={check}" for check in sorted({*checks, *COPIES, *_more()})]
    chosen += [f"--endpoint={site.name}" for site in _sites(lake)]
    arguments = ["--profile=rucio-ready", "-j2", f"--out={out}", *chosen]
    done = subprocess.run(
        lakeproof_command("run", "-i", str(lake.inventory), *arguments),
        env=clean(),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    again = subprocess.run(
        lakeproof_command("rucio", "ready", f"--out={out}"),
        env=clean(),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert again.stdout in done.stdout  # one text, at the end of the run and afterwards
    said = json.loads((out / "latest" / "rucio-ready.json").read_text())
    return {"text": again.stdout, **{each["endpoint"]: each for each in said["endpoints"]}}


def _more() -> set[str]:
    """What the domains, the checksums and the attributes are read off."""
    domains = {check for domain in needs().domains for check in domain.all}
    attributes = {check for attribute in needs().attributes for check in attribute.passed}
    return {*domains, *attributes, *needs().checksums.values()}


def _sites(lake: Lake) -> list[LakeSite]:
    """One of each technology: the second XRootD says nothing that the first does not."""
    return list({site.technology: site for site in reversed(lake.sites)}.values())


def _steady(text: str, lake: Lake) -> str:
    """Without the ports of this lake."""
    for site in _sites(lake):
        text = text.replace(str(site.port), "PORT")
    return text


def _part_of(text: str, name: str) -> str:
    """The lines about one endpoint, until the next one or the distances."""
    lines = text.splitlines()
    first = next(n for n, line in enumerate(lines) if line.startswith(f"{name} as RSE"))
    ends = re.compile(r"\S+ as RSE |Distances")
    last = next((n for n in range(first + 1, len(lines)) if ends.match(lines[n])), len(lines))
    return "\n".join(lines[first:last]).rstrip() + "\n"


@pytest.mark.parametrize("technology", EMULATED)
def test_text_of_each_dialect(ready: dict[str, Any], lake: Lake, technology: str) -> None:
    (site,) = [each for each in lake.sites if each.technology == technology]

    said = _steady(_part_of(ready["text"], site.name), lake)

    assert said == (HERE / "ready" / f"{technology}.txt").read_text()


def test_distances_are_of_pairs_that_copied(ready: dict[str, Any], lake: Lake) -> None:
    lines = [line.split() for line in ready["text"].splitlines() if "distance set" in line]
    pairs = {(words[4], words[5]) for words in lines}
    names = {ready[site.name]["rse"] for site in _sites(lake)}

    # Each copies with one partner, in both directions.
    assert {source for source, _ in pairs} == {to for _, to in pairs} == names
    assert pairs == {(to, source) for source, to in pairs}


def _storage(site: LakeSite, implementation: str, token: str) -> dict[str, Any]:
    return {
        "site": site.name,
        "scheme": "davs" if implementation == GFAL else "https",
        "host": site.host,
        "port": site.port,
        "prefix": f"{site.base_path}/",
        "implementation": implementation,
        "token": token,
    }


def test_rucios_own_code_agrees(
    ready: dict[str, Any], lake: Lake, doors: Doors, tmp_path: Path
) -> None:
    absent = installed.missing()
    if absent:
        pytest.skip(f"needs {', '.join(absent)}; script/bootstrap --with-rucio installs it")
    token = doors.token(SCOPES, audience="https://wlcg.cern.ch/jwt/v1/any")
    config = tmp_path / "rucio.cfg"
    config.write_text("[common]\n[client]\n[policy]\npermission = generic\nschema = generic\n")
    asked = [_storage(site, each, token) for site in _sites(lake) for each in (GFAL, WEBDAV)]

    done = subprocess.run(
        [installed.client_python(), str(HERE / "rucio_steps.py")],
        input=json.dumps(asked),
        env={
            **environment(lake),
            "PATH": "/usr/bin:/bin",
            "HOME": str(lake.directory),
            "RUCIO_CONFIG": str(config),
        },
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    for each in json.loads(done.stdout):
        said = {i["name"]: i for i in ready[each["site"]]["implementations"]}
        claim = said[each["implementation"]]
        works = {"works": True, "does not": False}[claim["standing"]]
        assert works == (each["failed"] == []), (each["site"], claim, each["failed"])
