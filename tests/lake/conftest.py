from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from lakeproof.lake import Lake, down, packages, up
from lakeproof.lake.rucio import installed
from tests.lake.doors import Doors

# What whoever starts a lake may have in the environment.
NOT_FOR_SERVERS = "not-for-servers"


@pytest.fixture(scope="session")
def xrootd() -> None:
    """These tests start real servers, or say which packages are not there for that."""
    absent = packages.missing()
    if absent:
        pytest.skip(f"the real lake needs {' '.join(absent)}; script/bootstrap installs them")


def directories() -> Iterator[Path]:
    """A place for a lake, once; stopped and removed afterwards."""
    # Not pytest's own folder: the user that the servers run as could not enter it.
    made = Path(tempfile.mkdtemp(prefix="lakeproof-test-"))
    try:
        yield made / "lake"
    finally:
        down(made / "lake")
        shutil.rmtree(made)


@pytest.fixture
def directory() -> Iterator[Path]:
    """Where a test may start a lake of its own; stopped and removed afterwards."""
    for path in directories():
        path.parent.chmod(0o755)
        yield path


@pytest.fixture(scope="session")
def lake(xrootd: None) -> Iterator[Lake]:
    """A lake on free ports that tests share; they use different paths on it."""
    for path in directories():
        path.parent.chmod(0o755)
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("BEARER_TOKEN", NOT_FOR_SERVERS)
            started = up(path, port_base=0)
        yield started


@pytest.fixture(scope="session")
def rucio_lake() -> Iterator[Lake]:
    """A lake with a real Rucio that tests share, as it takes long to start."""
    absent = [*packages.missing(), *installed.missing()]
    if absent:
        pytest.skip(f"needs {', '.join(absent)}; script/bootstrap --with-rucio installs it")
    for path in directories():
        path.parent.chmod(0o755)
        yield up(path, port_base=0, rucio=True)


@pytest.fixture
def doors(lake: Lake) -> Iterator[Doors]:
    doors = Doors(lake)
    yield doors
    doors.close()
