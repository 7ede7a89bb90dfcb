"""What the shell learns, and what is said about a wrong command line or a wrong check."""

from __future__ import annotations

import pytest

from tests.plugin.dav import Storage
from tests.plugin.tree import Tree

SUITE = '''
@rule()
def test_{name}(se, expect):
    """A rule holds.

    Harm."""
    expect.control(se.put(se.workdir / "f", b"abc"))
    {verdict}
'''
VERDICTS = {
    "holds": "expect.content(se, se.workdir / 'f', b'abc')",
    "is_broken": "expect.absent(se, se.workdir / 'f')",
    "is_a_bug": "raise KeyError('a bug')",
    "is_blocked": "expect.control(se.get(se.workdir / 'g'))",
}
PYTEST_USAGE = int(pytest.ExitCode.USAGE_ERROR)


@pytest.fixture(autouse=True)
def rules(tree: Tree, storage: Storage) -> None:
    tree.write_suite("".join(SUITE.format(name=n, verdict=v) for n, v in VERDICTS.items()))
    tree.write_inventory({"ALPHA": storage.url})


@pytest.mark.parametrize(
    ("checks", "code"),
    [
        (("holds", "is-blocked"), 0),
        (("holds", "is-a-bug"), 2),
        (("is-broken", "is-a-bug", "holds"), 1),
    ],
    ids=["nothing-failed", "not-judged", "failed"],
)
def test_exit_code(tree: Tree, checks: tuple[str, ...], code: int) -> None:
    run = tree.run("--progress", *(f"--check=demo.rules.{name}" for name in checks))

    assert run.code == code
    assert {row["check"] for row in run.results} == {f"demo.rules.{name}" for name in checks}
    assert run.summary["exit_code"] == code


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("--suite=demoo", "--suite demoo: there is no such suite; did you mean demo?"),
        (
            "--check=demo.rules.hold",
            "--check demo.rules.hold: no check matches; did you mean demo.rules.holds?",
        ),
        ("--endpoint=ALPA", 'found no endpoint "ALPA", expected'),
        ("--inventory=missing.yaml", "missing.yaml"),
    ],
)
def test_wrong_name_is_wrong_usage_and_the_nearest_is_said(
    tree: Tree, option: str, said: str
) -> None:
    run = tree.run("--progress", option)

    assert run.code == PYTEST_USAGE
    assert said in run.output
    assert "Traceback" not in run.output


def test_wrong_name_is_wrong_usage_with_workers_too(tree: Tree) -> None:
    run = tree.run("--progress", "-n2", "--dist=loadgroup", "--suite=demoo")

    assert run.code == PYTEST_USAGE
    assert "did you mean demo?" in run.output
    assert "Traceback" not in run.output


def test_command_gives_3_for_a_wrong_name(tree: Tree) -> None:
    run = tree.lakeproof("run", f"--out={tree.out}", "--suite=webdavv")

    assert run.code == 3
    assert "did you mean webdav?" in run.output


def test_command_gives_3_for_a_wrong_option(tree: Tree) -> None:
    run = tree.lakeproof("run", "--sute=webdav")

    assert run.code == 3
    assert "--suite" in run.output


def test_unknown_key_of_the_inventory_is_named_with_its_line(tree: Tree) -> None:
    inventory = tree.directory / "endpoints.yaml"
    inventory.write_text(inventory.read_text().replace("doors:", "dors:"))

    run = tree.lakeproof("run", f"--out={tree.out}")

    assert run.code == 3
    assert "endpoints.yaml:" in run.output
    assert "dors" in run.output
    assert "doors" in run.output
    assert "Traceback" not in run.output


def test_two_checks_of_one_id_are_an_error(tree: Tree) -> None:
    tree.write_suite(SUITE.format(name="holds", verdict="pass") * 2, "demo/test_twice.py")

    run = tree.run("--progress")

    assert run.code == 2
    assert "check id demo.twice.holds is already taken by" in run.output
    assert run.results == []


def test_old_id_of_another_check_is_taken_too(tree: Tree) -> None:
    renamed = SUITE.replace("@rule()", '@rule(was=["demo.rules.holds"])')
    tree.write_suite(renamed.format(name="new", verdict="pass"), "demo/test_renamed.py")

    run = tree.run("--progress")

    assert run.code == 2
    assert "check id demo.rules.holds is already taken by" in run.output


def test_function_without_declaration_is_an_error(tree: Tree) -> None:
    tree.write_suite("def test_bare(se):\n    pass\n", "demo/test_bare.py")

    run = tree.run("--progress")

    assert run.code == 2
    assert "test_bare is in suites/ but has no @check" in run.output
    assert run.results == []


@pytest.mark.parametrize("options", [(), ("-n2", "--dist=loadgroup")], ids=["alone", "workers"])
def test_suite_that_cannot_be_imported_is_neither_success_nor_interruption(
    tree: Tree, options: tuple[str, ...]
) -> None:
    tree.write_suite("import no_such_module\n", "demo/test_import.py")

    run = tree.run("--progress", "--check=demo.rules.holds", *options)

    assert run.code == 2
    assert "No module named 'no_such_module'" in run.output
    assert run.summary["interrupted"] is False


def test_old_id_selects_the_renamed_check(tree: Tree) -> None:
    renamed = SUITE.replace("@rule()", '@rule(was=["demo.rules.former"])')
    tree.write_suite(renamed.format(name="new", verdict="pass"), "demo/test_renamed.py")

    run = tree.run("--progress", "--check=demo.rules.former")

    assert run.code == 0
    assert [row["check"] for row in run.results] == ["demo.renamed.new"]


def test_read_only_run_writes_nothing(tree: Tree, storage: Storage) -> None:
    run = tree.run("--progress", "--read-only")

    assert run.code == 0
    assert set(run.outcomes) == {"notrun"}
    assert {method for method, _ in storage.asked} <= {"OPTIONS", "GET", "HEAD", "PROPFIND"}


def test_level_leaves_out_what_is_below(tree: Tree) -> None:
    should = SUITE.replace("@rule()", "@rule(level=SHOULD)")
    tree.write_suite(should.format(name="is_advice", verdict="pass"), "demo/test_advice.py")

    run = tree.run("--progress", "--level=must", "--check=demo.*.is-*")

    assert {row["level"] for row in run.results} == {"MUST"}


def test_plain_pytest_says_the_same(pytester: pytest.Pytester, storage: Storage) -> None:
    tree = Tree(pytester.path)
    tree.write_suite("".join(SUITE.format(name=n, verdict=v) for n, v in VERDICTS.items()))
    tree.write_inventory({"ALPHA": storage.url})

    result = pytester.runpytest_subprocess("suites", "--out=out")

    result.assert_outcomes(passed=1, failed=2, skipped=1)
    assert result.ret == 1
    result.stdout.fnmatch_lines(["*Expected*nothing is left at f*", "Needs action*"])
