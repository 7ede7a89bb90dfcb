"""The pipeline: what GitLab accepts, a job for each endpoint, and red for our errors only."""

from __future__ import annotations

import json
import re
import shlex
from collections import Counter
from datetime import UTC, datetime
from importlib.resources import files
from itertools import permutations
from pathlib import Path
from typing import Any

import click
import jsonschema
import pytest
import yaml
from click.testing import CliRunner

from lakeproof.cli import group
from lakeproof.fleet.pipeline import Fleet, Settings, as_yaml, pipeline, summary
from lakeproof.inventory import load

CHECKOUT = Path(__file__).parents[3]
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
SITE = (
    '  - {{name: {0}, endpoints: [{{name: {0}, doors: {{webdav: "davs://{0}.example.org/a"}}}}]}}\n'
)
DOWN = "downtime: {from: 2026-11-24T06:00:00Z, to: 2026-11-25T06:00:00Z, reason: new disks}"
TWO = """\
  - name: TWO
    endpoints:
      - {{name: TWO-DISK, doors: {{webdav: "davs://two.example.org/disk"}}}}
      - {{name: TWO-TAPE, doors: {{webdav: "davs://two.example.org/tape"}}{}}}
"""


def _inventory(folder: Path, *names: str, more: str = "") -> Path:
    path = folder / "endpoints.yaml"
    path.write_text("version: 1\nsites:\n" + "".join(SITE.format(name) for name in names) + more)
    return path


def _fleet(path: Path, **settings: Any) -> Fleet:  # noqa: ANN401
    return Fleet.of(load(path), Settings(str(path), NOW, **settings))


def _jobs(content: dict[str, Any], stage: str) -> dict[str, dict[str, Any]]:
    return {
        name: job
        for name, job in content.items()
        if isinstance(job, dict) and str(job.get("stage", "")).startswith(stage)
    }


def _schema() -> dict[str, Any]:
    """GitLab's own, as check-jsonschema carries it."""
    path = files("check_jsonschema") / "builtin_schemas" / "vendor" / "gitlab-ci.json"
    found: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return found


@pytest.mark.parametrize("slots", [0, 4])
def test_gitlab_accepts_it(tmp_path: Path, slots: int) -> None:
    fleet = _fleet(_inventory(tmp_path, "A", "B", "C", more=TWO.format("")), slots=slots)

    jsonschema.validate(yaml.safe_load(as_yaml(fleet)), _schema())


def test_gitlab_accepts_the_parent() -> None:
    parent = yaml.safe_load((CHECKOUT / ".gitlab-ci.yml").read_text("utf-8"))

    jsonschema.validate(parent, _schema())


def test_the_schema_notices_a_mistake(tmp_path: Path) -> None:
    content = pipeline(_fleet(_inventory(tmp_path, "A", "B")))
    content["site A"]["allow_failure"] = {"exit_code": 1}

    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(content, _schema())


def test_each_site_has_a_job_and_each_endpoint_a_resource_group(tmp_path: Path) -> None:
    content = pipeline(_fleet(_inventory(tmp_path, "A", "B", more=TWO.format(""))))

    jobs = _jobs(content, "sites")
    assert list(jobs) == ["site A", "site B", "site TWO: TWO-DISK", "site TWO: TWO-TAPE"]
    for job, name in zip(jobs.values(), ["A", "B", "TWO-DISK", "TWO-TAPE"], strict=True):
        assert job["resource_group"] == f"lakeproof/{name}"
        assert f"--endpoint {name}" in job["script"][0]


def test_a_downtime_is_left_out_and_said(tmp_path: Path) -> None:
    fleet = _fleet(_inventory(tmp_path, "A", "B", more=TWO.format(f", {DOWN}")), slots=100)

    content = pipeline(fleet)
    written = as_yaml(fleet)

    assert "site TWO: TWO-TAPE" not in content
    assert "site TWO: TWO-DISK" in content
    assert "TWO-TAPE" not in written.replace("# Left out: TWO-TAPE", "")
    assert "Left out: TWO-TAPE, in a downtime until 2026-11-25 06:00 UTC." in list(summary(fleet))
    assert "6 of 12 ordered pairs" in "\n".join(summary(fleet))


def test_only_our_errors_make_it_red_and_are_tried_again(tmp_path: Path) -> None:
    content = pipeline(_fleet(_inventory(tmp_path, "A", "B")))

    template = content[".lakeproof"]
    assert template["allow_failure"] == {"exit_codes": [1]}
    assert template["retry"]["exit_codes"] == [2]
    # without `when` GitLab tries every failure again, also that of an endpoint
    assert not {"always", "script_failure"} & set(template["retry"]["when"])
    for job in (_jobs(content, "sites") | _jobs(content, "mesh")).values():
        assert job["extends"] == ".lakeproof"
        assert not {"allow_failure", "retry"} & set(job)
    assert not {"allow_failure", "extends"} & set(content["pages"])


