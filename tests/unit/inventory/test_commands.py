"""`lakeproof inventory validate | show`."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from lakeproof.commands.inventory import group

TEXT = """\
version: 1
issuers: {lake: {url: "https://iam.example.org/", client_id: x, client_secret: env:LAKE_SECRET}}
sites:
  - name: S
    endpoints:
      - name: E
        doors: {webdav: "davs://se.example.org:2880/vo"}
        auth: {tokens: lake}
        features: {tape: no, write: yes}
      - name: F
        doors: {root: "root://se.example.org//vo"}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "endpoints.yaml"
    path.write_text(TEXT, encoding="utf-8")
    return path


def run(*arguments: object) -> Result:
    return CliRunner().invoke(group, [str(argument) for argument in arguments])


def test_sound_inventory_is_exit_code_0(file: Path) -> None:
    result = run("validate", file)
    assert result.exit_code == 0
    assert result.output == f"{file}: sound (sites: 1, endpoints: 2)\n"


def test_bad_inventory_is_exit_code_3_and_one_line_a_problem(file: Path) -> None:
    file.write_text(TEXT.replace("auth:", "aut:").replace("tape:", "tap:"), encoding="utf-8")
    result = run("validate", file)
    assert result.exit_code == 3
    assert result.stdout == ""
    assert [line.split(":")[1] for line in result.stderr.splitlines()] == ["8", "9"]


def test_show_lists_what_is_known_of_each_endpoint(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAKE_SECRET", "correct-horse-battery")
    shown = run("show", file).output
    assert "E  at S" in shown
    assert "https://se.example.org:2880/vo" in shown
    assert "-tape +write" in shown
    assert "correct-horse" not in shown + run("show", "--yaml", file).output


def test_show_selects_and_suggests(file: Path) -> None:
    assert "E  at S" not in run("show", "--endpoint", "F", file).output
    result = run("show", "--site", "T", file)
    assert result.exit_code == 3
    assert 'found no site "T"' in result.stderr
