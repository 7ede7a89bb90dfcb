"""The public keys of trusted issuers, from their metadata over TLS."""

from __future__ import annotations

import ssl
import time
from collections.abc import Mapping
from typing import Any

import aiohttp
from joserfc.errors import JoseError
from joserfc.jwk import Key, KeySet

from lakeproof.emulator.config import TrustedIssuer

REFRESH_S = 3600.0
RETRY_S = 1.0
FETCH_TIMEOUT_S = 10.0
METADATA = "/.well-known/openid-configuration"


class KeysUnavailableError(Exception):
    """The issuer's keys could not be fetched: the sentence says why."""


class IssuerKeys:
    """The key set of one issuer; fetched when first needed, again for an unknown kid."""

    def __init__(self, issuer: TrustedIssuer) -> None:
        self.issuer = issuer
        self._keys: KeySet | None = None
        self._fetched = 0.0
        if issuer.jwks is not None:
            self._keys = KeySet.import_key_set(dict(issuer.jwks))  # type: ignore[arg-type]

    async def find(self, kid: str | None, *, refetch: bool = True) -> list[Key]:
        """The keys of this kid, or all keys for None; raises KeysUnavailableError."""
        now = time.monotonic()
        if self._keys is None or (self._static is False and now - self._fetched > REFRESH_S):
            await self._fetch()
        found = self._matching(kid)
        stale = refetch and not self._static and now - self._fetched > RETRY_S
        if not found and stale:
            await self._fetch()
            found = self._matching(kid)
        return found

    @property
    def _static(self) -> bool:
        return self.issuer.jwks is not None

    def _matching(self, kid: str | None) -> list[Key]:
        keys = self._keys.keys if self._keys is not None else []
        return [key for key in keys if kid is None or key.kid == kid]

    async def _fetch(self) -> None:
        try:
            metadata = await self._get_json(self.issuer.url.rstrip("/") + METADATA)
            if metadata.get("issuer") != self.issuer.url:
                raise KeysUnavailableError("the issuer's metadata name another issuer")
            keys = await self._get_json(str(metadata["jwks_uri"]))
            self._keys = KeySet.import_key_set(keys)  # type: ignore[arg-type]
        except (aiohttp.ClientError, TimeoutError, OSError, KeyError, ValueError, JoseError) as why:
            raise KeysUnavailableError(f"keys of {self.issuer.url}: {why!r}") from why
        self._fetched = time.monotonic()

    async def _get_json(self, url: str) -> dict[str, Any]:
        context = ssl.create_default_context(cafile=self.issuer.ca)
        timeout = aiohttp.ClientTimeout(total=FETCH_TIMEOUT_S)
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.get(url, ssl=context, allow_redirects=False) as reply,
        ):
            reply.raise_for_status()
            content = await reply.json(content_type=None)
        if not isinstance(content, Mapping):
            raise KeysUnavailableError(f"{url} is no JSON object")
        return dict(content)
