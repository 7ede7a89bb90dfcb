"""From an inventory to a child pipeline for GitLab: plain data, to be written as YAML.

A job's exit code is that of `lakeproof run`. That an endpoint fails (1) is a result: the job is
shown with a warning and the pipeline stays green. That something could not be judged (2) may be a
whim of the network or of the runner: the job is tried once more, and then the pipeline is red, as
it is for a broken inventory (3). GitLab would retry every failure if `when` were left out.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import yaml

from lakeproof.exitcode import ExitCode
from lakeproof.inventory import Endpoint, Inventory
from lakeproof.mesh.rotation import Match, Rotation

SITES = "sites"
PUBLISH = "publish"
TEMPLATE = ".lakeproof"
GROUP = "lakeproof"
RUNS = "reports/runs/"
RUNNER_TROUBLE = ["runner_system_failure", "scheduler_failure", "stuck_or_timeout_failure"]
STORE_CACHE = "lakeproof-store"


@dataclass(frozen=True)
class Settings:
    """How the pipeline is run: where jobs find lakeproof, and how much of the mesh a run tries.

    `turn` is the number of the run in the rotation; `options` go to the `lakeproof run` of each
    endpoint, and not to those of the mesh.
    `pairs_per_job` of a slot share a job, `workers` of them at the same time.
    """

    inventory: str
    now: datetime
    turn: int = 0
    at_once: int = 1
    slots: int = 4
    pairs_per_job: int = 10
    workers: int = 4
    image: str = "python:3.11-bookworm"
    setup: tuple[str, ...] = ("script/bootstrap",)
    command: str = ".venv/bin/lakeproof"
    options: tuple[str, ...] = ()


@dataclass(frozen=True)
class Fleet:
    """What of an inventory is tried now: `down` are the endpoints in an announced downtime."""

    up: tuple[tuple[str, Endpoint], ...]
    down: tuple[tuple[str, Endpoint], ...]
    rotation: Rotation
    settings: Settings
    _free: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_free", frozenset(endpoint.name for _, endpoint in self.up))

    @classmethod
    def of(cls, inventory: Inventory, settings: Settings) -> Fleet:
        """Sorted into what is up and down; those in a downtime keep their place in the rotation."""
        rows = [(site.name, endpoint) for site, endpoint in inventory.endpoints()]
        down = [row for row in rows if _is_down(row[1], settings.now)]
        names = tuple(endpoint.name for _, endpoint in rows if endpoint.doors.webdav is not None)
        return cls(
            up=tuple(row for row in rows if row not in down),
            down=tuple(down),
            rotation=Rotation(names, settings.at_once, settings.slots),
            settings=settings,
        )

    def jobs_of_slot(self, slot: Sequence[Match]) -> list[list[Match]]:
        """The pairs of a slot of which both ends are up, some for each job."""
        pairs = [match for match in slot if self._free.issuperset(match)]
        step = self.settings.pairs_per_job
        return [pairs[at : at + step] for at in range(0, len(pairs), step)]

    def slots(self) -> list[list[list[Match]]]:
        """This turn's slots that have something to do, as pairs for jobs."""
        turn = self.rotation.turn(self.settings.turn)
        return [jobs for slot in turn if (jobs := self.jobs_of_slot(slot))]


def pipeline(fleet: Fleet) -> dict[str, Any]:
    """The child pipeline: the mesh's turn, a job for each endpoint, and one that publishes.

    The endpoints come after the mesh, because a page calls an endpoint's last run what it was
    judged by, and what that changed: that is to be the run of all its checks.
    """
    settings, slots = fleet.settings, fleet.slots()
    meshes = [f"mesh-{number}" for number in range(1, len(slots) + 1)]
    content: dict[str, Any] = {
        "stages": [*meshes, SITES, PUBLISH],
        "default": {"image": settings.image, "before_script": list(settings.setup)},
        TEMPLATE: _template(),
    }
    for site, endpoint in fleet.up:
        content[_job_name(fleet, site, endpoint)] = _site_job(settings, endpoint)
    for stage, jobs in zip(meshes, slots, strict=True):
        for number, pairs in enumerate(jobs, 1):
            content[f"{stage} {number}/{len(jobs)}"] = _mesh_job(settings, stage, pairs)
    content["pages"] = _publish_job(settings, anything=bool(fleet.up))
    return content


def as_yaml(fleet: Fleet) -> str:
    """The pipeline as a file, with what a person wants to know first."""
    written = yaml.safe_dump(pipeline(fleet), sort_keys=False, allow_unicode=True, width=100)
    return "".join(f"# {line}\n" for line in summary(fleet)) + written


