"""Every run goes into the store of results at its end; a store that fails costs no results."""

from __future__ import annotations

from pathlib import Path

from lakeproof.check import registry


def append(folder: Path, place: str) -> list[str]:
    """Import a run's folder into the store at `place`; what to tell the person about it."""
    # SQLAlchemy takes as long to load as a small run takes
    from lakeproof.store import StoreError, open_store  # noqa: PLC0415
    from lakeproof.store.ingest import import_runs  # noqa: PLC0415

    try:
        store = open_store(place)
        try:
            imported = import_runs(store, [folder], registry.renamed)
            problems = [done.problem for done in imported if done.problem]
        finally:
            store.close()
    except StoreError as error:
        problems = [str(error)]
    again = f"Try again: lakeproof store import {folder}"
    return [f"This run is not in the store of results: {said}. {again}" for said in problems]
