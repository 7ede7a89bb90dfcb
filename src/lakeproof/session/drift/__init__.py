"""What an inventory, Rucio (or CRIC) and the endpoint itself say, side by side.

Nothing is changed anywhere. Each row is one fact with what the three say of it, and whether they
agree; where one is silent, the others stand.
"""

from __future__ import annotations

from collections.abc import Iterator

from lakeproof.inventory.sources.found import Found
from lakeproof.session.drift.doors import doors, path, report
from lakeproof.session.drift.rows import NOT_ASKED, SILENT, Case, Row
from lakeproof.session.drift.uses import checksums, copying, space, tape, tokens, uses

__all__ = ["Case", "Row", "compare", "unknown"]


def compare(case: Case) -> Iterator[Row]:
    """Every fact of one endpoint that at least two of the three can tell."""
    yield from _listed(case)
    yield from doors(case)
    yield from _technology(case)
    yield from report(case)
    if case.found is None:
        return
    yield from path(case)
    yield from uses(case, case.found)
    yield from tape(case, case.found)
    yield from tokens(case, case.found)
    yield from checksums(case, case.found)
    yield from space(case, case.found)
    yield from copying(case, case.found)


def unknown(found: Found, who: str) -> Row:
    """An endpoint that only the source has."""
    doors = ", ".join(way.url for way in found.ways if way.door_or_none)
    do = f"lakeproof inventory import {who.lower()} adds it"
    return Row(found.name, "endpoint", "does not have it", doors, NOT_ASKED, False, do)


def _listed(case: Case) -> Iterator[Row]:
    """Only an endpoint that names its RSE is expected in the source."""
    if case.who is None or case.found is not None or case.endpoint.rse is None:
        return
    source = f"has {case.left_out}" if case.left_out else "does not have it"
    do = f"correct or drop rse: {case.rse}, or add the RSE to {case.who}"
    yield case.row("RSE", case.rse, source, SILENT, agree=False, do=do)


def _technology(case: Case) -> Iterator[Row]:
    seen = case.served.technology if case.served else None
    said = case.endpoint.technology
    if seen is None or said == "auto":
        return
    do = f"technology: {seen[0]} in the inventory"
    yield case.row(
        "technology", said, SILENT, f"{seen[0]} ({seen[1]})", agree=seen[0] == said, do=do
    )
