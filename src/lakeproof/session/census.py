"""The Rucio that the user's own rucio-clients talk to, as a source of endpoints."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from lakeproof.lake.rucio.installed import client_python
from lakeproof.wire.document import read_document
from lakeproof.wire.rucio_live import INSTALL, RucioUnknown, take_census, user_python

LIVE = "live"


def read_rucio(
    place: str, ca: Path | None, expression: str | None, progress: Callable[[str], None]
) -> object:
    """Rucio's document at `place`, which is a file, a URL, `-`, or `live`: the running Rucio.

    Only a running one can choose by an RSE expression. Raises DocumentError.
    """
    if place != LIVE:
        return read_document(place, ca)
    return take_census(_python(), expression, progress)


def _python() -> Path:
    """The Python of the user's `rucio`, else that of script/bootstrap."""
    for python in (user_python(), client_python()):
        if python is not None and python.exists():
            return python
    raise RucioUnknown(f"there is no `rucio` command on the PATH: {INSTALL}")
