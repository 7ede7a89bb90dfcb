"""What earlier, killed runs left on a storage: found by name and age, removed child by child."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from lakeproof.credentials.errors import CredentialError
from lakeproof.results import run_of, started_at
from lakeproof.wire.reply import NotReached
from lakeproof.wire.storage import StorageElement
from lakeproof.wire.webdav import BadMultistatus

if TYPE_CHECKING:
    from lakeproof.session.endpoint import EndpointSession

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


def remove_run(storage: StorageElement, directory: PurePosixPath) -> list[str]:
    """Empty and remove one run's directory and look whether it is gone.

    Gives the URLs of what is left; a storage that cannot be asked leaves everything.
    """
    try:
        # A second pass: what a transfer was still writing during the first is closed by then.
        storage.remove_tree(directory)
        left = storage.remaining(directory)
        if left:
            storage.remove_tree(directory)
            left = storage.remaining(directory)
    except (NotReached, CredentialError, BadMultistatus) as error:
        return [f"{storage.url_of(directory)} ({error})"]
    return [storage.url_of(path) for path in left]


def _earlier_runs(session: EndpointSession) -> list[PurePosixPath]:
    area = session.storage_at(session.area)
    try:
        return [entry.path for entry in area.listing(session.area) if entry.is_collection]
    except BadMultistatus:
        return []  # a storage that does not let us list has nothing that we could remove