def test_what_was_found_is_published_also_when_a_job_is_red(tmp_path: Path) -> None:
    content = pipeline(_fleet(_inventory(tmp_path, "A", "B")))

    assert content["stages"][-1] == content["pages"]["stage"] == "publish"
    assert content["stages"][-2] == "sites"
    later = [content["pages"], *(_jobs(content, "sites") | _jobs(content, "mesh")).values()]
    assert {job["when"] for job in later} == {"always"}
    assert content[".lakeproof"]["artifacts"]["when"] == "always"
    assert content[".lakeproof"]["artifacts"]["paths"] == ["reports/runs/"]
    assert content["pages"]["artifacts"]["paths"] == ["public"]


@pytest.mark.parametrize(("sites", "at_once", "slots"), [(5, 1, 3), (8, 2, 2)])
def test_the_pipelines_of_a_rotation_try_every_pair(
    tmp_path: Path, sites: int, at_once: int, slots: int
) -> None:
    path = _inventory(tmp_path, *"ABCDEFGH"[:sites])
    tried: Counter[tuple[str, ...]] = Counter()

    runs = _fleet(path, at_once=at_once, slots=slots).rotation.runs
    for turn in range(runs):
        fleet = _fleet(path, at_once=at_once, slots=slots, turn=turn, pairs_per_job=2)
        content = pipeline(fleet)
        for stage in content["stages"][:-2]:
            together = [
                tuple(pair.split(","))
                for job in _jobs(content, stage).values()
                for pair in re.findall(r"--pair (\S+)", job["script"][0])
            ]
            busy = Counter(name for pair in together for name in pair)
            assert max(busy.values()) <= at_once
            tried.update(together)

    assert tried == Counter(permutations("ABCDEFGH"[:sites], 2))


def test_a_fleet_that_is_down_publishes_all_the_same(tmp_path: Path) -> None:
    path = _inventory(tmp_path)
    path.write_text(
        "version: 1\nsites:\n  - name: A\n    endpoints:\n"
        f'      - {{name: A, doors: {{webdav: "davs://a.example.org/a"}}, {DOWN}}}\n'
    )

    content = pipeline(_fleet(path))

    assert content["stages"] == ["sites", "publish"]
    assert not any("store import" in line for line in content["pages"]["script"])
    jsonschema.validate(content, _schema())


def test_options_and_odd_names_reach_the_shell_whole(tmp_path: Path) -> None:
    folder = tmp_path / "a folder"
    folder.mkdir()
    fleet = _fleet(_inventory(folder, "A", "B"), options=("--profile", "a b", "--check", "w.*"))

    content = pipeline(fleet)
    (line,) = content["site A"]["script"]

    assert shlex.split(line) == [
        ".venv/bin/lakeproof",
        "run",
        "-i",
        str(folder / "endpoints.yaml"),
        "--endpoint",
        "A",
        "--profile",
        "a b",
        "--check",
        "w.*",
    ]
    assert "--profile" not in content["mesh-1 1/1"]["script"][0]


def test_every_run_of_a_job_is_one_that_lakeproof_understands(tmp_path: Path) -> None:
    content = pipeline(_fleet(_inventory(tmp_path, "A", "B")))

    for job in (_jobs(content, "sites") | _jobs(content, "mesh")).values():
        for line in job["script"]:
            command, name, *arguments = shlex.split(line)
            assert (command, name) == (".venv/bin/lakeproof", "run")
            found = group.get_command(click.Context(group), name)
            assert found is not None
            found.make_context(name, arguments)  # raises UsageError for what it does not know


def test_the_command_writes_the_file_and_says_what_is_in_it(tmp_path: Path) -> None:
    path, into = _inventory(tmp_path, "A", "B", "C"), tmp_path / "fleet.yml"

    done = CliRunner().invoke(
        group, ["ci", "generate", "-i", str(path), "--into", str(into), "--turn=1", "--slots=2"]
    )

    assert done.exit_code == 0, done.output
    assert "3 endpoints are tried." in done.output
    assert "Mesh: turn 2 of 3, 2 of 6 ordered pairs" in done.output
    jsonschema.validate(yaml.safe_load(into.read_text("utf-8")), _schema())


def test_a_broken_inventory_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "endpoints.yaml"
    path.write_text("version: 1\nsites: []\n")

    done = CliRunner().invoke(group, ["ci", "generate", "-i", str(path)])

    assert done.exit_code == 3
    assert "endpoints.yaml" in done.output


def test_the_coverage_is_a_table() -> None:
    done = CliRunner().invoke(group, ["ci", "rotation", "60", "--at-once=2", "--slots=4"])

    assert done.output.splitlines()[1].split() == ["60", "3540", "2", "4", "240", "15"]
