"""Who may do what: WLCG tokens against the claims, scopes and faults."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import timedelta
from typing import Any

import pytest
from joserfc.jwk import RSAKey

from .conftest import Element, Issuer

AHEAD = timedelta(seconds=30)
READ, CREATE, MODIFY = "storage.read:/", "storage.create:/", "storage.modify:/"


def unbase64(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def segment(content: object) -> str:
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


BAD_CLAIMS: dict[str, dict[str, Any]] = {
    "token-expired-accepted": {"exp": 1_600_000_000},
    "token-exp-missing-accepted": {"exp": None},
    "token-nbf-ignored": {"nbf": AHEAD * 20},
    "token-audience-ignored": {"aud": "https://elsewhere.example"},
    "token-audience-missing-accepted": {"aud": None},
    "token-audience-prefix": {"aud": "https://wlcg.cern.ch/jwt/v1/anybody"},
    "token-audience-case": {"aud": "https://WLCG.cern.ch/jwt/v1/any"},
    "token-audience-array-any-element": {"aud": ["https://elsewhere.example"]},
    "token-issuer-ignored": {"iss": "https://unknown.example/"},
    "token-issuer-slash": {"iss": "https://issuer.example"},
    "token-version-missing-accepted": {"wlcg.ver": None},
    "token-major-version-accepted": {"wlcg.ver": "2.0"},
    "token-sub-missing-accepted": {"sub": None},
    "token-jti-missing-accepted": {"jti": None},
    "token-iat-missing-accepted": {"iat": None},
    "token-id-token-accepted": {"nonce": "n", "scope": None},
    "scope-pathless-accepted": {"scope": "storage.read"},
    "scope-pathless-skipped": {"scope": "storage.create storage.read:/"},
    "scope-case-ignored": {"scope": "Storage.Read:/"},
}


@pytest.mark.parametrize("fault", BAD_CLAIMS)
def test_a_bad_claim_is_refused_unless_broken(element: Element, issuer: Issuer, fault: str) -> None:
    client = element()
    client("PUT", "/f", data=b"x")
    token = issuer.token(READ, **BAD_CLAIMS[fault])
    assert client("GET", "/f", token=token).status_code in {401, 403}
    client.server.faults = frozenset({fault})
    assert client("GET", "/f", token=token).status_code == 200


GOOD_CLAIMS: dict[str, dict[str, Any]] = {
    "token-audience-any-refused": {},
    "token-audience-array-refused": {"aud": ["x", "https://wlcg.cern.ch/jwt/v1/any"]},
    "token-minor-version-refused": {"wlcg.ver": "1.9"},
    "token-extra-claim-refused": {"something": "else"},
    "token-nbf-no-skew": {"nbf": AHEAD},
    "token-long-refused": {"name": "x" * 8000},
    "token-es256-refused": {"header": {"alg": "ES256", "kid": "two"}},
    "token-rs256-refused": {},
}


@pytest.mark.parametrize("fault", GOOD_CLAIMS)
def test_a_good_claim_is_accepted_unless_broken(
    element: Element, issuer: Issuer, fault: str
) -> None:
    client = element()
    client("PUT", "/f", data=b"x")
    token = issuer.token(READ, **GOOD_CLAIMS[fault])
    assert client("GET", "/f", token=token).status_code == 200
    client.server.faults = frozenset({fault})
    assert client("GET", "/f", token=token).status_code == 401


def forged(issuer: Issuer) -> dict[str, str]:
    genuine = issuer.token(READ)
    head, body, signature = genuine.split(".")
    stranger = RSAKey.generate_key(2048, {"kid": "one"})
    none = segment({"alg": "none", "kid": "one"})
    hs256 = segment({"alg": "HS256", "kid": "one"})
    mac = hmac.new(
        issuer.rsa.as_pem(private=False), f"{hs256}.{body}".encode(), hashlib.sha256
    ).digest()
    own_key = {"kid": None, "jwk": stranger.as_dict(private=False)}
    by_stranger = Issuer.__new__(Issuer)
    by_stranger.rsa = stranger
    flipped = signature[:-10] + ("A" if signature[-10] != "A" else "B") + signature[-9:]
    return {
        "token-signature-ignored": f"{head}.{body}.{flipped}",
        "token-alg-none": f"{none}.{body}.",
        "token-hs256-confusion": f"{hs256}.{body}.{segment(mac)}",
        "token-foreign-key": by_stranger.token(READ),
        "token-embedded-key": by_stranger.token(READ, header=own_key),
        "token-kid-missing-accepted": issuer.token(READ, header={"kid": None}),
    }


@pytest.mark.parametrize(
    "fault",
    [
        "token-signature-ignored",
        "token-alg-none",
        "token-hs256-confusion",
        "token-foreign-key",
        "token-embedded-key",
        "token-kid-missing-accepted",
    ],
)
def test_a_forged_token_is_refused_unless_broken(
    element: Element, issuer: Issuer, fault: str
) -> None:
    client = element()
    client("PUT", "/f", data=b"x")
    token = forged(issuer)[fault]
    assert client("GET", "/f", token=token).status_code == 401
    client.server.faults = frozenset({fault})
    assert client("GET", "/f", token=token).status_code == 200


def test_no_credential_and_garbage_are_challenged(element: Element) -> None:
    client = element()
    for token in (None, "", "garbage", "a.b.c", "ä"):
        reply = client("GET", "/f", token=token and token.encode("utf-8").decode("latin-1"))
        assert reply.status_code == 401
        assert reply.headers["WWW-Authenticate"].startswith("Bearer")


# scope, method, path, extra headers, allowed
RULES: list[tuple[str, str, str, bool]] = [
    ("storage.read:/", "GET", "/dir/f", True),
    ("storage.read:/", "PUT", "/dir/new", False),
    ("storage.read:/", "DELETE", "/dir/f", False),
    ("storage.read:/", "MKCOL", "/dir/d", False),
    ("storage.read:/dir", "GET", "/dir/f", True),
    ("storage.read:/di", "GET", "/dir/f", False),
    ("storage.read:/dir/f", "GET", "/dir/f", True),
    ("storage.read:/dir/f/", "GET", "/dir/f", False),
    ("storage.read:/%64ir", "GET", "/dir/f", True),
    ("storage.create:/", "PUT", "/dir/new", True),
    ("storage.create:/", "PUT", "/deep/er/new", True),
    ("storage.create:/", "PUT", "/dir/f", False),
    ("storage.create:/", "DELETE", "/dir/f", False),
    ("storage.create:/", "GET", "/dir/f", False),
    ("storage.create:/", "HEAD", "/dir/f", True),
    ("storage.create:/", "MKCOL", "/dir/d", True),
    ("storage.create:/lead/ing", "MKCOL", "/lead", True),
    ("storage.create:/lead/ing", "PUT", "/lead", False),
    ("storage.modify:/", "PUT", "/dir/f", True),
    ("storage.modify:/", "DELETE", "/dir/f", True),
    ("storage.modify:/", "GET", "/dir/f", False),
    ("storage.stage:/", "GET", "/dir/f", False),
    ("storage.stage:/", "HEAD", "/dir/f", True),
    ("storage.poll:/", "HEAD", "/dir/f", False),
    ("openid", "GET", "/dir/f", False),
    ("storage.read:/../dir", "GET", "/dir/f", False),
    ("storage.read:/x storage.read:/dir", "GET", "/dir/f", True),
]


@pytest.mark.parametrize(("scope", "method", "path", "allowed"), RULES)
def test_scopes(
    element: Element, issuer: Issuer, scope: str, method: str, path: str, allowed: bool
) -> None:
    client = element()
    client("PUT", "/dir/f", data=b"old")
    body = b"new" if method == "PUT" else None
    reply = client(method, path, token=issuer.token(scope), data=body)
    assert (reply.status_code < 300) is allowed
    if not allowed:
        assert client("GET", "/dir/f").content == b"old"


def test_create_renames_its_file_but_not_onto_another(element: Element, issuer: Issuer) -> None:
    client = element()
    for name in ("a", "b"):
        client("PUT", f"/{name}", data=name.encode())
    token = issuer.token(CREATE)
    onto = client("MOVE", "/a", token=token, headers={"Destination": "/data/b"})
    fresh = client("MOVE", "/a", token=token, headers={"Destination": "/data/c"})
    assert (onto.status_code, fresh.status_code) == (403, 201)
    assert client("GET", "/b").content == b"b"


def test_groups_count_only_without_capabilities(element: Element, issuer: Issuer) -> None:
    client = element(reader_groups=("/lake",))
    client("PUT", "/f", data=b"x")
    member = {"wlcg.groups": ["/lake"]}
    assert client("GET", "/f", token=issuer.token(**member)).status_code == 200
    assert client("PUT", "/g", data=b"", token=issuer.token(**member)).status_code == 403
    beside = issuer.token("compute.read", **member)
    assert client("GET", "/f", token=beside).status_code == 403
    child = issuer.token(**{"wlcg.groups": ["/lake/child"]})
    assert client("GET", "/f", token=child).status_code == 403


def test_a_token_may_come_in_the_query(element: Element, issuer: Issuer) -> None:
    client = element()
    client("PUT", "/f", data=b"x")
    assert client("GET", f"/f?authz=Bearer%20{issuer.token(READ)}", token=None).status_code == 200


def test_dcache_throttles_repeated_failures(element: Element) -> None:
    client = element(dialect="dcache", throttle_block_s=0.5)
    for _ in range(3):
        assert client("GET", "/f", token="x").status_code == 401
    blocked = client("GET", "/f")
    assert (blocked.status_code, blocked.headers["Retry-After"]) == (429, "1")
