"""A token issuer as checks talk to it: its metadata, its keys, and tokens from it."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any, Literal
from urllib.parse import quote_plus, urlencode, urlsplit

from lakeproof.credentials.errors import CredentialError
from lakeproof.credentials.tamper import flip_signature
from lakeproof.session.grant import Grant, PublishedKey, json_object
from lakeproof.session.plan import IssuerTarget
from lakeproof.verdict import Blocked, Unsupported
from lakeproof.wire.auth import ANONYMOUS
from lakeproof.wire.connection import TlsConfig
from lakeproof.wire.guard import WriteGuard
from lakeproof.wire.http import HttpClient
from lakeproof.wire.redact import redactor
from lakeproof.wire.reply import Reply
from lakeproof.wire.transcript import Recorder

WELL_KNOWN = "/.well-known/openid-configuration"
EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"  # noqa: S105  a name of RFC 8693
# Where issuers of the field tell whether they are well.
HEALTH_PAGES = ("/health", "/actuator/health")
# What an issuer says to a client that it knows and that may not use this grant.
NOT_FOR_US = ("unauthorized_client", "access_denied", "unsupported_grant_type")
GRANT = {"token-exchange": EXCHANGE, "token-refresh": "refresh_token"}
ENDPOINT = {"introspection": "introspection_endpoint", "revocation": "revocation_endpoint"}

Client = Literal["ours", "wrong-secret", "nobody"]


class TokenIssuer:
    """One issuer, asked over TLS as the client that the run was given.

    What is fetched once is shown again in the transcript of each check that looks at it.
    """

    def __init__(self, target: IssuerTarget, tls: TlsConfig, recorder: Recorder) -> None:
        self.name = target.name
        self.url = target.url
        self._target = target
        self._tls = tls
        self._recorder = recorder
        self._clients: dict[str, HttpClient] = {}
        self._kept: dict[str, Grant] = {}

    def close(self) -> None:
        """Close the connections; they are opened again when something is asked."""
        for client in self._clients.values():
            client.close()
        self._clients.clear()

    # What it publishes

    def get(self, url: str) -> Reply:
        """GET of a URL, without any credential; raises NotReached."""
        return self._send("GET", url, {"Accept": "application/json"}, None)

    @property
    def discovery(self) -> Reply:
        """The answer where the metadata has to be (OpenID Connect Discovery §4)."""
        return self._recalled(self._discovery)

    @cached_property
    def _discovery(self) -> Reply:
        return self.get(f"{self.url.rstrip('/')}{WELL_KNOWN}")

    @property
    def metadata(self) -> Mapping[str, Any]:
        """The metadata; raises Blocked when there is none."""
        found = json_object(self.discovery) if self.discovery.ok else {}
        if not found:
            raise Blocked(f"no metadata, which is its own check: {self.discovery.describe()}")
        return found

    def listed(self, member: str) -> tuple[str, ...]:
        """A list of strings in the metadata; empty when it says nothing."""
        found = self.metadata.get(member)
        return tuple(map(str, found)) if isinstance(found, list) else ()

    def place(self, member: str) -> str:
        """A URL in the metadata, such as `token_endpoint`; raises Blocked unless it is https."""
        found = self.metadata.get(member)
        if not isinstance(found, str) or urlsplit(found).scheme != "https":
            raise Blocked(f"the metadata names no {member} of https, which is its own check")
        return found

    def offers(self, feature: str) -> bool:
        """Whether the metadata promises `feature`, one of lakeproof.features' names."""
        if feature in GRANT:
            return GRANT[feature] in self.listed("grant_types_supported")
        if feature in ENDPOINT:
            return ENDPOINT[feature] in self.metadata
        return feature != "issuer-health" or self.health is not None

    @property
    def key_set(self) -> Reply:
        """The answer at the `jwks_uri`; raises Blocked when the metadata names none."""
        return self._recalled(self._key_set)

    @cached_property
    def _key_set(self) -> Reply:
        return self.get(self.place("jwks_uri"))

    @property
    def keys(self) -> tuple[PublishedKey, ...]:
        """The published keys; raises Blocked when there is no key set."""
        keys = json_object(self.key_set).get("keys")
        if not self.key_set.ok or not isinstance(keys, list):
            raise Blocked(f"no key set, which is its own check: {self.key_set.describe()}")
        return tuple(PublishedKey.of(key) for key in keys if isinstance(key, dict))

    @property
    def health(self) -> Reply | None:
        """The page that tells how the issuer is; None when it has none that we know of."""
        return self._health and self._recalled(self._health)

    @cached_property
    def _health(self) -> Reply | None:
        replies = (self.get(f"{self.url.rstrip('/')}{page}") for page in HEALTH_PAGES)
        return next((reply for reply in replies if "status" in json_object(reply)), None)

    # What it grants

    @property
    def audience(self) -> str:
        """An audience that our client may ask for: that of an endpoint under test."""
        return self._target.audiences[0]

    @property
    def audiences(self) -> tuple[str, ...]:
        """Those of all endpoints under test that use this issuer."""
        return self._target.audiences

    @property
    def area(self) -> str:
        """The path for which our client gets storage.read; raises Blocked when there is none."""
        return self._recalled_area[0]

    @cached_property
    def _recalled_area(self) -> tuple[str, Grant]:
        refused = None
        for area in (*self._target.areas, "/"):
            grant = self.ask(f"storage.read:{area}", self.audience)
            if grant.token:
                return area.rstrip("/"), grant
            refused = refused or grant
        said = refused.describe() if refused else "no area is known"
        raise Blocked(f"our client gets no token for reading the endpoints' area: {said}")

    @property
    def usual(self) -> Grant:
        """One token as storages are shown it: storage.read for the area, one audience."""
        grant = self._recalled_area[1]
        self._recalled(grant.reply)
        return grant

    @property
    def claims(self) -> Mapping[str, Any]:
        """The claims of the usual token; raises Blocked when it is no JWT."""
        facts = self.usual.facts
        if facts is None:
            raise Blocked("the access token is no JWT, which is its own check")
        return facts.claims

    def ask(self, scope: str, audience: str = "", **more: str) -> Grant:
        """Ask for a token by client credentials (RFC 6749 §4.4); refused or not."""
        return Grant.of(self.post("token_endpoint", {**self.form(scope, audience), **more}))

    def form(self, scope: str, audience: str) -> dict[str, str]:
        """What such a request says."""
        return {"grant_type": "client_credentials", "scope": scope, "audience": audience}

    def grant(self, scope: str, audience: str = "") -> Grant:
        """A token that the check needs; raises Blocked when it is refused or no JWT."""
        return self._required(self.ask(scope, audience))

    def exchange(self, subject: Grant, scope: str, **more: str) -> Grant:
        """Exchange a token for another one (RFC 8693 §2.1).

        Raises Unsupported when our client may not do that.
        """
        form = {
            "grant_type": EXCHANGE,
            "subject_token": subject.token,
            "subject_token_type": ACCESS_TOKEN,
            "scope": scope,
            "audience": self.audience,
            **more,
        }
        found = Grant.of(self.post("token_endpoint", form))
        if found.error in NOT_FOR_US:
            raise Unsupported(f"our client may not exchange tokens: {found.describe()}")
        return found

    def refreshable(self) -> Grant:
        """A token with a refresh token, by exchange; raises Unsupported when there is none."""
        subject = self.usual
        found = self.exchange(subject, f"storage.read:{self.area or '/'} offline_access")
        if not isinstance(found.answer.get("refresh_token"), str):
            raise Unsupported(f"our client gets no refresh token: {found.describe()}")
        return found

    def refresh(self, granted: Grant, scope: str = "") -> Grant:
        """Use a refresh token (RFC 6749 §6); refused or not."""
        form = {
            "grant_type": "refresh_token",
            "refresh_token": str(granted.answer["refresh_token"]),
            "scope": scope,
        }
        return Grant.of(self.post("token_endpoint", form))

    def forged(self, grant: Grant) -> Grant:
        """The same token with one bit of its signature changed."""
        try:
            return replace(grant, token=flip_signature(grant.token))
        except CredentialError as error:
            raise Blocked(error.sentence) from None

    def introspect(self, token: str, client: Client = "ours") -> Grant:
        """Ask what a token is (RFC 7662 §2.1)."""
        return Grant.of(self.post("introspection_endpoint", {"token": token}, client))

    def kept(self, what: str, ask: Callable[[], Grant]) -> Grant:
        """The answer to a request that several checks look at: sent once, shown each time."""
        if what not in self._kept:
            self._kept[what] = ask()
        else:
            self._recalled(self._kept[what].reply)
        return self._kept[what]

    def post(self, member: str, form: Mapping[str, str], client: Client = "ours") -> Reply:
        """POST a form (empty fields are left out) to a place of the metadata, as a client.

        Raises Blocked when there is no such place, NotReached, and CredentialError when our own
        secret cannot be read.
        """
        given = {name: value for name, value in form.items() if value}
        headers = self.form_headers(client)
        return self._send("POST", self.place(member), headers, urlencode(given).encode())

    def form_headers(self, client: Client = "ours") -> dict[str, str]:
        """The headers of a form, with the client's secret; raises as `post` does."""
        headers = {
            "Accept": "application/json",
            "Content-Type": "application/x-www-form-urlencoded",
        }
        if client != "nobody":
            headers["Authorization"] = f"Basic {self._basic(client)}"
        return headers

    def _required(self, grant: Grant) -> Grant:
        if not grant.token:
            raise Blocked(f"the control request got no token: {grant.describe()}")
        if grant.facts is None:
            raise Blocked("the access token is no JWT, which is its own check")
        return grant

    def _basic(self, client: Client) -> str:
        tokens = self._target.tokens
        if not tokens.client_id or tokens.secret is None:
            raise Blocked("no client at the issuer: give --client-id and --client-secret-file")
        secret = tokens.secret.read()
        if client == "wrong-secret":
            secret = f"wrong-{len(secret)}"
        # RFC 6749 §2.3.1: both are form-encoded before they are joined
        pair = f"{quote_plus(tokens.client_id)}:{quote_plus(secret)}"
        value = base64.b64encode(pair.encode()).decode()
        if client == "ours":
            redactor.register(value, f"credentials of {tokens.client_id}")
        return value

    def _send(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> Reply:
        parts = urlsplit(url)
        origin = f"{parts.scheme}://{parts.netloc}"
        if origin not in self._clients:
            self._clients[origin] = HttpClient(
                origin,
                tls=self._tls,
                timeouts=self._target.timeouts,
                recorder=self._recorder,
                guard=WriteGuard(None),
                repeatable=frozenset({"GET", "POST"}),
            )
        path = f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}"
        # A form with a secret in it is never sent on to where a redirect leads.
        return self._clients[origin].request(
            method, path, headers=headers, body=body, auth=ANONYMOUS, follow=method == "GET"
        )

    def _recalled(self, reply: Reply) -> Reply:
        """The same reply, shown in the current transcript as well."""
        seen = self._recorder.current.exchanges
        if reply.exchange is not None and not any(reply.exchange is one for one in seen):
            self._recorder.current.add(reply.exchange)
        return reply
