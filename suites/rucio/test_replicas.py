from __future__ import annotations

from lakeproof import (
    HIGH,
    MUST,
    SHOULD,
    Expect,
    PayloadOf,
    Rse,
    StorageElement,
    check,
)

SIZE = 300_000
# Rucio takes a file for expired when its rule is; then its daemons have to get round to it.
SOON_S = 5


@check(
    req="rucio/upload",
    level=MUST,
    severity=HIGH,
    needs={"webdav", "write", "tokens", "rucio"},
    catches={"put-truncates", "move-loses", "move-truncates"},
    rows={"RUC-01"},
)
def test_uploaded_replica_is_whole(
    se: StorageElement, rse: Rse, payload: PayloadOf, expect: Expect
) -> None:
    """What Rucio's client uploads, by each protocol that it may write with, is there, whole.

    Rucio lists the replica from then on, and jobs are sent to the data: a replica that is not
    there, or not whole, fails them all.
    """
    data = payload(SIZE)
    for scheme in rse.schemes("write"):
        name = rse.new_name()

        answer = rse.upload(name, data, scheme=scheme)

        expect.that(answer.ok, f"Rucio's client uploads over {scheme}", answer.describe())
        expect.truth(se, rse.path_of(name), data)


@check(
    req="rucio/download",
    level=MUST,
    severity=HIGH,
    needs={"webdav", "write", "tokens", "rucio"},
    catches={"get-wrong-bytes", "get-truncated"},
    rows={"RUC-02", "RUC-12"},
)
def test_replica_is_downloaded_by_every_protocol(
    se: StorageElement, rse: Rse, payload: PayloadOf, expect: Expect
) -> None:
    """A replica is downloaded, with the bytes that were uploaded, by each protocol of the RSE.

    Rucio hands a client the URL of whichever protocol it prefers: one that does not work fails
    some users and not others, and nobody sees why.
    """
    data, name = payload(SIZE), rse.new_name()
    uploaded = rse.upload(name, data)
    expect.given(uploaded.ok, f"Rucio's client did not upload the file: {uploaded.describe()}")
    for scheme in rse.schemes("read"):
        answer, got = rse.download(name, scheme)

        expect.that(answer.ok, f"Rucio's client downloads over {scheme}", answer.describe())
        expect.that(
            got == b"".join(data.chunks()),
            f"{data.size} bytes, adler32 {data.adler32}",
            f"{len(got)} bytes over {scheme}, which are others",
        )


@check(
    req="rucio/rule",
    level=MUST,
    severity=HIGH,
    needs={"webdav", "write", "tokens", "rucio", "partner", "tpc-pull"},
    catches={"tpc-pull-lies", "tpc-corrupts", "tpc-pull-unsupported"},
    rows={"RUC-03"},
)
def test_rule_makes_a_true_copy(
    se: StorageElement, rse: Rse, source_rse: Rse, payload: PayloadOf, expect: Expect
) -> None:
    """A rule that asks for a copy of a partner's file ends OK, with a true copy in place.

    Data reach a site by rules only; one that is stuck, or OK without the data, leaves the site's
    users waiting or their jobs failing.
    """
    data, name = payload(SIZE), source_rse.new_name()
    uploaded = source_rse.upload(name, data)
    expect.given(uploaded.ok, f"the file is not at the partner: {uploaded.describe()}")

    end = rse.replicate(name)

    expect.that(end.state == "OK", "the rule is OK", f"the rule is {end.describe()}")
    expect.truth(se, rse.path_of(name), data)


@check(
    req="rucio/deletion",
    level=SHOULD,
    severity=HIGH,
    needs={"webdav", "write", "tokens", "rucio"},
    catches={"delete-lies"},
    rows={"RUC-13", "B9.44"},
)
def test_expired_replica_is_gone(
    se: StorageElement, rse: Rse, payload: PayloadOf, expect: Expect
) -> None:
    """When its rule has expired, a replica is deleted from the storage, not only from the list.

    What Rucio no longer lists and the storage still keeps is dark data: it fills the site, and
    nobody looks for it.
    """
    data, name = payload(SIZE), rse.new_name()
    uploaded = rse.upload(name, data, lifetime_s=SOON_S)
    expect.given(uploaded.ok, f"Rucio's client did not upload the file: {uploaded.describe()}")
    path = rse.path_of(name)
    expect.control(se.head(path))

    dropped = rse.wait_until_dropped(name)

    expect.that(dropped, "Rucio deletes the replica", "Rucio still lists it")
    expect.absent(se, path)