def summary(fleet: Fleet) -> Iterator[str]:
    """What is in the pipeline and what is not, in sentences."""
    rotation, turn = fleet.rotation, fleet.settings.turn
    yield f"Made by `lakeproof ci generate` from {fleet.settings.inventory}; do not edit."
    yield f"{len(fleet.up)} endpoints are tried."
    for _, endpoint in fleet.down:
        if endpoint.downtime is not None:
            until = f"{endpoint.downtime.end:%Y-%m-%d %H:%M %Z}".strip()
            yield f"Left out: {endpoint.name}, in a downtime until {until}."
    if rotation.runs:
        tried = sum(len(pairs) for slot in fleet.slots() for pairs in slot)
        yield (
            f"Mesh: turn {turn % rotation.runs + 1} of {rotation.runs}, {tried} of "
            f"{rotation.pairs} ordered pairs; no endpoint in more than {rotation.at_once} at once."
        )


def _is_down(endpoint: Endpoint, now: datetime) -> bool:
    return endpoint.downtime is not None and endpoint.downtime.covers(now)


def _job_name(fleet: Fleet, site: str, endpoint: Endpoint) -> str:
    """The site's name; where it has several endpoints, a job for each of them."""
    several = sum(other == site for other, _ in (*fleet.up, *fleet.down)) > 1
    return f"site {site}: {endpoint.name}" if several else f"site {site}"


def _template() -> dict[str, Any]:
    """What all jobs that talk to endpoints share."""
    return {
        "interruptible": False,
        "allow_failure": {"exit_codes": [int(ExitCode.FAILED)]},
        "retry": {"max": 1, "when": RUNNER_TROUBLE, "exit_codes": [int(ExitCode.NOT_JUDGED)]},
        # The job that publishes brings all runs into the store.
        "variables": {"LAKEPROOF_STORE": "none"},
        "artifacts": {
            "when": "always",
            "expire_in": "2 weeks",
            "paths": [RUNS],
            "reports": {"junit": f"{RUNS}*/junit.xml"},
        },
    }


def _site_job(settings: Settings, endpoint: Endpoint) -> dict[str, Any]:
    return {
        "extends": TEMPLATE,
        "stage": SITES,
        "when": "always",
        "resource_group": f"{GROUP}/{endpoint.name}",
        "script": [_run(settings, "--endpoint", endpoint.name, *settings.options)],
    }


def _mesh_job(settings: Settings, stage: str, pairs: Sequence[Match]) -> dict[str, Any]:
    """Its stage begins when the slot before is done, also where that failed.

    `--pair` looks at both ends first: one that is down fails there, and leaves nothing unjudged.
    """
    arguments = [word for match in pairs for word in ("--pair", f"{match.active},{match.passive}")]
    workers = min(settings.workers, len(pairs))
    return {
        "extends": TEMPLATE,
        "stage": stage,
        "when": "always",
        "script": [_run(settings, *arguments, "-j", str(workers))],
    }


def _publish_job(settings: Settings, *, anything: bool) -> dict[str, Any]:
    """Brings together what the jobs found, and makes the pages; GitLab knows it by its name."""
    lakeproof = settings.command
    merge = [f"{lakeproof} store import --out reports"] if anything else []
    pages = _line(lakeproof, "report", "--out", "reports", "-i", settings.inventory)
    return {
        "stage": PUBLISH,
        "when": "always",
        "resource_group": f"{GROUP}/{PUBLISH}",
        "cache": [{"key": STORE_CACHE, "paths": ["reports/store.sqlite"], "when": "always"}],
        "script": [*merge, pages, "rm -rf public", "mv reports/site public"],
        "artifacts": {"paths": ["public"], "expire_in": "4 weeks"},
    }


def _run(settings: Settings, *arguments: str) -> str:
    return _line(settings.command, "run", "-i", settings.inventory, *arguments)


def _line(command: str, *words: str) -> str:
    """One line for a shell; `command` is as it was said, and may be several words."""
    return f"{command} {shlex.join(words)}"


def coverage(number: int, ways: Sequence[tuple[int, int]]) -> list[dict[str, int]]:
    """For `number` endpoints: after how many runs every ordered pair was tried, each way.

    A way is how many pairs an endpoint may be in at once, and slots a run.
    """
    names = tuple(str(each) for each in range(number))
    rows = []
    for at_once, slots in ways:
        rotation = Rotation(names, at_once, slots)
        most = max((sum(map(len, rotation.turn(turn))) for turn in range(rotation.runs)), default=0)
        rows.append(
            {
                "endpoints": number,
                "pairs": rotation.pairs,
                "at_once": at_once,
                "slots": slots,
                "pairs_a_run": most,
                "runs": rotation.runs,
            }
        )
    return rows
