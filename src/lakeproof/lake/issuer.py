"""A token issuer of the WLCG profile over TLS: discovery, keys, tokens and what is done with them.

Runs as a process of its own: `python -m lakeproof.lake.issuer DIRECTORY URL PORT`.
Sources: RFC 6749 §4.4, §5 and §6, RFC 7009, RFC 7662, RFC 8414, RFC 8693, WLCG Common JWT
Profile 1.3.
"""

from __future__ import annotations

import asyncio
import hmac
import secrets
import ssl
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from aiohttp import hdrs, web

from lakeproof.lake import oauth, ports
from lakeproof.lake.layout import (
    CLIENTS,
    ODD_CLIENT,
    OTHER_AREA,
    OTHER_CLIENT,
    PLAIN_CLIENT,
    RUCIO_CLIENT,
    Layout,
)
from lakeproof.lake.oauth import EXCHANGE, OAuthError
from lakeproof.lake.tokens import ALGORITHMS, ANY_AUDIENCE, SigningKeys, TokenRequest

# Which client gets scopes below which path only.
CONFINED = {OTHER_CLIENT: OTHER_AREA}
# Which client gets which scopes without a path: what Rucio and FTS want to see in a token.
PLAIN = {
    ODD_CLIENT: ("openid", "fts"),
    PLAIN_CLIENT: ("openid", "fts"),
    OTHER_CLIENT: ("openid",),
    RUCIO_CLIENT: ("openid", "fts", oauth.OFFLINE),
}
ODD_FIELDS = ("lake_claims", "lake_header", "lifetime", "alg", "lake_key")
# How long the keys may be kept: the profile's refresh period of key caches (§4.3.1).
KEPT = {hdrs.CACHE_CONTROL: "public, max-age=21600"}
UNKEPT = {hdrs.CACHE_CONTROL: "no-store"}
# Refresh tokens that are remembered at a time; the oldest is forgotten first.
MOST_REFRESHABLE = 10_000

Form = dict[str, str]
Answer = dict[str, Any]


