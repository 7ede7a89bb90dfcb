"""The bench says how often the mesh names the right ones."""

from __future__ import annotations

from click.testing import CliRunner

from bench.mesh_simulation import Score, main


def test_it_has_a_line_for_each_setting() -> None:
    done = CliRunner().invoke(main, ["--meshes=2", "--only=6 sites, 2 culprits"])

    assert done.exit_code == 0, done.output
    (line,) = done.output.splitlines()[2:]
    assert line.startswith("roles, 6 sites, 2 culprits")
    assert line.split()[-4:-2] == ["4", "0"]  # culprits, and innocent ends that were named


def test_precision_counts_wrong_names_and_recall_missed_ones() -> None:
    got = Score(found=3, culprits=6, named=4, innocent=1)

    assert (got.precision, got.recall) == (0.75, 0.5)
