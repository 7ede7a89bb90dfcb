"""What a check measures is in its result and in the summary, and never in its verdict."""

from __future__ import annotations

from tests.plugin.dav import Storage
from tests.plugin.tree import Tree

SUITE = '''
@rule()
def test_uploads(se, together, measure, expect):
    """Uploads are stored.

    Harm."""
    path = se.workdir
    calls = [lambda one, n=n: one.put(path / f"f{n}", b"abc") for n in range(3)]
    replies = together(*calls)
    measure("uploads", replies, at_a_time=3)
    for reply in replies:
        expect.control(reply)

@rule()
def test_violated(se, measure, expect):
    """What is not there can be read.

    Harm."""
    measure("reads", [se.propfind(se.workdir, 0) for _ in range(4)])
    expect.success(se.get(se.workdir / "nothing"))

@rule()
def test_silent(se, expect):
    """Nothing is measured here.

    Harm."""
    expect.control(se.put(se.workdir / "f", b"abc"))
'''


def test_figures_are_in_the_result_and_in_one_line(tree: Tree, storage: Storage) -> None:
    tree.write_suite(SUITE)
    tree.write_inventory({"ALPHA": storage.url})

    run = tree.run("--progress")

    figures = run.result("uploads")["measured"]
    assert figures["uploads_at_a_time"] == 3
    assert 0 < figures["uploads_p50_s"] <= figures["uploads_p95_s"] <= figures["uploads_p99_s"]
    violated = run.result("violated")
    assert (violated["outcome"], len(violated["attempts"])) == ("fail", 2)
    assert violated["measured"]["reads_per_s"] > 0
    assert run.result("silent")["measured"] == {}
    assert "3 uploads at a time: median " in run.output
    assert "; reads one by one: median " in run.output
