"""Who may not: a token that may do less, another account."""

from __future__ import annotations

from lakeproof import (
    CRITICAL,
    MUST,
    Expect,
    PayloadOf,
    Rse,
    StorageElement,
    TokenFor,
    check,
)

SIZE = 30_000
NEEDS = {"webdav", "write", "rucio", "token-scopes"}


@check(
    req="rucio/storage-scopes",
    level=MUST,
    severity=CRITICAL,
    needs=NEEDS,
    catches={"scope-unknown-grants"},
)
def test_login_alone_downloads_nothing(
    rse: Rse, token: TokenFor, payload: PayloadOf, expect: Expect
) -> None:
    """A token that only logs in to Rucio must not give its bearer a file of the endpoint.

    Everybody who has an account may list everything: without a right to read at the storage,
    listing would be reading.
    """
    data, name = payload(SIZE), rse.new_name()
    uploaded = rse.upload(name, data)
    expect.given(uploaded.ok, f"Rucio's client did not upload the file: {uploaded.describe()}")
    (scheme, *_) = rse.over_http("read")
    able, _ = rse.download(name, scheme)
    expect.given(able.ok, f"nor does a good token download it: {able.describe()}")

    answer, got = rse.download(name, scheme, token=token("openid", audience=rse.audience).token)

    expect.that(not got, "nothing is downloaded", f"{len(got)} bytes were: {answer.describe()}")


@check(
    req="rucio/storage-scopes",
    level=MUST,
    severity=CRITICAL,
    needs=NEEDS,
    catches={"scope-ignored"},
)
def test_login_alone_uploads_nothing(
    se: StorageElement, rse: Rse, token: TokenFor, payload: PayloadOf, expect: Expect
) -> None:
    """A token that only logs in to Rucio must not write a file at the endpoint.

    Whoever may write where Rucio's files lie may replace everybody's data.
    """
    name = rse.new_name()
    able = rse.upload(rse.new_name(), payload(SIZE))
    expect.given(able.ok, f"nor does a good token upload anything: {able.describe()}")

    answer = rse.upload(name, payload(SIZE), token=token("openid", audience=rse.audience).token)

    expect.absent(se, rse.place_of(name))
    expect.that(not answer.ok, "the upload is refused", answer.describe())


@check(
    req="rucio/embargo",
    level=MUST,
    severity=CRITICAL,
    needs=NEEDS | {"other-token"},
    catches={"embargo-read-unchecked"},
)
def test_other_account_downloads_no_embargoed_file(
    rse: Rse, other_rse: Rse, payload: PayloadOf, expect: Expect
) -> None:
    """Another account, with a token of its own group, must not download a file of this group.

    Rucio shows every account where a file lies; only the storage keeps it from reading what is
    under embargo.
    """
    data, name = payload(SIZE), rse.new_name()
    uploaded = rse.upload(name, data)
    expect.given(uploaded.ok, f"Rucio's client did not upload the file: {uploaded.describe()}")
    (scheme, *_) = rse.over_http("read")
    able, _ = rse.download(name, scheme)
    expect.given(able.ok, f"nor does its owner download it: {able.describe()}")
    known = other_rse.log_in()
    expect.given(known.ok, f"Rucio does not know the other account: {known.describe()}")

    answer, got = other_rse.download(name, scheme)

    expect.that(
        not got, "the other account gets nothing", f"it got {len(got)} bytes: {answer.describe()}"
    )
