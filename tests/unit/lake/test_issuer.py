from __future__ import annotations

import asyncio
import json
import secrets
import time
from typing import Any, cast

import pytest
from aiohttp import encode_basic_auth
from aiohttp.test_utils import TestClient, TestServer
from joserfc import jws, jwt
from joserfc.jwk import KeySet, KeySetSerialization

from lakeproof.lake.issuer import Issuer
from lakeproof.lake.layout import CLIENTS, Layout

URL = "https://issuer.lakeproof.test:1"
ASK = {"grant_type": "client_credentials", "scope": "storage.read:/x storage.create:/y"}


@pytest.fixture(scope="module")
def layout(tmp_path_factory: pytest.TempPathFactory) -> Layout:
    layout = Layout(tmp_path_factory.mktemp("lake"))
    layout.secret.mkdir(mode=0o700)
    for client in CLIENTS:
        layout.client_secret(client).write_text(secrets.token_urlsafe())
    return layout


def _get(layout: Layout, path: str) -> dict[str, Any]:
    async def talk() -> dict[str, Any]:
        server = TestServer(Issuer(layout, URL).application())
        async with TestClient(server) as client, client.get(path) as reply:
            return dict(await reply.json())

    return asyncio.run(talk())


def _post(
    layout: Layout, form: dict[str, str], client_id: str = "conformance", secret: str | None = None
) -> tuple[int, dict[str, Any]]:
    secret = secret or layout.client_secret(client_id).read_text()
    headers = {"Authorization": encode_basic_auth(client_id, secret)}

    async def talk() -> tuple[int, dict[str, Any]]:
        server = TestServer(Issuer(layout, URL).application())
        async with (
            TestClient(server) as client,
            client.post("/token", data=form, headers=headers) as reply,
        ):
            return reply.status, await reply.json()

    return asyncio.run(talk())


def _claims(layout: Layout, **odd: str) -> tuple[dict[str, Any], dict[str, Any]]:
    status, answer = _post(layout, {**ASK, **odd})
    assert status == 200, answer
    keys = KeySet.import_key_set(cast("KeySetSerialization", _get(layout, "/jwks")))
    lenient = jws.JWSRegistry(algorithms=["RS256", "ES256"], strict_check_header=False)
    token = jwt.decode(answer["access_token"], keys, registry=lenient)
    return token.header, token.claims


def test_metadata_leads_to_keys_without_private_parts(layout: Layout) -> None:
    metadata = _get(layout, "/.well-known/openid-configuration")
    keys = _get(layout, "/jwks")["keys"]

    assert metadata["issuer"] == URL
    assert metadata["jwks_uri"] == f"{URL}/jwks"
    assert {key["alg"] for key in keys} == {"RS256", "ES256"}
    assert not any("d" in key for key in keys)
    assert (layout.secret / "issuer-keys.json").stat().st_mode & 0o777 == 0o600


def test_token_has_the_claims_of_the_wlcg_profile(layout: Layout) -> None:
    _, claims = _claims(layout)

    assert claims["iss"] == URL
    assert claims["sub"] == "conformance"
    assert claims["aud"] == "https://wlcg.cern.ch/jwt/v1/any"
    assert claims["scope"] == ASK["scope"]
    assert claims["wlcg.ver"] == "1.0"
    assert claims["nbf"] <= time.time() < claims["exp"]
    assert {"iat", "jti"} <= claims.keys()


@pytest.mark.parametrize("algorithm", ["RS256", "ES256"])
def test_both_algorithms_sign(layout: Layout, algorithm: str) -> None:
    header, _ = _claims(layout, alg=algorithm)

    assert header["alg"] == algorithm


def test_audience_and_lifetime_are_as_asked(layout: Layout) -> None:
    _, claims = _claims(layout, audience="https://a:1 https://b:2", lifetime="5")

    assert claims["aud"] == ["https://a:1", "https://b:2"]
    assert claims["exp"] - claims["iat"] == 5


def test_negative_lifetime_gives_a_token_that_was_valid_once(layout: Layout) -> None:
    _, claims = _claims(layout, lifetime="-30")

    assert claims["iat"] <= claims["nbf"] < claims["exp"] < time.time()


def test_odd_claims_replace_and_remove(layout: Layout) -> None:
    header, claims = _claims(
        layout,
        lake_claims=json.dumps({"sub": "someone", "wlcg.ver": None}),
        lake_header=json.dumps({"typ": None, "kid": "lakeproof-rs256", "x": 1}),
    )

    assert claims["sub"] == "someone"
    assert "wlcg.ver" not in claims
    assert "typ" not in header
    assert header["x"] == 1


def test_odd_header_may_be_one_that_must_be_refused(layout: Layout) -> None:
    odd = json.dumps({"crit": ["unheard-of"], "unheard-of": 1, "kid": "nobody"})
    status, answer = _post(layout, {**ASK, "lake_header": odd})

    assert status == 200
    header = jws.extract_compact(answer["access_token"].encode()).headers()
    assert (header["kid"], header["crit"]) == ("nobody", ["unheard-of"])


def test_ordinary_client_gets_no_odd_token(layout: Layout) -> None:
    status, answer = _post(layout, {**ASK, "lake_claims": "{}"}, "laptop")

    assert (status, answer["error"]) == (400, "unauthorized_client")
    assert _post(layout, ASK, "laptop")[0] == 200


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"scope": ""}, "invalid_scope"),
        ({"scope": "storage.read"}, "invalid_scope"),
        ({"scope": "compute.read:/"}, "invalid_scope"),
        ({"lifetime": "long"}, "invalid_request"),
        ({"lifetime": "99999999"}, "invalid_request"),
        ({"alg": "HS256"}, "invalid_request"),
        ({"lake_claims": "{"}, "invalid_request"),
        ({"lake_claims": "[]"}, "invalid_request"),
        ({"lake_header": '{"alg": "none"}'}, "invalid_request"),
    ],
)
def test_bad_request_is_an_oauth_error(layout: Layout, change: dict[str, str], error: str) -> None:
    status, answer = _post(layout, {**ASK, **change})

    assert (status, answer["error"]) == (400, error)
    assert answer["error_description"]


def test_wrong_secret_is_refused(layout: Layout) -> None:
    status, answer = _post(layout, ASK, secret="wrong")

    assert (status, answer["error"]) == (401, "invalid_client")


def test_every_token_is_recorded_in_a_private_file(layout: Layout) -> None:
    _, answer = _post(layout, ASK)

    assert answer["access_token"] in layout.issued.read_text().split()
    assert layout.issued.stat().st_mode & 0o777 == 0o600


def test_keys_are_kept_over_a_restart(layout: Layout) -> None:
    assert _get(layout, "/jwks") == _get(layout, "/jwks")


@pytest.mark.parametrize("path", ["/neighbour", "/neighbour/a%20b"])
def test_neighbour_gets_scopes_of_its_own_area(layout: Layout, path: str) -> None:
    status, answer = _post(layout, {**ASK, "scope": f"storage.modify:{path}"}, "neighbour")

    assert status == 200, answer


@pytest.mark.parametrize(
    "path", ["/", "/data", "/neighbours", "/neighbour/../x", "/neighbour/%2e%2e/x", "//neighbour"]
)
def test_neighbour_gets_no_scope_elsewhere(layout: Layout, path: str) -> None:
    scopes = f"storage.read:/neighbour storage.read:{path}"

    status, answer = _post(layout, {**ASK, "scope": scopes}, "neighbour")

    assert (status, answer["error"]) == (400, "invalid_scope")
