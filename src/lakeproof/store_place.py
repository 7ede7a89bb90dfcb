"""Which results store is meant; what `--store` and $LAKEPROOF_STORE may say."""

from __future__ import annotations

import os
from pathlib import Path

FILE = "store.sqlite"
VARIABLE = "LAKEPROOF_STORE"
NOWHERE = "none"
SCHEMES = ("sqlite", "postgresql", "postgres", "postgresql+psycopg")
HELP = (
    "Where the history of results is kept: a file, or postgresql://USER@HOST/DATABASE (the "
    "password in PGPASSFILE); none: nowhere. Default: $LAKEPROOF_STORE, else store.sqlite "
    "beside the runs."
)


class StorePlaceError(ValueError):
    """What was said is no place for a store: one sentence."""


def store_place(said: str | None, out: Path) -> str | None:
    """The path or URL of the store; None when there is to be none.

    Raises StorePlaceError for a URL of another kind of database.
    """
    chosen = said or os.environ.get(VARIABLE) or str(out / FILE)
    if chosen == NOWHERE:
        return None
    scheme, separator, _ = chosen.partition("://")
    if separator and scheme not in SCHEMES:
        raise StorePlaceError(
            f'found "{scheme}://…", expected a file, sqlite:///PATH, postgresql://…, or none'
        )
    return chosen
