"""Where tokens come from: the sources that `--token` and the inventory name."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from lakeproof.credentials.client import ClientCredentials
from lakeproof.credentials.errors import CannotNarrow, CredentialError, NoScopeRoot
from lakeproof.credentials.facts import PARTS_OF_A_JWT, TokenFacts, is_macaroon
from lakeproof.credentials.granted import TokenCache, refuse_if_other
from lakeproof.credentials.names import (
    SecretName,
    expand,
    is_secret_name,
    read_private,
    read_variable,
)
from lakeproof.wire.connection import TlsConfig
from lakeproof.wire.oidc_agent import OidcAgentError, ask_oidc_agent
from lakeproof.wire.redact import redactor

__all__ = [
    "CannotNarrow",
    "ClientCredentials",
    "CredentialError",
    "Discovery",
    "NoScopeRoot",
    "OidcAgent",
    "StaticToken",
    "TokenSource",
    "parse_source",
]

SOURCE_FORMS = "env:NAME, file:PATH, oidc-agent:ACCOUNT, client:ISSUER_URL or discover"
_ACCOUNT = re.compile(r"[A-Za-z0-9_.@+][A-Za-z0-9_.@+-]*")


class TokenSource(Protocol):
    """Something that gives bearer tokens.

    `narrows` says whether it can give one of just the asked scopes and audience; `describe`
    names it in messages.
    """

    @property
    def narrows(self) -> bool: ...  # noqa: D102  described above

    @property
    def describe(self) -> str: ...  # noqa: D102  described above

    def token(self, scopes: Sequence[str], audience: str) -> str:
        """A token of these scopes and this audience, as far as the source narrows.

        An empty `audience` is not asked for. Raises CredentialError when there is none.
        """
        ...


class StaticToken:
    """One token as it was given; read again at each use, for somebody may renew the file."""

    narrows = False

    def __init__(self, describe: str, read: Callable[[], str]) -> None:
        self.describe = describe
        self._read = read

    def token(self, scopes: Sequence[str] = (), audience: str = "") -> str:
        """The token, whatever is asked; raises CredentialError when expired or no token at all."""
        text = self.text()
        TokenFacts.of(text, self.describe).refuse_if_useless(self.describe)
        return text

    def text(self) -> str:
        """What was given, as it stands: expired, or no token at all; raises when nothing is."""
        found = self._read()
        redactor.register(found, self.describe)
        return found


class Discovery(StaticToken):
    """WLCG Bearer Token Discovery: BEARER_TOKEN, BEARER_TOKEN_FILE, XDG_RUNTIME_DIR, /tmp."""

    def __init__(self, temporary: Path = Path("/tmp")) -> None:  # noqa: S108  the profile's place
        super().__init__("WLCG bearer token discovery", self._discovered)
        self._temporary = temporary

    def place(self) -> str | None:
        """Where a token is to be found, by the profile's order; None when nowhere."""
        for variable in ("BEARER_TOKEN", "BEARER_TOKEN_FILE"):
            if os.environ.get(variable, "").strip():
                return variable
        return next((str(path) for path in self._files() if path.exists()), None)

    def _files(self) -> list[Path]:
        runtime = os.environ.get("XDG_RUNTIME_DIR", "").strip()
        folders = [Path(runtime)] if runtime else []
        return [folder / f"bt_u{os.geteuid()}" for folder in [*folders, self._temporary]]

    def _discovered(self) -> str:
        place = self.place()
        if place is None:
            looked = ", ".join(["BEARER_TOKEN", "BEARER_TOKEN_FILE", *map(str, self._files())])
            raise CredentialError(f"no token was found in {looked}; give --token {SOURCE_FORMS}")
        self.describe = f"token discovered in {place}"
        if place == "BEARER_TOKEN":
            return read_variable(place)
        if place == "BEARER_TOKEN_FILE":
            return read_private(expand(read_variable(place)))
        # /tmp is everybody's: a file that somebody else left there is not ours to send
        return read_private(Path(place), owner=os.geteuid())


class OidcAgent:
    """Tokens of one account of a running oidc-agent, cached until they near their end."""

    narrows = True

    def __init__(self, account: str) -> None:
        if not _ACCOUNT.fullmatch(account):
            raise CredentialError("oidc-agent: needs the name of an account, oidc-agent:ACCOUNT")
        self.describe = f"oidc-agent:{account}"
        self._account = account
        self._cache = TokenCache()

    def token(self, scopes: Sequence[str], audience: str) -> str:
        """A token of these scopes; raises CredentialError when the agent gives another or none."""
        return self._cache.get(scopes, audience, lambda: self._ask(scopes, audience))

    def _ask(self, scopes: Sequence[str], audience: str) -> tuple[str, float | None]:
        try:
            token = ask_oidc_agent(self._account, scopes, audience)
        except OidcAgentError as error:
            raise CredentialError(f"{self.describe}: {error}") from None
        facts = TokenFacts.of(token, self.describe)
        refuse_if_other(facts, scopes, audience, self.describe)
        return token, None


def parse_source(
    text: str,
    *,
    client_id: str | None = None,
    client_secret_file: Path | None = None,
    tls: TlsConfig | None = None,
    trusted_odd_tokens: bool = False,
    base: Path | None = None,
) -> TokenSource:
    """The source that `text` names: env:NAME, file:PATH, oidc-agent:ACCOUNT, client:URL, discover.

    Nothing is read or asked yet; relative files count from `base`. Raises CredentialError for
    anything else, without showing it.
    """
    kind, _, name = text.partition(":")
    if text == "discover":
        return Discovery()
    if kind == "oidc-agent":
        return OidcAgent(name)
    if kind in ("env", "file") and is_secret_name(text):
        return StaticToken(text, SecretName(text, base).read)
    if kind == "client":
        if not client_id or client_secret_file is None:
            raise CredentialError("client:ISSUER_URL needs --client-id and --client-secret-file")
        secret = SecretName(f"file:{client_secret_file}", base)
        return ClientCredentials(
            name, client_id, secret, tls=tls, trusted_odd_tokens=trusted_odd_tokens
        )
    raise CredentialError(_unknown_source(text))


def _unknown_source(text: str) -> str:
    # what stands here may be the token itself: it is not repeated
    if text.count(".") == PARTS_OF_A_JWT - 1 or is_macaroon(text):
        redactor.register(text, "token")
    hint = "; for a file write file:PATH" if text.startswith(("/", "./", "~")) else ""
    return (
        f"a token source is {SOURCE_FORMS}; what was given is none of these and is not shown "
        f"(a token itself never belongs on the command line){hint}"
    )
