"""Tokens of earlier runs, kept until they have expired: what a storage must refuse then.

One for each endpoint and issuer, encrypted in the user's state folder; the key lies in the user's
configuration folder. So a copy of one of the two folders alone (a backup, a container's volume)
gives no token away; whoever can read both as this user can read the token, as he can read the
file it came from.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken

from lakeproof.credentials.errors import CredentialError
from lakeproof.credentials.facts import TokenFacts
from lakeproof.credentials.names import read_private
from lakeproof.wire.redact import redactor

KEPT = "a kept token"
# RFC 7519 §4.1.4 lets a storage be lenient about clocks for "a few minutes".
LENIENCE = timedelta(minutes=5)


@dataclass(frozen=True)
class Keeper:
    """The folder of the encrypted tokens, and that of their key; both are made when needed."""

    tokens: Path
    key: Path

    @classmethod
    def of_user(cls) -> Keeper:
        """Below $XDG_STATE_HOME and $XDG_CONFIG_HOME, or ~/.local/state and ~/.config."""
        state = _folder("XDG_STATE_HOME", ".local/state")
        settings = _folder("XDG_CONFIG_HOME", ".config")
        return cls(state / "lakeproof" / "kept-tokens", settings / "lakeproof" / "kept-tokens.key")

    def keep(self, endpoint: str, token: str) -> bool:
        """Keep `token` unless one is kept for this endpoint and issuer already; whether it was.

        One that does not say who issued it or when it ends is not kept. Raises CredentialError
        when the folders cannot be used.
        """
        facts = TokenFacts.of(token, KEPT)
        if facts.issuer is None or facts.expires is None or self.find(endpoint, facts.issuer):
            return False
        sealed = Fernet(self._secret()).encrypt(token.encode())
        _write(self._place(endpoint, facts.issuer), sealed)
        return True

    def find(self, endpoint: str, issuer: str) -> str | None:
        """The token kept for this endpoint and issuer, expired or not.

        None as well when its key is gone or it was tampered with. Raises CredentialError when
        one of the files is open to others.
        """
        place = self._place(endpoint, issuer)
        if not place.exists() or not self.key.exists():
            return None
        try:
            token = Fernet(self._secret()).decrypt(read_private(place).encode()).decode()
        except InvalidToken:
            return None
        redactor.register(token, KEPT)
        return token

    def _place(self, endpoint: str, issuer: str) -> Path:
        name = hashlib.sha256(f"{endpoint}\n{issuer}".encode()).hexdigest()
        return self.tokens / f"{name}.fernet"

    def _secret(self) -> bytes:
        if not self.key.exists():
            _write(self.key, Fernet.generate_key())
        secret = read_private(self.key).encode()
        try:
            Fernet(secret)
        except ValueError:
            raise CredentialError(
                f"{self.key}: no key of ours; remove it, and {self.tokens}"
            ) from None
        return secret


def expired_since(token: str, now: datetime | None = None) -> timedelta | None:
    """How long ago the token expired, beyond any lenience; None when it is not that far."""
    expires = TokenFacts.of(token, KEPT).expires
    if expires is None:
        return None
    since = (now or datetime.now(UTC)) - expires
    return since if since > LENIENCE else None


def _folder(variable: str, usual: str) -> Path:
    named = os.environ.get(variable, "").strip()
    return Path(named).absolute() if named else Path.home() / usual


def _write(path: Path, content: bytes) -> None:
    """Make a file that only this user may read; never half of one."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        aside = path.with_name(f".{path.name}.{os.getpid()}")
        descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
        aside.replace(path)
    except OSError as error:
        raise CredentialError(f"{path}: cannot be written: {error.strerror or error}") from None
