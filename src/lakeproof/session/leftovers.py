"""What earlier, killed runs left on a storage: found by name and age, removed child by child."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import PurePosixPath

from lakeproof.results import run_of, started_at
from lakeproof.session.endpoint import EndpointSession, remove_run
from lakeproof.wire.webdav import BadMultistatus

ONE_DAY = timedelta(hours=24)


@dataclass(frozen=True)
class Removal:
    """One directory of an earlier run and what could not be removed of it."""

    directory: str
    left: tuple[str, ...]


def remove_leftovers(
    session: EndpointSession, *, older_than: timedelta = ONE_DAY, dead: Collection[str] = ()
) -> Iterator[Removal]:
    """Remove the directories of runs older than `older_than`, and of the `dead` ones at any age.

    Only directories with a run's name in the endpoint's area are touched, never this run's.
    """
    for directory in _earlier_runs(session):
        started = started_at(directory.name)
        owner = run_of(directory.name)
        if started is None or directory.name == session.run_directory.name:
            continue
        if owner in dead or datetime.now(UTC) - started >= older_than:
            left = remove_run(session.storage_at(directory), directory)
            yield Removal(session.storage.url_of(directory), tuple(left))


def _earlier_runs(session: EndpointSession) -> list[PurePosixPath]:
    area = session.storage_at(session.area)
    try:
        return [entry.path for entry in area.listing(session.area) if entry.is_collection]
    except BadMultistatus:
        return []  # a storage that does not let us list has nothing that we could remove
