"""The history of results: every run, in SQLite or PostgreSQL, with roll-ups that stay small."""

from lakeproof.store.database import Store, StoreError, open_store

__all__ = ["Store", "StoreError", "open_store"]
