"""Keys that the lake's issuer publishes only when a token is signed with them."""

from __future__ import annotations

from pathlib import Path

from joserfc import jws, jwt
from joserfc.jwk import KeySet

from lakeproof.lake.tokens import MOST_NEW_KEYS, SigningKeys, TokenRequest

URL = "https://issuer.lakeproof.test:1"
RULES = jws.JWSRegistry(algorithms=["RS256", "ES256"], strict_check_header=False)


def test_new_key_is_published_with_its_first_token_and_kept_for_a_while(tmp_path: Path) -> None:
    keys = SigningKeys.kept_in(tmp_path / "keys.json")
    before = {key["kid"] for key in keys.public["keys"]}

    token = keys.mint(URL, TokenRequest("probe", ["storage.read:/"], new_key=True))

    published = KeySet.import_key_set(keys.public)  # type: ignore[arg-type]
    decoded = jwt.decode(token, published, registry=RULES)
    assert decoded.header["kid"] not in before
    assert decoded.header["alg"] == "ES256"
    assert not any("d" in key for key in keys.public["keys"])
    for _ in range(MOST_NEW_KEYS):
        keys.mint(URL, TokenRequest("probe", ["storage.read:/"], new_key=True))
    assert len(keys.public["keys"]) == len(before) + MOST_NEW_KEYS
    assert decoded.header["kid"] not in {key["kid"] for key in keys.public["keys"]}


def test_new_keys_are_not_kept_over_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    keys = SigningKeys.kept_in(path)
    before = keys.public
    keys.mint(URL, TokenRequest("probe", ["storage.read:/"], new_key=True))

    assert SigningKeys.kept_in(path).public == before
