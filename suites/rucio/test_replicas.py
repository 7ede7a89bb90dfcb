"""A file of Rucio's at the endpoint: uploaded, listed, downloaded, and deleted when it expires."""

from __future__ import annotations

from lakeproof import (
    HIGH,
    MUST,
    SHOULD,
    Directly,
    Expect,
    PayloadOf,
    Rse,
    StorageElement,
    check,
)

SIZE = 300_000
# Rucio takes a file for expired when its rule is; then its daemons have to get round to it.
SOON_S = 5
NEEDS = {"webdav", "write", "tokens", "rucio"}


@check(
    req="rucio/upload",
    level=MUST,
    severity=HIGH,
    needs=NEEDS,
    catches={"put-truncates", "move-loses", "move-truncates"},
    rows={"RUC-01", "RUC-09", "B9.44"},
)
def test_uploaded_replica_is_whole(
    se: StorageElement, rse: Rse, directly: Directly, payload: PayloadOf, expect: Expect
) -> None:
    """What Rucio's client uploads over HTTP is there, whole, at the endpoint itself.

    Rucio lists the replica from then on, and jobs are sent to the data: a replica that is not
    there, or not whole, fails them all.
    """
    data = payload(SIZE)
    for scheme in rse.over_http("write"):
        name = rse.new_name()

        answer = rse.upload(name, data, scheme=scheme)

        expect.through(
            answer.ok,
            f"Rucio's client uploads over {scheme}",
            answer.describe(),
            lambda: directly.upload(data),
        )
        expect.truth(se, rse.path_of(name), data)


@check(
    req="rucio/download",
    level=MUST,
    severity=HIGH,
    needs=NEEDS,
    catches={"get-wrong-bytes", "get-truncated"},
    rows={"RUC-02", "B9.44"},
    was={"rucio.replicas.replica-is-downloaded-by-every-protocol"},
)
def test_downloaded_replica_is_true(
    se: StorageElement, rse: Rse, payload: PayloadOf, expect: Expect
) -> None:
    """What Rucio's client downloads over HTTP has the bytes that were uploaded.

    Jobs and people read data this way; Rucio's client throws a file away that does not fit.
    """
    data, name = payload(SIZE), rse.new_name()
    uploaded = rse.upload(name, data)
    expect.given(uploaded.ok, f"Rucio's client did not upload the file: {uploaded.describe()}")
    path = rse.path_of(name)
    for scheme in rse.over_http("read"):
        answer, got = rse.download(name, scheme)

        expect.through(
            answer.ok,
            f"Rucio's client downloads over {scheme}",
            answer.describe(),
            lambda: expect.content(se, path, data),
        )
        expect.that(
            got == b"".join(data.chunks()),
            f"{data.size} bytes, adler32 {data.adler32}",
            f"{len(got)} bytes over {scheme}, which are others",
        )


@check(
    req="rucio/listing",
    level=MUST,
    severity=HIGH,
    needs=NEEDS,
    catches={"get-truncated"},
    rows={"RUC-12"},
)
def test_each_listed_url_is_readable(
    se: StorageElement, rse: Rse, payload: PayloadOf, expect: Expect
) -> None:
    """For each scheme that an RSE is read by Rucio lists a URL, and that URL gives the file.

    Rucio hands a client the URL of whichever scheme it prefers: one that does not work fails
    some users and not others, and nobody sees why.
    """
    data, name = payload(SIZE), rse.new_name()
    uploaded = rse.upload(name, data)
    expect.given(uploaded.ok, f"Rucio's client did not upload the file: {uploaded.describe()}")
    over_http = rse.over_http("read")
    for scheme in rse.schemes("read"):
        listed = rse.urls(name, scheme)

        expect.given(len(listed) == 1, f"Rucio lists {len(listed)} URLs over {scheme}")
        if scheme in over_http:
            expect.truth(se, rse.path_of(name, scheme), data)
        else:
            answer, _ = rse.download(name, scheme)
            expect.that(answer.ok, f"{listed[0]} is readable", answer.describe())


@check(
    req="rucio/deletion",
    level=SHOULD,
    severity=HIGH,
    needs=NEEDS,
    catches={"delete-lies"},
    rows={"RUC-13", "B9.44"},
)
def test_expired_replica_is_gone(
    se: StorageElement, rse: Rse, directly: Directly, payload: PayloadOf, expect: Expect
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

    expect.through(dropped, "Rucio deletes the replica", "Rucio still lists it", directly.delete)
    expect.absent(se, path)
