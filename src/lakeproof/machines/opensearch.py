"""Results as documents for OpenSearch or Elasticsearch, in the form of its bulk API.

The same result always has the same id, so a run that is sent twice is there once.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from typing import Any

from lakeproof.results import Result

INDEX = "lakeproof-results"
NOT_INDEXED = ("attempts", "measured", "started", "schema")


def bulk(results: Iterable[Result], index: str = INDEX) -> Iterator[str]:
    """Two lines a result: what to do, and the document; for `POST /_bulk`."""
    for row in results:
        action = {"index": {"_index": index, "_id": document_id(row)}}
        yield json.dumps(action)
        yield json.dumps(document(row), ensure_ascii=False)


def document(row: Result) -> dict[str, Any]:
    """The result with `@timestamp` and `suite`; without what it does not have.

    What was measured is a list of names and numbers, so that an index has no field for each name.
    """
    content = {key: value for key, value in row.as_dict().items() if key not in NOT_INDEXED}
    measured = [{"name": name, "value": value} for name, value in sorted(row.measured.items())]
    return {
        "@timestamp": row.started,
        "suite": row.check.partition(".")[0],
        **{key: value for key, value in content.items() if value is not None},
        "attempts": max(len(row.attempts), 1),
        **({"measured": measured} if measured else {}),
    }


def document_id(row: Result) -> str:
    """Of one run, endpoint, check, cell and partner."""
    parts = (row.run, row.site, row.endpoint, row.check, row.cell or "", row.partner or "")
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:40]
