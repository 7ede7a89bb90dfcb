from __future__ import annotations

import pytest

from lakeproof.credentials.errors import CredentialError
from lakeproof.credentials.facts import TokenFacts
from lakeproof.credentials.granted import refuse_if_other
from lakeproof.lake.layout import Layout
from lakeproof.lake.tokens import SigningKeys, TokenRequest


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> SigningKeys:
    secret = Layout(tmp_path_factory.mktemp("granted")).directory
    return SigningKeys.kept_in(secret / "keys.json")


def _facts(keys: SigningKeys, *audience: str) -> TokenFacts:
    request = TokenRequest("client", ["openid"], audience)
    return TokenFacts.of(keys.mint("https://issuer.invalid", request), "a token")


@pytest.mark.parametrize("asked", ["rucio", "any", "any rucio", "rucio any"])
def test_audiences_that_were_asked_for_may_be_several(keys: SigningKeys, asked: str) -> None:
    refuse_if_other(_facts(keys, "rucio", "any"), ["openid"], asked, "the issuer")


def test_one_audience_of_two_is_not_what_was_asked_for(keys: SigningKeys) -> None:
    with pytest.raises(CredentialError, match="asked for audience rucio any, granted rucio"):
        refuse_if_other(_facts(keys, "rucio"), ["openid"], "rucio any", "the issuer")
