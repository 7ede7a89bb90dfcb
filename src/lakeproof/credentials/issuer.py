"""What a token issuer tells and grants over HTTPS: metadata, keys, tokens."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any, Protocol
from urllib.parse import quote_plus, urlencode, urlsplit

from lakeproof.credentials.errors import CredentialError
from lakeproof.wire.auth import ANONYMOUS
from lakeproof.wire.connection import TlsConfig
from lakeproof.wire.guard import WriteGuard
from lakeproof.wire.http import HttpClient, Timeouts
from lakeproof.wire.redact import redactor
from lakeproof.wire.reply import NotReached, Reply
from lakeproof.wire.transcript import Recorder

TIMEOUT_S = 30.0
LARGEST_ANSWER = 1024 * 1024
LONGEST_QUOTE = 200
OK = 200
UNAUTHORISED = 401
TOO_MANY = 429
SERVER_ERROR = 500
SECRET_FIELDS = ("access_token", "id_token", "refresh_token")

# RFC 6749 §5.2 and RFC 8707 §2, in the words of the person who registered the client
REFUSALS = {
    "invalid_client": "does not accept client {client} with this secret; check the client id "
    "and {secret}",
    "invalid_scope": "does not grant scope {scopes} to client {client}; register the client for it",
    "unauthorized_client": "does not let client {client} ask with client credentials; enable that "
    "grant for the client",
    "unsupported_grant_type": "does not know the grant client_credentials; use another source",
    "invalid_target": "does not issue tokens for audience {audience}; give --audience",
    "invalid_request": "calls the request malformed (scope {scopes}, audience {audience})",
    "invalid_grant": "does not accept the grant of client {client}",
    "access_denied": "denies client {client} the scope {scopes}",
}


class Exchange(Protocol):
    """Asks one URL: the seam that tests put a stand-in behind."""

    def __call__(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None
    ) -> Reply:
        """The answer; raises CredentialError when the issuer is not reached."""
        ...


class IssuerClient:
    """One issuer, asked over TLS; metadata and keys are fetched once."""

    def __init__(
        self,
        url: str,
        *,
        tls: TlsConfig,
        timeout_s: float = TIMEOUT_S,
        exchange: Exchange | None = None,
    ) -> None:
        self.url = url
        self._exchange = exchange or _OverHttp(tls, timeout_s)
        self._metadata: dict[str, Any] | None = None
        self._keys: list[dict[str, Any]] | None = None
        _require_https(url, "the issuer's URL")

    def close(self) -> None:
        """Close the connections; they are opened again when something is asked."""
        if isinstance(self._exchange, _OverHttp):
            self._exchange.close()

    def metadata(self) -> dict[str, Any]:
        """The issuer's OpenID configuration; raises CredentialError when it is not to be had."""
        if self._metadata is None:
            url = f"{self.url.rstrip('/')}/.well-known/openid-configuration"
            found = self._json(url, "metadata")
            named = found.get("issuer")
            if not isinstance(named, str) or named.rstrip("/") != self.url.rstrip("/"):
                shown = redactor.text(str(named))[:LONGEST_QUOTE]
                raise CredentialError(
                    f'{url}: names the issuer "{shown}", expected "{self.url}"; give the URL '
                    "exactly as the issuer spells it"
                )
            self._metadata = found
        return self._metadata

    def public_keys(self) -> list[dict[str, Any]]:
        """The issuer's JWKS keys as published; raises CredentialError when there are none."""
        if self._keys is None:
            url = self._endpoint("jwks_uri")
            keys = self._json(url, "keys").get("keys")
            if not isinstance(keys, list) or not all(isinstance(key, dict) for key in keys):
                raise CredentialError(f"{url}: publishes no key set (RFC 7517)")
            self._keys = keys
        return self._keys

    def grant(
        self, client_id: str, secret: str, form: Mapping[str, str], secret_name: str
    ) -> dict[str, Any]:
        """The token endpoint's answer to client credentials; every token in it is registered.

        Raises CredentialError in plain words when the issuer refuses.
        """
        url = self._endpoint("token_endpoint")
        reply = self._exchange(
            "POST",
            url,
            {
                "Accept": "application/json",
                "Authorization": f"Basic {_basic(client_id, secret)}",
                "Content-Type": "application/x-www-form-urlencoded",
            },
            urlencode({"grant_type": "client_credentials", **form}).encode(),
        )
        answer = _object(reply)
        for field in SECRET_FIELDS:
            if isinstance(answer.get(field), str):
                redactor.register(answer[field], f"{field} of {client_id}")
        if reply.status != OK or "access_token" not in answer:
            words = {
                "client": client_id,
                "secret": secret_name,
                "scopes": form.get("scope", "(none)"),
                "audience": form.get("audience", "(none)"),
            }
            raise CredentialError(f"{self.url}: {_refusal(reply, answer, words)}")
        return answer

    def _endpoint(self, name: str) -> str:
        url = self.metadata().get(name)
        if not isinstance(url, str):
            raise CredentialError(f"{self.url}: its metadata names no {name}")
        _require_https(url, f"the {name} of {self.url}")
        return url

    def _json(self, url: str, what: str) -> dict[str, Any]:
        reply = self._exchange("GET", url, {"Accept": "application/json"}, None)
        answer = _object(reply)
        if reply.status != OK or not answer:
            raise CredentialError(
                f"{url}: no {what} of an issuer there ({_seen(reply)}); check the issuer's URL"
            )
        return answer


