"""A token issuer of the WLCG profile: discovery, keys and client credentials, over TLS.

Runs as a process of its own: `python -m lakeproof.lake.issuer DIRECTORY URL PORT`.
Sources: RFC 6749 §4.4 and §5, RFC 8414, WLCG Common JWT Profile 1.0.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hmac
import json
import ssl
import sys
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from aiohttp import hdrs, web

from lakeproof.lake import ports
from lakeproof.lake.layout import CLIENTS, ODD_CLIENT, OTHER_AREA, OTHER_CLIENT, Layout
from lakeproof.lake.tokens import ALGORITHMS, ANY_AUDIENCE, SigningKeys, TokenRequest

CAPABILITIES = ("storage.read", "storage.modify", "storage.create", "storage.stage")
MAX_LIFETIME_S = 6 * 3600
# Which client gets scopes below which path only.
CONFINED = {OTHER_CLIENT: OTHER_AREA}
ODD_FIELDS = ("lake_claims", "lake_header", "lifetime", "alg", "lake_key")


class OAuthError(Exception):
    """An error of RFC 6749 §5.2: its code, a sentence, the status."""

    def __init__(self, code: str, sentence: str, status: int = 400) -> None:
        super().__init__(sentence)
        self.code = code
        self.status = status

    def response(self) -> web.Response:
        """The JSON answer."""
        body = {"error": self.code, "error_description": str(self)}
        reply = web.json_response(body, status=self.status)
        if self.status == web.HTTPUnauthorized.status_code:
            reply.headers[hdrs.WWW_AUTHENTICATE] = 'Basic realm="lakeproof"'
        return reply


class Issuer:
    """The issuer named `url`, with the keys and client secrets of one lake directory."""

    def __init__(self, layout: Layout, url: str) -> None:
        self._url = url
        self._keys = SigningKeys.kept_in(layout.secret / "issuer-keys.json")
        self._secrets = {name: layout.client_secret(name).read_text().strip() for name in CLIENTS}
        self._issued = layout.issued
        self._issued.touch(mode=0o600)

    def application(self) -> web.Application:
        """The aiohttp application."""
        application = web.Application()
        application.router.add_get("/.well-known/openid-configuration", self._metadata)
        application.router.add_get("/.well-known/oauth-authorization-server", self._metadata)
        application.router.add_get("/jwks", self._jwks)
        application.router.add_post("/token", self._token)
        return application

    async def _metadata(self, _: web.Request) -> web.Response:
        return web.json_response(
            {
                "issuer": self._url,
                "jwks_uri": f"{self._url}/jwks",
                "token_endpoint": f"{self._url}/token",
                "grant_types_supported": ["client_credentials"],
                "response_types_supported": ["token"],
                "token_endpoint_auth_methods_supported": [
                    "client_secret_basic",
                    "client_secret_post",
                ],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": [*ALGORITHMS],
                "scopes_supported": [f"{capability}:/" for capability in CAPABILITIES],
                "lakeproof_odd_tokens_supported": True,
            }
        )

    async def _jwks(self, _: web.Request) -> web.Response:
        return web.json_response(self._keys.public)

    async def _token(self, request: web.Request) -> web.Response:
        try:
            form = {name: str(value) for name, value in (await request.post()).items()}
            asked = self._asked(self._authenticated(request, form), form)
            token = self._keys.mint(self._url, asked)
        except OAuthError as error:
            return error.response()
        # The answer waits for the record, which tells a later search what was secret.
        with self._issued.open("a") as record:
            record.write(f"{token}\n")
        return web.json_response(
            {
                "access_token": token,
                "token_type": "Bearer",
                "expires_in": max(asked.lifetime_s, 0),
                "scope": " ".join(asked.scopes),
            },
            headers={hdrs.CACHE_CONTROL: "no-store"},
        )

    def _authenticated(self, request: web.Request, form: dict[str, str]) -> str:
        client, secret = _basic(request.headers.get(hdrs.AUTHORIZATION, "")) or (
            form.get("client_id", ""),
            form.get("client_secret", ""),
        )
        expected = self._secrets.get(client)
        if expected is None or not hmac.compare_digest(expected.encode(), secret.encode()):
            raise OAuthError("invalid_client", "unknown client or wrong secret", 401)
        return client

    def _asked(self, client: str, form: dict[str, str]) -> TokenRequest:
        if form.get("grant_type") != "client_credentials":
            raise OAuthError("unsupported_grant_type", "only client_credentials is offered")
        odd = [name for name in ODD_FIELDS if name in form]
        if odd and client != ODD_CLIENT:
            raise OAuthError("unauthorized_client", f"client {client} may not set {', '.join(odd)}")
        algorithm = form.get("alg", ALGORITHMS[0])
        if algorithm not in ALGORITHMS:
            raise OAuthError("invalid_request", f"alg must be one of {', '.join(ALGORITHMS)}")
        header = _json_object(form, "lake_header")
        if "alg" in header:
            raise OAuthError("invalid_request", "set the algorithm with alg, not in lake_header")
        return TokenRequest(
            client=client,
            scopes=_confined(client, _scopes(form.get("scope", ""))),
            audience=form.get("audience", "").split() or [ANY_AUDIENCE],
            lifetime_s=_lifetime(form),
            algorithm=algorithm,
            claims=_json_object(form, "lake_claims"),
            header=header,
            new_key=_new_key(form),
        )


def main(arguments: list[str]) -> None:
    """Serve until stopped; the port accepts connections when the issuer is ready."""
    directory, url, port = Path(arguments[0]), arguments[1], int(arguments[2])
    layout = Layout(directory)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(layout.credential("issuer"))
    application = Issuer(layout, url).application()
    loop = asyncio.new_event_loop()
    web.run_app(
        application,
        host=ports.LOOPBACK,
        port=port,
        ssl_context=context,
        loop=loop,
        print=None,
        shutdown_timeout=1,
    )


def _basic(header: str) -> tuple[str, str] | None:
    """Client and secret of a Basic header (form-encoded, RFC 6749 §2.3.1); None without one."""
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        client, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        raise OAuthError("invalid_client", "the Basic header cannot be read", 401) from None
    return unquote(client), unquote(secret)


def _confined(client: str, scopes: list[str]) -> list[str]:
    """The scopes, unless one is outside what belongs to the client; raises OAuthError."""
    area = CONFINED.get(client)
    for scope in scopes if area else ():
        parts = unquote(scope.partition(":")[2]).split("/")
        if parts[:2] != str(area).split("/") or not {".", ".."}.isdisjoint(parts):
            raise OAuthError("invalid_scope", f"{scope} is not below {area}, which is yours")
    return scopes


def _scopes(text: str) -> list[str]:
    scopes = text.split()
    for scope in scopes:
        capability, _, path = scope.partition(":")
        if capability not in CAPABILITIES or not path.startswith("/"):
            raise OAuthError(
                "invalid_scope", f"{scope} is none of {', '.join(CAPABILITIES)} with :/path"
            )
    if not scopes:
        raise OAuthError("invalid_scope", "ask for at least one scope, such as storage.read:/")
    return scopes


def _lifetime(form: dict[str, str]) -> int:
    text = form.get("lifetime", "3600")
    try:
        lifetime = int(text)
    except ValueError:
        raise OAuthError("invalid_request", f"lifetime is not a number: {text}") from None
    if lifetime > MAX_LIFETIME_S:
        raise OAuthError("invalid_request", f"lifetime is more than {MAX_LIFETIME_S} s")
    return lifetime


def _new_key(form: dict[str, str]) -> bool:
    if form.get("lake_key", "new") != "new":
        raise OAuthError("invalid_request", "lake_key must be new")
    return "lake_key" in form


def _json_object(form: dict[str, str], name: str) -> dict[str, Any]:
    try:
        value = json.loads(form.get(name, "{}"))
    except json.JSONDecodeError as error:
        raise OAuthError("invalid_request", f"{name} is not JSON: {error}") from None
    if not isinstance(value, dict):
        raise OAuthError("invalid_request", f"{name} is not a JSON object")
    return value


if __name__ == "__main__":
    main(sys.argv[1:])
