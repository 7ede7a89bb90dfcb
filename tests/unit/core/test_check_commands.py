from __future__ import annotations

import pytest
from click.testing import CliRunner

from lakeproof import tree
from lakeproof.commands.checks import group


def test_list_has_a_line_a_check() -> None:
    result = CliRunner().invoke(group, ["list"])

    assert result.exit_code == 0
    *lines, total = result.output.splitlines()
    assert "webdav.files.put-new-answers-created" in [line.split()[0] for line in lines]
    assert total == f"{len(lines)} checks"


def test_list_of_one_suite() -> None:
    lines = CliRunner().invoke(group, ["list", "--suite", "tpc"]).output.splitlines()

    assert len(lines) > 1
    assert all(line.startswith("tpc.") for line in lines[:-1])


def test_show_says_what_where_and_why() -> None:
    result = CliRunner().invoke(group, ["show", "webdav.files.put-new-answers-created"])

    assert result.exit_code == 0
    for label in ("Check", "Requirement", "Why", "Level", "Says", "Proven by", "Do", "Source"):
        assert any(line.startswith(label) for line in result.output.splitlines()), label
    assert "RFC" in result.output
    assert "xrootd: " in result.output


@pytest.mark.parametrize(
    ("name", "said"),
    [
        (
            "webdav.files.put-new-answers-create",
            "did you mean webdav.files.put-new-answers-created",
        ),
        ("zzz", "see lakeproof checks list"),
    ],
)
def test_unknown_id_is_wrong_usage(name: str, said: str) -> None:
    result = CliRunner().invoke(group, ["show", name])

    assert result.exit_code == 3
    assert said in result.output


def test_checks_are_found_in_the_checkout() -> None:
    assert (tree.root() / "conftest.py").is_file()
    assert tree.suites().is_dir()
    assert tree.known_failures("xrootd").is_file()
    assert str(tree.known_failures("some/other.yaml")) == "some/other.yaml"
