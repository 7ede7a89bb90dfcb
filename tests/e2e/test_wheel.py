"""The wheel works without a checkout: its suites, fixtures and catalogue come along."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from lakeproof import tree

TIMEOUT_S = 120


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with nothing but the installed wheel."""
    made = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(made / "dist")]
    subprocess.run(build, cwd=tree.root(), check=True, capture_output=True, timeout=TIMEOUT_S)
    (wheel,) = (made / "dist").glob("*.whl")
    pip = [sys.executable, "-m", "pip", "install", "-qq", "--no-deps", "--no-index"]
    site = made / "site"
    subprocess.run([*pip, "--target", str(site), str(wheel)], check=True, timeout=TIMEOUT_S)
    return site


def _lakeproof(site: Path, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-P", "-m", "lakeproof.cli", *arguments],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(site), "HOME": str(folder)},
        capture_output=True,
        text=True,
        check=False,
        timeout=TIMEOUT_S,
    )


def test_checks_come_along(installed: Path, tmp_path: Path) -> None:
    done = _lakeproof(installed, tmp_path, "checks", "list")

    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == f"{len(list(tree.load_checks()))} checks"


def test_check_runs_outside_a_checkout(installed: Path, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

    done = _lakeproof(installed, tmp_path, "check", f"https://127.0.0.1:{port}/data")

    assert done.returncode == 1, done.stdout + done.stderr
    assert "reachability.network.some-address-accepts" in done.stdout
    assert f"127.0.0.1:{port} refuses connections" in done.stdout
    assert "xrd.protocol" in done.stdout or "firewall" in done.stdout
    assert (tmp_path / "reports" / "latest" / "results.jsonl").exists()
