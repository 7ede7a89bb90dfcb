"""A real lake for the whole session, and one run of every check on it that tests look at."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from lakeproof.lake import Lake, down, packages, up
from lakeproof.lake.layout import X509_USER
from tests.plugin.tree import Finished, finish, lakeproof_command


@pytest.fixture(scope="session")
def lake() -> Iterator[Lake]:
    """A lake on free ports, stopped and removed at the end."""
    absent = packages.missing()
    if absent:
        pytest.skip(f"the real lake needs {' '.join(absent)}; script/bootstrap installs them")
    # Not pytest's own folder: the user that the servers run as could not enter it.
    made = Path(tempfile.mkdtemp(prefix="lakeproof-e2e-"))
    made.chmod(0o755)
    try:
        yield up(made / "lake", port_base=0)
    finally:
        down(made / "lake")
        shutil.rmtree(made)


@pytest.fixture(scope="session")
def credentials(lake: Lake) -> list[str]:
    """The options that `lake env` suggests for `lakeproof check`."""
    return [
        f"--ca={lake.ca}",
        f"--token=client:{lake.issuer}",
        f"--client-id={lake.client_id}",
        f"--client-secret-file={lake.client_secret_file}",
        "--odd-tokens",
    ]


@pytest.fixture(scope="session")
def whole_run(lake: Lake, tmp_path_factory: pytest.TempPathFactory) -> Finished:
    """`lakeproof run` on the real sites of the inventory that the lake wrote."""
    folder = tmp_path_factory.mktemp("run")
    real = [f"--site={site.name}" for site in lake.real_sites]
    command = lakeproof_command(
        "run", "-i", str(lake.inventory), f"--out={folder}/out", "-j2", *real
    )
    return finish(command, folder, folder / "out", None)


@pytest.fixture(scope="session")
def url_run(
    lake: Lake, credentials: list[str], tmp_path_factory: pytest.TempPathFactory
) -> Finished:
    """`lakeproof check` on the first site's URL, with the second as partner."""
    folder = tmp_path_factory.mktemp("check")
    first, second = lake.real_sites
    command = lakeproof_command(
        "check",
        first.url,
        f"--partner={second.url}",
        f"--proxy={lake.layout.credential(X509_USER)}",
        f"--out={folder}/out",
        *credentials,
    )
    return finish(command, folder, folder / "out", None)
