"""Many looks at a file at the same time, as catalogues and transfer services take them."""

from collections.abc import Callable
from pathlib import PurePosixPath

from lakeproof import MEDIUM, SHOULD, Expect, Reply, Sample, StorageElement, Together, check

AT_A_TIME, IN_A_ROW = 10, 10


def _look(path: PurePosixPath) -> Callable[[StorageElement], list[Reply]]:
    return lambda one: [one.head(path) for _ in range(IN_A_ROW)]


@check(
    req="rfc9110/overload",
    level=SHOULD,
    severity=MEDIUM,
    needs={"webdav", "sample"},
    catches={"load-head-503"},
    rows={"B10.49"},
)
def test_100_looks_are_answered(
    se: StorageElement, together: Together, sample: Sample, expect: Expect
) -> None:
    """100 HEAD over ten connections at the same time should all succeed.

    A transfer service looks at every file before and after it copies; one that is told 503 or 429
    then counts the copy as failed and begins it again.
    """
    expect.control(se.head(sample.path))

    replies = together(*[_look(sample.path)] * AT_A_TIME)

    for reply in (reply for looks in replies for reply in looks):
        expect.success(reply)