class _OverHttp:
    """The real exchange; its connections are kept, a run asks for dozens of tokens."""

    def __init__(self, tls: TlsConfig, timeout_s: float) -> None:
        self._tls = tls
        self._timeouts = Timeouts(connect_s=timeout_s, read_s=timeout_s, total_s=timeout_s)
        self._clients: dict[str, HttpClient] = {}

    def __call__(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None
    ) -> Reply:
        parts = urlsplit(url)
        client = self._client(f"{parts.scheme}://{parts.netloc}")
        client.recorder.begin("")  # nothing of it is kept
        try:
            # a token request is never redirected: it carries the client's secret
            return client.request(
                method,
                f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}",
                headers=headers,
                body=body,
                auth=ANONYMOUS,
                follow=method == "GET",
                max_body=LARGEST_ANSWER,
            )
        except NotReached as error:
            raise CredentialError(f"{url}: the issuer is not reached: {error.sentence}") from None

    def _client(self, origin: str) -> HttpClient:
        if origin not in self._clients:
            self._clients[origin] = HttpClient(
                origin,
                tls=self._tls,
                timeouts=self._timeouts,
                recorder=Recorder(),
                guard=WriteGuard(None),
                # A second token does no harm, where the kept connection was closed meanwhile.
                repeatable=frozenset({"GET", "POST"}),
            )
        return self._clients[origin]

    def close(self) -> None:
        """Close the connections."""
        for client in self._clients.values():
            client.close()
        self._clients.clear()


def _basic(client_id: str, secret: str) -> str:
    # RFC 6749 §2.3.1: both are form-encoded before they are joined
    pair = f"{quote_plus(client_id)}:{quote_plus(secret)}"
    value = base64.b64encode(pair.encode()).decode()
    redactor.register(value, f"credentials of {client_id}")
    return value


def _require_https(url: str, what: str) -> None:
    if urlsplit(url).scheme != "https" or not urlsplit(url).hostname:
        shown = redactor.text(url)[:LONGEST_QUOTE]
        raise CredentialError(f'{what} must start with https://, found "{shown}"')


def _object(reply: Reply) -> dict[str, Any]:
    try:
        answer = json.loads(reply.body)
    except (ValueError, RecursionError):
        return {}
    return answer if isinstance(answer, dict) else {}


def _refusal(reply: Reply, answer: Mapping[str, Any], words: Mapping[str, str]) -> str:
    code = answer.get("error")
    if code is None and reply.status == UNAUTHORISED:
        code = "invalid_client"
    if isinstance(code, str) and code in REFUSALS:
        said = answer.get("error_description")
        quoted = f' (it says: "{_quoted(said)}")' if isinstance(said, str) and said else ""
        return f"the issuer {REFUSALS[code].format(**words)}{quoted}"
    if reply.status == TOO_MANY or reply.status >= SERVER_ERROR:
        return f"the issuer cannot issue tokens now ({_seen(reply)}); try again later"
    said = f' error "{_quoted(code)}"' if isinstance(code, str) else ""
    return f"the issuer gave no token:{said} ({_seen(reply)})"


def _quoted(text: str) -> str:
    return " ".join(redactor.text(text).split())[:LONGEST_QUOTE]


def _seen(reply: Reply) -> str:
    if reply.failure is not None:
        return reply.failure.sentence
    kind = reply.headers.get("Content-Type", "no content type")
    return f"HTTP {reply.status}, {_quoted(kind)}"
