"""How long small requests and downloads take, one by one: recorded, never judged."""

from collections.abc import Callable
from pathlib import PurePosixPath

from lakeproof import (
    LOW,
    MAY,
    Expect,
    Measure,
    PayloadOf,
    Reply,
    StorageElement,
    Together,
    check,
)

COUNT = 30
NEW_CONNECTIONS = 5
DOWNLOADS = 2
MIB = 1024 * 1024


def _look(path: PurePosixPath) -> Callable[[StorageElement], Reply]:
    return lambda one: one.head(path)


def _no_keeping(_: bytes) -> None:
    """Takes a body of any length and keeps nothing of it."""


@check(
    req="rfc9110/overload",
    level=MAY,
    severity=LOW,
    needs={"webdav", "write"},
    catches={"load-tires"},
    rows={"NET-09"},
)
def test_30_small_requests_in_a_row_are_answered(
    se: StorageElement, together: Together, measure: Measure, payload: PayloadOf, expect: Expect
) -> None:
    """An endpoint may be expected to answer 30 small requests on one connection, one by one.

    Catalogues and transfer services look at files by the thousand over kept connections; what
    breaks after some of them makes every such tool wait and start again.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, payload(8 * MIB)))

    replies = [se.head(path) for _ in range(COUNT)]

    measure("small_requests", replies)
    measure("new_connections", [together(_look(path))[0] for _ in range(NEW_CONNECTIONS)])
    measure("downloads", [se.get(path, sink=_no_keeping) for _ in range(DOWNLOADS)])
    for reply in replies:
        expect.success(reply)
