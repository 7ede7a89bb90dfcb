from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from lakeproof.lake.commands import group


@pytest.mark.parametrize("command", ["status", "env"])
def test_without_a_lake_one_sentence_and_exit_code_1(tmp_path: Path, command: str) -> None:
    result = CliRunner().invoke(group, [command, "--directory", str(tmp_path)])

    assert result.exit_code == 1
    assert "there is no lake in" in result.output
    assert result.output.count("\n") == 1


def test_down_without_a_lake_is_harmless(tmp_path: Path) -> None:
    result = CliRunner().invoke(group, ["down", "--directory", str(tmp_path / "none")])

    assert (result.exit_code, result.output) == (0, "no lake was running\n")


def test_logs_of_a_service_that_never_ran(tmp_path: Path) -> None:
    result = CliRunner().invoke(group, ["logs", "xrd-a", "--directory", str(tmp_path)])

    assert result.exit_code == 1
    assert "no log of xrd-a" in result.output


def test_logs_prints_the_last_lines(tmp_path: Path) -> None:
    (tmp_path / "log").mkdir()
    (tmp_path / "log" / "issuer.log").write_text("one\ntwo\nthree\n")

    result = CliRunner().invoke(group, ["logs", "issuer", "-n", "2", "--directory", str(tmp_path)])

    assert result.output == "two\nthree\n"


def test_help_says_what_each_command_is_for() -> None:
    result = CliRunner().invoke(group, ["-h"])

    assert all(word in result.output for word in ("up", "down", "status", "env", "logs"))
