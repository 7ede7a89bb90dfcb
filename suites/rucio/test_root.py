"""Upload and download over XRootD's own protocol, where Rucio knows such a door of the endpoint."""

from __future__ import annotations

from lakeproof import HIGH, MUST, Expect, PayloadOf, Rse, StorageElement, check

SIZE = 300_000
NEEDS = {"webdav", "write", "tokens", "rucio"}


@check(
    req="rucio/upload",
    level=MUST,
    severity=HIGH,
    needs=NEEDS,
    catches={"put-corrupts"},
    rows={"RUC-01", "B9.44"},
)
def test_replica_uploaded_over_root_is_whole(
    se: StorageElement, rse: Rse, payload: PayloadOf, expect: Expect
) -> None:
    """What Rucio's client uploads over root:// is there, whole, at the endpoint itself.

    Both doors of a storage lead to the same files: what one of them spoils, all jobs miss.
    """
    data, name = payload(SIZE), rse.new_name()
    (scheme, *_) = rse.over_root("write")

    answer = rse.upload(name, data, scheme=scheme)

    expect.that(answer.ok, f"Rucio's client uploads over {scheme}", answer.describe())
    expect.truth(se, rse.path_of(name), data)


@check(
    req="rucio/download",
    level=MUST,
    severity=HIGH,
    needs=NEEDS,
    catches={"get-wrong-bytes"},
    rows={"RUC-02", "B9.44"},
)
def test_replica_downloaded_over_root_is_true(rse: Rse, payload: PayloadOf, expect: Expect) -> None:
    """What Rucio's client downloads over root:// has the bytes that were uploaded over HTTP.

    Analysis jobs read by this protocol what transfers have brought by the other.
    """
    data, name = payload(SIZE), rse.new_name()
    (scheme, *_) = rse.over_root("read")
    uploaded = rse.upload(name, data, scheme=rse.over_http("write")[0])
    expect.given(uploaded.ok, f"Rucio's client did not upload the file: {uploaded.describe()}")

    answer, got = rse.download(name, scheme)

    expect.that(answer.ok, f"Rucio's client downloads over {scheme}", answer.describe())
    expect.that(
        got == b"".join(data.chunks()),
        f"{data.size} bytes, adler32 {data.adler32}",
        f"{len(got)} bytes over {scheme}, which are others",
    )
