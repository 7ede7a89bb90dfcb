"""On a real PostgreSQL the store says what it says in SQLite, and two write at once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select, text

from lakeproof.store import Store, StoreError, open_store
from lakeproof.store.queries import Reader
from lakeproof.store.retention import Pruned, prune
from lakeproof.store.schema import Answer, Base
from lakeproof.store.size import size
from tests.unit.store.contents import rolled_up
from tests.unit.store.golden import golden_runs
from tests.unit.store.made import BEGIN, result, take_in, write_results, write_run
from tests.unit.store.private_postgresql import INSTALLED, server
from tests.unit.store.test_import import made_for_two, together
from tests.unit.store.test_schema import differences

pytestmark = pytest.mark.skipif(
    not INSTALLED, reason="needs Debian's postgresql (apt-get install postgresql)"
)


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """A server for this module's tests."""
    with server() as found:
        yield found


@pytest.fixture
def postgresql(url: str) -> Iterator[Store]:
    """An empty store in it."""
    store = open_store(url)
    yield store
    with store.write() as connection:
        Base.metadata.drop_all(connection)
        connection.execute(text("DROP TABLE alembic_version"))
    store.close()


def test_two_real_runs_are_the_same_in_both(
    postgresql: Store, store: Store, tmp_path: Path
) -> None:
    site = "LAKE-STORM-EMULATED"
    golden_runs(tmp_path, site)
    done = [[take_in(each, tmp_path) for _ in range(2)] for each in (postgresql, store)]

    assert [each.new for each in done[0][0]] == [600, 600]
    assert done[0] == done[1]
    assert rolled_up(postgresql) == rolled_up(store)
    with Reader(postgresql) as one, Reader(store) as other:
        assert one.fleet() == other.fleet()
        assert one.changes() == other.changes()
        assert one.mesh() == other.mesh()
        assert one.site(site) == other.site(site)
        assert one.days(site, site) == other.days(site, site)
        assert one.matrix(site, site) == other.matrix(site, site)


def test_migrations_lead_to_the_declared_tables(postgresql: Store) -> None:
    assert differences(postgresql) == []


def test_two_write_at_once(url: str, postgresql: Store, store: Store, tmp_path: Path) -> None:
    """Runs of the same endpoints, and one run that both import."""
    one, two, both = made_for_two(tmp_path)

    together(url, [one, both], [two, both])

    take_in(store, *map(Path, (one, two, both)))
    assert rolled_up(postgresql) == rolled_up(store)


def test_late_runs_and_old_ones(postgresql: Store, store: Store, tmp_path: Path) -> None:
    for hour in (3, 1, 2, 0):
        place = tmp_path / str(hour)
        write_run(place, hour, {"A": {"a.b.c": "PFFP"[hour], "a.b.d": "P"}})
        for each in (postgresql, store):
            take_in(each, place)
    assert rolled_up(postgresql) == rolled_up(store)

    gone = prune(postgresql, BEGIN + timedelta(hours=3), results=timedelta(minutes=1))

    assert gone == Pruned(results=6, texts=2, visits=0)
    assert size(postgresql).rows["results"] == 2
    assert rolled_up(postgresql) == rolled_up(store)


def test_texts_that_it_does_not_take(postgresql: Store, tmp_path: Path) -> None:
    hostile = result(0, 1, "F", actual="\x00\ud800'); DROP TABLE result; --")
    write_results(write_run(tmp_path, 0, {}).folder, (hostile,))

    take_in(postgresql, tmp_path)

    with postgresql.read() as connection:
        assert connection.scalar(select(func.count()).select_from(Answer)) == 1


def test_a_database_that_is_not_there(url: str) -> None:
    with pytest.raises(StoreError, match="does not exist"):
        open_store(url.replace("/postgres?", "/nowhere?"))
