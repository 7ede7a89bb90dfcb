"""However runs come in, the roll-ups say the same as after one import in order."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

import pytest

from lakeproof.results import Result
from lakeproof.store import Store, open_store
from lakeproof.store.ingest import import_runs
from tests.unit.store.contents import rolled_up
from tests.unit.store.made import Written, take_in, write_results, write_run

HOURS = 16
CHECKS = ("webdav.files.put", "webdav.files.get", "tpc.pull.works", "tokens.scopes.read")


def _answers(random_: random.Random) -> dict[str, dict[str, str]]:
    """Mostly what was, now and then something else, sometimes not all checks."""
    return {
        endpoint: {
            check: random_.choices("PFNEBUfp", [60, 10, 5, 5, 3, 3, 2, 2])[0]
            for check in CHECKS
            if random_.random() < 0.9
        }
        for endpoint in ("A", "B")
    }


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Written], Path]:
    """Runs, and where they are."""
    out, drawn = tmp_path_factory.mktemp("runs"), random.Random(7)  # noqa: S311
    return [write_run(out, hour, _answers(drawn)) for hour in range(HOURS)], out


@pytest.fixture(scope="module")
def expected(history: tuple[list[Written], Path]) -> dict[str, object]:
    """What one import of all runs gives."""
    store = open_store(history[1] / "expected.sqlite")
    take_in(store, history[1])
    found = rolled_up(store)
    store.close()
    return dict(found)


def test_all_at_once_counts_every_result(
    history: tuple[list[Written], Path], expected: dict[str, list[tuple[object, ...]]]
) -> None:
    number = sum(len(run.results) for run in history[0])

    assert sum(row[-2] for row in expected["spans"]) == number  # type: ignore[misc]
    assert sum(row[-1] for row in expected["days"]) == number  # type: ignore[misc]
    assert len([row for row in expected["spans"] if row[-1]]) == 2 * len(CHECKS)


@pytest.mark.parametrize("order", ["forward", "backward", "shuffled"])
def test_one_by_one_in_any_order(
    store: Store,
    history: tuple[list[Written], Path],
    expected: dict[str, object],
    order: str,
) -> None:
    runs = list(history[0])
    if order == "backward":
        runs.reverse()
    elif order == "shuffled":
        random.Random(3).shuffle(runs)  # noqa: S311

    for run in runs:
        list(import_runs(store, [run.folder]))

    assert rolled_up(store) == expected


def _halves(run: Written) -> tuple[tuple[Result, ...], tuple[Result, ...]]:
    """Every second result of each endpoint, from its first one on, and the others."""
    found: tuple[list[Result], list[Result]] = ([], [])
    counted: Counter[str] = Counter()
    for result in run.results:
        found[counted[result.endpoint] % 2].append(result)
        counted[result.endpoint] += 1
    return tuple(found[0]), tuple(found[1])


def test_runs_that_grow_between_imports(
    store: Store, tmp_path: Path, history: tuple[list[Written], Path], expected: dict[str, object]
) -> None:
    """Half of each third run is in, rolled up, long before the rest of it."""
    out = tmp_path / "growing"
    for number, run in enumerate(history[0]):
        folder = out / "runs" / run.folder.name
        folder.mkdir(parents=True)
        (folder / "run.json").write_text((run.folder / "run.json").read_text())
        write_results(folder, _halves(run)[0] if number % 3 == 0 else run.results)
    take_in(store, out)
    assert rolled_up(store) != expected
    for run in history[0][::3]:
        first, second = _halves(run)
        write_results(out / "runs" / run.folder.name, first + second)

    take_in(store, out)

    assert rolled_up(store) == expected
