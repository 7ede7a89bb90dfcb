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

from lakeproof.cli import COMMANDS
from lakeproof.lake import Lake
from lakeproof.lake.control import environment

pytestmark = [
    pytest.mark.lake,
    pytest.mark.skipif("report" not in COMMANDS, reason="there are no pages to publish yet"),
    pytest.mark.skipif(
        shutil.which("gitlab-ci-local") is None or shutil.which("rsync") is None,
        reason="needs gitlab-ci-local (npm, 4.60.0 for Node 20) and rsync",
    ),
]

LAKEPROOF = shlex.join([sys.executable, "-m", "lakeproof.cli"])
PARENT = """\
stages: [fleet]
generate:
  stage: fleet
  script:
    - >-
      {lakeproof} ci generate --turn 0 --slots {slots} --workers 2 --setup true
      --lakeproof '{lakeproof}' --into fleet.yml -- --check '{check}' --check 'reachability.*'
  artifacts: {{paths: [fleet.yml]}}
fleet:
  stage: fleet
  needs: [generate]
  trigger:
    include: [{{artifact: fleet.yml, job: generate}}]
    strategy: depend
"""


class Project:
    """A repository with the lake's inventory, some sites of it, one dead and one in a downtime."""

    def __init__(self, folder: Path, lake: Lake) -> None:
        self.folder = folder
        self.env = {**os.environ, **environment(lake)}
        inventory = yaml.safe_load(lake.inventory.read_text("utf-8"))
        some = [site for site in inventory["sites"] if site["endpoints"][0].get("emulated")][:3]
        dead, down = (_like(some[0], name, 9) for name in ("DEAD", "DOWN"))
        down["endpoints"][0]["downtime"] = {
            "from": "2020-01-01T00:00:00Z",
            "to": "2120-01-01T00:00:00Z",
            "reason": "new disks",
        }
        inventory["sites"] = [*some, dead, down]
        self.sites = [site["name"] for site in some]
        (folder / "endpoints.yaml").write_text(yaml.safe_dump(inventory, sort_keys=False))

    def run(self, check: str, slots: int) -> str:
        """Run the whole pipeline; gives what gitlab-ci-local said."""
        text = PARENT.format(lakeproof=LAKEPROOF, check=check, slots=slots)
        (self.folder / ".gitlab-ci.yml").write_text(text)
        for command in (
            "git init -q -b main .",
            "git config user.email fleet@example.org",
            "git config user.name fleet",
            "git remote add origin git@gitlab.example.org:lake/fleet.git",
            "git add -A",
            "git commit -q -m fleet",
        ):
            subprocess.run(shlex.split(command), cwd=self.folder, check=True)
        done = subprocess.run(
            ["gitlab-ci-local", "--force-shell-executor", "--concurrency", "2"],
            cwd=self.folder,
            env=self.env,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        return done.stdout + done.stderr


def _like(site: dict[str, Any], name: str, port: int) -> dict[str, Any]:
    """A site on this machine where nobody listens."""
    made = yaml.safe_load(yaml.safe_dump({**site, "name": name}))
    (endpoint,) = made["endpoints"]
    endpoint["name"] = name
    endpoint["doors"] = {"webdav": f"davs://localhost:{port}/data"}
    return dict(made)


@pytest.fixture
def project(lake: Lake, tmp_path: Path) -> Project:
    return Project(tmp_path, lake)


def _marked(said: str, sign: str) -> list[str]:
    """The jobs that the final list of gitlab-ci-local marks so."""
    lines = [line.replace("[fleet] -> ", "").split(maxsplit=1) for line in said.splitlines()]
    return [line[1].rstrip() for line in lines if len(line) > 1 and line[0] == sign]


def test_from_the_inventory_to_published_pages(project: Project) -> None:
    """A dead site is a warning and not red; one in a downtime is not there; all else is green."""
    said = project.run("tpc.pull.pull-copies-truth", slots=1)

    assert {"generate", "fleet", "pages"} <= set(_marked(said, "PASS")), said
    assert {f"site {name}" for name in project.sites} <= set(_marked(said, "PASS")), said
    assert any(job.startswith("site DEAD") for job in _marked(said, "WARN")), said
    assert not _marked(said, "FAIL")
    assert "site DOWN" not in said
    assert "Left out: DOWN" in said
    public = project.folder / "public"
    assert (public / "index.html").is_file()
    assert (public / "mesh" / "index.html").is_file()
    for name in (*project.sites, "DEAD"):
        assert (public / name / "index.html").is_file(), said


def test_what_could_not_be_judged_is_red_and_published_all_the_same(project: Project) -> None:
    """gitlab-ci-local gives 0 for a red child pipeline, so the job's own mark is looked at."""
    path = project.folder / "endpoints.yaml"
    inventory = yaml.safe_load(path.read_text("utf-8"))
    inventory["issuers"]["lake"]["client_secret"] = "env:NOBODY_HAS_SET_THIS"
    inventory["sites"] = inventory["sites"][:1]
    path.write_text(yaml.safe_dump(inventory, sort_keys=False))

    said = project.run("webdav.files.put-*", slots=0)

    assert any(job.startswith(f"site {project.sites[0]}") for job in _marked(said, "FAIL")), said
    assert "pages" in _marked(said, "PASS"), said
