"""The mesh of rules: one true copy an ordered pair of RSEs, by Rucio and FTS."""

from __future__ import annotations

from lakeproof import HIGH, MUST, Directly, Expect, PayloadOf, Rse, StorageElement, check

SIZE = 300_000


@check(
    req="rucio/rule",
    level=MUST,
    severity=HIGH,
    needs={"webdav", "write", "tokens", "rucio", "tpc-pull"},
    catches={"tpc-pull-lies", "tpc-corrupts", "tpc-pull-unsupported"},
    rows={"RUC-03", "B9.44"},
    was={"rucio.replicas.rule-makes-a-true-copy"},
)
def test_pair_rule_makes_a_true_copy(
    se: StorageElement,
    rse: Rse,
    peer_rse: Rse,
    directly: Directly,
    payload: PayloadOf,
    expect: Expect,
) -> None:
    """A rule that asks for a copy of this peer's file ends OK, with a true copy in place.

    Data reach a site by rules only; one that is stuck, or OK without the data, leaves the site's
    users waiting or their jobs failing.
    """
    data, name = payload(SIZE), peer_rse.new_name()
    uploaded = peer_rse.upload(name, data)
    expect.given(uploaded.ok, f"the file is not at the peer: {uploaded.describe()}")

    end = rse.replicate(name)

    expect.ruled(end, lambda: directly.copy(peer_rse, name, data))
    expect.truth(se, rse.path_of(name), data)
