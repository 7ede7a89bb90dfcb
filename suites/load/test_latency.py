"""How long small requests and downloads take, one by one: recorded, never judged."""

from collections.abc import Callable
from pathlib import PurePosixPath

from lakeproof import LOW, MAY, Expect, Measure, Reply, Sample, StorageElement, Together, check

COUNT = 30
NEW_CONNECTIONS = 5
DOWNLOADS = 3
MOST = 32 * 1024 * 1024
"""Bytes that are read of a file which the operator has named."""


def _look(path: PurePosixPath) -> Callable[[StorageElement], Reply]:
    return lambda one: one.head(path)


@check(
    req="rfc9110/overload",
    level=MAY,
    severity=LOW,
    needs={"webdav", "sample"},
    catches={"load-tires"},
    rows={"NET-09"},
)
def test_30_small_requests_in_a_row_are_answered(
    se: StorageElement, together: Together, measure: Measure, sample: Sample, expect: Expect
) -> None:
    """An endpoint may be expected to answer 30 small requests on one connection, one by one.

    Catalogues and transfer services look at files by the thousand over kept connections; what
    breaks after some of them makes every such tool wait and start again.
    """
    path = sample.path
    expect.control(se.head(path))

    replies = [se.head(path) for _ in range(COUNT)]

    measure("small_requests", replies)
    for reply in replies:
        expect.success(reply)
    measure("new_connections", [together(_look(path))[0] for _ in range(NEW_CONNECTIONS)])
    wanted = f"bytes=0-{min(sample.size, MOST) - 1}"
    measure("downloads", [se.part(path, wanted) for _ in range(DOWNLOADS)])
