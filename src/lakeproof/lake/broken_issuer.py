"""The lake's issuer with faults by name, to prove the checks of the suite `issuer` on."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

from aiohttp import hdrs, web
from joserfc.jwk import ECKey

from lakeproof.emulator.faults import Faults
from lakeproof.lake import oauth
from lakeproof.lake.issuer import Answer, Form, Issuer
from lakeproof.lake.layout import ODD_CLIENT, Layout
from lakeproof.lake.oauth import EXCHANGE, OAuthError
from lakeproof.lake.tokens import ANY_AUDIENCE, TokenRequest, unverified

HTML = "<html><body>Welcome to the portal</body></html>"
AHEAD_S = 600
DAY_S = 24 * 3600
CROWD = 4
# A modulus of 1024 bits; nobody has its key.
SHORT_MODULUS = "8" + "A" * 169 + "E"
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class BrokenIssuer(Issuer):
    """An issuer that deviates as `faults` says; without any it is the lake's own."""

    def __init__(self, layout: Layout, url: str) -> None:
        super().__init__(layout, url)
        self.faults = Faults()
        self._grant = ""
        self._jti = secrets.token_hex()
        self._decoy = ECKey.generate_key("P-256")
        self._inside = 0
        self._last: Answer = {}

    def application(self) -> web.Application:
        """The application, behind what spoils whole answers."""
        application = super().application()

        @web.middleware
        async def spoil(request: web.Request, handler: Handler) -> web.StreamResponse:
            return await self._spoil(request, handler)

        application.middlewares.append(spoil)
        return application

    async def _spoil(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        replaced = self._instead(request)
        if replaced is not None:
            return replaced
        self._inside += 1
        try:
            if self.faults.any("issuer-load-503", "issuer-load-mixed") and request.path == "/token":
                await asyncio.sleep(0.02)
                if self._inside > CROWD and self.faults.has("issuer-load-503"):
                    return web.json_response({"error": "temporarily_unavailable"}, status=503)
            reply = await handler(request)
        finally:
            self._inside -= 1
        if self.faults.has("issuer-clock-ahead"):
            ahead = datetime.now(UTC) + timedelta(seconds=AHEAD_S)
            reply.headers[hdrs.DATE] = format_datetime(ahead, usegmt=True)
        if self.faults.has("issuer-token-kept") and request.path == "/token":
            reply.headers[hdrs.CACHE_CONTROL] = "public, max-age=3600"
        if self.faults.has("issuer-keys-unkept") and request.path == "/jwks":
            reply.headers[hdrs.CACHE_CONTROL] = "no-store"
        if self.faults.has("issuer-error-html") and reply.status >= web.HTTPBadRequest.status_code:
            challenge = {n: v for n, v in reply.headers.items() if n == hdrs.WWW_AUTHENTICATE}
            return web.Response(
                text=HTML, content_type="text/html", status=reply.status, headers=challenge
            )
        return reply

    def _instead(self, request: web.Request) -> web.Response | None:
        well_known = request.path.startswith("/.well-known/")
        if self.faults.has("issuer-metadata-404") and well_known:
            return web.Response(status=404)
        html = web.Response(text=HTML, content_type="text/html")
        if self.faults.has("issuer-metadata-html") and well_known:
            return html
        if self.faults.has("issuer-keys-html") and request.path == "/jwks":
            return html
        if self.faults.has("issuer-health-down") and request.path == "/health":
            return web.json_response({"status": "DOWN"}, status=503)
        return None

    def metadata(self) -> Answer:
        """The metadata, spoiled."""
        found = super().metadata()
        if self.faults.has("issuer-metadata-other-issuer"):
            found["issuer"] = "https://another.example.org"
        if self.faults.has("issuer-endpoint-http"):
            found["revocation_endpoint"] = found["revocation_endpoint"].replace("https:", "http:")
        if self.faults.has("issuer-metadata-no-keys"):
            del found["jwks_uri"]
        if self.faults.has("issuer-grant-unlisted"):
            found["grant_types_supported"].remove("client_credentials")
        return found

    def key_set(self) -> Answer:
        """The key set, with a bad one in it."""
        decoy = self._decoy.as_dict(private=True)
        public = {name: value for name, value in decoy.items() if name != "d"}
        bad: dict[str, Mapping[str, Any]] = {
            "issuer-key-malformed": {**public, "kid": "broken", "y": "AAAA"},
            "issuer-kid-twice": {**public, "kid": "lakeproof-rs256"},
            "issuer-key-without-kid": {k: v for k, v in public.items() if k != "kid"},
            "issuer-key-short": {"kty": "RSA", "kid": "short", "n": SHORT_MODULUS, "e": "AQAB"},
            "issuer-private-key-published": {**decoy, "kid": "decoy"},
        }
        added = [key for fault, key in bad.items() if self.faults.has(fault)]
        return {"keys": [*super().key_set()["keys"], *added]}

    def authenticated(self, request: web.Request, form: Form) -> str:
        """The client that asks, or more than that."""
        nobody = hdrs.AUTHORIZATION not in request.headers and "client_id" not in form
        if nobody and request.path == "/introspect":
            if self.faults.has("issuer-introspection-anonymous"):
                return ODD_CLIENT
        elif nobody and self.faults.has("issuer-anonymous-token"):
            return ODD_CLIENT
        try:
            return super().authenticated(request, form)
        except OAuthError as error:
            if self.faults.has("issuer-secret-ignored") and not nobody:
                return ODD_CLIENT
            if self.faults.has("issuer-wrong-client-400"):
                error.status = 400
            raise

    def granted(self, client: str, form: Form) -> Answer:
        """The answer to a request for a token, or to one that should have none."""
        self._grant = form.get("grant_type", "")
        known = self._grant in ("client_credentials", "refresh_token", EXCHANGE)
        if not known and self.faults.has("issuer-unknown-grant-500"):
            raise OAuthError("server_error", "an exception without a handler", 500)
        if not known and self.faults.has("issuer-unknown-grant-granted"):
            form = {**form, "grant_type": "client_credentials"}
        answer = super().granted(client, form)
        if self._inside > CROWD and self.faults.has("issuer-load-mixed"):
            answer, self._last = self._last or answer, answer
        self._last = answer
        return answer

    def by_credentials(self, client: str, form: Form) -> Answer:
        """Client credentials, with scopes that nobody should get."""
        try:
            return super().by_credentials(client, form)
        except OAuthError as error:
            asked = form.get("scope", "").split()
            pathless = any(scope in oauth.CAPABILITIES for scope in asked)
            fault = "issuer-pathless-scope-granted" if pathless else "issuer-unknown-scope-granted"
            if error.code != "invalid_scope" or not self.faults.has(fault):
                raise
            audience = form.get("audience", "").split() or [ANY_AUDIENCE]
            return self.answer(TokenRequest(client, asked, audience))

    def by_exchange(self, client: str, form: Form) -> Answer:
        """Token exchange, spoiled."""
        if self.faults.has("issuer-exchange-audience-ignored"):
            form = {**form, "audience": ANY_AUDIENCE}
        answer = super().by_exchange(client, form)
        if self.faults.has("issuer-exchange-type-missing"):
            del answer["issued_token_type"]
        return answer

    def by_refresh(self, client: str, form: Form) -> Answer:
        """Refresh, spoiled."""
        if self.faults.has("issuer-refresh-fails"):
            raise OAuthError("invalid_grant", "the refresh token is not known")
        return super().by_refresh(client, form)

    def narrowed(self, asked: str, given: list[str] | Any) -> list[str]:  # noqa: ANN401
        """The scopes asked for, whether those given cover them or not."""
        exchange = self._grant == EXCHANGE
        fault = "issuer-exchange-widens" if exchange else "issuer-refresh-widens"
        if asked and self.faults.has(fault):
            return asked.split()
        return super().narrowed(asked, given)

    def understood(self, token: str) -> Mapping[str, Any] | None:
        """The claims of a token, verified or not."""
        careless = {EXCHANGE: "issuer-exchange-unverified"}.get(self._grant, "")
        if careless and self.faults.has(careless):
            return unverified(token)
        return super().understood(token)

    def introspected(self, token: str) -> Answer:
        """What is told of a token."""
        if self.faults.has("issuer-introspection-inactive"):
            return {"active": False}
        if self.faults.has("issuer-introspection-credulous"):
            return {"active": True, **unverified(token)}
        return super().introspected(token)

    def revoked(self, client: str, token: str) -> None:
        """Take a refresh token back, or only say so."""
        if not self.faults.has("issuer-revocation-ignored"):
            super().revoked(client, token)

    def answer(self, request: TokenRequest) -> Answer:
        """The answer with the token, for another request than the one that came."""
        asked = request
        if self.faults.has("issuer-scope-added"):
            request = replace(request, scopes=[*request.scopes, "storage.modify:/"])
        if self.faults.has("issuer-path-widened"):
            wide = [f"{scope.partition(':')[0]}:/" for scope in request.scopes]
            request = replace(request, scopes=wide)
        if self.faults.has("issuer-scope-dropped"):
            request = replace(request, scopes=request.scopes[:1])
        if self.faults.has("issuer-audience-added"):
            request = replace(request, audience=[*request.audience, ANY_AUDIENCE])
        if self.faults.has("issuer-audience-first-only"):
            request = replace(request, audience=request.audience[:1])
        if self.faults.has("issuer-lifetime-day"):
            request = replace(request, lifetime_s=DAY_S)
        if self.faults.has("issuer-lifetime-minute"):
            request = replace(request, lifetime_s=60)
        found = super().answer(request)
        if self.faults.has("issuer-scope-dropped"):
            found["scope"] = " ".join(asked.scopes)
        if self.faults.has("issuer-expires-in-wrong"):
            found["expires_in"] = DAY_S
        return found

    def minted(self, request: TokenRequest) -> str:
        """A token that is wrong in itself."""
        now = int(time.time())
        odd: dict[str, dict[str, Any]] = {
            "issuer-claim-missing": {"jti": None},
            "issuer-version-other": {"wlcg.ver": "1.3"},
            "issuer-iss-slash": {"iss": f"{self.url}/"},
            "issuer-nbf-ahead": {"nbf": now + AHEAD_S},
            "issuer-iat-ahead": {
                "iat": now + AHEAD_S,
                "exp": now + AHEAD_S + request.lifetime_s,
            },
            "issuer-jti-same": {"jti": self._jti},
        }
        for fault, claims in odd.items():
            if self.faults.has(fault):
                request = replace(request, claims={**request.claims, **claims})
        if self.faults.has("issuer-kid-unknown"):
            request = replace(request, header={"kid": "rotated-away"})
        if self.faults.has("issuer-token-opaque"):
            return secrets.token_urlsafe(48)
        token = super().minted(request)
        if self.faults.has("issuer-signature-wrong"):
            head, _, signature = token.rpartition(".")
            return f"{head}.{signature[::-1]}"
        return token
