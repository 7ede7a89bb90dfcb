"""`--pair A,B`: of the mesh only that pair, and whether both ends are there."""

from __future__ import annotations

import pytest

from tests.plugin.dav import Storage
from tests.plugin.tree import Tree

MESH = '''
@rule(needs={"webdav"})
def test_meets(se, peer):
    """Two meet.

    Harm."""
'''
REACHABLE = '''
@rule(needs=set())
def test_is_there(probe):
    """It is there.

    Harm."""
'''


@pytest.fixture(autouse=True)
def mesh(tree: Tree, storage: Storage) -> None:
    tree.write_suite(MESH, "tpc/test_mesh.py")
    tree.write_suite(REACHABLE, "reachability/test_door.py")
    tree.write_suite(REACHABLE, "demo/test_else.py")
    tree.write_inventory(dict.fromkeys(("ALPHA", "BETA", "GAMMA"), storage.url))


def test_only_the_pair_is_tried_and_both_ends_are_looked_at(tree: Tree) -> None:
    run = tree.run("--progress", "--pair=BETA,ALPHA")

    tried = {(row["check"], row["endpoint"], row["partner"]) for row in run.results}
    assert tried == {
        ("tpc.mesh.meets", "BETA", "ALPHA"),
        ("reachability.door.is-there", "ALPHA", None),
        ("reachability.door.is-there", "BETA", None),
    }, run.output
    metrics = (run.folder / "metrics.prom").read_text("utf-8")
    for name in ("ALPHA", "BETA"):
        assert f'lakeproof_core_requirements{{endpoint="{name}",' in metrics


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--pair=ALPHA",), "--pair ALPHA: expected two endpoints such as SITE-A,SITE-B"),
        (("--pair=ALPHA,ALPHA",), "expected two endpoints"),
        (("--pair=ALPHA,BETTA",), 'found no endpoint "BETTA"'),
        (("--pair=ALPHA,BETA", "--endpoint=GAMMA"), "--pair names the endpoints itself"),
    ],
)
def test_what_is_no_pair_is_wrong_usage(tree: Tree, options: tuple[str, ...], said: str) -> None:
    run = tree.run("--progress", *options)

    assert run.code == int(pytest.ExitCode.USAGE_ERROR)
    assert said in run.output