class Issuer:
    """The issuer named `url`, with the keys and client secrets of one lake directory."""

    def __init__(self, layout: Layout, url: str) -> None:
        self.url = url
        self.keys = SigningKeys.kept_in(layout.secret / "issuer-keys.json")
        self._secrets = {name: layout.client_secret(name).read_text().strip() for name in CLIENTS}
        self._issued = layout.issued
        self._issued.touch(mode=0o600)
        self.refreshable: dict[str, TokenRequest] = {}

    def application(self) -> web.Application:
        """The aiohttp application."""
        application = web.Application()
        application.router.add_get("/.well-known/openid-configuration", self.show_metadata)
        application.router.add_get("/.well-known/oauth-authorization-server", self.show_metadata)
        application.router.add_get("/jwks", self.show_keys)
        application.router.add_get("/health", self.show_health)
        application.router.add_get("/authorize", self.refuse_login)
        application.router.add_post("/token", self.give_token)
        application.router.add_post("/introspect", self.introspect)
        application.router.add_post("/revoke", self.revoke)
        return application

    def metadata(self) -> Answer:
        """The metadata of OpenID Connect Discovery and RFC 8414."""
        return {
            "issuer": self.url,
            "jwks_uri": f"{self.url}/jwks",
            # Without it Rucio takes no notice of an issuer; nobody can log in here.
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "introspection_endpoint": f"{self.url}/introspect",
            "revocation_endpoint": f"{self.url}/revoke",
            "grant_types_supported": ["client_credentials", EXCHANGE, "refresh_token"],
            "response_types_supported": ["token"],
            "token_endpoint_auth_methods_supported": [
                "client_secret_basic",
                "client_secret_post",
            ],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": [*ALGORITHMS],
            "scopes_supported": [f"{name}:/" for name in oauth.CAPABILITIES] + [oauth.OFFLINE],
            "lakeproof_odd_tokens_supported": True,
        }

    def key_set(self) -> Answer:
        """The public keys (RFC 7517)."""
        return dict(self.keys.public)

    async def show_metadata(self, _: web.Request) -> web.StreamResponse:
        """GET of the metadata."""
        return web.json_response(self.metadata(), headers=KEPT)

    async def show_keys(self, _: web.Request) -> web.StreamResponse:
        """GET of the key set."""
        return web.json_response(self.key_set(), headers=KEPT)

    async def show_health(self, _: web.Request) -> web.StreamResponse:
        """GET of the page that says how the issuer is: it answers, so it is up."""
        return web.json_response({"status": "UP"}, headers=UNKEPT)

    async def refuse_login(self, _: web.Request) -> web.StreamResponse:
        """GET of the page where a person would log in: there are no persons here."""
        return OAuthError(
            "unsupported_response_type", "only clients get tokens here, with client_credentials"
        ).response()

    async def give_token(self, request: web.Request) -> web.StreamResponse:
        """POST to the token endpoint."""
        try:
            form = await _form(request)
            answer = self.granted(self.authenticated(request, form), form)
        except OAuthError as error:
            return error.response()
        return web.json_response(answer, headers=UNKEPT)

    async def introspect(self, request: web.Request) -> web.StreamResponse:
        """POST to the introspection endpoint (RFC 7662)."""
        try:
            form = await _form(request)
            self.authenticated(request, form)
        except OAuthError as error:
            return error.response()
        return web.json_response(self.introspected(form.get("token", "")), headers=UNKEPT)

    async def revoke(self, request: web.Request) -> web.StreamResponse:
        """POST to the revocation endpoint (RFC 7009): a refresh token is forgotten."""
        try:
            form = await _form(request)
            self.revoked(self.authenticated(request, form), form.get("token", ""))
        except OAuthError as error:
            return error.response()
        return web.Response(headers=UNKEPT)

    def authenticated(self, request: web.Request, form: Form) -> str:
        """The client that asks; raises OAuthError for any other."""
        client, secret = oauth.basic(request.headers.get(hdrs.AUTHORIZATION, "")) or (
            form.get("client_id", ""),
            form.get("client_secret", ""),
        )
        expected = self._secrets.get(client)
        if expected is None or not hmac.compare_digest(expected.encode(), secret.encode()):
            raise OAuthError("invalid_client", "unknown client or wrong secret", 401)
        return client

    def granted(self, client: str, form: Form) -> Answer:
        """The answer to a request for a token; raises OAuthError."""
        grants = {
            "client_credentials": self.by_credentials,
            EXCHANGE: self.by_exchange,
            "refresh_token": self.by_refresh,
        }
        grant = grants.get(form.get("grant_type", ""))
        if grant is None:
            raise OAuthError("unsupported_grant_type", f"offered are {', '.join(grants)}")
        return grant(client, form)

    def by_credentials(self, client: str, form: Form) -> Answer:
        """RFC 6749 §4.4, and odd tokens for the client that may ask for them."""
        odd = [name for name in ODD_FIELDS if name in form]
        if odd and client != ODD_CLIENT:
            raise OAuthError("unauthorized_client", f"client {client} may not set {', '.join(odd)}")
        algorithm = form.get("alg", ALGORITHMS[0])
        if algorithm not in ALGORITHMS:
            raise OAuthError("invalid_request", f"alg must be one of {', '.join(ALGORITHMS)}")
        header = oauth.json_object(form, "lake_header")
        if "alg" in header:
            raise OAuthError("invalid_request", "set the algorithm with alg, not in lake_header")
        return self.answer(
            TokenRequest(
                client=client,
                scopes=_confined(
                    client, oauth.scopes(form.get("scope", ""), PLAIN.get(client, ()))
                ),
                audience=form.get("audience", "").split() or [ANY_AUDIENCE],
                lifetime_s=oauth.lifetime(form),
                algorithm=algorithm,
                claims=oauth.json_object(form, "lake_claims"),
                header=header,
                new_key=oauth.new_key(form),
            )
        )

    def by_exchange(self, client: str, form: Form) -> Answer:
        """RFC 8693: a token of ours for one of the same or fewer rights."""
        if form.get("subject_token_type") not in oauth.TOKEN_TYPES:
            raise OAuthError("invalid_request", "subject_token_type must be an access token's")
        subject = self.understood(form.get("subject_token", ""))
        if subject is None:
            raise OAuthError("invalid_request", "the subject token is none of ours, or expired")
        given = str(subject.get("scope", "")).split()
        wanted = form.get("scope", "").split()
        asked = " ".join(scope for scope in wanted if scope != oauth.OFFLINE)
        request = TokenRequest(
            client=client,
            scopes=_confined(client, self.narrowed(asked, given)),
            audience=form.get("audience", "").split() or _listed(subject.get("aud")),
            claims={"sub": subject["sub"]},
        )
        answer = {**self.answer(request), "issued_token_type": oauth.ACCESS_TOKEN}
        if oauth.OFFLINE in wanted:
            answer["refresh_token"] = self.remembered(request)
        return answer

    def by_refresh(self, client: str, form: Form) -> Answer:
        """RFC 6749 §6: a new token of the same or fewer rights; the refresh token stays good."""
        request = self.refreshable.get(form.get("refresh_token", ""))
        if request is None or request.client != client:
            raise OAuthError("invalid_grant", "the refresh token is not known")
        scopes = self.narrowed(form.get("scope", ""), request.scopes)
        return self.answer(
            TokenRequest(client, scopes, request.audience, claims=dict(request.claims))
        )

    def narrowed(self, asked: str, given: list[str] | Any) -> list[str]:  # noqa: ANN401
        """The scopes asked for, where those given cover them; raises OAuthError."""
        return oauth.narrowed(asked, given)

    def answer(self, request: TokenRequest) -> Answer:
        """The answer that carries the token for `request` (RFC 6749 §5.1)."""
        token = self.minted(request)
        # The answer waits for the record, which tells a later search what was secret.
        with self._issued.open("a") as record:
            record.write(f"{token}\n")
        return {
            "access_token": token,
            "token_type": "Bearer",
            "expires_in": max(request.lifetime_s, 0),
            "scope": " ".join(request.scopes),
        }

    def minted(self, request: TokenRequest) -> str:
        """The signed token for `request`."""
        return self.keys.mint(self.url, request)

    def understood(self, token: str) -> Mapping[str, Any] | None:
        """The claims of a token that we signed and that is in force; None of any other."""
        return self.keys.read(self.url, token)

    def introspected(self, token: str) -> Answer:
        """What RFC 7662 §2.2 tells of a token: its claims while it is in force, else no more."""
        request = self.refreshable.get(token)
        if request is not None:
            return {"active": True, "scope": " ".join(request.scopes), "client_id": request.client}
        claims = self.understood(token)
        return {"active": False} if claims is None else {"active": True, **claims}

    def remembered(self, request: TokenRequest) -> str:
        """A new refresh token for `request`."""
        token = secrets.token_urlsafe(32)
        self.refreshable[token] = request
        while len(self.refreshable) > MOST_REFRESHABLE:
            del self.refreshable[next(iter(self.refreshable))]
        with self._issued.open("a") as record:
            record.write(f"{token}\n")
        return token

    def revoked(self, client: str, token: str) -> None:
        """Forget a refresh token of this client; an access token lives until it expires."""
        request = self.refreshable.get(token)
        if request is not None and request.client == client:
            del self.refreshable[token]


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


async def _form(request: web.Request) -> Form:
    return {name: str(value) for name, value in (await request.post()).items()}


def _confined(client: str, scopes: list[str]) -> list[str]:
    """The scopes, unless one is outside what belongs to the client; raises OAuthError."""
    area = CONFINED.get(client)
    plain = PLAIN.get(client, ())
    for scope in [each for each in scopes if each not in plain] if area else ():
        parts = unquote(scope.partition(":")[2]).split("/")
        if parts[:2] != str(area).split("/") or not {".", ".."}.isdisjoint(parts):
            raise OAuthError("invalid_scope", f"{scope} is not below {area}, which is yours")
    return scopes


def _listed(value: object) -> list[str]:
    return [str(each) for each in value] if isinstance(value, list) else [str(value)]


if __name__ == "__main__":
    main(sys.argv[1:])
