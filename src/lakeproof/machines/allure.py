"""A run as a report of Allure 3: one file that works from a disk, and asks nobody.

The generator is a program of npm. Its pages load a script that counts who reads them, and it has no
option against that: what would load anything from elsewhere is taken out.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

RESULTS = "allure-results"
MAJOR = "3."
INSTALL = "npm install --global allure@3"
FROM_ELSEWHERE = re.compile(r"<script\b[^>]*\bsrc=[\"']?(?:https?:)?//[^>]*>\s*</script>", re.I)
PATIENCE_S = 600


class AllureError(Exception):
    """There is no such program, no results for it, or it failed: one sentence."""


def report(folder: Path, program: str | None = None) -> str:
    """The report of the run in `folder`, as HTML; `program` is looked for when it is not given."""
    results = folder / RESULTS
    if not results.is_dir():
        raise AllureError(f"there is no {RESULTS} in {folder}")
    found = program or shutil.which("allure")
    if found is None:
        raise AllureError(f"Allure 3 is not installed: {INSTALL}")
    version = _run(found, "--version").strip()
    if not version.startswith(MAJOR):
        raise AllureError(f"{found} is Allure {version[:20]}, and 3 is needed: {INSTALL}")
    with tempfile.TemporaryDirectory() as made:
        return _generated(found, results, Path(made), folder.resolve().name)


def _generated(program: str, results: Path, made: Path, name: str) -> str:
    config = made / "allurerc.json"
    options = {"singleFile": True}
    config.write_text(
        json.dumps({"output": str(made / "out"), "plugins": {"awesome": {"options": options}}})
    )
    said = _run(
        program,
        "generate",
        "--config",
        str(config),
        "--report-name",
        f"lakeproof {name}",
        str(results.resolve()),
    )
    page = made / "out" / "index.html"
    if not page.is_file():
        raise AllureError(f"{program} wrote no report: {said.strip()[-200:]}")
    return FROM_ELSEWHERE.sub("", page.read_text("utf-8"))


def _run(*command: str) -> str:
    """What it says; raises AllureError when it fails, does not end, or is no program."""
    try:
        done = subprocess.run(  # noqa: S603  what the user installed under this name
            command, capture_output=True, text=True, timeout=PATIENCE_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise AllureError(f"{command[0]}: {error}") from None
    if done.returncode != 0:
        raise AllureError(f"{command[0]} failed: {(done.stderr or done.stdout).strip()[-200:]}")
    return done.stdout
