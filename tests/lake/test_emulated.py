from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from click.testing import CliRunner

from lakeproof.inventory import load
from lakeproof.lake import Lake, LakeError, Layout, down, find, packages, status, up
from lakeproof.lake.commands import group
from tests.lake.doors import CONTENT, Doors

pytestmark = pytest.mark.lake
DIALECTS = ("dcache", "eos", "dpm", "storm")
BIG = bytes(range(256)) * 4096 * 5
NOBODY = 65534


@pytest.fixture(params=DIALECTS)
def short(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def _command(directory: Path, *arguments: str) -> str:
    result = CliRunner().invoke(group, [*arguments, "--directory", str(directory)])
    assert result.exit_code == 0, result.output
    return result.output


def test_what_is_emulated_is_called_so(lake: Lake) -> None:
    said = _command(lake.directory, "status")
    exported = _command(lake.directory, "env")

    for site in lake.emulated_sites:
        assert site.name.endswith("-EMULATED")
        assert f"{site.short}-emulated" in said
        assert f"_EMULATED_URL={site.url}" in exported
    for _, endpoint in load(lake.inventory).endpoints():
        assert endpoint.emulated == ("EMULATED" in endpoint.name)
        assert (endpoint.note or "").startswith("emulated") == endpoint.emulated


def test_emulated_sites_share_one_process_and_its_log(lake: Lake) -> None:
    emulated = [service for service in status(lake.directory) if service.emulated]

    assert len(emulated) == len(DIALECTS)
    assert len({service.pid for service in emulated}) == 1
    logged = _command(lake.directory, "logs", "emulated")
    assert all(site.name in logged for site in lake.emulated_sites)


def test_put_and_get_with_a_token(doors: Doors, short: str) -> None:
    site = doors.sites[short]

    doors.put(site, "put", BIG)

    assert doors.get(site, "put") == BIG
    assert (doors.lake.layout.data(site) / "put").read_bytes() == BIG


def test_only_members_and_only_tokens_for_this_site(doors: Doors, short: str) -> None:
    site = doors.sites[short]
    doors.put(site, "closed")
    layout = doors.lake.layout
    elsewhere = doors.token(audience=doors.a.audience)
    foreign = doors.token(lake_claims=json.dumps({"iss": "https://other.lakeproof.test"}))

    assert doors.ask("GET", site, "closed", token=doors.token(audience=site.audience)).ok
    for token in (None, elsewhere, foreign):
        assert doors.ask("GET", site, "closed", token=token).status_code in (401, 403)
    assert doors.ask("GET", site, "closed", cert=layout.credential("alice")).content == CONTENT
    assert doors.ask("GET", site, "closed", cert=layout.credential("bob")).status_code == 403


def test_macaroon_is_given_and_obeyed(doors: Doors, short: str) -> None:
    site = doors.sites[short]
    doors.put(site, "macaroon")
    asked = json.dumps({"caveats": ["activity:DOWNLOAD"], "validity": "PT10M"})
    kind = {"Content-Type": "application/macaroon-request"}
    alice = doors.lake.layout.credential("alice")

    reply = doors.ask("POST", site, "macaroon", cert=alice, headers=kind, body=asked)
    macaroon = reply.json()["macaroon"]

    assert doors.ask("GET", site, "macaroon", token=macaroon).content == CONTENT
    if short != "storm":  # which takes no notice of caveats
        assert doors.ask("PUT", site, "macaroon", token=macaroon).status_code in (401, 403)


@pytest.mark.parametrize("direction", ["pull", "push"])
@pytest.mark.parametrize("active", ["real", "emulated"])
def test_third_party_copy_with_a_real_site(
    doors: Doors, short: str, direction: str, active: str
) -> None:
    site, real = doors.sites[short], doors.a
    from_real = (direction == "pull") == (active == "emulated")
    source, target = (real, site) if from_real else (site, real)
    name = f"{direction}-{active}-{short}"
    doors.put(source, name, BIG)

    assert doors.copy(direction, source, target, name).startswith("success")

    assert doors.get(target, name) == BIG


def test_third_party_copy_around_the_emulated_sites(doors: Doors) -> None:
    sites = doors.lake.emulated_sites
    doors.put(sites[0], "around", BIG)

    for direction, source, target in zip(
        ("pull", "push", "pull", "push"), sites, (*sites[1:], doors.b), strict=True
    ):
        assert doors.copy(direction, source, target, "around").startswith("success")

    assert doors.get(doors.b, "around") == BIG


def test_without_xrootd_all_sites_are_emulated(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packages, "missing", lambda: ["xrootd-server"])
    said: list[str] = []

    lake = up(directory, port_base=0, progress=said.append)

    assert not lake.real_sites
    (line,) = [line for line in said if "XRootD is not installed here (xrootd-server)" in line]
    assert "all sites will be emulated" in line
    assert "xrd-emulated" in _command(directory, "status")
    assert "LAKE_VOMS_PROXY" not in _command(directory, "env")


def test_emulated_is_refused_while_real_sites_run(lake: Lake) -> None:
    with pytest.raises(LakeError, match="with real XRootD sites; `lakeproof lake down` stops it"):
        up(lake.directory, emulated=True)


@pytest.fixture
def private() -> Iterator[Path]:
    """A directory of somebody who is not root, where they may start a lake."""
    made = Path(tempfile.mkdtemp(prefix="lakeproof-nobody-"))
    if os.geteuid() == 0:
        os.chown(made, NOBODY, NOBODY)
    yield made
    down(made / "lake")
    shutil.rmtree(made)


def _not_as_root(directory: Path, *arguments: str) -> str:
    drop: list[str] = []
    if os.geteuid() == 0:
        setpriv = shutil.which("setpriv")
        if setpriv is None:
            pytest.skip("setpriv is not here, so root cannot become somebody else")
        drop = [setpriv, f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
        if any(not parent.stat().st_mode & 1 for parent in Path(sys.executable).resolve().parents):
            # Our Python lies in somebody's home: looking into it is all that is added.
            drop += [f"--{kind}-caps=+dac_read_search" for kind in ("inh", "ambient")]
        # A child of a child, as the lake's servers are: the first one may still be root's.
        child = "import subprocess, sys; subprocess.run([sys.executable, '-c', ''], check=True)"
        command = [*drop, sys.executable, "-c", child]
        allowed = subprocess.run(command, capture_output=True, check=False)
        if allowed.returncode != 0:
            pytest.skip(f"nobody but root may run {sys.executable}, which lies in root's home")
    done = subprocess.run(
        [*drop, sys.executable, "-m", "lakeproof.cli", "lake", *arguments],
        env={"PATH": os.environ["PATH"], "LAKEPROOF_LAKE": str(directory), "HOME": str(directory)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_emulated_lake_needs_no_root(private: Path) -> None:
    directory = private / "lake"
    _not_as_root(directory, "up", "--emulated", "--port-base", "0")
    lake = find(directory)
    doors = Doors(lake)
    first, *others = lake.sites

    assert [site.name for site in lake.sites][-1] == "LAKE-XRD-EMULATED"
    assert {site.host for site in lake.sites} == {"localhost"}
    assert str(directory) not in Path("/etc/hosts").read_text()
    assert not (Layout(directory).site("a")).exists()
    doors.put(first, "f", BIG)
    for other in others:
        assert doors.copy("pull", first, other, "f").startswith("success")
        assert doors.get(other, "f") == BIG
        wrong = doors.token(audience=first.audience)
        assert doors.ask("GET", other, "f", token=wrong).status_code in (401, 403)
    doors.close()

    _not_as_root(directory, "down")

    assert not any(service.alive or service.listening for service in status(directory))
    with pytest.raises(requests.ConnectionError):
        requests.get(first.audience, timeout=5, verify=str(lake.ca))
