"""The mesh: one truth check per ordered pair of endpoints and direction."""

from lakeproof import CRITICAL, MUST, Expect, Pace, PayloadOf, StorageElement, check

MIB = 1024 * 1024


@check(
    req="http-tpc/pull",
    level=MUST,
    severity=CRITICAL,
    needs={"tpc-pull"},
    catches={
        "tpc-pull-lies",
        "tpc-empty-file",
        "tpc-truncates",
        "tpc-corrupts",
        "tpc-pull-unsupported",
    },
    rows={"TPC-13", "B3.26"},
)
def test_pair_pull_copies_truth(
    se: StorageElement, peer: StorageElement, payload: PayloadOf, expect: Expect, pace: Pace
) -> None:
    """The endpoint must be able to pull a file from this peer, byte for byte.

    Rules between the two sites hang or lose data although each of them works with others.
    """
    source, target = peer.workdir / "source", se.workdir / "copy"
    data = payload(MIB + 7)
    expect.control(peer.put(source, data))

    transfer = se.copy(
        target,
        direction="pull",
        remote=peer.url_of(source),
        remote_auth=peer.credential("GET", source),
    )

    expect.transferred(transfer)
    expect.truth(se, target, data)
    pace(transfer, data)


@check(
    req="http-tpc/push",
    level=MUST,
    severity=CRITICAL,
    needs={"tpc-push"},
    catches={"tpc-push-lies", "tpc-truncates", "tpc-corrupts", "tpc-push-unsupported"},
    rows={"TPC-13", "B3.26"},
)
def test_pair_push_copies_truth(
    se: StorageElement, peer: StorageElement, payload: PayloadOf, expect: Expect, pace: Pace
) -> None:
    """The endpoint must be able to push a file to this peer, byte for byte.

    Rules between the two sites hang or lose data although each of them works with others.
    """
    source, target = se.workdir / "source", peer.workdir / "copy"
    data = payload(MIB + 7)
    expect.control(se.put(source, data))

    transfer = se.copy(
        source,
        direction="push",
        remote=peer.url_of(target),
        remote_auth=peer.credential("PUT", target),
    )

    expect.transferred(transfer)
    expect.truth(peer, target, data)
    pace(transfer, data)
