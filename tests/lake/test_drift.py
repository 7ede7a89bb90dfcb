"""`lakeproof inventory drift`: the inventory, Rucio, and what is really served."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from lakeproof.lake import Lake
from tests.lake.doors import Doors
from tests.plugin.tree import environment, lakeproof_command

pytestmark = pytest.mark.lake


def _drift(path: Path, *options: str) -> tuple[int, list[str]]:
    done = subprocess.run(
        lakeproof_command("inventory", "drift", str(path), *options),
        env=environment(),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    return done.returncode, (done.stdout or done.stderr).splitlines()


def _copied(lake: Lake, folder: Path, *changes: tuple[str, str]) -> Path:
    text = lake.inventory.read_text()
    for before, after in changes:
        assert before in text
        text = text.replace(before, after)
    path = folder / "endpoints.yaml"
    path.write_text(text)
    return path


def _rse(lake: Lake, name: str, **changes: Any) -> dict[str, Any]:  # noqa: ANN401  any JSON
    site = next(site for site in lake.emulated_sites if site.name == name)
    host, _, port = site.url.split("/")[2].partition(":")
    protocol = {
        "scheme": "davs",
        "hostname": host,
        "port": int(port),
        "prefix": "/data",
        "domains": {"wan": {"read": 1, "write": 1, "third_party_copy_read": 1}},
        **changes,
    }
    return {"rse": name, "protocols": [protocol]}


def _told(path: Path, *options: str) -> list[tuple[str, str, str, str]]:
    """Endpoint, fact, what the source says and what the endpoint serves, where they differ."""
    code, lines = _drift(path, "--json", *options)
    assert code == 1, lines
    rows = json.loads("\n".join(lines))
    return [(row["endpoint"], row["what"], row["source"], row["served"]) for row in rows]


def test_lake_has_no_drift(lake: Lake) -> None:
    code, lines = _drift(lake.inventory)
    assert (code, lines) == (0, [f"{lake.inventory}: no drift"])


def test_other_technology_and_dead_door_are_named(lake: Lake, tmp_path: Path) -> None:
    site = next(site for site in lake.emulated_sites if site.name == "LAKE-EOS-EMULATED")
    dead = os.path.dirname(site.url).rpartition(":")[0] + ":1/data"  # noqa: PTH120  a URL
    path = _copied(lake, tmp_path, ("technology: storm", "technology: dcache"), (site.url, dead))

    moved, other = _told(path)

    assert moved[:3] == ("LAKE-EOS-EMULATED", "webdav door", "not asked")
    assert moved[3].startswith("nothing answers (")
    assert other == ("LAKE-STORM-EMULATED", "technology", "not asked", "storm (certain)")


def test_rucio_is_compared(lake: Lake, doors: Doors, tmp_path: Path) -> None:
    export = tmp_path / "export.json"
    storm = next(site for site in lake.emulated_sites if site.name == "LAKE-STORM-EMULATED")
    doors.put(storm, "drift/deep/file")
    moved = _rse(lake, "LAKE-DPM-EMULATED", prefix="/other")
    full = {
        **_rse(lake, storm.name, prefix="/data/drift"),
        "attributes": {"supported_checksums": "adler32,sha512", "oidc_support": "True"},
        "usage": [{"source": "storage", "used": 2**50, "free": 0}],
    }
    export.write_text(json.dumps([full, moved, _unknown()]))
    path = _copied(lake, tmp_path)

    names = (moved["rse"], storm.name)
    rows = _told(path, f"--rucio={export}", *(f"--endpoint={name}" for name in names))

    found = {(name, what): said for name, what, *said in rows}
    assert found[moved["rse"], "path"] == [
        "/other",
        "/data is there; /other: not with this credential (403)",
    ]
    assert (storm.name, "path") not in found
    assert found[storm.name, "checksums"] == ["adler32, sha512", "adler32 (of file)"]
    rucio, served = found[storm.name, "space"]
    assert rucio == "1 PiB, 0 bytes free"
    assert served.startswith("1 TiB, ")
    assert served.endswith(" free (its report)")
    assert "ELSEWHERE" in {row[0] for row in _told(path, f"--rucio={export}", "--offline")}


def _unknown() -> dict[str, Any]:
    protocol = {
        "scheme": "davs",
        "hostname": "se.example.org",
        "port": 443,
        "prefix": "/x",
        "domains": {"wan": {"read": 1, "write": 1}},
    }
    return {"rse": "ELSEWHERE", "protocols": [protocol]}


def test_unreadable_source_is_wrong_usage(lake: Lake, tmp_path: Path) -> None:
    code, lines = _drift(lake.inventory, f"--rucio={tmp_path / 'none'}", "--offline")
    assert code == 3
    assert "none: cannot be read" in lines[0]
