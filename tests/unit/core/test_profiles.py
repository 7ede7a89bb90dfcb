"""Profiles are data that fits the checks there are."""

from __future__ import annotations

import fnmatch
from pathlib import Path

import pytest
from click.testing import CliRunner

from lakeproof import tree
from lakeproof.commands.profiles import group
from lakeproof.plugin.commands import run_checks
from lakeproof.plugin.options import OPTIONS
from lakeproof.plugin.run import Selection
from lakeproof.profiles import LEVELS, UnknownProfileError, find, profiles

SHIPPED = ("core", "embargo", "read-only", "wlcg-tpc", "escape-rse", "rucio-ready")
IDS = [check.id for check in tree.load_checks()]
NAMES = {option.name for option in OPTIONS}


def test_the_profiles_are_there() -> None:
    assert set(SHIPPED) <= profiles().keys()


@pytest.mark.parametrize("name", SHIPPED)
def test_each_glob_selects_a_check(name: str) -> None:
    (profile,) = find([name])

    assert [glob for glob in profile.checks if not fnmatch.filter(IDS, glob)] == []
    assert profile.level in LEVELS
    assert profile.says.endswith(".")
    assert {*profile.options, *profile.requires} <= NAMES


def test_selection_of_two_profiles_is_the_union() -> None:
    both = Selection(profiles=find(["embargo", "wlcg-tpc"]))
    each = [Selection(profiles=find([name])) for name in ("embargo", "wlcg-tpc")]

    for check in tree.load_checks():
        assert both.includes(check) == any(one.includes(check) for one in each)


def test_a_profile_narrows_what_else_is_said() -> None:
    chosen = Selection(suites=("tokens",), profiles=find(["embargo"]))
    suites = {check.suite for check in tree.load_checks() if chosen.includes(check)}

    assert suites == {"tokens"}


def test_level_of_a_profile_leaves_the_rest_out() -> None:
    (profile,) = find(["escape-rse"])

    assert {c.level for c in tree.load_checks() if profile.includes(c)} == LEVELS["should"]


@pytest.mark.parametrize(
    ("name", "said"), [("embarg", "did you mean embargo"), ("zzz", "there are core, embargo")]
)
def test_unknown_profile_names_the_nearest(name: str, said: str) -> None:
    with pytest.raises(UnknownProfileError, match=said):
        find([name])

    result = CliRunner().invoke(group, ["show", name])

    assert result.exit_code == 3
    assert said in result.output


def test_embargo_wants_a_second_identity(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said: dict[str, object] = {"profile": ("embargo",), "out": str(tmp_path)}

    assert run_checks(["--url=davs://se.invalid/vo"], said, "1") == 3
    assert "give --other-token" in "".join(capsys.readouterr())


def test_list_and_show() -> None:
    listed = CliRunner().invoke(group, ["list"]).output
    shown = CliRunner().invoke(group, ["show", "read-only"]).output

    assert [line.split()[0] for line in listed.splitlines()][: len(SHIPPED)] == [*SHIPPED]
    assert "Comes with   --read-only" in shown
    assert "By hand" in shown
