"""Third-party copies of XRootD's own: one door fetches from the other."""

from lakeproof import (
    CRITICAL,
    HIGH,
    SHOULD,
    Expect,
    PayloadOf,
    RootCopy,
    StorageElement,
    check,
)

MIB = 1024 * 1024
NEEDS = {"root", "write", "partner", "tpc-pull"}


@check(
    req="xrootd/tpc",
    level=SHOULD,
    severity=HIGH,
    needs=NEEDS,
    catches={"root-tpc-refused", "root-tpc-lost"},
    rows={"ROOT-12", "TPC-12", "B7.42"},
)
def test_door_fetches_from_another(
    se: StorageElement,
    root_partner: StorageElement,
    root_pull: RootCopy,
    payload: PayloadOf,
    expect: Expect,
) -> None:
    """The door should fetch a file from another one, and have it whole when it says so.

    FTS copies between sites like this where they share root:// only; a copy that is reported and
    not whole is a lost file.
    """
    source, target, data = root_partner.workdir / "f", se.workdir / "f", payload(MIB + 1)
    expect.control(root_partner.put(source, data))

    reply = root_pull(source, target)

    expect.success(reply)
    expect.content(se, target, data)


@check(
    req="xrootd/tpc",
    level=SHOULD,
    severity=CRITICAL,
    needs=NEEDS,
    catches={"root-read-garbled"},
    rows={"ROOT-12", "TPC-12", "B7.42"},
)
def test_door_serves_another_that_fetches(
    se: StorageElement,
    root_partner: StorageElement,
    root_push: RootCopy,
    payload: PayloadOf,
    expect: Expect,
) -> None:
    """Another door that fetches a file from this one should get it whole.

    It is the other half of each copy over root://.
    """
    source, target, data = se.workdir / "f", root_partner.workdir / "f", payload(MIB + 1)
    expect.control(se.put(source, data))

    reply = root_push(source, target)

    expect.success(reply)
    expect.content(root_partner, target, data)
