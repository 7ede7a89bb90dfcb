"""How long small requests take, one after the other: recorded, never judged."""

from lakeproof import LOW, MAY, Expect, StorageElement, check

COUNT = 30


@check(
    req="rfc9110/overload",
    level=MAY,
    severity=LOW,
    needs={"webdav", "write"},
    catches={"load-tires"},
    rows={"NET-09"},
)
def test_30_small_requests_in_a_row_are_answered(se: StorageElement, expect: Expect) -> None:
    """An endpoint may be expected to answer 30 small requests on one connection, one by one.

    Catalogues and transfer services look at files by the thousand over kept connections; what
    breaks after some of them makes every such tool wait and start again.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, b"x"))

    replies = [se.head(path) for _ in range(COUNT)]

    for reply in replies:
        expect.success(reply)
