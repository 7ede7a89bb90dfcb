"""A secret that a check lets slip reaches neither the terminal nor any file."""

from __future__ import annotations

import pytest

from tests.plugin.dav import Storage
from tests.plugin.tree import Finished, Tree

SECRET = "correct-horse-battery-staple"
SUITE = '''
import logging
import sys

from lakeproof.credentials.errors import CredentialError

TOKEN = Bearer("".join(["correct-", "horse-battery", "-staple"]), label="a token")

@pytest.fixture
def careless():
    raise RuntimeError("set-up with " + TOKEN.token)

@rule()
def test_prints(se):
    """It prints a secret, logs it, and fails.

    Harm."""
    print("printed", TOKEN.token)
    print("printed", TOKEN.token, file=sys.stderr)
    logging.getLogger("x").warning("logged %s", TOKEN.token)
    raise KeyError("raised " + TOKEN.token)

@rule()
def test_violates(se, expect):
    """It is found in what was expected.

    Harm."""
    expect.equal("got " + TOKEN.token, "want " + TOKEN.token, "what")

@rule()
def test_is_blocked(se, expect):
    """It is in the reason.

    Harm."""
    expect.given(False, "because of " + TOKEN.token)

@rule()
def test_set_up(se, careless):
    """The set-up breaks.

    Harm."""

@rule()
def test_chain(se):
    """An exception hides behind another.

    Harm."""
    try:
        raise ValueError("inner " + TOKEN.token)
    except ValueError as error:
        raise CredentialError("outer") from error

@rule()
def test_arguments(se, value="correct-" + "horse-battery-staple"):
    """pytest shows the arguments of a function that failed.

    Harm."""
    raise KeyError("raised")

@rule()
def test_sends(se):
    """It is sent in a place of its own.

    Harm."""
    se.put(se.workdir / "f", b"x=" + TOKEN.token.encode(), headers={"X-Other": TOKEN.token})
    se.get(se.workdir / TOKEN.token)
    raise KeyError("after sending")
'''


@pytest.fixture
def careless(tree: Tree, storage: Storage) -> Tree:
    tree.write_suite(SUITE)
    tree.write_inventory({"ALPHA": storage.url})
    return tree


def _leaks(run: Finished) -> list[str]:
    found = ["what was printed"] if SECRET in run.output else []
    for path in run.out.rglob("*"):
        if path.is_file() and not path.is_symlink() and SECRET.encode() in path.read_bytes():
            found.append(str(path.relative_to(run.out)))
    return found


@pytest.mark.parametrize(
    "options",
    [("--progress",), (), ("--progress", "--jobs=2")],
    ids=["command", "pytest", "workers"],
)
def test_nothing_slips_out(careless: Tree, options: tuple[str, ...]) -> None:
    run = careless.run(*options)

    assert _leaks(run) == []
    assert len(run.results) == 7
    assert "[redacted" in (run.folder / "results.jsonl").read_text()
    assert "[redacted" in (run.folder / "junit.xml").read_text()
