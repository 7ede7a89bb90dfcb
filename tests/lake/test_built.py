"""The lake with both generations of XRootD; needs the newer one, which `lake build` builds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lakeproof.lake import Lake, built, packages, status, up
from lakeproof.lake.xrootd import TAPE_FILE_BYTES
from tests.lake.conftest import directories
from tests.lake.doors import CONTENT, Doors
from tests.lake.test_root_door import token_of, xrdcp

pytestmark = pytest.mark.lake


@pytest.fixture(scope="module")
def both() -> Iterator[Lake]:
    """A lake on free ports with the two newer sites; skipped where these cannot be."""
    if absent := packages.missing():
        pytest.skip(f"the real lake needs {' '.join(absent)}; script/bootstrap installs them")
    if built.installed() is None:
        pytest.skip(f"no {built.TITLE} was built here; `{built.COMMAND}` builds it (5 minutes)")
    for path in directories():
        path.parent.chmod(0o755)
        yield up(path, port_base=0, newer=True)


@pytest.fixture
def doors(both: Lake) -> Iterator[Doors]:
    doors = Doors(both)
    yield doors
    doors.close()


def test_each_site_runs_the_server_that_it_should(both: Lake, doors: Doors) -> None:
    said = {
        site.name: doors.ask("GET", site, "", token=doors.token()).headers["Server"]
        for site in both.real_sites
    }

    # The newer one tells no version over HTTP.
    assert said["LAKE-XRD-A"] == said["LAKE-XRD-B"] != "XRootD"
    assert said["LAKE-XRD6-A"] == said["LAKE-XRD6-B"] == "XRootD"
    assert all(service.alive and service.listening for service in status(both.directory))


@pytest.mark.parametrize("direction", ["pull", "push"])
def test_generations_copy_from_each_other_over_http(doors: Doors, direction: str) -> None:
    old, new = doors.a, doors.sites["a6"]
    for source, target in ((old, new), (new, old)):
        name = f"{direction}-{source.short}-{target.short}"
        doors.put(source, name)

        assert doors.copy(direction, source, target, name).startswith("success")

        assert doors.get(target, name) == CONTENT


def test_generations_copy_from_each_other_over_root(both: Lake, tmp_path: Path) -> None:
    sent, back = tmp_path / "sent", tmp_path / "back"
    sent.write_bytes(bytes(range(256)) * 4096)
    old, new = (site.root_url for site in (both.real_sites[0], both.real_sites[2]))
    token = token_of(both)

    assert xrdcp(both, str(sent), f"{old}/there", BEARER_TOKEN=token) == 0
    assert xrdcp(both, "--tpc", "only", f"{old}/there", f"{new}/again", BEARER_TOKEN=token) == 0
    assert xrdcp(both, "--tpc", "only", f"{new}/again", f"{old}/back", BEARER_TOKEN=token) == 0
    assert xrdcp(both, f"{old}/back", str(back), BEARER_TOKEN=token) == 0

    assert back.read_bytes() == sent.read_bytes()


def test_tape_is_real_enough_to_recall_from(doors: Doors) -> None:
    site, name = doors.sites["b6"], "/data/tape/archived-0"
    api = doors.well_known(site, "wlcg-tape-rest-api")["endpoints"][0]["uri"]

    def locality() -> str:
        asked = doors.ask_at("POST", f"{api}/archiveinfo", json={"paths": [name]})
        return str(asked.json()[0]["locality"])

    assert locality() == "TAPE"
    assert doors.ask("GET", site, "tape/archived-0", token=doors.token()).status_code == 404

    staged = doors.ask_at("POST", f"{api}/stage", json={"files": [{"path": name}]})

    assert staged.status_code == 201
    assert locality() == "DISK_AND_TAPE"
    assert len(doors.get(site, "tape/archived-0")) == TAPE_FILE_BYTES
