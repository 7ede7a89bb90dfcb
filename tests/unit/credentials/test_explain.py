"""Tokens, good and bad, in plain words."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from joserfc.jwk import ECKey
from pymacaroons import Macaroon

from lakeproof.credentials.errors import CredentialError
from lakeproof.credentials.explain import Weight, as_json, explain, shown_time, verify
from lakeproof.lake.tokens import SigningKeys, TokenRequest

ISSUER = "https://iam.example.org/"
NOW = datetime.now(UTC)
READING = ("storage.read:/",)


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> SigningKeys:
    return SigningKeys.kept_in(tmp_path_factory.mktemp("issuer") / "keys.json")


def _unsigned(header: Mapping[str, Any], claims: Mapping[str, Any]) -> str:
    parts = [json.dumps(part).encode() for part in (header, claims)]
    coded = [base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts]
    return ".".join([*coded, "c2lnbmF0dXJl"])


def _macaroon(*caveats: str) -> str:
    macaroon = Macaroon(location="se.example.org", identifier="i", key="k")
    for caveat in caveats:
        macaroon.add_first_party_caveat(caveat)
    return str(macaroon.serialize())


GOOD = {
    "iss": ISSUER,
    "sub": "me",
    "exp": NOW.timestamp() + 3600,
    "aud": "https://se.example.org",
    "iat": NOW.timestamp(),
    "jti": "1",
    "wlcg.ver": "1.0",
    "scope": "storage.read:/",
}
ID_TOKEN = {k: v for k, v in GOOD.items() if k not in ("scope", "wlcg.ver")} | {"nonce": "n"}

# What is asked of the issuer, a line of the explanation, and what is found wrong.
MINTED: dict[str, tuple[dict[str, Any], str, str | None]] = {
    "good": ({}, "May: read everything", None),
    "several rights": (
        {"scopes": ("storage.read:/a", "storage.create:/a/b", "storage.stage:/")},
        "May: create new files and directories at and below /a/b; replace, rename over and "
        "delete nothing",
        None,
    ),
    "groups": (
        {"scopes": ("openid",), "claims": {"wlcg.groups": ["/lake/astro"]}},
        "May: whatever each storage lets the groups do",
        None,
    ),
    "expired": ({"lifetime_s": -300}, "Where: every server", "it has expired ("),
    "not yet": (
        {"claims": {"nbf": int(NOW.timestamp()) + 3000}},
        "Until: ",
        "it is valid only from ",
    ),
    "no path": (
        {"scopes": ("storage.read",)},
        "What: an access token",
        "storage.read names no path, so servers must refuse the whole token",
    ),
    "no identifier, no audience": (
        {"claims": {"jti": None, "aud": None}},
        "Where: no server is named",
        "it lacks aud (which servers may accept it), jti (its own identifier)",
    ),
    "version 2.0": (
        {"claims": {"wlcg.ver": "2.0"}},
        "What: an access token of the WLCG profile, version 2.0",
        "it is of version 2.0 of the profile, which servers of version 1 must refuse",
    ),
    "no key id": ({"header": {"kid": None}}, "May: read everything", "(kid)"),
}


@pytest.mark.parametrize("name", MINTED)
def test_token_of_an_issuer(keys: SigningKeys, name: str) -> None:
    asked, line, wrong = MINTED[name]
    token = keys.mint(ISSUER, TokenRequest(**{"client": "me", "scopes": READING, **asked}))

    told = explain(token, "file:token")

    assert any(f"{label}: {text}".startswith(line) for label, text in told.lines), told.lines
    found = [f.sentence for f in told.findings if f.weight is Weight.WRONG]
    assert told.is_sound == (wrong is None)
    assert (wrong is None and not found) or any(str(wrong) in sentence for sentence in found)
    assert all(f.clause.startswith("WLCG JWT 1.3") for f in told.findings)


@pytest.mark.parametrize(
    ("header", "claims", "wrong"),
    [
        ({"alg": "none", "kid": "k"}, GOOD, "it is signed with none"),
        ({"alg": "HS256", "kid": "k"}, GOOD, "it is signed with HS256"),
        ({"alg": "RS256", "kid": "k"}, ID_TOKEN, "it is an ID token"),
        ({"alg": "RS256", "kid": "k"}, {**GOOD, "iss": "http://iam"}, "its issuer is no https URL"),
    ],
    ids=["none", "hmac", "id-token", "plain-issuer"],
)
def test_token_that_no_issuer_should_give(
    header: dict[str, Any], claims: dict[str, Any], wrong: str
) -> None:
    told = explain(_unsigned(header, claims), "file:token")
    assert [f for f in told.findings if wrong in f.sentence and f.weight is Weight.WRONG]


def test_notes_are_not_wrong() -> None:
    claims = {**GOOD, "aud": "https://se.example.org/", "exp": NOW.timestamp() + 86400}
    told = explain(_unsigned({"alg": "ES256", "kid": "k"}, {**claims, "wlcg.ver": "1.2"}), "x")
    assert told.is_sound
    said = " ".join(f.sentence for f in told.findings)
    for part in ("ends with a slash", "longer than the six hours", "take exactly 1.0"):
        assert part in said


def test_macaroon_is_told_by_its_limits() -> None:
    token = _macaroon("activity:DOWNLOAD,LIST", "path:/a", "before:2020-01-01T00:00:00Z")

    told = explain(token, "file:token")

    assert ("Limit", "only download, list") in told.lines
    assert ("Limit", "only at and below /a") in told.lines
    assert ("Where", "the storage that made it (se.example.org)") in told.lines
    assert told.findings[0].sentence.startswith("it has expired (2020-01-01 00:00 UTC, ")


def test_macaroon_without_an_end_is_noted() -> None:
    (finding,) = explain(_macaroon(), "file:token").findings
    assert (finding.weight, finding.sentence) == (
        Weight.NOTE,
        "nothing in it says when it ends",
    )


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("<html>login</html>", "an HTML or XML page, not a token"),
        ('{"access_token": "x"}', "keep only the value of access_token"),
        ("", "empty, expected a token"),
        ("one.two", "a JWT has three dot-separated parts, this has 2"),
    ],
)
def test_what_is_no_token_is_said_to_be_none(text: str, sentence: str) -> None:
    with pytest.raises(CredentialError, match=sentence):
        explain(text, "file:token")


def test_signature_is_looked_at(keys: SigningKeys) -> None:
    token = keys.mint(ISSUER, TokenRequest(client="me", scopes=READING))
    published = keys.public["keys"]
    other = ECKey.generate_key("P-256", {"kid": published[1]["kid"], "alg": "ES256"})

    assert verify(token, published).weight is Weight.NOTE
    head, payload, signature = token.split(".")
    flipped = ("A" if signature[9] != "A" else "B").join((signature[:9], signature[10:]))
    for forged, known in (
        (f"{head}.{payload}.{flipped}", published),
        (token, [other.as_dict(private=False)]),
        (_unsigned({"alg": "none"}, GOOD), published),
    ):
        found = verify(forged, known)
        assert found.weight is Weight.WRONG
        assert found.sentence.startswith("its signature is not by a key that its issuer publishes")


def test_keys_that_we_cannot_read_accuse_nobody(keys: SigningKeys) -> None:
    token = keys.mint(ISSUER, TokenRequest(client="me", scopes=READING))
    strange = {"kty": "AKP", "kid": "new", "pub": "x"}
    assert verify(token, [strange, *keys.public["keys"]]).weight is Weight.NOTE
    assert verify(token, [strange]).weight is Weight.UNKNOWN


def test_token_without_a_key_id_is_tried_with_every_key(keys: SigningKeys) -> None:
    request = TokenRequest(client="me", scopes=READING, header={"kid": None})
    assert verify(keys.mint(ISSUER, request), keys.public["keys"]).weight is Weight.NOTE


def test_token_itself_is_never_in_the_explanation(keys: SigningKeys) -> None:
    token = keys.mint(ISSUER, TokenRequest(client="me", scopes=READING))
    told = explain(token, "file:token")
    shown = as_json(told) + " ".join(text for _, text in told.lines)
    assert all(part not in shown for part in token.split("."))
    assert json.loads(as_json(told))["claims"]["iss"] == ISSUER


def test_times_are_told_in_words() -> None:
    now = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
    assert shown_time(now.replace(hour=13), now) == "2026-11-24 13:00 UTC, in 1 hour"
    assert shown_time(now.replace(minute=0, day=21), now) == "2026-11-21 12:00 UTC, 3 days ago"
