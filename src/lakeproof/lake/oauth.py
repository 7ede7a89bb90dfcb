"""The words of OAuth 2 that the lake's issuer speaks: errors, forms, what a client asked for."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Collection, Iterable
from typing import Any
from urllib.parse import unquote_plus

from aiohttp import hdrs, web

CAPABILITIES = ("storage.read", "storage.modify", "storage.create", "storage.stage")
OFFLINE = "offline_access"
EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"  # noqa: S105  a name of RFC 8693
TOKEN_TYPES = (ACCESS_TOKEN, "urn:ietf:params:oauth:token-type:jwt")
MAX_LIFETIME_S = 6 * 3600


class OAuthError(Exception):
    """An error of RFC 6749 §5.2: its code, a sentence, the status."""

    def __init__(self, code: str, sentence: str, status: int = 400) -> None:
        super().__init__(sentence)
        self.code = code
        self.status = status

    def response(self) -> web.Response:
        """The JSON answer."""
        body = {"error": self.code, "error_description": str(self)}
        reply = web.json_response(body, status=self.status, headers={"Cache-Control": "no-store"})
        if self.status == web.HTTPUnauthorized.status_code:
            reply.headers[hdrs.WWW_AUTHENTICATE] = 'Basic realm="lakeproof"'
        return reply


def basic(header: str) -> tuple[str, str] | None:
    """Client and secret of a Basic header (form-encoded, RFC 6749 §2.3.1); None without one."""
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        client, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        raise OAuthError("invalid_client", "the Basic header cannot be read", 401) from None
    return unquote_plus(client), unquote_plus(secret)


def scopes(text: str, plain: Collection[str] = ()) -> list[str]:
    """The scopes that a client asked for; raises OAuthError for what is not offered.

    `plain` are those without a path that this client may have.
    """
    found = text.split()
    for scope in found:
        capability, _, path = scope.partition(":")
        if scope not in plain and (capability not in CAPABILITIES or not path.startswith("/")):
            raise OAuthError(
                "invalid_scope", f"{scope} is none of {', '.join(CAPABILITIES)} with :/path"
            )
    if not found:
        raise OAuthError("invalid_scope", "ask for at least one scope, such as storage.read:/")
    return found


def narrowed(text: str, given: Iterable[str]) -> list[str]:
    """The scopes asked for, each of which one of `given` covers; `given` when none is asked for."""
    if not text.split():
        return list(given)
    asked, given = scopes(text), list(given)
    for scope in asked:
        if not any(_covers(each, scope) for each in given):
            raise OAuthError("invalid_scope", f"{scope} is more than what the token has")
    return asked


def _covers(wide: str, narrow: str) -> bool:
    capability, _, path = wide.partition(":")
    asked, _, below = narrow.partition(":")
    base = path.rstrip("/")
    return capability == asked and (below == path or f"{below}/".startswith(f"{base}/"))


def lifetime(form: dict[str, str]) -> int:
    """The life in seconds that was asked for, an hour unless said."""
    text = form.get("lifetime", "3600")
    try:
        found = int(text)
    except ValueError:
        raise OAuthError("invalid_request", f"lifetime is not a number: {text}") from None
    if found > MAX_LIFETIME_S:
        raise OAuthError("invalid_request", f"lifetime is more than {MAX_LIFETIME_S} s")
    return found


def new_key(form: dict[str, str]) -> bool:
    """Whether the token is to be signed with a key that nobody has seen before."""
    if form.get("lake_key", "new") != "new":
        raise OAuthError("invalid_request", "lake_key must be new")
    return "lake_key" in form


def json_object(form: dict[str, str], name: str) -> dict[str, Any]:
    """The JSON object in a field of the form; empty without one."""
    try:
        value = json.loads(form.get(name, "{}"))
    except json.JSONDecodeError as error:
        raise OAuthError("invalid_request", f"{name} is not JSON: {error}") from None
    if not isinstance(value, dict):
        raise OAuthError("invalid_request", f"{name} is not a JSON object")
    return value
