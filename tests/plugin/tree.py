"""A miniature checkout: the project's own settings, fixtures and plugin around checks of a test."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import textwrap
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

CHECKOUT = Path(__file__).parents[2]
# A whole run on real servers waits for them most of the time.
DEADLINE_S = 900
HEAD = """
from lakeproof import *
from lakeproof import check
import pytest

def rule(level=MUST, **more):
    said = {"req": "demo/rule", "severity": HIGH, "needs": {"webdav", "write"}, "catches": {"x"}}
    return check(level=level, **{**said, **more})
"""
CREDENTIALS = ("BEARER_TOKEN", "BEARER_TOKEN_FILE", "XDG_RUNTIME_DIR", "X509_USER_PROXY")


def environment(**more: str) -> dict[str, str]:
    """This process's environment without credentials and without pytest's traces."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in CREDENTIALS and not name.startswith(("PYTEST_", "LAKEPROOF_", "COV_"))
    }
    # Only tests about the store of results want one: it costs a run half a second.
    quick = {"PYTHONUNBUFFERED": "1", "NO_COLOR": "1", "LAKEPROOF_STORE": "none"}
    return {**kept, **quick, **more}


@dataclass(frozen=True)
class Finished:
    """A run that ended: its exit code, what it printed, and what it wrote."""

    code: int
    output: str
    out: Path

    @property
    def folder(self) -> Path:
        """The newest run's folder."""
        return self.out / "latest"

    @property
    def results(self) -> list[dict[str, Any]]:
        """The lines of results.jsonl."""
        return read_results(self.folder)

    @property
    def summary(self) -> dict[str, Any]:
        """run.json."""
        content: dict[str, Any] = json.loads((self.folder / "run.json").read_text())
        return content

    def result(self, check: str, endpoint: str | None = None) -> dict[str, Any]:
        """The one result of this check."""
        (found,) = [
            row
            for row in self.results
            if row["check"].endswith(check) and endpoint in (None, row["endpoint"])
        ]
        return found

    @property
    def outcomes(self) -> Counter[str]:
        """How many results of each outcome."""
        return Counter(row["outcome"] for row in self.results)


def read_results(folder: Path) -> list[dict[str, Any]]:
    """The lines of results.jsonl, none when it is not there."""
    path = folder / "results.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


class Tree:
    """The miniature checkout in `directory`."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.out = directory / "out"
        for name in ("conftest.py", "pyproject.toml"):
            shutil.copy(CHECKOUT / name, directory / name)
        (directory / "fixtures").symlink_to(CHECKOUT / "fixtures")
        (directory / "suites").mkdir()

    def write_suite(self, body: str, name: str = "demo/test_rules.py") -> None:
        """Checks of a test, behind imports and the `rule` decorator."""
        path = self.directory / "suites" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(HEAD + textwrap.dedent(body))

    def write_known(self, *entries: Mapping[str, object], name: str = "known.yaml") -> str:
        """A known-failures file; gives its path."""
        path = self.directory / name
        path.write_text(yaml.safe_dump({"implementation": "demo", "entries": list(entries)}))
        return str(path)

    def write_inventory(self, urls: Mapping[str, str], **more: object) -> Path:
        """An inventory of these endpoints, each a site; `more` are keys of every endpoint."""
        return write_inventory(self.directory, urls, **more)

    def command(self, *arguments: str) -> list[str]:
        """The command line of pytest in this tree."""
        here = [f"--rootdir={self.directory}", f"-c{self.directory / 'pyproject.toml'}"]
        suites, out = str(self.directory / "suites"), f"--out={self.out}"
        return [sys.executable, "-m", "pytest", suites, *here, out, *arguments]

    def run(self, *arguments: str, env: Mapping[str, str] | None = None) -> Finished:
        """Run pytest here to its end."""
        return finish(self.command(*arguments), self.directory, self.out, env)

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start pytest here in a process group of its own, as a shell does."""
        return subprocess.Popen(
            self.command(*arguments),
            cwd=self.directory,
            env=environment(),
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def lakeproof(self, *arguments: str, env: Mapping[str, str] | None = None) -> Finished:
        """Run the lakeproof command, whose checks are the project's, to its end."""
        return finish(lakeproof_command(*arguments), self.directory, self.out, env)


def lakeproof_command(*arguments: str) -> list[str]:
    """The command line of `lakeproof`."""
    return [sys.executable, "-m", "lakeproof.cli", *arguments]


def finish(
    command: list[str], directory: Path, out: Path, env: Mapping[str, str] | None
) -> Finished:
    """Run a command to its end."""
    done = subprocess.run(
        command,
        cwd=directory,
        env=environment(**(env or {})),
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=DEADLINE_S,
        check=False,
    )
    return Finished(done.returncode, done.stdout, out)


def write_inventory(directory: Path, urls: Mapping[str, str], **more: object) -> Path:
    """An inventory of these endpoints with short time-outs; gives its path."""
    defaults = {"timeout_s": 2, "connect_timeout_s": 1, "total_timeout_s": 20}
    sites = [
        {"name": f"SITE-{name}", "endpoints": [{"name": name, "doors": {"webdav": url}, **more}]}
        for name, url in urls.items()
    ]
    path = directory / "endpoints.yaml"
    path.write_text(yaml.safe_dump({"version": 1, "defaults": defaults, "sites": sites}))
    return path
