"""The fleet's pipeline really runs: from the inventory to published pages, by gitlab-ci-local."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from lakeproof.lake import Lake
from lakeproof.lake.control import environment

HERE = Path(__file__).parents[2]
# script/bootstrap --with-fleet puts it there, and Node.js beside Python.
PATH = f"{HERE}/.npm/node_modules/.bin:{HERE}/.venv/bin:{os.environ['PATH']}"
LOCAL = shutil.which("gitlab-ci-local", path=PATH)

pytestmark = [
    pytest.mark.lake,
    pytest.mark.skipif(
        LOCAL is None or shutil.which("rsync") is None,
        reason="needs gitlab-ci-local and rsync: script/bootstrap --with-fleet",
    ),
]

LAKEPROOF = shlex.join([sys.executable, "-m", "lakeproof.cli"])
PARENT = f"""\
stages: [fleet]
generate:
  stage: fleet
  script:
    - >-
      {LAKEPROOF} ci generate --turn 0 --slots 1 --workers 2 --setup true
      --lakeproof '{LAKEPROOF}' --into fleet.yml
      -- --check 'reachability.*' --check tpc.pull.pull-copies-truth
  artifacts: {{paths: [fleet.yml]}}
fleet:
  stage: fleet
  needs: [generate]
  trigger:
    include: [{{artifact: fleet.yml, job: generate}}]
    strategy: depend
"""
COMMIT = (
    "git init -q -b main .",
    "git config user.email fleet@example.org",
    "git config user.name fleet",
    "git remote add origin git@gitlab.example.org:lake/fleet.git",
    "git add -A",
    "git commit -q -m fleet",
)
SECRET = "NOBODY_HAS_SET_THIS"


def _inventory(lake: Lake) -> dict[str, Any]:
    """Two sound sites, one that is dead, one in a downtime, one of which a secret is missing.

    In this order the first turn of the mesh has the two sound ones together.
    """
    inventory: dict[str, Any] = yaml.safe_load(lake.inventory.read_text("utf-8"))
    issuer = next(iter(inventory["issuers"].values()))
    inventory["issuers"]["unknown"] = {**issuer, "client_secret": f"env:{SECRET}"}
    one, other, *_ = [site for site in inventory["sites"] if site["endpoints"][0].get("emulated")]
    dead, down, ours = (_like(one, name) for name in ("DEAD", "DOWN", "OURS"))
    dead["endpoints"][0]["doors"] = {"webdav": "davs://localhost:9/data"}
    down["endpoints"][0]["downtime"] = {
        "from": "2020-01-01T00:00:00Z",
        "to": "2120-01-01T00:00:00Z",
        "reason": "new disks",
    }
    ours["endpoints"][0]["auth"] = {"tokens": "unknown"}
    one["name"], other["name"] = "ONE", "OTHER"
    inventory["sites"] = [dead, one, down, ours, other]
    return inventory


def _like(site: dict[str, Any], name: str) -> dict[str, Any]:
    made: dict[str, Any] = yaml.safe_load(yaml.safe_dump({**site, "name": name}))
    made["endpoints"][0]["name"] = name
    return made


def _run(folder: Path, lake: Lake) -> str:
    """Run the whole pipeline in `folder`; gives what gitlab-ci-local said."""
    (folder / "endpoints.yaml").write_text(yaml.safe_dump(_inventory(lake), sort_keys=False))
    (folder / ".gitlab-ci.yml").write_text(PARENT)
    for command in COMMIT:
        subprocess.run(shlex.split(command), cwd=folder, check=True)
    done = subprocess.run(
        [str(LOCAL), "--force-shell-executor", "--concurrency", "2"],
        cwd=folder,
        env={**os.environ, **environment(lake), "PATH": PATH},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    return done.stdout + done.stderr


def _marked(said: str, sign: str) -> list[str]:
    """The jobs that the final list of gitlab-ci-local marks so."""
    lines = [line.replace("[fleet] -> ", "").split(maxsplit=1) for line in said.splitlines()]
    return [line[1].rstrip() for line in lines if len(line) > 1 and line[0] == sign]


def test_from_the_inventory_to_published_pages(lake: Lake, tmp_path: Path) -> None:
    """A dead site is a warning and not red, one in a downtime is not there; only ours is red.

    gitlab-ci-local gives 0 for a red child pipeline, so the jobs' own marks are looked at.
    """
    said = _run(tmp_path, lake)

    passed, failed = _marked(said, "PASS"), _marked(said, "FAIL")
    assert {"generate", "fleet", "pages", "site ONE", "site OTHER"} <= set(passed), said
    assert [job.split()[:2] for job in _marked(said, "WARN")].count(["site", "DEAD"]) == 1, said
    assert [job.partition(" (")[0] for job in failed] == ["site OURS"], said
    assert "site DOWN" not in said
    assert "Left out: DOWN, in a downtime until 2120-01-01" in said
    public = tmp_path / "public"
    for name in ("ONE", "OTHER", "DEAD"):
        assert (public / name / "index.html").is_file(), said
        assert (public / name / "badge.svg").is_file()
    mesh = (public / "mesh" / "index.html").read_text("utf-8")
    assert "mesh-1 1/1" in passed, said
    assert mesh.count('<td class="ok">') == 2  # a pull and a push
    assert "In the inventory, and never tried" in (public / "index.html").read_text("utf-8")
    assert (public / "changes.atom").is_file()
