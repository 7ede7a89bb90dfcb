"""What the holder of a macaroon makes of it: narrower ones that verify, forgeries that do not."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from pymacaroons import Macaroon, Verifier
from pymacaroons.exceptions import MacaroonException

from lakeproof.credentials import macaroons
from lakeproof.wire.auth import Bearer

SECRET = "the storage's"
CAVEATS = ("activity:DOWNLOAD,LIST", "path:/a", "before:2030-01-01T00:00:00Z")


def _macaroon(*caveats: str) -> Bearer:
    made = Macaroon(location="here", identifier="1", key=SECRET)
    for caveat in caveats:
        made.add_first_party_caveat(caveat)
    return Bearer(made.serialize(), label="macaroon")


def _verifies(bearer: Bearer) -> bool:
    verifier = Verifier()
    verifier.satisfy_general(lambda _: True)
    try:
        return bool(verifier.verify(Macaroon.deserialize(bearer.token), SECRET))
    except MacaroonException:
        return False


def test_narrowed_macaroon_verifies_and_has_the_caveat() -> None:
    narrow = macaroons.narrowed(_macaroon(*CAVEATS), "path:/a/b")

    assert _verifies(narrow)
    assert macaroons.caveats_of(narrow) == (*CAVEATS, "path:/a/b")


def test_earliest_end_counts() -> None:
    narrow = macaroons.narrowed(_macaroon(*CAVEATS), "before:2029-06-01T12:00:00.500Z")

    assert macaroons.end_of(narrow) == datetime(2029, 6, 1, 12, 0, 0, 500_000, UTC)
    assert macaroons.end_of(_macaroon("path:/a")) is None


@pytest.mark.parametrize(
    "kind", ["altered-signature", "dropped-activity", "widened-activity", "foreign-key"]
)
def test_forgery_is_a_macaroon_that_does_not_verify(kind: str) -> None:
    forgery = macaroons.forged(_macaroon(*CAVEATS), kind)

    assert Macaroon.deserialize(forgery.token).identifier == "1"
    assert not _verifies(forgery)


def test_widened_forgery_claims_more() -> None:
    widened = macaroons.forged(_macaroon(*CAVEATS), "widened-activity")

    assert macaroons.caveats_of(widened)[0] == "activity:DOWNLOAD,LIST,UPLOAD,MANAGE,DELETE"


@pytest.mark.parametrize("text", ["a.jwt.token", "", "????", "bm90IGEgbWFjYXJvb24"])
def test_what_is_no_macaroon_is_told(text: str) -> None:
    with pytest.raises(macaroons.NoMacaroonError, match="is no macaroon"):
        macaroons.caveats_of(Bearer(text or "x", label="storm's"))


def test_end_that_is_no_time_is_told() -> None:
    with pytest.raises(macaroons.NoMacaroonError, match="soon"):
        macaroons.end_of(_macaroon("before:soon"))
