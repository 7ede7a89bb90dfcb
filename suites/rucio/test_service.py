"""What Rucio itself has to do for the RSE; a failure here is about Rucio and not the storage."""

from __future__ import annotations

from lakeproof import (
    HIGH,
    LOW,
    MEDIUM,
    SHOULD,
    Expect,
    PayloadOf,
    Rse,
    StorageElement,
    TokenFor,
    check,
)

SIZE = 30_000
NEEDS = {"webdav", "write", "tokens", "rucio"}
STRANGER = "https://somebody-else.invalid"


@check(
    req="rucio/audience",
    level=SHOULD,
    severity=HIGH,
    needs=NEEDS | {"token-scopes", "token-audience"},
    catches={"rucio-audience-ignored"},
)
def test_token_for_somebody_else_does_not_log_in(rse: Rse, token: TokenFor, expect: Expect) -> None:
    """Rucio refuses a token whose audience is somebody else.

    A storage that is shown a token could go to Rucio with it and delete its owner's data.
    """
    good = rse.log_in()
    expect.given(good.ok, f"nor does a good token log in: {good.describe()}")

    answer = rse.log_in(token("openid", audience=STRANGER).token)

    expect.that(not answer.ok, "the login is refused", f"Rucio takes us for {answer.value}")


@check(
    req="rucio/quota",
    level=SHOULD,
    severity=MEDIUM,
    needs=NEEDS | {"other-token"},
    catches={"rucio-quota-ignored"},
)
def test_account_without_quota_gets_no_rule(
    se: StorageElement,
    rse: Rse,
    other_rse: Rse,
    payload: PayloadOf,
    expect: Expect,
) -> None:
    """An account that has no quota at the RSE gets no rule there.

    The quota is all that keeps one group from filling a site that belongs to another.
    """
    name = rse.new_name()
    uploaded = rse.upload(name, payload(SIZE))
    expect.given(uploaded.ok, f"Rucio's client did not upload the file: {uploaded.describe()}")
    able = rse.ask_rule(rse.new_dataset(name))
    expect.given(able.ok, f"nor does an account with quota get a rule: {able.describe()}")
    expect.given(other_rse.log_in().ok, "Rucio does not know the other account")
    expect.given(not other_rse.quota(), "the other account has a quota at the RSE")

    answer = other_rse.ask_rule(name)

    expect.that(not answer.ok, "the rule is refused", f"there is a rule {answer.value}")


@check(
    req="rucio/metadata",
    level=SHOULD,
    severity=LOW,
    needs=NEEDS,
    catches={"rucio-metadata-forgotten"},
    rows={"RUC-08"},
)
def test_file_is_found_by_its_metadata(rse: Rse, payload: PayloadOf, expect: Expect) -> None:
    """A file is found by what was noted about it, and no other is.

    Who looks for data knows what they are about, and seldom their names.
    """
    name, neighbour = rse.new_name(), rse.new_name()
    for each in (name, neighbour):
        uploaded = rse.upload(each, payload(SIZE))
        expect.given(uploaded.ok, f"Rucio's client did not upload it: {uploaded.describe()}")
    rse.note(name, "lakeproof_note", name)
    rse.note(neighbour, "lakeproof_note", neighbour)

    found = rse.find("lakeproof_note", name)

    expect.equal(found, [name], "files that are found")
